"""A real VRRP pair: two keepalived on one segment, each told of by its own snmpd.

keepalived is snmpd's AgentX subagent for VRRP-MIB and VRRPV3-MIB. What its tables say is held
against what a third host learns by ARP, through the kernel.
"""

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from ipaddress import ip_address
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple, TypeVar

import pytest
from msgspec import structs

from netguard.lab import namespaces
from probes.mibs import vrrp_mib, vrrpv3_mib
from probes.platforms.generic import GENERIC
from probes.platforms.reading import Reading
from probes.records import Table, VirtualGateway
from probes.snmp import Credentials, Session, open_session
from tests.segment import Segment, mac, sysctl
from tests.snmpd import snmpd

Answer = TypeVar("Answer")
pytestmark = pytest.mark.packets

PATIENCE = 40.0  # seconds; a router of version 2 is master after four
PRIORITIES = {2: 254, 3: 100}  # of the hosts mac(2) and mac(3): the first is to be master


class Group(NamedTuple):
    """A virtual router as keepalived is told of it; without `virtual_mac` it uses the card's."""

    vrid: int
    version: int
    virtual_mac: str | None
    addresses: tuple[str, ...]

    def written(self, priority: int) -> str:
        """Spell it for keepalived; version 2 knows whole seconds only."""
        return f"""
            vrrp_instance group_{self.vrid} {{
                interface eth0
                virtual_router_id {self.vrid}
                version {self.version}
                priority {priority}
                advert_int {1 if self.version == 2 else 0.3}
                {"use_vmac" if self.virtual_mac else ""}
                virtual_ipaddress {{
                    {chr(10).join(self.addresses)}
                }}
            }}"""


GROUPS = (
    Group(51, 2, None, ("198.51.100.1/27",)),
    Group(52, 2, "00:00:5e:00:01:34", ("198.51.100.9/27", "198.51.100.10/27")),
    Group(53, 3, "00:00:5e:00:01:35", ("198.51.100.11/27",)),
    Group(54, 3, None, ("198.51.100.12/27",)),
    Group(55, 3, "00:00:5e:00:02:37", ("fe80::1/64", "2001:db8::1/64")),
)
IPV4 = tuple(ip.partition("/")[0] for group in GROUPS for ip in group.addresses if "." in ip)
Told = set[VirtualGateway]
Reader = Callable[[Session], Awaitable[Table[VirtualGateway]]]


class Router(NamedTuple):
    """A namespace with keepalived, and the port of the snmpd that tells of it."""

    number: int
    namespace: int
    port: int
    keepalived: "subprocess.Popen[bytes]"

    def stop(self) -> None:
        """End keepalived in good order: it tells the others that it goes."""
        self.keepalived.terminate()
        self.keepalived.wait()

    def told(self, reader: Reader) -> Told:
        """Return what one reader reads of it, which may leave no gap and name no row twice."""

        async def put() -> Table[VirtualGateway]:
            async with open_session(
                "edge1", "127.0.0.1", self.port, Credentials(community="public"), timeout=5
            ) as session:
                return await reader(session)

        with namespaces.entered(self.namespace):
            table = asyncio.run(put())
        assert table.gaps == ()
        assert len(set(table.rows)) == len(table.rows)
        return set(table.rows)

    def parts(self) -> dict[int, str]:
        """Return its part in each group."""
        return {row.group: row.state for row in self.told(vrrpv3_mib.virtual_gateways)}

    def rightful(self, part: str) -> Told:
        """Return what it has to say by its own configuration."""
        with namespaces.entered(self.namespace):
            eth0 = socket.if_nametoindex("eth0")
        return {
            VirtualGateway(
                ip=ip_address(spelling.partition("/")[0]),
                mac=group.virtual_mac or mac(self.number),
                protocol="vrrp",
                if_index=eth0,
                group=group.vrid,
                state=part,
            )
            for group in GROUPS
            for spelling in group.addresses
        }


class Pair(NamedTuple):
    """Two routers on a segment, and a host there that has to find them."""

    segment: Segment
    master: Router
    backup: Router
    host: int

    def heard(self) -> dict[str, str]:
        """Return the station that the host's kernel takes each IPv4 address for."""
        with namespaces.entered(self.host), socket.socket(type=socket.SOCK_DGRAM) as out:
            for ip in IPV4:
                out.sendto(b"hello", (ip, 9))
            told = subprocess.run(["ip", "-4", "-j", "neigh"], capture_output=True, check=True)
        return {row["dst"]: row["lladdr"] for row in json.loads(told.stdout) if "lladdr" in row}


@contextmanager
def keepalived(number: int, folder: Path, agentx: Path) -> Iterator["subprocess.Popen[bytes]"]:
    config = folder / "keepalived.conf"
    config.write_text(
        f"""
        global_defs {{
            router_id router{number}
            enable_snmp_vrrp
            enable_snmp_rfc
            snmp_socket unix:{agentx}
        }}"""
        + "".join(group.written(PRIORITIES[number]) for group in GROUPS)
    )
    options = ("-f", config, "-p", folder / "keepalived.pid", "-r", folder / "vrrp.pid")
    with (folder / "keepalived.log").open("w") as log:
        process = subprocess.Popen(
            ["keepalived", "--dont-fork", "--log-console", "--vrrp", *options],
            stdout=log,
            stderr=log,
        )
        with process:
            try:
                yield process
            finally:
                process.terminate()


def router(stack: ExitStack, segment: Segment, number: int, folder: Path) -> Router:
    folder.mkdir()
    inside = segment.namespace()
    # keepalived quiets the virtual cards of IPv4 groups only: by the kernel's default, that of an
    # IPv6 group answers for every IPv4 address of its router.
    sysctl(inside, "ipv4/conf/all/arp_ignore", "1")
    for key in ("default", "all"):
        sysctl(inside, f"ipv6/conf/{key}/disable_ipv6", "0")
        sysctl(inside, f"ipv6/conf/{key}/accept_dad", "0")
    segment.card(inside, mac(number), f"198.51.100.{number}")
    agentx = folder / "agentx"
    lines = (
        f"agentAddress udp:198.51.100.{number}:161",  # for the others, beside the loopback
        "rocommunity public",
        "master agentx",
        f"agentXSocket {agentx}",
    )
    with namespaces.entered(inside):
        port = stack.enter_context(snmpd(folder, *lines))
        process = stack.enter_context(keepalived(number, folder, agentx))
    return Router(number, inside, port, process)


@contextmanager
def running(folder: Path) -> Iterator[Pair]:
    """Run the two until one is the master of all groups and the other its backup."""
    if not shutil.which("keepalived") or not shutil.which("snmpd"):
        pytest.skip("NO REAL VRRP: the Debian packages keepalived and snmpd are needed")
    with ExitStack() as stack:
        try:
            segment = stack.enter_context(Segment())
        except PermissionError as error:
            pytest.skip(f"NO REAL PACKETS: network namespaces cannot be made here ({error})")
        first, second = (
            router(stack, segment, number, folder / f"router{number}") for number in PRIORITIES
        )
        eventually(lambda: (first.parts(), second.parts()), (all_are("master"), all_are("backup")))
        host = segment.prober()
        sysctl(host, "ipv4/neigh/eth1/locktime", "0")  # believe a takeover at once
        yield Pair(segment, first, second, host)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with running(tmp_path_factory.mktemp("pair")) as found:
        yield found


def all_are(part: str) -> dict[int, str]:
    return {group.vrid: part for group in GROUPS}


def eventually(question: Callable[[], Answer], wanted: Answer) -> None:
    """Ask until the answer is the one wanted; it must be before patience ends."""
    deadline = monotonic() + PATIENCE
    while (answer := question()) != wanted and monotonic() < deadline:
        sleep(0.1)
    assert answer == wanted


def stations(router: Router) -> dict[str, str]:
    """Return which station a host must find at each IPv4 address while a router is the master."""
    rows = router.rightful("master")
    return {str(row.ip): row.mac for row in rows if row.mac and row.ip.version == 4}


def test_both_routers_name_every_shared_address_and_their_part_in_it(pair: Pair) -> None:
    for router, part in ((pair.master, "master"), (pair.backup, "backup")):
        assert router.told(vrrpv3_mib.virtual_gateways) == router.rightful(part)
    eventually(pair.heard, stations(pair.master))


def test_without_a_virtual_mac_each_router_names_its_own(pair: Pair) -> None:
    for router in (pair.master, pair.backup):
        told = router.told(vrrpv3_mib.virtual_gateways)
        assert {row.mac for row in told if row.group in {51, 54}} == {mac(router.number)}


def test_a_group_without_an_operational_row_is_told_without_mac_and_part(pair: Pair) -> None:
    # keepalived 2.2.7 has the first group of version 2 alone in vrrpOperTable, but the addresses
    # of all of them in vrrpAssoIpAddrTable.
    for router, part in ((pair.master, "master"), (pair.backup, "backup")):
        whole = {row for row in router.rightful(part) if row.group in {51, 52}}
        holes = {structs.replace(r, mac=None, state="unknown") for r in whole if r.group != 51}
        told = router.told(vrrp_mib.virtual_gateways)
        assert told <= whole | holes
        assert {(row.ip, row.group) for row in told} == {(row.ip, row.group) for row in whole}


def test_what_one_mib_leaves_out_the_other_says(pair: Pair) -> None:
    async def read(session: Session) -> Table[VirtualGateway]:
        return await Reading(session, GENERIC, (), is_switch=False).virtual_gateways()

    assert pair.master.told(read) == pair.master.rightful("master")


def test_a_router_without_a_link_still_names_its_addresses(pair: Pair) -> None:
    with Segment.ip(pair.backup.namespace) as kernel:
        eth0 = kernel.link_lookup(ifname="eth0")[0]
        kernel.link("set", index=eth0, state="down")
        try:
            eventually(pair.backup.parts, all_are("initialize"))
            told = pair.backup.told(vrrpv3_mib.virtual_gateways)
        finally:
            kernel.link("set", index=eth0, state="up")
    assert told == pair.backup.rightful("initialize")
    eventually(pair.backup.parts, all_are("backup"))


def test_when_the_master_goes_the_other_takes_over_every_address(tmp_path: Path) -> None:
    with running(tmp_path) as pair:
        eventually(pair.heard, stations(pair.master))
        pair.master.stop()
        eventually(pair.backup.parts, all_are("master"))
        told = pair.backup.told(vrrpv3_mib.virtual_gateways)
        assert told == pair.backup.rightful("master")
        for reader in (vrrp_mib.virtual_gateways, vrrpv3_mib.virtual_gateways):
            assert pair.master.told(reader) == set()
        eventually(pair.heard, stations(pair.backup))
