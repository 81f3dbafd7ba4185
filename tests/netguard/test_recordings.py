"""Recordings of real devices, served by snmpsim: what netguard reads is what is in them.

Here is a handful of kinds; `python -m tests.benchmarks.bench_recordings` compares all of them.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from ipaddress import ip_address as ip
from pathlib import Path

import msgspec
import pytest

from netguard.config import load
from netguard.view import DeviceView
from probes.mibs import bridge_mib
from probes.records import FdbEntry, Table
from probes.snmp import open_session
from tests.comparing import KINDS, Kind, Truth, compare, places
from tests.recordings import (
    CORPUS,
    NO_CORPUS,
    OWN,
    configured,
    located,
    read,
    served,
    truth,
    v3,
)

CATALYST = "nms0002ciscojuniper_s-de-juet-luck-001"  # with two VLANs' contexts
# One for each class of quirk: an FDB in two tables, garbage indexes, ports that are no bridge
# ports, a length before each MAC, no interfaces at all, aggregates, contexts without an FDB.
CLASSES = (
    CATALYST,
    "brocade-icx6430-24",
    "ciscosb_cbs220-48t-4x",
    "edgecos_es3510ma",
    "ios_c3560",
    "junos_rpm",
    "nms7467_172-20-1-8",
    "nms7918_stc-asw01",
    "radlan",
    "ruckuswireless-unleashed_legacy-unleashed",
    "serveriron",
)
EDGE = "00:00:5e:00:53:40"
HSRP, VRRP_E = "00:00:0c:07:ac:01", "02:e0:52:0a:14:01"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=NO_CORPUS)
station = "00:00:5e:00:53:{:02x}".format


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Serve one recording of each class; yield a configuration with all of them."""
    devices = {name: name for name in CLASSES}
    with served(CORPUS / "recordings", devices) as port:
        yield configured(tmp_path_factory.mktemp("corpus"), port, devices)


@pytest.fixture(scope="module")
def views(corpus: Path) -> Mapping[str, DeviceView]:
    return read(corpus)


@pytest.fixture(scope="module")
def own_port() -> Iterator[int]:
    """Serve the recordings that are netguard's own."""
    with served(OWN, {"cat1": "catalyst", "edge1": "netiron"}) as port:
        yield port


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory, own_port: int) -> Mapping[str, DeviceView]:
    return read(configured(tmp_path_factory.mktemp("own"), own_port, ("cat1", "edge1")))


def show(config: Path, *arguments: str) -> object:
    """Run netguard as a person does; return what it prints for a program."""
    command = (sys.executable, "-m", "netguard", "--config", str(config), "--json", *arguments)
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    assert done.returncode in (0, 1), done.stderr.decode()
    return msgspec.json.decode(done.stdout)


# --- the corpus


@needs_corpus
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CLASSES)
def test_what_is_read_is_what_is_recorded(
    views: Mapping[str, DeviceView], name: str, kind: Kind
) -> None:
    compared = compare(views[name], truth(name))[kind]
    assert (compared.missing, compared.invented) == ((), ())


@needs_corpus
@pytest.mark.parametrize("name", CLASSES)
def test_an_address_is_located_on_the_port_that_the_recording_names(
    views: Mapping[str, DeviceView], name: str
) -> None:
    assert located(views[name], places(truth(name))) == {}


@needs_corpus
def test_there_are_addresses_to_be_located() -> None:
    assert [len(places(truth(name))) for name in (CATALYST, "brocade-icx6430-24")] == [1, 13]


@needs_corpus
@pytest.mark.parametrize("name", [CATALYST, "brocade-icx6430-24", "radlan"])
def test_the_commands_say_the_same_of_a_recorded_device(
    corpus: Path, tmp_path: Path, name: str
) -> None:
    port = load(corpus, environ={}).inventory.devices[0].port
    config = configured(tmp_path, port, (name,))
    known = truth(name)
    assert said(show(config, "device", "show", name), known) == {
        (row.mac, row.if_index) for row in known.fdb
    }
    ((address, mac), place), *_ = places(known).items()
    report = show(config, "host", "locate", str(address))
    assert isinstance(report, dict)
    (found,) = (one for one in report["stations"] if one["mac"] == mac)
    assert (found["answer"], found["location"]["port"]) == ("port", place)


def said(report: object, known: Truth) -> set[tuple[str, int | None]]:
    """Return the FDB as `device show` prints it, which names each port as truth does."""
    assert isinstance(report, dict)
    rows = report["fdb"]
    assert all(row["port"] == known.port_name(row["if_index"]) for row in rows)
    return {(row["mac"], row["if_index"]) for row in rows}


@needs_corpus
def test_a_vlan_s_fdb_is_read_in_an_snmpv3_context() -> None:
    with served(CORPUS / "recordings", {"luck": CATALYST}) as port:
        for vlan in (100, 950):
            rows = in_v3_context("luck", port, vlan)
            assert {(row.vlan, row.mac, row.base_port, row.if_index) for row in rows} == {
                (vlan, row.mac, row.bridge_port, row.if_index)
                for row in truth(CATALYST).fdb
                if row.context == str(vlan)
            }


def in_v3_context(name: str, port: int, vlan: int) -> tuple[FdbEntry, ...]:
    """Read the FDB of a VLAN in the SNMPv3 context of that recording."""

    async def ask() -> Table[FdbEntry]:
        session = open_session(name, "127.0.0.1", port, v3(name), timeout=20, deadline=120)
        async with session.in_vlan(vlan) as context:
            return await bridge_mib.fdb(context, vlan=vlan)

    table = asyncio.run(ask())
    assert table.gaps == ()
    return table.rows


# --- netguard's own


def test_a_catalyst_shows_each_vlan_s_stations_on_the_ports_of_that_vlan(
    own: Mapping[str, DeviceView],
) -> None:
    rows = {(row.vlan, row.mac, row.if_index) for row in own["cat1"].fdb if row.base_port}
    assert rows == {
        (1, station(0x60), 10101),
        (226, station(0x20), 10001),
        (226, station(0x21), 10101),
        (226, station(0x22), 10001),
        (227, station(0x22), 10101),
        (227, station(0x30), 10002),
    }
    assert {row.mac for row in own["cat1"].fdb if not row.base_port} <= {HSRP, station(2)}
    assert own["cat1"].gaps == ()


def test_a_catalyst_locates_an_address_on_the_port_that_its_vlan_names(
    own: Mapping[str, DeviceView],
) -> None:
    expected = {
        (ip("198.51.100.20"), station(0x20)): "Fa0/1",
        (ip("198.51.100.21"), station(0x21)): "Gi0/1",
    }
    assert located(own["cat1"], expected) == {}


def test_a_catalyst_has_no_row_for_an_address_that_nobody_answers_for(
    own: Mapping[str, DeviceView],
) -> None:
    assert {(str(row.ip), row.mac) for row in own["cat1"].arp} == {
        ("198.51.100.1", HSRP),
        ("198.51.100.2", station(2)),
        ("198.51.100.20", station(0x20)),
        ("198.51.100.21", station(0x21)),
    }


def test_a_catalyst_names_its_virtual_gateway_and_its_neighbor(
    own: Mapping[str, DeviceView],
) -> None:
    (gateway,) = own["cat1"].virtual_gateways
    assert (str(gateway.ip), gateway.mac, gateway.protocol, gateway.if_index) == (
        "198.51.100.1",
        HSRP,
        "hsrp",
        226,
    )
    (neighbor,) = own["cat1"].neighbors
    assert (neighbor.protocol, neighbor.port) == ("cdp", "Gi0/1")
    assert (neighbor.remote_name, neighbor.remote_port) == ("edge1.example.net", "ethernet1/1")


def test_an_interface_of_which_only_the_description_is_told_is_an_interface(
    own: Mapping[str, DeviceView],
) -> None:
    names = {name: {one.if_index: one.name for one in own[name].interfaces} for name in own}
    assert names["cat1"][14001] == "StackPort1"
    assert names["edge1"][16777443] == "v227"


def test_a_netiron_has_no_fdb_and_says_so(own: Mapping[str, DeviceView]) -> None:
    assert own["edge1"].fdb == ()
    assert [gap.kind for gap in own["edge1"].gaps] == ["no-fdb"]


def test_a_netiron_names_its_virtual_gateways_with_their_macs(
    own: Mapping[str, DeviceView],
) -> None:
    assert {(str(one.ip), one.mac, one.if_index) for one in own["edge1"].virtual_gateways} == {
        ("198.51.100.1", VRRP_E, 16777442),
        ("198.51.100.126", "02:e0:52:0a:14:02", 16777442),
    }


def test_a_netiron_s_own_addresses_are_no_anycast_and_no_neighbor_is_without_a_mac(
    own: Mapping[str, DeviceView],
) -> None:
    assert {str(one.ip) for one in own["edge1"].addresses} == {
        "198.51.100.2",
        "192.0.2.1",
        "2001:db8:226::2",
    }
    assert {str(one.ip) for one in own["edge1"].arp} == {
        "198.51.100.1",
        "198.51.100.20",
        "2001:db8:226::20",
    }


def test_a_netiron_s_mac_is_on_many_of_its_interfaces(own: Mapping[str, DeviceView]) -> None:
    having = [one.name for one in own["edge1"].interfaces if one.phys_address == EDGE]
    assert having == ["ethernet1/1", "ethernet2/1", "ethernet2/3", "ve226", "lag1"]


def test_a_vlan_is_read_in_an_snmpv3_context_with_the_bridge_ports_of_that_context(
    own_port: int,
) -> None:
    ports = {
        vlan: {row.mac: row.if_index for row in in_v3_context("cat1", own_port, vlan)}
        for vlan in (226, 227)
    }
    assert ports[226][station(0x20)] == 10001
    assert ports[227] == {station(0x22): 10101, station(0x30): 10002}
