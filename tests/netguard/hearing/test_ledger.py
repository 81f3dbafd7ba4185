"""The memory of who claimed what stays small whatever is sent, and what matters stays in it."""

from datetime import timedelta
from ipaddress import ip_address

from netguard.hearing.claim import Claim, Place
from netguard.hearing.ear import Ear, Ground
from netguard.hearing.ledger import STATIONS, Ledger
from probes.mac import from_bytes
from tests.building import mac
from tests.netguard.hearing.frames import GATEWAY, IP, PINNED, START, arp, in_turns


def claim(at: float, station: str, ip: str = IP, told: str | None = None) -> Claim:
    return Claim(
        place=Place(ip_address(ip), None, "eth1"),
        mac=station,
        how="reply",
        told=told,
        seen=START + timedelta(seconds=at),
    )


def forged(number: int) -> str:
    return from_bytes((0x0200_0000_0000 + number).to_bytes(6))


def test_what_was_not_heard_of_for_the_longest_time_is_forgotten_first() -> None:
    ledger = Ledger(room=3)
    for at, ip in enumerate(("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1", "192.0.2.4")):
        ledger.add(claim(at, mac(1), ip))
    assert (len(ledger), ledger.forgotten) == (3, 1)
    assert ledger.at(Place(ip_address("192.0.2.2"), None, "eth1")) is None
    assert {str(place.ip) for place in ledger.places(mac(1))} == {
        "192.0.2.1",
        "192.0.2.3",
        "192.0.2.4",
    }


def test_a_station_of_which_all_is_forgotten_is_forgotten() -> None:
    ledger = Ledger(room=1)
    for number in range(100):
        ledger.add(claim(number, forged(number), f"192.0.2.{number + 1}"))
    assert ledger.places(forged(0)) == frozenset()
    assert len(ledger._of) == 1


def test_a_protected_address_is_never_forgotten() -> None:
    ledger = Ledger({ip_address(GATEWAY)}, room=1)
    ledger.add(claim(0, mac(1), GATEWAY))
    for number in range(9):
        ledger.add(claim(1 + number, mac(2), f"192.0.2.{number + 1}"))
    assert ledger.at(Place(ip_address(GATEWAY), None, "eth1")) is not None


def test_of_many_claimants_those_who_spoke_once_make_room_first() -> None:
    ledger = Ledger()
    for at in range(4):
        ledger.add(claim(at, mac(at % 2)))
    for number in range(1000):
        address = ledger.add(claim(10 + number, forged(number)))
    assert len(address.stations) == STATIONS
    assert {mac(0), mac(1)} <= address.stations.keys()


def test_a_flood_of_forged_stations_hides_no_hijack() -> None:
    ear = Ear(PINNED)
    for number in range(20_000):
        ear.hear(arp(number / 10_000, forged(number), f"192.0.{number % 250}.{number % 200 + 1}"))
        if number in {9_000, 11_000}:
            ear.hear(arp(number / 10_000, mac(0x24), GATEWAY))
    (finding,) = ear.findings(START + timedelta(seconds=5))
    assert (finding.kind, [c.mac for c in finding.claimants]) == ("gateway-hijack", [mac(0x24)])


def test_a_flood_of_stations_that_each_claim_the_gateway_once_is_a_hijack() -> None:
    ear = Ear(PINNED)
    for number in range(1_000):
        ear.hear(arp(number / 1_000, forged(number), GATEWAY))
    (finding,) = ear.findings(START + timedelta(seconds=5))
    assert (finding.kind, len(finding.claimants)) == ("gateway-hijack", STATIONS)


def test_a_flood_of_addresses_hides_no_conflict_that_goes_on() -> None:
    ear = Ear(Ground())
    turns = iter(in_turns(8))
    for number in range(160_000):
        if number % 20_000 == 0:
            ear.hear(next(turns))
        ear.hear(arp(number / 20_000, mac(9), str(ip_address(0x0A000000 + number))))
    assert [str(f.address) for f in ear.findings(START + timedelta(seconds=8))] == [IP]
    assert ear.addresses <= 100_001
    assert ear.forgotten > 50_000
