"""More frames than can be heard: what matters is found, the memory bounded, what was lost counted.

By real frames on a real wire, and as many as the machine can send.
"""

from ipaddress import ip_address
from select import select
from time import monotonic

import pytest

from netguard import clock
from netguard.findings import Finding
from netguard.hearing.ear import Ear, Ground
from netguard.lab import namespaces
from probes.listen import Counters, Listener
from tests.building import mac
from tests.netguard.hearing.octets import garp, na
from tests.probes.listen.flooding import ARP, NEIGHBOR, Flood, Kind, Sent, wire

pytestmark = pytest.mark.packets

ROOM = 2048
FRAMES = 100_000  # different ones; and at least so many are sent
DEADLINE = 60.0
GATEWAY, GATEWAY6, ROUTER, IMPOSTOR = "198.51.100.1", "2001:db8:1::1", mac(1), mac(0x66)
GROUND = Ground(
    gateways={ip_address(ip): frozenset({ROUTER}) for ip in (GATEWAY, GATEWAY6)}, segment="web"
)


def flooded(kind: Kind, between: bytes = b"") -> tuple[Ear, Counters, list[Finding], Sent]:
    """Listen amid a flood until something is found and enough was heard."""
    ear, done = Ear(GROUND, room=ROOM), False
    begun: list[Finding] = []
    deadline = monotonic() + DEADLINE
    with wire() as (ears, mouth), namespaces.entered(ears), Listener("eth1") as listener:
        with Flood(mouth, kind, FRAMES, between=between) as flood:
            while not done:
                assert monotonic() < deadline, listener.counters
                select([listener], [], [], 0.1)
                begun += filter(None, map(ear.hear, listener.read()))
                enough = listener.counters.frames >= FRAMES and listener.counters.dropped
                done = bool(enough and (begun or not between))
            sent = flood.stop()
        while batch := listener.read():
            begun += filter(None, map(ear.hear, batch))
        assert len(listener._recent) <= 4096
        return ear, listener.counters, begun, sent


@pytest.mark.parametrize(
    ("kind", "gateway", "hijack"),
    [
        (ARP, GATEWAY, garp(0, IMPOSTOR, GATEWAY).octets),
        (NEIGHBOR, GATEWAY6, na(0, IMPOSTOR, GATEWAY6).octets),
    ],
    ids=["ARP", "neighbour advertisements"],
)
def test_a_hijack_in_the_middle_of_a_flood_is_found_and_the_rest_costs_no_memory(
    kind: Kind, gateway: str, hijack: bytes
) -> None:
    ear, counters, begun, sent = flooded(kind, hijack)
    (finding,) = begun
    assert (finding.kind, str(finding.address)) == ("gateway-hijack", gateway)
    assert [c.mac for c in finding.claimants if c.role == "impostor"] == [IMPOSTOR]
    assert ear.addresses <= ROOM + 1
    assert ear.forgotten >= FRAMES // 2 - ROOM
    assert len(ear._ledger._used) <= ROOM + 1
    assert counters.malformed == 0
    assert counters.dropped > 0
    assert counters.frames + counters.dropped >= sent.frames


def test_in_a_flood_alone_nothing_is_found() -> None:
    ear, _, begun, _ = flooded(ARP)
    assert begun == []
    assert ear.findings(clock.now()) == ()
