"""Recordings of real devices: what is read from them is what a plain parser found in them."""

import bz2
import json
import os
from collections.abc import Iterator
from ipaddress import ip_address as ip
from pathlib import Path
from typing import Any

import pytest

from probes.mibs import bridge_mib, if_mib, ip_mib, lldp_mib, q_bridge_mib
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
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"NO RECORDINGS at {CORPUS}: set NETGUARD_CORPUS"
)
NUMBERS = {"2": 0x02, "65": 0x41, "66": 0x42, "67": 0x43, "70": 0x46}


def encoded(kind: str, value: str) -> bytes | None:
    """Return a value of an snmprec file as BER, None for a type that no table here needs."""
    if kind in NUMBERS:
        return integer(int(value), NUMBERS[kind])
    if kind == "4":
        return octets(value.encode())
    if kind == "4x":
        return octets(bytes.fromhex(value))
    if kind == "6":
        return object_id(dotted(value.lstrip(".")))
    if kind == "64":
        return ip_address(ip(value).packed)
    return tlv(0x40, bytes.fromhex(value)) if kind == "64x" else None


def rows(name: str) -> Iterator[tuple[Oid, bytes]]:
    plain = CORPUS / "recordings" / f"{name}.snmprec"
    packed = plain.with_name(plain.name + ".bz2")
    text = plain.read_bytes() if plain.exists() else bz2.decompress(packed.read_bytes())
    for line in text.decode(errors="replace").splitlines():
        if line.count("|") >= 2 and not line.startswith("#"):
            oid, kind, value = line.split("|", 2)
            found = encoded(kind, value)
            if found is not None:
                yield dotted(oid), found


@pytest.fixture(scope="module", params=NAMES)
def recording(request: pytest.FixtureRequest) -> tuple[Mib, dict[str, Any]]:
    truth = json.loads((CORPUS / "truth" / f"{request.param}.json").read_text())
    return Mib(dict(rows(request.param))), truth


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
