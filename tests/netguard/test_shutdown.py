"""The plan: which port, what it would cut off, and every guard's word on it."""

from ipaddress import ip_address

import msgspec
import pytest

from netguard.guards import CLOSING, OPENING
from netguard.history import PortStatus
from netguard.inventory import Server
from netguard.shutdown import Occupant, Plan, liftable, plan
from netguard.situation import Situation
from tests.building import GATEWAY, ROUTER, asked, claim, mac, seen, server
from tests.deciding import (
    CULPRIT,
    LEARNED,
    NUMBER,
    OWN,
    PORT,
    VICTIM,
    cat1,
    closing,
    edge1,
    opening,
    unread,
)

BESIDE = mac(0x41)  # another station behind the same port
SHARED = cat1({**LEARNED, BESIDE: "Fa0/3"})
HOME = server("ds0142", "198.51.100.20", port="cat1 Fa0/3", customer="C-20931")
KNOWN = server("ds0142", "198.51.100.20", mac=CULPRIT, customer="C-20931")
NEIGHBOUR = server("ds0143", "198.51.100.21", mac=BESIDE, customer="C-5")


def occupant(decided: Plan, station: str) -> Occupant:
    return next(one for one in decided.stations if one.mac == station)


def answered(s: Situation, *pairs: tuple[str, str]) -> Situation:
    """Return the situation with a sweep in which these addresses had these stations."""
    claims = [claim(address, station) for address, station in pairs]
    tests = [asked(GATEWAY, station) for address, station in pairs if address == GATEWAY]
    swept = seen([c for c in claims if str(c.sender_ip) != GATEWAY], tests)
    return msgspec.structs.replace(s, view=msgspec.structs.replace(s.view, segments=(swept,)))


def test_the_plan_names_the_port_in_all_its_names_and_how_it_stands() -> None:
    decided = plan(closing())
    assert (decided.change, decided.port, decided.if_index) == ("shutdown", PORT, NUMBER)
    assert decided.descr == "FastEthernet0/3"
    assert decided.before == PortStatus("up", "up")


def test_the_plan_passes_the_alias_on_that_somebody_gave_the_port() -> None:
    s = closing()
    assert s.interface is not None
    named = msgspec.structs.replace(s.interface, alias="ds0142")
    assert plan(msgspec.structs.replace(s, interface=named)).alias == "ds0142"


def test_the_plan_names_every_mac_that_the_closing_would_cut_off_and_no_other() -> None:
    decided = plan(closing(SHARED, target=CULPRIT))
    assert [one.mac for one in decided.stations] == [CULPRIT, BESIDE]
    assert [one.mac for one in decided.stations if one.target] == [CULPRIT]


def test_without_a_station_that_is_meant_none_is_marked() -> None:
    assert not any(one.target for one in plan(closing(SHARED)).stations)


def test_the_plan_says_what_each_station_answers_for() -> None:
    s = closing(edge1(arp={"198.51.100.40": CULPRIT, "198.51.100.41": VICTIM}))
    s = answered(s, (GATEWAY, CULPRIT), ("198.51.100.20", CULPRIT), ("198.51.100.25", VICTIM))
    one = occupant(plan(s), CULPRIT)
    assert one.addresses == (
        ip_address(GATEWAY),
        ip_address("198.51.100.20"),
        ip_address("198.51.100.40"),
    )


def test_the_port_s_server_and_customer_are_the_inventory_s() -> None:
    decided = plan(closing(servers=(HOME,)))
    assert (decided.server, decided.customer) == ("ds0142", "C-20931")
    one = occupant(decided, CULPRIT)
    assert (one.server, one.customer) == ("ds0142", "C-20931")


def test_a_station_of_another_server_on_the_port_keeps_its_own_name() -> None:
    decided = plan(closing(SHARED, servers=(HOME, NEIGHBOUR)))
    assert occupant(decided, BESIDE).server == "ds0143"
    assert occupant(decided, CULPRIT).server == "ds0142"
    assert decided.server == "ds0142"


@pytest.mark.parametrize(
    "known", [KNOWN, server("ds0142", "198.51.100.20", customer="C-20931")], ids=["MAC", "address"]
)
def test_of_a_port_without_an_entry_the_one_server_behind_it_is_named(known: Server) -> None:
    decided = plan(answered(closing(servers=(known,)), ("198.51.100.20", CULPRIT)))
    assert (decided.server, decided.customer) == ("ds0142", "C-20931")


def test_of_several_servers_behind_a_port_none_is_called_the_port_s() -> None:
    decided = plan(closing(SHARED, servers=(KNOWN, NEIGHBOUR)))
    assert (decided.server, decided.customer) == (None, "")
    assert [one.server for one in decided.stations] == ["ds0142", "ds0143"]


def test_a_station_that_answers_for_two_servers_addresses_is_neither_of_them() -> None:
    two = (server("ds1", "198.51.100.20"), server("ds2", "198.51.100.21"))
    s = answered(closing(servers=two), ("198.51.100.20", CULPRIT), ("198.51.100.21", CULPRIT))
    assert occupant(plan(s), CULPRIT).server is None


def test_every_guard_of_the_change_has_its_say_in_order() -> None:
    assert [v.guard for v in plan(closing()).verdicts] == [*CLOSING]
    assert [v.guard for v in plan(opening()).verdicts] == [*OPENING]


def test_a_healthy_access_port_may_be_closed_and_opened_again() -> None:
    assert plan(closing()).refused_by == ()
    assert plan(opening()).refused_by == ()


def test_a_plan_for_a_device_that_was_not_read_knows_nothing_and_is_refused() -> None:
    decided = plan(closing(unread(cat1())))
    assert (decided.if_index, decided.stations) == (None, ())
    assert decided.before == PortStatus("unknown", "unknown")
    assert {"not-a-managed-port", "already-down", "stale-location"} <= {*decided.refused_by}


def test_even_with_every_guard_lifted_a_plan_without_its_port_names_no_interface() -> None:
    decided = plan(closing(unread(cat1())), liftable("shutdown"))
    assert decided.refused_by == ()
    assert decided.if_index is None  # so the switch's own number differs, and nothing is sent


def test_the_switch_s_own_rows_are_nobody_behind_the_port() -> None:
    device = cat1()
    rows = (msgspec.structs.replace(row, status="self") for row in cat1({OWN: "Fa0/3"}).fdb)
    device = msgspec.structs.replace(device, fdb=(*device.fdb, *rows))
    assert [one.mac for one in plan(closing(device)).stations] == [CULPRIT]


def test_a_static_row_is_a_station_behind_the_port_all_the_same() -> None:
    device = cat1()
    rows = (msgspec.structs.replace(row, status="mgmt") for row in cat1({ROUTER: "Fa0/3"}).fdb)
    device = msgspec.structs.replace(device, fdb=(*device.fdb, *rows))
    assert "gateway-station" in plan(closing(device)).refused_by
