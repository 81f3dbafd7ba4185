"""Reading a device whole: what it is, where its FDB lies, and what it kept to itself."""

import asyncio
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest

from netguard import clock
from netguard.collect import platform_of, read_again, read_devices, read_port_tables
from netguard.config import Config, load
from netguard.inventory import Device
from netguard.lab.control import Lab
from netguard.view import DeviceView, PortTables
from probes.mibs import (
    bridge_mib,
    cisco_pagp_mib,
    cisco_vtp_mib,
    foundry_sn_switch_group_mib,
    ieee8023_lag_mib,
    if_mib,
    q_bridge_mib,
    snmpv2_mib,
)
from probes.platforms.platform import Family
from probes.records import BasePort, LagMember, SystemInfo, Tagging
from tests.snmp_agent import (
    GEN_ERR,
    Handler,
    Mib,
    Oid,
    Request,
    agent,
    dotted,
    failure,
    integer,
    object_id,
    octets,
)

IOS = "1.3.6.1.4.1.9.1.516"
NETIRON = "1.3.6.1.4.1.1991.1.3.51.7"
STATION = (0x00, 0x00, 0x5E, 0x00, 0x53, 0x22)


def device(*, sys_object_id: str = IOS, stations: int = 1) -> dict[tuple[int, ...], bytes]:
    """Return a switch with one port and some stations on it."""
    objects = {
        dotted(snmpv2_mib.SYS_DESCR): octets(b"Cisco IOS Software"),
        dotted(snmpv2_mib.SYS_OBJECT_ID): object_id(dotted(sys_object_id)),
        dotted(snmpv2_mib.SYS_NAME): octets(b"cat1"),
        (*dotted(if_mib.IF_DESCR), 10103): octets(b"FastEthernet0/3"),
        (*dotted(if_mib.IF_NAME), 10103): octets(b"Fa0/3"),
        (*dotted(bridge_mib.BASE_PORT_IF_INDEX), 3): integer(10103),
    }
    for number in range(stations):
        row = (*STATION[:5], number)
        objects[(*dotted(bridge_mib.TP_FDB_PORT), *row)] = integer(3)
        objects[(*dotted(bridge_mib.TP_FDB_STATUS), *row)] = integer(3)
    return objects


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "netguard.toml"


def configured(
    config: Path,
    port: int,
    *,
    vlan: str = "vlan = 226",
    role: str = "switch",
    community: str = "public",
    timeout: float = 0.2,
) -> Config:
    config.write_text(
        f"""
        [snmp.lab]
        version = "2c"
        read = "{community}"
        timeout = {timeout}
        retries = 1
        [[device]]
        name = "cat1"
        address = "127.0.0.1:{port}"
        role = "{role}"
        snmp = "lab"
        [[segment]]
        name = "web-226"
        networks = ["198.51.100.0/25"]
        switches = ["cat1"]
        {vlan}
        """
    )
    return load(config, environ={})


def read(
    config: Path, handler: Handler, *, vlan: str = "vlan = 226", role: str = "switch"
) -> DeviceView:
    with agent(handler) as port:
        loaded = configured(config, port, vlan=vlan, role=role)
        views = asyncio.run(
            read_devices(
                loaded,
                loaded.inventory.devices,
                clock=clock.now,
                progress=lambda _done, _total: None,
            )
        )
    return views["cat1"]


def in_vlan_226(objects: dict[tuple[int, ...], bytes]) -> Handler:
    """Answer as IOS does: the FDB stands in the VLAN's own context."""
    plain = {oid: v for oid, v in objects.items() if oid[:8] != (1, 3, 6, 1, 2, 1, 17, 4)}
    contexts = {b"public": Mib(plain), b"public@226": Mib(objects)}

    def handler(request: Request) -> list[bytes]:
        mib = contexts.get(request.community)
        return mib(request) if mib else []

    return handler


def test_a_catalyst_is_read_in_the_segment_s_vlan(config: Path) -> None:
    view = read(config, in_vlan_226(device()))
    assert (view.platform, view.gaps) == ("catalyst", ())
    (entry,) = view.fdb
    assert (entry.vlan, entry.if_index, entry.status) == (226, 10103, "learned")
    assert [i.name for i in view.interfaces] == ["Fa0/3"]


def test_a_catalyst_whose_vlan_nobody_names_is_a_gap_and_not_an_empty_fdb(config: Path) -> None:
    view = read(config, in_vlan_226(device()), vlan="")
    (gap,) = view.gaps
    assert (gap.subject, gap.kind) == ("cat1", "vlan-unknown")


def test_a_catalyst_that_is_a_router_is_read_without_a_vlan(config: Path) -> None:
    view = read(config, Mib(device()), vlan="", role="router")
    assert (view.platform, view.gaps) == ("catalyst", ())


def test_another_switch_is_read_in_one_walk(config: Path) -> None:
    view = read(config, Mib(device(sys_object_id=NETIRON)))
    assert view.platform == "foundry"
    assert len(view.fdb) == 1


def test_a_switch_that_answers_half_a_table_keeps_its_rows_and_says_so(config: Path) -> None:
    honest = in_vlan_226(device(stations=200))
    column = dotted(bridge_mib.TP_FDB_PORT)
    half = (*column, *STATION[:5], 90)

    def handler(request: Request) -> list[bytes]:
        (oid, *_) = request.oids
        return [] if oid > half and oid[: len(column)] == column else list(honest(request))

    view = read(config, handler)
    assert 0 < len(view.fdb) < 200
    assert {gap.subject for gap in view.gaps} == {"cat1"}
    assert [i.name for i in view.interfaces] == ["Fa0/3"]


def test_a_silent_device_is_one_gap_that_names_both_reasons(config: Path) -> None:
    view = read(config, lambda _request: [])
    (gap,) = view.gaps
    assert (gap.subject, gap.kind) == ("cat1", "snmp-timeout")
    assert "community" in gap.remedy
    assert view.system is None


@pytest.mark.parametrize(
    ("sys_object_id", "configured", "platform"),
    [
        (IOS, "auto", "catalyst"),
        ("1.3.6.1.4.1.9", "auto", "catalyst"),
        ("1.3.6.1.4.1.99.1", "auto", "generic"),
        (NETIRON, "auto", "foundry"),
        ("1.3.6.1.4.1.8072.3.2.10", "auto", "generic"),
        ("", "auto", "generic"),
        (IOS, "generic", "generic"),
    ],
)
def test_the_platform_is_the_vendor_s_arc_or_what_is_configured(
    sys_object_id: str, configured: str, platform: str
) -> None:
    box = Device(name="x", host="192.0.2.1", role="switch", snmp="lab", platform=configured)  # type: ignore[arg-type]
    system = SystemInfo(sys_descr="", sys_object_id=sys_object_id, sys_name="")
    assert platform_of(box, system).family == platform


def tables(
    config: Path,
    handler: Handler,
    platform: Family,
    *,
    vlan: str = "vlan = 226",
    role: str = "switch",
    community: str = "public",
    timeout: float = 0.2,
) -> PortTables:
    with agent(handler) as port:
        loaded = configured(
            config, port, vlan=vlan, role=role, community=community, timeout=timeout
        )
        (box,) = loaded.inventory.devices
        return asyncio.run(read_port_tables(loaded, box, platform))


def kinds(read: PortTables) -> list[list[str]]:
    """Return the kinds of gaps in each table: base_ports, tagging, lag_members."""
    return [
        [gap.kind for gap in table.gaps]
        for table in (read.base_ports, read.tagging, read.lag_members)
    ]


NO_GAPS: list[list[str]] = [[], [], []]
SYSTEM = {dotted(snmpv2_mib.SYS_NAME): octets(b"cat1")}
TRUNK = {
    (*dotted(cisco_vtp_mib.TRUNK_PORT_DYNAMIC_STATE), 10101): integer(1),
    (*dotted(cisco_vtp_mib.TRUNK_PORT_DYNAMIC_STATUS), 10101): integer(1),
}
IN_VLANS = {
    (*dotted(q_bridge_mib.VLAN_CURRENT_EGRESS_PORTS), 0, 226): octets(b"\xc0"),
    (*dotted(q_bridge_mib.VLAN_CURRENT_UNTAGGED_PORTS), 0, 226): octets(b"\x80"),
}
BRIDGE = {(*dotted(bridge_mib.BASE_PORT_IF_INDEX), n): integer(n + 10) for n in (1, 2)}
TAG_MODES = {(*dotted(foundry_sn_switch_group_mib.SW_IF_INFO_TAG_MODE), 11): integer(1)}


def in_lag(if_index: int, aggregate: int) -> dict[Oid, bytes]:
    return {(*dotted(ieee8023_lag_mib.AGG_PORT_ATTACHED_AGG_ID), if_index): integer(aggregate)}


def test_the_bridge_ports_of_a_catalyst_are_those_of_all_its_vlans(config: Path) -> None:
    base = dotted(bridge_mib.BASE_PORT_IF_INDEX)
    trunk = {(*base, 1): integer(10101)}
    contexts = {
        b"public": Mib(SYSTEM | TRUNK | {(*base, 9): integer(10109)}),
        b"public@226": Mib(trunk | {(*base, 3): integer(10003)}),
        b"public@227": Mib(trunk | {(*base, 4): integer(10004)}),
    }
    more = """vlan = 226
        [[segment]]
        name = "web-227"
        networks = ["203.0.113.0/26"]
        switches = ["cat1"]
        vlan = 227"""
    read = tables(config, lambda r: contexts[r.community](r), "catalyst", vlan=more)
    assert read.base_ports.rows == (
        BasePort(base_port=1, if_index=10101),
        BasePort(base_port=3, if_index=10003),
        BasePort(base_port=4, if_index=10004),
    )
    assert read.tagging.rows == (Tagging(if_index=10101, tagged=True),)
    assert kinds(read) == NO_GAPS


def test_a_catalyst_whose_vlan_nobody_names_has_a_gap_for_its_bridge_ports(config: Path) -> None:
    read = tables(config, Mib(SYSTEM | TRUNK | BRIDGE), "catalyst", vlan="")
    assert kinds(read) == [["vlan-unknown"], [], []]
    assert [row.if_index for row in read.base_ports.rows] == [11, 12]


def test_a_catalyst_that_has_not_the_vlan_has_a_gap_for_its_bridge_ports_only(
    config: Path,
) -> None:
    mib = Mib(SYSTEM | TRUNK)
    read = tables(config, lambda r: mib(r) if r.community == b"public" else [], "catalyst")
    assert kinds(read) == [["snmp-timeout"], [], []]
    assert read.tagging.rows == (Tagging(if_index=10101, tagged=True),)


def test_a_catalyst_that_is_a_router_has_its_bridge_ports_without_a_vlan(config: Path) -> None:
    read = tables(config, Mib(SYSTEM | BRIDGE), "catalyst", vlan="", role="router")
    assert [row.if_index for row in read.base_ports.rows] == [11, 12]
    assert kinds(read) == NO_GAPS


def test_a_catalyst_s_members_are_those_of_lacp_and_of_pagp_each_once(config: Path) -> None:
    group = dotted(cisco_pagp_mib.GROUP_IF_INDEX)
    pagp = {(*group, 10101): integer(5001), (*group, 10102): integer(5001)}
    plain = Mib(SYSTEM | in_lag(10101, 5001) | in_lag(10103, 5002) | pagp)
    handler = {b"public": plain, b"public@226": Mib(BRIDGE)}
    read = tables(config, lambda r: handler[r.community](r), "catalyst")
    assert read.lag_members.rows == (
        LagMember(if_index=10101, aggregate=5001),
        LagMember(if_index=10103, aggregate=5002),
        LagMember(if_index=10102, aggregate=5001),
    )
    assert kinds(read) == NO_GAPS


def test_a_foundry_says_itself_which_ports_are_tagged(config: Path) -> None:
    read = tables(config, Mib(SYSTEM | BRIDGE | TAG_MODES | IN_VLANS), "foundry")
    assert read.tagging.rows == (Tagging(if_index=11, tagged=True),)
    assert kinds(read) == NO_GAPS


def test_a_foundry_that_does_not_is_asked_as_any_bridge_is(config: Path) -> None:
    read = tables(config, Mib(SYSTEM | BRIDGE | IN_VLANS), "foundry")
    assert read.tagging.rows == (
        Tagging(if_index=11, tagged=False),
        Tagging(if_index=12, tagged=True),
    )


def test_a_foundry_that_fails_to_say_it_is_a_gap_and_not_asked_otherwise(config: Path) -> None:
    mib, column = (
        Mib(SYSTEM | BRIDGE | IN_VLANS),
        dotted(foundry_sn_switch_group_mib.SW_IF_INFO_TAG_MODE),
    )

    def handler(request: Request) -> list[bytes]:
        broken = request.oids[0][: len(column)] == column
        return [failure(request, GEN_ERR)] if broken else mib(request)

    read = tables(config, handler, "foundry")
    assert (read.tagging.rows, kinds(read)) == ((), [[], ["snmp-error"], []])


def test_the_aggregate_that_a_foundry_does_not_number_is_taken_from_lacp(config: Path) -> None:
    lists = dotted(foundry_sn_switch_group_mib.LAG_IF_LIST)
    lag = {(*lists, 1, 97): octets(bytes((0, 0, 0, 11, 0, 0, 0, 12)))}
    read = tables(config, Mib(SYSTEM | BRIDGE | TAG_MODES | lag | in_lag(11, 501)), "foundry")
    assert read.lag_members.rows == (
        LagMember(if_index=11, aggregate=501),
        LagMember(if_index=12, aggregate=0),
    )


def test_another_switch_is_asked_by_the_standards_alone(config: Path) -> None:
    objects = SYSTEM | BRIDGE | IN_VLANS | TAG_MODES | TRUNK | in_lag(12, 501)
    read = tables(config, Mib(objects), "generic")
    assert read.base_ports.rows == (
        BasePort(base_port=1, if_index=11),
        BasePort(base_port=2, if_index=12),
    )
    assert read.tagging.rows == (
        Tagging(if_index=11, tagged=False),
        Tagging(if_index=12, tagged=True),
    )
    assert read.lag_members.rows == (LagMember(if_index=12, aggregate=501),)
    assert kinds(read) == NO_GAPS


def test_a_silent_device_is_a_gap_in_every_table(config: Path) -> None:
    read = tables(config, lambda _request: [], "catalyst", timeout=0.05)
    assert kinds(read) == [["snmp-timeout"]] * 3
    assert {table.gaps[0].subject for table in (read.base_ports, read.tagging)} == {"cat1"}


@pytest.mark.parametrize("platform", ["catalyst", "foundry", "generic"])
def test_an_agent_that_falls_silent_in_the_middle_is_waited_for_once(
    config: Path, platform: Family
) -> None:
    objects = Mib(SYSTEM | BRIDGE | TAG_MODES | TRUNK | IN_VLANS | in_lag(12, 501))
    unanswered: set[Oid] = set()

    def handler(request: Request) -> list[bytes]:
        if len(request.oids) > 1:
            return objects(request)
        unanswered.add(request.oids[0])
        return []

    read = tables(config, handler, platform, timeout=0.05)
    assert kinds(read) == [["snmp-timeout"]] * 3
    assert len(unanswered) == 1


def test_an_agent_that_shows_nothing_of_itself_is_a_gap_in_every_table(config: Path) -> None:
    assert kinds(tables(config, Mib(BRIDGE), "generic")) == [["snmp-refused"]] * 3


def test_a_missing_secret_is_a_gap_in_every_table_and_nothing_is_asked(config: Path) -> None:
    asked = []

    def handler(request: Request) -> list[bytes]:
        asked.append(request)
        return []

    read = tables(config, handler, "generic", community="file:/nowhere/community")
    assert kinds(read) == [["no-secret"]] * 3
    assert asked == []


READ_PORT_TABLES = """
import asyncio, sys
import msgspec
from pathlib import Path
from netguard.collect import read_port_tables
from netguard.config import load

config = load(Path(sys.argv[1]))
device = {d.name: d for d in config.inventory.devices}[sys.argv[2]]
read = asyncio.run(read_port_tables(config, device, sys.argv[3]))
print(msgspec.json.encode(read).decode())
"""


def practised(lab: Lab, device: str, platform: str) -> PortTables:
    """Read a device of the practice network from its monitoring station."""
    program = (sys.executable, "-c", READ_PORT_TABLES, str(lab.config), device, platform)
    done = subprocess.run(
        lab.command("mon", program), capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout, type=PortTables)


@pytest.mark.packets
def test_the_practice_network_s_switch_says_it_of_every_port(lab: Lab) -> None:
    read = practised(lab, "cat1", "catalyst")
    assert kinds(read) == NO_GAPS
    assert {row.if_index for row in read.tagging.rows if row.tagged} == {10101, 10102}
    assert {row.if_index for row in read.tagging.rows} == {
        row.if_index for row in read.base_ports.rows
    }
    assert len(read.base_ports.rows) == 11
    assert read.lag_members.rows == ()


@pytest.mark.packets
def test_the_practice_network_s_router_has_no_tagged_port(lab: Lab) -> None:
    read = practised(lab, "edge1", "foundry")
    assert kinds(read) == NO_GAPS
    assert {row.if_index: row.tagged for row in read.tagging.rows} == {
        1: False,
        2: False,
        49: False,
    }


def again(config: Path, known: DeviceView, handler: Handler, *names: str) -> DeviceView:
    with agent(handler) as port:
        loaded = configured(config, port)
        device = loaded.inventory.devices[0]
        known = msgspec.structs.replace(known, device=device)
        return asyncio.run(read_again(loaded, known, names, clock=clock.now))


def test_a_table_is_read_again_and_the_others_stay(config: Path) -> None:
    known = read(config, in_vlan_226(device()))
    before = msgspec.structs.replace(known, fdb=())
    asked: list[Request] = []

    def counting(request: Request) -> Iterable[bytes]:
        asked.append(request)
        return in_vlan_226(device())(request)

    view = again(config, before, counting, "fdb")
    assert (view.fdb, view.interfaces, view.gaps) == (known.fdb, known.interfaces, ())
    assert view.seen > known.seen
    assert {request.community for request in asked} == {b"public@226"}


def test_what_cannot_be_read_again_is_a_gap_and_stays_as_it_was(config: Path) -> None:
    known = read(config, in_vlan_226(device()))
    view = again(config, known, lambda _: [], "fdb")
    assert {gap.kind for gap in view.gaps} == {"snmp-timeout"}
    assert view.interfaces == known.interfaces


def test_a_device_that_never_answered_is_not_asked_again(config: Path) -> None:
    silent = read(config, lambda _: [])
    view = again(config, silent, in_vlan_226(device()), "fdb")
    assert (view.fdb, view.gaps) == ((), silent.gaps)
