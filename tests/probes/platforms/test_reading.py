"""Reading a device table by table: what is asked, in which order, and what is then missing."""

from collections.abc import Mapping, Sequence

import pytest

from probes.mibs import (
    bridge_mib,
    cisco_cdp_mib,
    cisco_pagp_mib,
    cisco_stack_mib,
    cisco_vtp_mib,
    foundry_sn_switch_group_fdb,
    foundry_sn_switch_group_mib,
    ieee8023_lag_mib,
    if_mib,
    lldp_mib,
    lldp_v2_mib,
    q_bridge_mib,
)
from probes.platforms.cat_os import CAT_OS
from probes.platforms.generic import GENERIC
from probes.platforms.ios import IOS
from probes.platforms.iron_ware import IRON_WARE
from probes.platforms.net_iron import NET_IRON
from probes.platforms.nx_os import NX_OS
from probes.platforms.platform import Platform
from probes.platforms.reading import TABLES, Reading
from probes.records import BasePort, FdbEntry, Gap, LagMember, Tagging
from probes.snmp import Session
from tests.snmp_agent import (
    GEN_ERR,
    Handler,
    Mib,
    Oid,
    Request,
    ask,
    dotted,
    failure,
    integer,
    octets,
)

STATION = (0x00, 0x00, 0x5E, 0x00, 0x53)
LEARNED, OTHER = 3, 1
# One request without a repetition: what is silent here is silent for good.
TIMEOUT, RETRIES = 0.25, 0
EVERYTHING = tuple(TABLES)


# --- what the devices have


def cell(column: str, *index: int, value: bytes) -> dict[Oid, bytes]:
    return {(*dotted(column), *index): value}


def interface(if_index: int, name: str, if_type: int = 6) -> dict[Oid, bytes]:
    return {
        **cell(if_mib.IF_NAME, if_index, value=octets(name.encode())),
        **cell(if_mib.IF_TYPE, if_index, value=integer(if_type)),
    }


def port(base_port: int, if_index: int) -> dict[Oid, bytes]:
    return cell(bridge_mib.BASE_PORT_IF_INDEX, base_port, value=integer(if_index))


def seen(station: int, base_port: int, status: int = LEARNED) -> dict[Oid, bytes]:
    index = (*STATION, station)
    return {
        **cell(bridge_mib.TP_FDB_PORT, *index, value=integer(base_port)),
        **cell(bridge_mib.TP_FDB_STATUS, *index, value=integer(status)),
    }


def seen_in(vlan: int, station: int, base_port: int) -> dict[Oid, bytes]:
    index = (vlan, *STATION, station)
    return {
        **cell(q_bridge_mib.TP_FDB_PORT, *index, value=integer(base_port)),
        **cell(q_bridge_mib.TP_FDB_STATUS, *index, value=integer(LEARNED)),
    }


def foundry_station(station: int, if_index: int) -> dict[Oid, bytes]:
    mac = octets(bytes((*STATION, station)))
    return {
        **cell(foundry_sn_switch_group_fdb.FDB_STATION_ADDR, 1, value=mac),
        **cell(foundry_sn_switch_group_fdb.FDB_VLAN_ID, 1, value=integer(226)),
        **cell(foundry_sn_switch_group_fdb.FDB_STATION_IF, 1, value=integer(if_index)),
    }


def vlan(number: int, state: int = 1) -> dict[Oid, bytes]:
    return {
        **cell(cisco_vtp_mib.VLAN_STATE, 1, number, value=integer(state)),
        **cell(cisco_vtp_mib.VLAN_TYPE, 1, number, value=integer(1)),
    }


def lldp(local_port: int, name: str) -> dict[Oid, bytes]:
    index = (0, local_port, 1)
    return {
        **cell(lldp_mib.REM_CHASSIS_ID, *index, value=octets(name.encode())),
        **cell(lldp_mib.REM_SYS_NAME, *index, value=octets(name.encode())),
    }


def lldp_v2(if_index: int, name: str) -> dict[Oid, bytes]:
    index = (0, if_index, 1, 1)
    return {
        **cell(lldp_v2_mib.REM_CHASSIS_ID, *index, value=octets(name.encode())),
        **cell(lldp_v2_mib.REM_SYS_NAME, *index, value=octets(name.encode())),
    }


def cdp(if_index: int, name: str) -> dict[Oid, bytes]:
    return cell(cisco_cdp_mib.CACHE_DEVICE_ID, if_index, 1, value=octets(name.encode()))


def tag_mode(if_index: int) -> dict[Oid, bytes]:
    column = foundry_sn_switch_group_mib.SW_IF_INFO_TAG_MODE
    return cell(column, if_index, value=integer(1))


def tagged_in(number: int, ports: int) -> dict[Oid, bytes]:
    column = q_bridge_mib.VLAN_CURRENT_EGRESS_PORTS
    return cell(column, 0, number, value=octets(bytes((ports,))))


def in_lag(if_index: int, aggregate: int) -> dict[Oid, bytes]:
    return cell(ieee8023_lag_mib.AGG_PORT_ATTACHED_AGG_ID, if_index, value=integer(aggregate))


def in_pagp(if_index: int, aggregate: int) -> dict[Oid, bytes]:
    return cell(cisco_pagp_mib.GROUP_IF_INDEX, if_index, value=integer(aggregate))


def entry(
    station: int,
    base_port: int,
    if_index: int | None,
    number: int | None = None,
    status: str = "learned",
) -> FdbEntry:
    return FdbEntry(
        vlan=number,
        mac=f"00:00:5e:00:53:{station:02x}",
        base_port=base_port,
        if_index=if_index,
        status=status,
    )


# --- the agents


class Agent:
    """Answers honestly in the contexts that it has, and notes what it was asked.

    It has nothing to say to what `ignored` begins with, nor to anything else from then on where
    it `dies`; to what `failing` begins with it answers that it failed.
    """

    def __init__(
        self,
        objects: Mapping[Oid, bytes],
        contexts: Mapping[int, Mapping[Oid, bytes]] | None = None,
        *,
        ignored: str = "",
        failing: str = "",
        dies: bool = False,
    ) -> None:
        self._mibs = {b"public": Mib(objects)}
        for number, shown in (contexts or {}).items():
            self._mibs[f"public@{number}".encode()] = Mib(shown)
        self._ignored = dotted(ignored) if ignored else None
        self._failing = dotted(failing) if failing else None
        self._dies = dies
        self._is_dead = False
        self.communities: dict[str, None] = {}
        self.oids: list[Oid] = []
        self.unanswered: dict[Oid, None] = {}

    def __call__(self, request: Request) -> list[bytes]:
        self.communities[request.community.decode()] = None
        self.oids += request.oids
        mib = self._mibs.get(request.community)
        if mib is None or self._is_dead or _begins(request, self._ignored):
            self._is_dead = self._dies
            self.unanswered[request.oids[0]] = None
            return []
        if _begins(request, self._failing):
            return [failure(request, GEN_ERR)]
        return mib(request)

    def count(self, column: str) -> int:
        """Return how often a column was asked for from its beginning."""
        return self.oids.count(dotted(column))


def _begins(request: Request, column: Oid | None) -> bool:
    return column is not None and request.oids[0][: len(column)] == column


def read(
    handler: Handler,
    platform: Platform,
    *names: str,
    vlans: Sequence[int] = (),
    is_switch: bool = True,
    deadline: float = 60.0,
    timeout: float = TIMEOUT,
) -> Reading:
    async def question(session: Session) -> Reading:
        reading = Reading(session, platform, tuple(vlans), is_switch=is_switch)
        await reading.read(names, deadline)
        return reading

    return ask(handler, question, timeout=timeout, retries=RETRIES, deadline=60.0)


def gaps(reading: Reading) -> list[Gap]:
    found = (gap for table in reading.tables.values() for gap in table.gaps)
    return list(dict.fromkeys((*found, *reading.gaps)))


def kinds(reading: Reading) -> list[str]:
    return [gap.kind for gap in gaps(reading)]


# --- VLANs with a bridge of their own


def test_a_catalyst_is_asked_in_each_of_its_vlans() -> None:
    contexts = {24: seen(2, 3) | port(3, 10103), 25: seen(3, 3) | port(3, 10107)}
    bare = seen(1, 9) | port(9, 10109)
    agent = Agent(vlan(1) | vlan(24) | vlan(25) | bare, contexts)
    reading = read(agent, IOS, "fdb")
    assert reading.tables["fdb"].rows == (
        entry(1, 9, 10109, 1),
        entry(2, 3, 10103, 24),
        entry(3, 3, 10107, 25),
    )
    assert gaps(reading) == []
    assert list(agent.communities) == ["public", "public@24", "public@25"]


def test_a_catalyst_is_asked_only_in_the_vlans_that_are_wanted() -> None:
    agent = Agent(vlan(24) | vlan(25), {24: seen(2, 3), 25: seen(3, 3) | port(3, 10107)})
    reading = read(agent, IOS, "fdb", vlans=[25])
    assert reading.tables["fdb"].rows == (entry(3, 3, 10107, 25),)
    assert list(agent.communities) == ["public@25"]


def test_a_vlan_that_carries_no_frames_is_not_asked() -> None:
    suspended = 2
    agent = Agent(vlan(24) | vlan(25, suspended) | vlan(1002), {24: seen(2, 3) | port(3, 10103)})
    assert gaps(read(agent, IOS, "fdb")) == []
    assert list(agent.communities) == ["public", "public@24"]


@pytest.mark.parametrize("name", ["fdb", "base_ports_by_vlan"])
def test_a_switch_without_any_vlan_known_is_a_gap(name: str) -> None:
    reading = read(Agent(seen(1, 9) | port(9, 10109)), IOS, name)
    (gap,) = reading.tables[name].gaps
    assert (gap.subject, gap.kind) == ("cat1", "vlan-unknown")
    assert len(reading.tables[name].rows) == 1


@pytest.mark.parametrize("name", ["fdb", "base_ports_by_vlan"])
def test_a_router_with_the_same_face_is_not_and_is_asked_in_no_context(name: str) -> None:
    agent = Agent(seen(1, 9) | port(9, 10109))
    reading = read(agent, IOS, name, vlans=[24], is_switch=False)
    assert (len(reading.tables[name].rows), gaps(reading)) == (1, [])
    assert list(agent.communities) == ["public"]


def test_a_router_that_has_vlans_is_asked_in_those_that_are_wanted() -> None:
    agent = Agent(vlan(24) | vlan(25), {24: seen(2, 3) | port(3, 10103)})
    reading = read(agent, IOS, "fdb", vlans=[24, 26], is_switch=False)
    assert reading.tables["fdb"].rows == (entry(2, 3, 10103, 24),)
    assert list(agent.communities) == ["public", "public@24"]


def test_a_table_of_all_vlans_counts_where_the_contexts_show_nothing() -> None:
    agent = Agent(port(3, 10103) | seen_in(24, 1, 3) | seen(2, 3))
    reading = read(agent, NX_OS, "fdb", vlans=[24, 25, 26])
    # What an agent shows without a context is VLAN 1's.
    assert reading.tables["fdb"].rows == (entry(1, 3, 10103, 24),)
    assert gaps(reading) == []


def test_contexts_that_say_nothing_are_gaps_where_no_other_table_does() -> None:
    reading = read(Agent(port(3, 10103)), IOS, "fdb", vlans=[24, 25, 26])
    silent, unasked = reading.tables["fdb"].gaps
    assert reading.tables["fdb"].rows == ()
    assert (silent.kind, unasked.kind) == ("snmp-timeout", "snmp-timeout")
    assert "1 more VLANs" in unasked.detail


def test_a_switch_that_has_learned_nothing_in_any_vlan_is_no_gap() -> None:
    reading = read(Agent(port(3, 10103), {24: port(3, 10103)}), IOS, "fdb", vlans=[24])
    assert (reading.tables["fdb"].rows, gaps(reading)) == ((), [])


def test_the_bridge_ports_of_each_vlan_stay_apart() -> None:
    agent = Agent({}, {24: port(3, 10103), 25: port(3, 10107)})
    reading = read(agent, IOS, "base_ports_by_vlan", vlans=[24, 25])
    assert reading.tables["base_ports_by_vlan"].rows == (
        BasePort(base_port=3, if_index=10103),
        BasePort(base_port=3, if_index=10107),
    )


def test_bridge_ports_that_only_catos_s_own_table_has_are_filled_in() -> None:
    own = {
        **cell(cisco_stack_mib.PORT_CROSS_INDEX, 2, 5, value=integer(69)),
        **cell(cisco_stack_mib.PORT_IF_INDEX, 2, 5, value=integer(21)),
    }
    reading = read(Agent(own, {24: seen(1, 69)}), CAT_OS, "fdb", vlans=[24])
    assert (reading.tables["fdb"].rows, gaps(reading)) == ((entry(1, 69, 21, 24),), [])


# --- one forwarding database for all VLANs


def test_a_station_that_both_tables_show_is_one_row() -> None:
    objects = port(3, 103) | port(4, 104) | seen_in(226, 1, 3) | seen(1, 3) | seen(2, 4)
    reading = read(Agent(objects), GENERIC, "fdb")
    assert reading.tables["fdb"].rows == (entry(1, 3, 103, 226), entry(2, 4, 104))
    assert gaps(reading) == []


def test_the_vendor_s_table_is_not_asked_where_a_standard_one_has_rows() -> None:
    agent = Agent(port(3, 103) | seen(1, 3) | foundry_station(2, 65))
    reading = read(agent, IRON_WARE, "fdb")
    assert reading.tables["fdb"].rows == (entry(1, 3, 103),)
    assert agent.count(foundry_sn_switch_group_fdb.FDB_STATION_ADDR) == 0


def test_the_vendor_s_table_counts_where_the_standard_ones_are_empty() -> None:
    reading = read(Agent(foundry_station(2, 65)), IRON_WARE, "fdb")
    assert reading.tables["fdb"].rows == (entry(2, 0, 65, 226, "other"),)
    assert gaps(reading) == []


def test_the_vendor_s_table_is_not_asked_where_a_standard_one_could_not_be_read() -> None:
    agent = Agent(foundry_station(2, 65), failing=bridge_mib.TP_FDB_PORT)
    reading = read(agent, IRON_WARE, "fdb")
    assert (reading.tables["fdb"].rows, kinds(reading)) == ((), ["snmp-error"])
    assert agent.count(foundry_sn_switch_group_fdb.FDB_STATION_ADDR) == 0


def test_another_make_is_not_asked_for_the_vendor_s_table() -> None:
    agent = Agent(foundry_station(2, 65))
    assert read(agent, GENERIC, "fdb").tables["fdb"].rows == ()
    assert agent.count(foundry_sn_switch_group_fdb.FDB_STATION_ADDR) == 0


def test_the_interfaces_of_the_vendor_count_where_the_standard_s_are_empty() -> None:
    column = foundry_sn_switch_group_mib.SW_IF_DESCR
    own = cell(column, 65, value=octets(b"1/2/1"))
    reading = read(Agent(own), IRON_WARE, "interfaces")
    assert [row.name for row in reading.tables["interfaces"].rows] == ["1/2/1"]
    agent = Agent(own | interface(65, "ethernet1/2/1"))
    reading = read(agent, IRON_WARE, "interfaces")
    assert [row.name for row in reading.tables["interfaces"].rows] == ["ethernet1/2/1"]
    assert agent.count(column) == 0


def test_a_filter_on_the_table_is_a_gap_also_where_it_lets_nothing_through() -> None:
    only_vlan_7 = {dotted(foundry_sn_switch_group_fdb.MAC_STATION_VLAN_ID): integer(7)}
    for objects in ({}, port(3, 103) | seen(1, 3)):
        assert kinds(read(Agent(objects | only_vlan_7), IRON_WARE, "fdb")) == ["fdb-filtered"]


def test_a_netiron_without_an_fdb_is_a_gap() -> None:
    reading = read(Agent(interface(1, "ethernet1/1")), NET_IRON, "fdb")
    assert (reading.tables["fdb"].rows, kinds(reading)) == ((), ["no-fdb"])


def test_a_netiron_that_shows_an_fdb_is_believed() -> None:
    reading = read(Agent(port(3, 103) | seen(1, 3)), NET_IRON, "fdb")
    assert (reading.tables["fdb"].rows, gaps(reading)) == ((entry(1, 3, 103),), [])


@pytest.mark.parametrize("platform", [GENERIC, IRON_WARE])
def test_an_empty_fdb_of_any_other_switch_is_no_gap(platform: Platform) -> None:
    reading = read(Agent(port(3, 103)), platform, "fdb")
    assert (reading.tables["fdb"].rows, gaps(reading)) == ((), [])


def test_stations_that_are_all_on_port_0_are_a_gap() -> None:
    reading = read(Agent(port(3, 103) | seen(1, 0, OTHER) | seen(2, 0, OTHER)), GENERIC, "fdb")
    assert [row.if_index for row in reading.tables["fdb"].rows] == [None, None]
    assert kinds(reading) == ["fdb-port-unknown"]


def test_stations_on_bridge_ports_without_an_interface_are_a_gap() -> None:
    reading = read(Agent(port(3, 103) | seen(1, 3) | seen(2, 7)), GENERIC, "fdb")
    assert reading.tables["fdb"].rows == (entry(1, 3, 103), entry(2, 7, None))
    assert kinds(reading) == ["fdb-port-unknown"]


UNITS = interface(520, "ge-0/0/0.0", 53) | interface(521, "ge-0/0/1.0", 53)


def test_bridge_ports_that_can_only_be_interfaces_are_those() -> None:
    reading = read(Agent(UNITS | seen_in(226, 1, 520) | seen(2, 521)), GENERIC, "fdb")
    assert reading.tables["fdb"].rows == (entry(1, 520, 520, 226), entry(2, 521, 521))
    assert gaps(reading) == []


@pytest.mark.parametrize("column", [bridge_mib.BASE_PORT_IF_INDEX, if_mib.IF_OPER_STATUS])
def test_nothing_is_guessed_of_ports_where_a_table_is_not_complete(column: str) -> None:
    agent = Agent(UNITS | seen(1, 520) | seen(2, 521), failing=column)
    reading = read(agent, GENERIC, "fdb")
    assert reading.tables["fdb"].rows == (entry(1, 520, None), entry(2, 521, None))
    assert "snmp-error" in kinds(reading)


# --- which ports are what


@pytest.mark.parametrize("platform", [GENERIC, IRON_WARE])
def test_the_vendor_is_asked_first_which_ports_are_tagged(platform: Platform) -> None:
    agent = Agent(port(1, 11) | port(2, 12) | tag_mode(12) | tagged_in(226, 0x80))
    (row,) = read(agent, platform, "tagging").tables["tagging"].rows
    vendor, standard = Tagging(if_index=12, tagged=True), Tagging(if_index=11, tagged=True)
    assert row == (vendor if platform is IRON_WARE else standard)


def test_the_standard_is_asked_where_the_vendor_s_table_is_empty() -> None:
    reading = read(Agent(port(1, 11) | tagged_in(226, 0x80)), IRON_WARE, "tagging")
    assert reading.tables["tagging"].rows == (Tagging(if_index=11, tagged=True),)


def test_the_members_of_aggregates_are_those_of_all_tables_each_once() -> None:
    objects = in_lag(11, 501) | in_lag(13, 502) | in_pagp(11, 501) | in_pagp(12, 501)
    reading = read(Agent(objects), IOS, "lag_members")
    assert reading.tables["lag_members"].rows == (
        LagMember(if_index=11, aggregate=501),
        LagMember(if_index=13, aggregate=502),
        LagMember(if_index=12, aggregate=501),
    )


def test_who_names_the_aggregate_is_believed_before_who_does_not() -> None:
    lists = foundry_sn_switch_group_mib.LAG_IF_LIST
    named = cell(foundry_sn_switch_group_mib.LAG_IF_INDEX, 1, 97, value=integer(501))
    own = {
        **cell(lists, 1, 97, value=octets(bytes((0, 0, 0, 12)))),
        **cell(lists, 1, 98, value=octets(bytes((0, 0, 0, 11)))),
    }
    # A value that is no number names an aggregate all the same, but not which.
    garbled = cell(ieee8023_lag_mib.AGG_PORT_ATTACHED_AGG_ID, 12, value=octets(b"lag1"))
    reading = read(Agent(own | named | garbled | in_lag(11, 502)), IRON_WARE, "lag_members")
    assert reading.tables["lag_members"].rows == (
        LagMember(if_index=11, aggregate=502),
        LagMember(if_index=12, aggregate=501),
    )


# --- neighbours


def names(reading: Reading) -> list[tuple[str, str, str]]:
    rows = reading.tables["neighbors"].rows
    return [(row.protocol, row.port, row.remote_name) for row in rows]


PORTS = interface(10101, "Gi1/0/1") | interface(10102, "Gi1/0/2") | port(1, 10101)


@pytest.mark.parametrize("platform", [GENERIC, IOS])
def test_the_neighbours_of_both_protocols_are_told(platform: Platform) -> None:
    reading = read(Agent(PORTS | lldp(1, "edge1") | cdp(10102, "cat2")), platform, "neighbors")
    assert names(reading) == [("lldp", "Gi1/0/1", "edge1"), ("cdp", "Gi1/0/2", "cat2")]
    assert gaps(reading) == []


def test_a_neighbour_that_speaks_both_protocols_is_told_by_both() -> None:
    reading = read(Agent(PORTS | lldp(1, "cat2") | cdp(10101, "cat2")), IOS, "neighbors")
    assert names(reading) == [("lldp", "Gi1/0/1", "cat2"), ("cdp", "Gi1/0/1", "cat2")]


def test_the_newer_lldp_mib_is_asked_only_where_the_older_is_empty() -> None:
    newer = lldp_v2(10102, "edge2")
    assert names(read(Agent(PORTS | newer), GENERIC, "neighbors")) == [("lldp", "Gi1/0/2", "edge2")]
    agent = Agent(PORTS | newer | lldp(1, "edge1"))
    assert names(read(agent, GENERIC, "neighbors")) == [("lldp", "Gi1/0/1", "edge1")]
    assert agent.count(lldp_v2_mib.REM_CHASSIS_ID) == 0


def test_an_lldp_mib_that_failed_is_a_gap_and_loses_no_neighbour_of_cdp() -> None:
    agent = Agent(PORTS | cdp(10102, "cat2"), failing=lldp_mib.REM_CHASSIS_ID)
    reading = read(agent, IOS, "neighbors")
    assert names(reading) == [("cdp", "Gi1/0/2", "cat2")]
    assert kinds(reading) == ["snmp-error"]


# --- how long


def test_the_order_is_kept_and_a_table_that_others_need_is_read_once() -> None:
    agent = Agent(PORTS | seen(1, 1) | lldp(1, "edge1") | tagged_in(226, 0x80))
    reading = read(agent, GENERIC, "neighbors", "tagging", "fdb", "base_ports", "interfaces")
    assert list(reading.tables) == ["interfaces", "base_ports", "neighbors", "tagging", "fdb"]
    assert agent.count(bridge_mib.BASE_PORT_IF_INDEX) == 1
    assert agent.count(if_mib.IF_NAME) == 1


@pytest.mark.parametrize("platform", [GENERIC, IOS, CAT_OS, IRON_WARE, NET_IRON])
def test_an_agent_that_has_nothing_has_empty_tables(platform: Platform) -> None:
    reading = read(Agent({}), platform, *EVERYTHING, is_switch=False)
    assert set(reading.tables) == set(EVERYTHING)
    assert all(table.rows == () for table in reading.tables.values())
    assert kinds(reading) == (["no-fdb"] if platform is NET_IRON else [])


def test_progress_is_told_table_by_table() -> None:
    told: list[tuple[int, int]] = []

    async def question(session: Session) -> None:
        reading = Reading(session, GENERIC, (), is_switch=True)
        await reading.read(("arp", "fdb"), 60.0, lambda done, total: told.append((done, total)))

    ask(Agent({}), question)
    assert told == [(1, 2), (2, 2)]


def test_what_was_read_before_the_deadline_stays_and_is_named() -> None:
    agent = Agent(PORTS | seen(1, 1), ignored=lldp_mib.REM_CHASSIS_ID)
    wanted = ("interfaces", "neighbors", "fdb")
    reading = read(agent, GENERIC, *wanted, deadline=1.5, timeout=60.0)
    assert [row.name for row in reading.tables["interfaces"].rows] == ["Gi1/0/1", "Gi1/0/2"]
    (gap,) = gaps(reading)
    assert (gap.subject, gap.kind) == ("cat1", "snmp-deadline")
    assert gap.detail.endswith("read by then: interfaces, base_ports")
    assert "deadline" in gap.remedy


def test_the_vlans_that_were_read_before_the_deadline_stay() -> None:
    agent = Agent(vlan(24) | vlan(25), {24: seen(2, 3) | port(3, 10103)})
    reading = read(agent, IOS, "fdb", deadline=1.5, timeout=60.0)
    assert reading.tables["fdb"].rows == (entry(2, 3, 10103, 24),)
    assert kinds(reading) == ["snmp-deadline"]


def test_a_deadline_that_is_over_leaves_nothing_and_says_so() -> None:
    reading = read(Agent(PORTS), GENERIC, "interfaces", deadline=0.0)
    (gap,) = gaps(reading)
    assert gap.detail.endswith("read by then: nothing")
    assert reading.tables == {}


LAST_ANSWERS = [
    if_mib.IF_DESCR,
    cisco_vtp_mib.VLAN_STATE,
    bridge_mib.BASE_PORT_IF_INDEX,
    q_bridge_mib.TP_FDB_PORT,
    lldp_mib.REM_CHASSIS_ID,
    cisco_cdp_mib.CACHE_DEVICE_ID,
    ieee8023_lag_mib.AGG_PORT_ATTACHED_AGG_ID,
]


@pytest.mark.parametrize("column", LAST_ANSWERS)
@pytest.mark.parametrize(
    "wanted", [("neighbors", "lag_members", "fdb"), ("fdb", "lag_members", "neighbors")]
)
def test_a_device_that_falls_silent_in_the_middle_is_waited_for_once(
    wanted: tuple[str, ...], column: str
) -> None:
    agent = Agent(PORTS, ignored=column, dies=True)
    reading = read(agent, IOS, *wanted, is_switch=False)
    assert list(agent.unanswered) == [dotted(column)]
    assert kinds(reading) == ["snmp-timeout"]


def test_a_foundry_that_falls_silent_behind_its_stations_is_not_asked_for_the_filter() -> None:
    agent = Agent(port(3, 103) | seen(1, 3), ignored=bridge_mib.TP_FDB_STATUS, dies=True)
    reading = read(agent, IRON_WARE, "fdb", "arp")
    assert reading.tables["fdb"].rows == (entry(1, 3, 103),)
    assert (list(reading.tables)[-1], kinds(reading)) == ("fdb", ["snmp-timeout"])
    assert len(agent.unanswered) == 1
