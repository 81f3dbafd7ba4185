"""Reading a device whole: what it is, where its FDB lies, and what it kept to itself."""

import asyncio
from pathlib import Path

import pytest

from netguard import clock
from netguard.collect import platform_of, read_devices
from netguard.config import load
from netguard.inventory import Device
from netguard.view import DeviceView
from probes.mibs import bridge_mib, if_mib, snmpv2_mib
from probes.records import SystemInfo
from tests.snmp_agent import Handler, Mib, Request, agent, dotted, integer, object_id, octets

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


def read(
    config: Path, handler: Handler, *, vlan: str = "vlan = 226", role: str = "switch"
) -> DeviceView:
    with agent(handler) as port:
        config.write_text(
            f"""
            [snmp.lab]
            version = "2c"
            read = "public"
            timeout = 0.2
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
        loaded = load(config, environ={})
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
    assert platform_of(box, system) == platform
