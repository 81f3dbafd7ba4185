"""A torn frame of a gateway is forgiven by time, however often the gateway itself was heard."""

from collections.abc import Iterable

import pytest

from netguard.findings import Finding
from netguard.hearing.ear import Ear
from probes.mac import from_bytes, to_bytes
from tests.building import mac
from tests.netguard.hearing.frames import GATEWAY, PINNED, START, arp

ROUTER = mac(1)
MINUTE, HOUR = 60, 3600


def near(bit: int) -> str:
    """Return a MAC that is this bit off the gateway's."""
    number = int.from_bytes(to_bytes(ROUTER)) ^ 1 << bit
    return from_bytes(number.to_bytes(6))


def found(torn: Iterable[tuple[float, str]], every: float = 1, until: float = 0) -> list[Finding]:
    """Hear a gateway that speaks so often, from an hour before, and these besides."""
    ear, frames = Ear(PINNED), list(torn)
    end = max(until, *(at for at, _ in frames)) + 1
    own = ((n * every - HOUR, ROUTER) for n in range(int((HOUR + end) / every)))
    for at, station in sorted((*own, *((at + 0.5, who) for at, who in frames))):
        ear.hear(arp(at, station, GATEWAY))
    return list(ear.findings(START))


def hijackers(findings: Iterable[Finding]) -> set[str]:
    return {c.mac for f in findings for c in f.claimants if c.role == "impostor"}


@pytest.mark.parametrize(
    "torn",
    [
        pytest.param([(0, 3)], id="once"),
        pytest.param([(0, 3), (2 * MINUTE, 3)], id="the same bit again, minutes later"),
        pytest.param([(n * 20 * MINUTE, 3) for n in range(9)], id="now and then, for hours"),
        pytest.param([(n * 20 * MINUTE, n) for n in range(9)], id="now and then, another bit"),
        pytest.param([(n * 10, n) for n in range(3)], id="three bits within a minute"),
    ],
)
def test_a_bit_that_falls_over_now_and_then_is_forgiven(torn: list[tuple[float, int]]) -> None:
    assert found((at, near(bit)) for at, bit in torn) == []


@pytest.mark.parametrize(
    ("torn", "who"),
    [
        pytest.param([(n * 2, 3) for n in range(60)], {3}, id="every other second"),
        pytest.param([(0, 3), (MINUTE, 3)], {3}, id="twice within a minute"),
        pytest.param([(n * 12 * MINUTE, 3) for n in range(6)], {3}, id="several over an hour"),
        pytest.param([(0, 3), (MINUTE, 4), (100, 3)], {3}, id="among others"),
        pytest.param([(n * 10, n) for n in range(4)], {0, 1, 2, 3}, id="one after the other"),
        pytest.param([(n * 150, n) for n in range(5)], set(range(5)), id="slowly, one by one"),
    ],
)
def test_who_has_a_mac_like_the_gateway_s_and_uses_it_is_an_impostor(
    torn: list[tuple[float, int]], who: set[int]
) -> None:
    assert hijackers(found((at, near(bit)) for at, bit in torn)) == {near(bit) for bit in who}


def test_what_is_not_rare_beside_the_gateway_is_no_torn_frame() -> None:
    torn = [(0, near(3)), (3 * MINUTE, near(3))]
    assert found(torn, every=MINUTE / 2) == []
    assert hijackers(found(torn, every=2 * MINUTE)) == {near(3)}


def test_a_stranger_twice_is_an_impostor_whatever_was_torn() -> None:
    stranger = mac(0xBE)
    findings = found([(0, near(3)), (MINUTE, stranger), (150, near(4)), (50 * MINUTE, stranger)])
    assert hijackers(findings) == {stranger}


def test_torn_frames_of_long_ago_take_nothing_from_what_is_forgiven_now() -> None:
    ear = Ear(PINNED)
    torn = {n * HOUR * 2 + k * 20 * MINUTE + 0.5 for n in range(3) for k in range(3)}
    for at in range(-HOUR, HOUR * 6, 5):
        ear.hear(arp(at, ROUTER, GATEWAY))
        if at + 0.5 in torn:
            ear.hear(arp(at + 0.5, near(3), GATEWAY))
    assert ear.findings(START) == ()
