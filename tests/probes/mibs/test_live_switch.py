"""A real Linux bridge with snmpd and lldpd on it: what is read is what the kernel says.

The kernel's side of every comparison comes from iproute2 and lldpcli, not from our own code.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from ipaddress import ip_interface
from pathlib import Path
from time import monotonic, sleep
from typing import Any, NamedTuple, TypeVar

import pytest
from pyroute2 import IPRoute

from netguard.lab import namespaces
from probes.mibs import bridge_mib, if_mib, ip_mib, lldp_mib
from probes.records import Neighbor, Table
from probes.snmp import Credentials, Session, open_session
from tests import bridge_pass_persist
from tests.snmpd import lldpd, snmpd, speak_up

Answer = TypeVar("Answer")
pytestmark = pytest.mark.packets

ADDRESS = ip_interface("192.0.2.1/24")
HOSTS = {"192.0.2.11": "00:00:5e:00:53:0b", "192.0.2.12": "00:00:5e:00:53:0c"}
PATIENCE = 20.0  # seconds; lldpd takes two or three to say its first word


class Switch(NamedTuple):
    """A namespace with a bridge `br0` whose ports p0 and p1 lead to two hosts; lldpd on p1."""

    namespace: int
    port: int
    lldp: Path
    neighbour: Path

    def ask(self, question: Callable[[Session], Awaitable[Answer]]) -> Answer:
        async def put() -> Answer:
            async with open_session(
                "cat1", "127.0.0.1", self.port, Credentials(community="public"), timeout=5
            ) as session:
                return await question(session)

        with namespaces.entered(self.namespace):
            return asyncio.run(put())

    def say(self, *command: str) -> Any:  # noqa: ANN401 - whatever JSON it is
        """Run a program in the switch's namespace and return the JSON it prints."""
        with namespaces.entered(self.namespace):
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout or "[]")


def wire(switch: int, hosts: list[int]) -> None:
    with namespaces.entered(switch), IPRoute() as kernel:
        kernel.link("set", index=1, state="up")
        kernel.link("add", ifname="br0", kind="bridge", address="00:00:5e:00:53:01")
        (bridge,) = kernel.link_lookup(ifname="br0")
        for number, (host, mac) in enumerate(zip(hosts, HOSTS.values(), strict=True)):
            kernel.link(
                "add",
                ifname=f"p{number}",
                kind="veth",
                address=f"00:00:5e:00:53:a{number}",
                peer={"ifname": "eth0", "address": mac, "net_ns_fd": host},
            )
            (port,) = kernel.link_lookup(ifname=f"p{number}")
            kernel.link("set", index=port, master=bridge, ifalias=f"host {number}", state="up")
        kernel.link("set", index=bridge, state="up")
        kernel.link("add", ifname="spare", kind="bridge")  # stays down
        kernel.addr("add", index=bridge, address=str(ADDRESS.ip), prefixlen=24)
    for host, address in zip(hosts, HOSTS, strict=True):
        with namespaces.entered(host), IPRoute() as kernel:
            (eth0,) = kernel.link_lookup(ifname="eth0")
            kernel.link("set", index=eth0, state="up")
            kernel.addr("add", index=eth0, address=address, prefixlen=24)


def speak_with_the_hosts(switch: int) -> None:
    """Make the kernel resolve both hosts, and so its bridge learn them."""
    with namespaces.entered(switch), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for address in HOSTS:
            out.sendto(b"hello", (address, 9))


def namespace(stack: ExitStack) -> int:
    try:
        made = namespaces.create()
    except PermissionError as error:
        pytest.skip(f"NO REAL PACKETS: network namespaces cannot be made here ({error})")
    stack.callback(os.close, made)
    return made


@pytest.fixture(scope="module")
def switch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Switch]:
    folder = tmp_path_factory.mktemp("switch")
    bridge_mib_of_br0 = f"{sys.executable} {bridge_pass_persist.__file__} br0"
    agentx = folder / "agentx"
    with ExitStack() as stack:
        inside, *hosts = (namespace(stack) for _ in range(3))
        wire(inside, hosts)
        with namespaces.entered(hosts[1]):
            neighbour = stack.enter_context(lldpd("-I", "eth0"))
        with namespaces.entered(inside):
            port = stack.enter_context(
                snmpd(
                    folder,
                    "rocommunity public",
                    f"pass_persist .1.3.6.1.2.1.17 {bridge_mib_of_br0}",
                    "master agentx",
                    f"agentXSocket {agentx}",
                )
            )
            control = stack.enter_context(lldpd("-x", "-X", str(agentx), "-I", "p*"))
        speak_with_the_hosts(inside)
        yield Switch(inside, port, control, neighbour)


def eventually(question: Callable[[], Answer], wanted: Callable[[Answer], bool]) -> Answer:
    """Ask until the answer is the one wanted or patience ends; return the last answer."""
    deadline = monotonic() + PATIENCE
    while not wanted(answer := question()) and monotonic() < deadline:
        sleep(0.2)
    return answer


def test_interfaces_are_the_kernels(switch: Switch) -> None:
    table = switch.ask(if_mib.interfaces)
    assert table.gaps == ()
    kernel = {
        (
            link["ifindex"],
            link["ifname"],
            None if link["link_type"] == "loopback" else link["address"],
            "up" if "UP" in link["flags"] else "down",
        )
        for link in switch.say("ip", "-j", "link")
    }
    assert {
        (row.if_index, row.name, row.phys_address, row.admin_status) for row in table.rows
    } == kernel
    assert all(row.last_change is not None and row.last_change >= 0 for row in table.rows)
    assert {admin for *_, admin in kernel} == {"up", "down"}


def test_addresses_are_the_kernels(switch: Switch) -> None:
    table = switch.ask(ip_mib.addresses)
    assert table.gaps == ()
    kernel = {
        (entry["local"], entry["prefixlen"], link["ifindex"])
        for link in switch.say("ip", "-j", "addr")
        for entry in link["addr_info"]
    }
    assert {(str(row.ip), row.prefix_length, row.if_index) for row in table.rows} == kernel
    assert (str(ADDRESS.ip), 24, 2) in kernel


def test_arp_is_the_kernels(switch: Switch) -> None:
    table = eventually(lambda: switch.ask(ip_mib.arp), lambda table: len(table.rows) >= 2)
    assert table.gaps == ()
    kernel = {(row["dst"], row["lladdr"]) for row in switch.say("ip", "-4", "-j", "neigh")}
    found = {(str(row.ip), row.mac) for row in table.rows if row.ip.version == 4}
    assert found == kernel == set(HOSTS.items())


def test_the_fdb_is_the_kernels(switch: Switch) -> None:
    def learned() -> set[tuple[str, str]]:
        rows = switch.say("bridge", "-j", "fdb", "show", "br", "br0")
        return {
            (row["mac"], row["ifname"])
            for row in rows
            if "master" in row and row["ifname"] != "br0" and row["state"] != "permanent"
        }

    kernel = eventually(learned, lambda rows: len(rows) >= 2)
    assert {mac for mac, _ in kernel} == set(HOSTS.values())
    table = switch.ask(bridge_mib.fdb)
    assert table.gaps == ()
    names = {row.if_index: row.name for row in switch.ask(if_mib.interfaces).rows}
    found = {(row.mac, names[row.if_index]) for row in table.rows if row.if_index in names}
    assert {row.mac for row in table.rows if row.status == "self"} == {
        "00:00:5e:00:53:a0",
        "00:00:5e:00:53:a1",
    }
    assert {row for row in found if row[0] in HOSTS.values()} == kernel


def test_the_bridge_address_is_the_kernels(switch: Switch) -> None:
    assert switch.ask(bridge_mib.base_address) == "00:00:5e:00:53:01"


def test_neighbours_are_lldpds(switch: Switch) -> None:
    def told() -> Table[Neighbor]:
        speak_up(switch.lldp, switch.neighbour)
        return switch.ask(lldp_mib.neighbors)

    table = eventually(told, lambda table: bool(table.rows))
    assert table.gaps == ()
    (row,) = table.rows
    theirs = switch.say("lldpcli", "-u", str(switch.lldp), "-f", "json", "show", "neighbors")
    ((port, neighbour),) = theirs["lldp"]["interface"].items()
    ((name, chassis),) = neighbour["chassis"].items()
    assert (row.port, row.remote_name) == (port, name)
    assert row.remote_chassis == chassis["id"]["value"] == HOSTS["192.0.2.12"]
    assert row.remote_port == neighbour["port"]["id"]["value"]
    assert row.remote_port_descr == neighbour["port"]["descr"] == "eth0"
    assert (
        row.if_index == {one.name: one.if_index for one in switch.ask(if_mib.interfaces).rows}[port]
    )


def test_the_chassis_is_lldpds(switch: Switch) -> None:
    told = switch.say("lldpcli", "-u", str(switch.lldp), "-f", "json", "show", "chassis")
    ((name, chassis),) = told["local-chassis"]["chassis"].items()
    own = switch.ask(lldp_mib.chassis)
    assert own is not None
    assert (own.chassis_id, own.sys_name) == (chassis["id"]["value"], name)
