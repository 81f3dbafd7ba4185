"""Messages of real devices, where they may be read: each tells what it should."""

import csv
import os
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from probes.heard import Notice
from probes.mac import canonical
from probes.notices import messages, syslog

ROOT = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("NETGUARD_CORPUS", ROOT.parent / "shared" / "corpus"))
VECTORS = CORPUS / "notices.tsv"
pytestmark = pytest.mark.skipif(
    not VECTORS.is_file(), reason=f"NO MESSAGES at {VECTORS}: set NETGUARD_CORPUS"
)
SEEN = datetime(2026, 1, 1, tzinfo=UTC)
KINDS = {
    "dup_ip": "duplicate-address",
    "dup_ip_hsrp": "duplicate-address",
    "dup_ip_virtual": "duplicate-address",
    "arp_moved": "duplicate-address",
    "arp_changed": "duplicate-address",
    "arp_flipflop": "duplicate-address",
    "mac_flap": "mac-moved",
    "mac_move": "mac-moved",
    "ip_flap": "mac-moved",
    "err_disable": "port-closed",
    "port_security": "port-closed",
}
UNSURE = ("template", "regex", "UNVERIFIED")

Row = dict[str, str]


def rows() -> list[Row]:
    if not VECTORS.is_file():
        return []
    with VECTORS.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row for row in found if not any(word in row["provenance"] for word in UNSURE)]


def noticed(row: Row) -> Notice | None:
    line = syslog.read(row["message"].encode())
    return messages.notice(line.message, source="192.0.2.254", seen=SEEN, host=line.host)


TELLING = [row for row in rows() if row["event"] in KINDS]
OTHERS = [row for row in rows() if row["event"] not in KINDS]


@pytest.mark.parametrize("row", TELLING, ids=range(len(TELLING)))
def test_a_message_of_a_real_device_tells_what_it_should(row: Row) -> None:
    notice = noticed(row)
    assert notice is not None
    assert notice.kind == KINDS[row["event"]]
    assert notice.ip == (ip_address(row["ip"]) if row["ip"] else None)
    assert notice.mac == (canonical(row["mac"]) if row["mac"] else None)
    assert notice.vlan == (int(row["vlan"]) if row["vlan"] else None)


@pytest.mark.parametrize("row", TELLING, ids=range(len(TELLING)))
def test_a_message_of_a_real_device_names_the_port_and_the_older_mac(row: Row) -> None:
    notice = noticed(row)
    assert notice is not None
    more = dict(part.split("=", 1) for part in row["extra"].split("; ") if "=" in part)
    port = more.get("physical") or row["interface"].split("(")[-1].rstrip(")")
    ports = {port, more.get("iface2", "")} - {""}
    told = {notice.port, notice.other_port} - {None}
    assert told == {each for each in ports if "{" not in each}
    assert notice.other_mac == (canonical(more["old_mac"]) if "old_mac" in more else None)


@pytest.mark.parametrize("row", OTHERS, ids=range(len(OTHERS)))
def test_any_other_message_of_a_real_device_is_no_notice(row: Row) -> None:
    assert noticed(row) is None
    assert not messages.countable(syslog.read(row["message"].encode()).message)
