"""However many troubles are forged, their memory is bounded, and a gateway's finds room."""

from collections.abc import Iterable
from datetime import timedelta

from netguard.findings import Finding
from netguard.hearing import troubles
from netguard.hearing.ear import Ear, Ground
from probes.heard import ArpClaim
from tests.building import mac
from tests.netguard.hearing.frames import (
    GATEWAY,
    IP,
    OTHER,
    OWNER,
    PINNED,
    SECOND,
    START,
    THIRD,
    arp,
    in_turns,
)


def conflicts(ear: Ear, count: int, start: float = 0) -> None:
    """Forge conflicts over so many addresses."""
    for turn in range(4):
        for n in range(count):
            ip = f"203.0.{n // 250}.{n % 250 + 1}"
            ear.hear(arp(start + turn + n / 10_000, mac(0x80 + turn % 2 * 0x47), ip))


def test_of_more_troubles_than_there_is_room_for_the_first_are_told_and_the_rest_counted() -> None:
    ear = Ear(Ground())
    conflicts(ear, troubles.ROOM + 50)
    assert len(ear.findings(START + timedelta(seconds=5))) == troubles.ROOM
    assert ear.untold == 50


def test_a_gateway_that_is_taken_finds_room() -> None:
    ear = Ear(PINNED)
    conflicts(ear, troubles.ROOM)
    assert ear.untold == 0
    ear.hear(arp(5, SECOND, GATEWAY))
    assert ear.hear(arp(6, SECOND, GATEWAY)) is not None
    findings = ear.findings(START + timedelta(seconds=7))
    assert (len(findings), findings[0].kind) == (troubles.ROOM, "gateway-hijack")
    assert ear.untold == 1


def test_troubles_that_are_over_make_room_for_others() -> None:
    ear = Ear(Ground())
    conflicts(ear, troubles.ROOM)
    for minute in range(1, 13):
        ear.hear(arp(minute * 60, mac(9), "192.0.2.1"))
    for n in range(6):
        ear.hear(arp(800 + n, (mac(0x10), mac(0xEF))[n % 2], "192.0.2.9"))
    assert [str(f.address) for f in ear.findings(START + timedelta(seconds=806))] == ["192.0.2.9"]


def crowded(frames: Iterable[ArpClaim], strangers: int) -> Finding:
    """Return a trouble over IP as it is told once so many others have claimed IP too."""
    ear = Ear(Ground())
    for frame in frames:
        ear.hear(frame)
    for n in range(2 * strangers):
        ear.hear(arp(30 + n / 10, f"02:00:00:00:{n // 2:02x}:{n // 2 * 37:02x}"))
    found = ear.findings(START + timedelta(seconds=40))
    return next(finding for finding in found if str(finding.address) == IP)


def test_rivals_of_whom_one_was_crowded_out_are_told_together() -> None:
    finding = crowded(in_turns(8), 7)
    assert {each.mac for each in finding.claimants} == {OWNER, SECOND}
    assert finding.summary.startswith(f"{IP} is claimed by 2 stations in turns: ")


def test_who_stands_between_two_is_told_though_its_victim_was_crowded_out() -> None:
    between = [
        frame
        for at in range(0, 20, 2)
        for frame in (
            arp(at, OWNER),
            arp(at + 0.1, THIRD, OTHER),
            arp(at + 0.2, SECOND, told=THIRD),
            arp(at + 0.3, SECOND, OTHER, told=OWNER),
        )
    ]
    finding = crowded(between, 7)
    assert (
        finding.summary
        == f"{SECOND} claims {IP}, which {OWNER} has, and {OTHER}: it stands between them."
    )
