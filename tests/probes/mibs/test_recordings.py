"""Recordings of real devices: what is read from them is what a plain parser found in them."""

import bz2
import json
import os
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address as ip
from pathlib import Path
from typing import Any

import pytest

from probes.mibs import (
    bridge_mib,
    cisco_pagp_mib,
    cisco_vtp_mib,
    foundry_sn_switch_group_mib,
    ieee8023_lag_mib,
    if_mib,
    ip_mib,
    lldp_mib,
    q_bridge_mib,
)
from tests.snmp_agent import (
    Mib,
    Oid,
    ask,
    dotted,
    integer,
    ip_address,
    object_id,
    octets,
    tlv,
)

ROOT = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("NETGUARD_CORPUS", ROOT.parent / "shared" / "corpus"))
NAMES = (
    "arista-dcs-7150s-52-cl",
    "brocade-icx6430-24",
    "cisco-c3750",
    "ciscosb_sg350x-24p",
    "edgecos_es3510ma",
    "nms7467_172-20-1-7",
    "nms17216_switch1",
    "procurve_2520",
    "routeros",
)
CATALYSTS = (
    "cisco-c3750",
    "cisco-unmarked-0",
    "nms0002ciscojuniper_s-de-juet-luck-001",
    "nms17216_switch1",
    "nms17216_switch2",
    "nms17216_switch3",
    "nms7467_172-20-1-7",
)
VLAN_BRIDGES = (
    "arista-dcs-7150s-52-cl",
    "arista_eos",
    "ciscosb_sg350x-24p",
    "dnos_s4048",
    "edgecos_es3510ma",
    "nms10205_Space-EX-SW1-10-205-56-1",
    "nms7918_sam-asw01",
    "nms7918_stc-asw01",
    "procurve_2520",
    "radlan",
)
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"NO RECORDINGS at {CORPUS}: set NETGUARD_CORPUS"
)
NUMBERS = {"2": 0x02, "65": 0x41, "66": 0x42, "67": 0x43, "70": 0x46}


def encoded(kind: str, value: str) -> bytes | None:
    """Return a value of an snmprec file as BER, None for one that no table here needs."""
    if kind in NUMBERS:
        return integer(int(value), NUMBERS[kind])
    if kind == "4":
        return octets(value.encode())
    if kind == "4x":
        return octets(bytes.fromhex(value))
    if kind == "6" and value.lstrip(".").startswith("1."):
        return object_id(dotted(value.lstrip(".")))
    if kind == "64":
        return ip_address(ip(value).packed)
    return tlv(0x40, bytes.fromhex(value)) if kind == "64x" else None


def lines(name: str) -> Iterator[tuple[str, str, str]]:
    plain = CORPUS / "recordings" / f"{name}.snmprec"
    packed = plain.with_name(plain.name + ".bz2")
    text = plain.read_bytes() if plain.exists() else bz2.decompress(packed.read_bytes())
    for line in text.decode(errors="replace").splitlines():
        if line.count("|") >= 2 and not line.startswith("#"):
            oid, kind, value = line.split("|", 2)
            yield oid, kind, value


def rows(name: str) -> Iterator[tuple[Oid, bytes]]:
    for oid, kind, value in lines(name):
        found = encoded(kind, value)
        if found is not None:
            yield dotted(oid), found


@cache
def agent_of(name: str) -> Mib:
    return Mib(dict(rows(name)))


def column(name: str, oid: str) -> dict[str, str]:
    """Return what stands under a column, by index; octets as hexadecimal digits."""
    return {
        at[len(oid) + 1 :]: value.encode().hex() if kind == "4" else value
        for at, kind, value in lines(name)
        if at.startswith(f"{oid}.")
    }


@pytest.fixture(scope="module", params=NAMES)
def recording(request: pytest.FixtureRequest) -> tuple[Mib, dict[str, Any]]:
    truth = json.loads((CORPUS / "truth" / f"{request.param}.json").read_text())
    return agent_of(request.param), truth


def test_interfaces_are_those_recorded(recording: tuple[Mib, dict[str, Any]]) -> None:
    mib, truth = recording
    table = ask(mib, if_mib.interfaces, deadline=20)
    assert table.gaps == ()
    assert {(row.if_index, row.name, row.descr, row.alias) for row in table.rows} == {
        (
            int(number),
            (one.get("name") or one.get("descr") or "").strip(),
            (one.get("descr") or "").strip(),
            (one.get("alias") or "").strip(),
        )
        for number, one in truth["interfaces"].items()
        if one.get("name") is not None or one.get("descr") is not None
    }


def test_addresses_are_those_recorded(recording: tuple[Mib, dict[str, Any]]) -> None:
    mib, truth = recording
    table = ask(mib, ip_mib.addresses, deadline=20)
    assert table.gaps == ()
    assert {(str(row.ip), row.if_index) for row in table.rows} == {
        (address, one["ifIndex"]) for address, one in truth["ipAddresses"].items()
    }


def test_arp_entries_are_those_recorded(recording: tuple[Mib, dict[str, Any]]) -> None:
    mib, truth = recording
    table = ask(mib, ip_mib.arp, deadline=20)
    assert table.gaps == ()
    assert {(str(row.ip), row.mac, row.if_index) for row in table.rows} == {
        (one["ip"], one["mac"], one["ifIndex"]) for one in truth["arp"]
    }


def test_fdb_entries_are_those_recorded(recording: tuple[Mib, dict[str, Any]]) -> None:
    mib, truth = recording
    for source, reader in (("dot1d", bridge_mib.fdb), ("dot1q", q_bridge_mib.fdb)):
        table = ask(mib, reader, deadline=20)
        assert table.gaps == ()
        assert {
            (row.vlan, row.mac, row.base_port, row.if_index, row.status) for row in table.rows
        } == {
            (
                one["vlan"] if truth["fidToVlan"] else one["fid"] or None,
                one["mac"],
                one["bridgePort"],
                one["ifIndex"],
                one["status"] or ("learned" if one["bridgePort"] else "other"),
            )
            for one in truth["fdb"]
            if one["source"] == source and one["context"] == ""
        }


def test_neighbours_are_those_recorded(recording: tuple[Mib, dict[str, Any]]) -> None:
    mib, truth = recording
    table = ask(mib, lldp_mib.neighbors, deadline=20)
    assert table.gaps == ()
    assert {(row.if_index, row.remote_name, row.remote_chassis) for row in table.rows} == {
        (one["localIfIndex"], one["remoteSystem"] or "", (one["remoteChassis"] or "").lower())
        for one in truth["neighbours"]
        if one["proto"] == "lldp"
    }


@pytest.mark.parametrize("name", CATALYSTS)
def test_trunks_are_those_recorded(name: str) -> None:
    table = ask(agent_of(name), cisco_vtp_mib.trunks, deadline=20)
    states = column(name, "1.3.6.1.4.1.9.9.46.1.6.1.1.13")
    statuses = column(name, "1.3.6.1.4.1.9.9.46.1.6.1.1.14")
    assert table.gaps == ()
    assert {row.if_index: row.tagged for row in table.rows} == {
        int(port): states[port] in ("1", "5") or statuses[port] == "1" for port in states
    }


def test_the_trunks_without_a_link_of_the_recorded_c3750_are_trunks() -> None:
    table = ask(agent_of("cisco-c3750"), cisco_vtp_mib.trunks, deadline=20)
    assert [row.tagged for row in table.rows] == [True] * 12


@pytest.mark.parametrize("name", CATALYSTS)
def test_port_channel_members_are_those_recorded(name: str) -> None:
    table = ask(agent_of(name), cisco_pagp_mib.members, deadline=20)
    groups = column(name, "1.3.6.1.4.1.9.9.98.1.1.1.1.8")
    assert table.gaps == ()
    assert {(row.if_index, row.aggregate) for row in table.rows} == {
        (int(port), int(group)) for port, group in groups.items() if group not in ("0", port)
    }


def test_a_recorded_port_that_is_its_own_port_channel_is_no_member() -> None:
    assert ask(agent_of("cisco-c3750"), cisco_pagp_mib.members, deadline=20).rows == ()
    recorded = ask(agent_of("nms17216_switch2"), cisco_pagp_mib.members, deadline=20).rows
    assert sorted(row.aggregate for row in recorded) == [5001] * 4 + [5002] * 2


@pytest.mark.parametrize("name", ["cisco-c3750", "nms0002ciscojuniper_s-de-juet-luck-001"])
def test_recorded_ports_without_an_aggregate_are_no_members(name: str) -> None:
    table = ask(agent_of(name), ieee8023_lag_mib.members, deadline=20)
    assert (table.rows, table.gaps) == ((), ())


def test_the_tag_modes_of_the_recorded_icx_are_those_recorded() -> None:
    mib = agent_of("brocade-icx6430-24")
    table = ask(mib, foundry_sn_switch_group_mib.tagging, deadline=20)
    assert table.gaps == ()
    assert {row.if_index: row.tagged for row in table.rows} == dict.fromkeys(
        (*range(1, 25), *range(65, 69)), False
    )
    members = ask(mib, foundry_sn_switch_group_mib.members, deadline=20)
    assert (members.rows, members.gaps) == ((), ())


def port_list(digits: str) -> set[int]:
    """Read a PortList digit by digit: bridge port 1 is the highest bit of the first."""
    bits = "".join(f"{int(digit, 16):04b}" for digit in digits)
    return {at for at, bit in enumerate(bits, 1) if bit == "1"}


def recorded_vlans(name: str, egress: str, untagged: str) -> tuple[set[int], set[int]]:
    """Return the bridge ports of all VLANs, and those that are tagged in one."""
    plain = column(name, f"1.3.6.1.2.1.17.7.1.4.{untagged}")
    ports: set[int] = set()
    tagged: set[int] = set()
    for index, digits in column(name, f"1.3.6.1.2.1.17.7.1.4.{egress}").items():
        ports |= port_list(digits)
        tagged |= port_list(digits) - port_list(plain[index])
    return ports, tagged


@pytest.mark.parametrize("name", VLAN_BRIDGES)
def test_tagged_ports_are_those_recorded(name: str) -> None:
    table = ask(agent_of(name), q_bridge_mib.tagging, deadline=20)
    if_indexes = {int(p): int(i) for p, i in column(name, "1.3.6.1.2.1.17.1.4.1.2").items()}
    ports, tagged = recorded_vlans(name, "2.1.4", "2.1.5")
    more, more_tagged = recorded_vlans(name, "3.1.2", "3.1.4")
    tagged |= more_tagged - ports
    assert {row.if_index: row.tagged for row in table.rows} == {
        if_indexes[port]: port in tagged for port in (ports | more) & if_indexes.keys()
    }
    # One recording has a VLAN's ports as text; its octets name ports that no switch has.
    expected = ["snmp-malformed"] if tagged - if_indexes.keys() else []
    assert (
        [gap.kind for gap in table.gaps] == expected == ["snmp-malformed"] * (name == "dnos_s4048")
    )


def test_tagged_ports_in_an_aggregate_are_only_in_the_configured_vlans_of_an_arista() -> None:
    table = ask(agent_of("arista-dcs-7150s-52-cl"), q_bridge_mib.tagging, deadline=20)
    assert {row.if_index for row in table.rows if row.tagged} == {47, 48, 1_000_001}


def test_the_recorded_icx_writes_no_bits_into_its_port_lists_and_that_is_a_gap() -> None:
    table = ask(agent_of("brocade-icx6430-24"), q_bridge_mib.tagging, deadline=20)
    assert table.rows == ()
    assert [gap.kind for gap in table.gaps] == ["snmp-malformed"]
