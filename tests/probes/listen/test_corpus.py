"""Real captures: what is heard in them is what tshark counted, but for what is explained here."""

import csv
import os
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from probes.heard import AddressProbe, ArpClaim, Heard, NeighborClaim, RouterAdvert, VirtualHello
from probes.listen import Counters, heard
from probes.listen.captures import read

ROOT = Path(__file__).parents[3]
CORPUS = Path(os.environ.get("NETGUARD_CORPUS", ROOT.parent / "shared" / "corpus")) / "pcaps"
MANIFEST = CORPUS / "MANIFEST.tsv"
pytestmark = pytest.mark.skipif(
    not MANIFEST.is_file(), reason=f"NO CAPTURES at {CORPUS}: set NETGUARD_CORPUS"
)


class Ours(NamedTuple):
    """What is heard where tshark counts more, and why that is right."""

    arp: int  # claims and probes
    malformed: int
    why: str


DIFFERENT = {
    "rj_vxlan_evpn_arp_suppress.pcapng": Ours(0, 0, "the ARP is within VXLAN: another segment's"),
    "rj_ws_uaudp_ipv6.pcap": Ours(1056, 0, "163 requests from 0.0.0.0 about 0.0.0.0"),
    "td_arp-oobr_fuzzed.pcap": Ours(1949, 333, "fuzzed: other hardware, protocols, operations"),
    "td_arp-too-long-tha.pcap": Ours(0, 0, "cut off, and of impossible lengths"),
    "zk_arp-leak.pcap": Ours(0, 6, "lengths of addresses that are not IPv4's on Ethernet"),
}
PROBES = {"rj_ws_uaudp_ipv6.pcap": 25}  # four name everybody as target_hw, which RFC 5227 ignores
# Router advertisements that tshark counts: from an address that is not link-local; within Teredo.
NO_ADVERTS = {"zk_icmp_nd_dnssl.pcap", "sv_ftp_data_arp_probe_garp.pcap"}
HELLOS = {"pl_HSRP_election.pcap": 42}  # the other 7 of 49 tell of interfaces, not of groups
# Of tshark's Neighbor Discovery: solicitations and advertisements with a link-layer address, and
# duplicate address detection; counted by tshark with these conditions. Solicitations of routers,
# in their octets: 27, 8 and 2, from hosts that name their own card.
NEIGHBORS = {
    "pl_ipv6_neighbor_spoofing.pcap": (6, 0),
    "sv_kill_router6_ra_spoof.pcap": (2, 0),
    "rj_ws_uaudp_ipv6.pcap": (55, 0),
    "rj_dhcpv6_nd.pcap": (32, 2),
    "sv_ftp_data_arp_probe_garp.pcap": (11 + 27, 11),
    "zk_icmp6-nd-options.pcap": (2, 5),
    "rj_ws_Obsolete_Packets.pcap": (8, 2),
    "nd_gnutella_probe_garp.pcap": (1 + 2, 1),
    "rj_ping_sweep_arp.pcap": (4, 0),
}


def manifest() -> list[tuple[str, int, dict[str, int]]]:
    if not MANIFEST.is_file():
        return []
    with MANIFEST.open(encoding="utf-8", newline="") as lines:
        return [
            (row["file"], int(row["packets"]), counted(row["contains"]))
            for row in csv.DictReader(lines, delimiter="\t")
        ]


def counted(contains: str) -> dict[str, int]:
    """Return tshark's counts: arp=24 and so on."""
    return {key: int(number) for key, number in re.findall(r"\b(\w+)=(\d+)", contains)}


CAPTURES = pytest.mark.parametrize(
    ("file", "packets", "expected"), manifest(), ids=[file for file, _, _ in manifest()]
)


@cache
def listened(file: str) -> tuple[list[Heard], Counters]:
    counters = Counters()
    return list(heard(read(CORPUS / file), counters)), counters


def kinds(file: str) -> Counter[type]:
    records, _ = listened(file)
    return Counter(map(type, records))


def arp_probes(file: str) -> int:
    records, _ = listened(file)
    return sum(isinstance(each, AddressProbe) and each.ip.version == 4 for each in records)


@CAPTURES
def test_every_packet_is_read(file: str, packets: int, expected: dict[str, int]) -> None:
    assert listened(file)[1].frames == packets, expected


@CAPTURES
def test_arp_is_claims_and_probes(file: str, packets: int, expected: dict[str, int]) -> None:
    heard_here = kinds(file)[ArpClaim] + arp_probes(file)
    different = DIFFERENT.get(file)
    assert heard_here == (different.arp if different else expected.get("arp", 0)), packets
    assert arp_probes(file) == PROBES.get(file, expected.get("probe", 0))


@CAPTURES
def test_nothing_real_is_malformed(file: str, packets: int, expected: dict[str, int]) -> None:
    different = DIFFERENT.get(file)
    adverts = expected["ra"] if file == "zk_icmp_nd_dnssl.pcap" else 0
    assert listened(file)[1].malformed == (different.malformed if different else adverts), packets


@CAPTURES
def test_routers_advertise(file: str, packets: int, expected: dict[str, int]) -> None:
    wanted = 0 if file in NO_ADVERTS else expected.get("ra", 0)
    assert kinds(file)[RouterAdvert] == wanted, packets


@CAPTURES
def test_neighbors_claim_and_probe(file: str, packets: int, expected: dict[str, int]) -> None:
    probes = kinds(file)[AddressProbe] - arp_probes(file)
    assert (kinds(file)[NeighborClaim], probes) == NEIGHBORS.get(file, (0, 0)), packets
    assert kinds(file)[NeighborClaim] + probes <= expected.get("nd", 0)


@CAPTURES
def test_virtual_routers_say_hello(file: str, packets: int, expected: dict[str, int]) -> None:
    wanted = HELLOS.get(file, expected.get("vrrp", expected.get("hsrp", 0)))
    assert kinds(file)[VirtualHello] == wanted, packets
