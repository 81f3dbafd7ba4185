"""The memory of who claimed what stays small whatever is sent, and what matters stays in it."""

from datetime import timedelta
from ipaddress import ip_address

from netguard.hearing.claim import Claim, Place
from netguard.hearing.ear import Ear, Ground
from netguard.hearing.ledger import STATIONS, Address, Ledger
from probes.mac import from_bytes
from tests.building import mac
from tests.netguard.hearing.frames import GATEWAY, IP, PINNED, START, arp, in_turns


def place(ip: str) -> Place:
    return Place(ip_address(ip), None, "eth1")


def note(ledger: Ledger, at: float, station: str, ip: str = IP, told: str | None = None) -> Address:
    seen = START + timedelta(seconds=at)
    claim = Claim(place=place(ip), mac=station, how="reply", told=told, seen=seen)
    address = ledger.add(claim, at)
    assert address is not None
    return address


def forged(number: int) -> str:
    return from_bytes((0x0200_0000_0000 + number).to_bytes(6))


def test_what_was_not_heard_of_for_the_longest_time_is_forgotten_first() -> None:
    ledger = Ledger(room=3)
    for at, ip in enumerate(("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1", "192.0.2.4")):
        note(ledger, at, mac(1), ip)
    assert (len(ledger), ledger.forgotten) == (3, 1)
    assert ledger.at(place("192.0.2.2")) is None
    assert ledger.at(place("192.0.2.1")) is not None
    assert ledger.used(mac(1)) == 3


def test_a_station_of_which_all_is_forgotten_is_forgotten() -> None:
    ledger = Ledger(room=1)
    for number in range(100):
        note(ledger, number, forged(number), f"192.0.2.{number + 1}")
        note(ledger, number, forged(number + 1), f"192.0.2.{number + 1}")
    assert ledger.used(forged(0)) == 0
    assert set(ledger._used) == set(ledger._contested) == {forged(99), forged(100)}


def test_what_several_claim_is_contested_until_one_has_it_alone() -> None:
    ledger = Ledger()
    note(ledger, 0, mac(1))
    assert ledger.contested(mac(1)) == set()
    note(ledger, 1, mac(2))
    assert ledger.contested(mac(1)) == ledger.contested(mac(2)) == {place(IP)}
    note(ledger, 3602, mac(2))
    assert list(note(ledger, 3603, mac(2)).stations) == [mac(2)]
    assert ledger.contested(mac(1)) == ledger.contested(mac(2)) == set()
    assert (ledger.used(mac(1)), ledger.used(mac(2))) == (0, 1)


def test_who_claims_again_after_an_hour_begins_anew() -> None:
    ledger = Ledger()
    for at in (0, 1, 2, 4000):
        address = note(ledger, at, mac(1), told=mac(2) if at < 3 else None)
    station = address.stations[mac(1)]
    assert (station.count, station.since, station.told) == (1, 4000, (None,))


def test_a_protected_address_is_not_forgotten_for_others() -> None:
    ledger = Ledger({ip_address(GATEWAY)}, room=1)
    note(ledger, 0, mac(1), GATEWAY)
    for number in range(9):
        note(ledger, 1 + number, mac(2), f"192.0.2.{number + 1}")
    assert ledger.at(place(GATEWAY)) is not None
    assert len(ledger) == 2


def test_a_protected_address_in_many_vlans_costs_no_more_memory_than_others() -> None:
    ear = Ear(PINNED, room=10)
    for vlan in range(1, 4000):
        ear.hear(arp(vlan / 100, mac(2), GATEWAY, vlan=vlan))
    assert ear.addresses == 10
    assert ear.forgotten == 3989


def test_what_is_protected_later_or_no_more_stays_known() -> None:
    ledger = Ledger({ip_address(GATEWAY)})
    note(ledger, 0, mac(1), GATEWAY)
    note(ledger, 0, mac(2), IP)
    ledger.protect([ip_address(IP)])
    assert {ip for ip in (GATEWAY, IP) if ledger.at(place(ip))} == {GATEWAY, IP}
    assert note(ledger, 1, mac(1), GATEWAY).stations[mac(1)].count == 2


def test_of_many_claimants_those_who_spoke_once_make_room_first() -> None:
    ledger = Ledger()
    for at in range(4):
        note(ledger, at, mac(at % 2))
    for number in range(1000):
        address = note(ledger, 10 + number, forged(number))
    assert len(address.stations) == STATIONS
    assert {mac(0), mac(1)} <= address.stations.keys()
    assert address.crowded_out == 1000 - STATIONS + 2


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


def test_hours_after_such_a_flood_a_single_frame_is_no_hijack_any_more() -> None:
    ear = Ear(PINNED)
    for number in range(1_000):
        ear.hear(arp(number / 1_000, forged(number), GATEWAY))
    for minute in range(120):
        ear.hear(arp(10 + minute * 60, mac(1), GATEWAY))
    assert ear.hear(arp(7300, mac(0x24), GATEWAY)) is None


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
