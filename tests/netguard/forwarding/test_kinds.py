"""The verdict about a server, from its addresses and the signs about it as a whole."""

import pytest

from netguard.forwarding.kinds import Signs, opinion
from netguard.forwarding.records import AddressReport
from tests.netguard.forwarding.places import addresses

BOUND = addresses("bound", "bound", "silent")
PASSED = addresses("bound", "forwarded", "forwarded", "silent")
DEAD = addresses("bound", "forwarded", alive=False)
ROOM = Signs(detours=(0.0001, 0.0003, 0.0002))

# A sentence, the addresses, the signs, the verdict, and a part of one of the reasons.
ROWS: list[tuple[str, tuple[AddressReport, ...], Signs, str, str]] = [
    ("what answers is on it", BOUND, Signs(), "plain", "2 on it"),
    (
        "a tunnel is shown by what it cannot carry",
        PASSED,
        Signs(tunnel=1420),
        "vpn-gateway",
        "over 1420 octets",
    ),
    (
        "... also where its narrowest part is not named",
        PASSED,
        Signs(tunnel=0),
        "vpn-gateway",
        "full-sized packets",
    ),
    (
        "... though nobody in it answers",
        DEAD,
        Signs(tunnel=1420),
        "vpn-gateway",
        "over 1420 octets",
    ),
    (
        "a tunnel is shown by how far its other end is",
        PASSED,
        Signs(detours=(0.031, 0.0302, 0.0001)),
        "vpn-gateway",
        "30.2 ms later",
    ),
    ("what is behind it is in the same room", PASSED, ROOM, "colocation-gateway", "0.2 ms later"),
    (
        "it looks for machines by ARP",
        PASSED,
        Signs(ethernet=True),
        "colocation-gateway",
        "machines, not tunnels",
    ),
    (
        "... but a tunnel speaks louder",
        PASSED,
        Signs(ethernet=True, tunnel=1400),
        "vpn-gateway",
        "a tunnel",
    ),
    ("it passes on, and nothing says to where", PASSED, Signs(), "gateway", "2 passed on"),
    ("... neither far nor near", PASSED, Signs(detours=(0.003,)), "gateway", "3.0 ms later"),
    (
        "it passes on only what nobody has",
        DEAD,
        Signs(detours=()),
        "undecided",
        "1 passed on",
    ),
    (
        "everything is sent back: there is nothing behind it",
        addresses("looped", "looped"),
        Signs(),
        "plain",
        "2 sent back",
    ),
    (
        "something is doubtful",
        addresses("bound", "undecided"),
        Signs(),
        "undecided",
        "1 undecided",
    ),
    ("all is silent", addresses("silent", "silent"), Signs(), "undecided", "2 silent"),
    (
        "all is silent, and it provably does not route",
        addresses("silent", "silent"),
        Signs(canary="does-not-route"),
        "plain",
        "goes no further",
    ),
    (
        "... or its filter lets nothing through",
        addresses("silent", "bound"),
        Signs(canary="filtered"),
        "plain",
        "container host",
    ),
    ("it routes, and hides that", BOUND, Signs(canary="routes-hidden"), "undecided", "it hides"),
    (
        "it counts no hop",
        BOUND,
        Signs(canary="routes-undecremented"),
        "undecided",
        "without counting",
    ),
    (
        "it routes as many do, with all of its addresses on it",
        BOUND,
        Signs(canary="routes"),
        "plain",
        "is passed on",
    ),
    ("none of it comes to it", addresses("elsewhere"), Signs(), "undecided", "1 elsewhere"),
    ("it has no blocks, and answers", (), Signs(reachable=True), "plain", "no blocks"),
    ("it has no blocks, and does not answer", (), Signs(), "undecided", "no blocks"),
]


@pytest.mark.parametrize(
    ("reports", "signs", "verdict", "reason"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS]
)
def test_a_verdict_has_its_reason_and_says_what_would_overturn_it(
    reports: tuple[AddressReport, ...], signs: Signs, verdict: str, reason: str
) -> None:
    view = opinion(reports, signs)
    assert view.verdict == verdict, view
    assert any(reason in each for each in view.reasons), view.reasons
    assert view.overturned_by


def test_signs_that_decide_nothing_are_told_all_the_same() -> None:
    signs = Signs(proxy_arp=True, stations=3, vpn_ports=("openvpn (udp 1194)",))
    reasons = " ".join(opinion(BOUND, signs).reasons)
    assert "proxy ARP" in reasons
    assert "3 stations are on its switch port" in reasons
    assert "openvpn (udp 1194)" in reasons


def test_one_station_on_the_port_is_no_sign() -> None:
    assert "stations" not in " ".join(opinion(BOUND, Signs(stations=1)).reasons)


def test_vpn_ports_alone_make_no_gateway() -> None:
    assert opinion(BOUND, Signs(vpn_ports=("pptp (tcp 1723)",))).verdict == "plain"


def test_answers_as_fast_as_its_own_are_called_that() -> None:
    assert "as fast as itself" in " ".join(opinion(PASSED, Signs(detours=(-0.00001,))).reasons)
