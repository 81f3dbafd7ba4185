"""Real lldpd speakers of LLDP, CDP and FDP: what a Linux switch's LLDP-MIB makes of each.

lldpd puts what it hears by any protocol into lldpRemTable. The comparison comes from lldpcli.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple, TypeVar

import pytest
from pyroute2 import IPRoute

from netguard.lab import namespaces
from probes.mibs import lldp_mib
from probes.records import Neighbor, Table
from probes.snmp import Credentials, open_session
from tests.snmpd import lldpd, snmpd, speak_up

Answer = TypeVar("Answer")
pytestmark = pytest.mark.packets

PATIENCE = 40.0  # seconds; lldpd takes two or three to say its first word
SILENT = "-ll"
SPEAKERS = {
    "lldp": ("-l",),
    "cdp1": ("-cc", SILENT),
    "cdp2": ("-ccccc", SILENT),
    "fdp": ("-ff", SILENT),
    "both": ("-ccccc", "-l"),
}
PORTS = {name: f"to-{name}" for name in SPEAKERS}
MACS = {name: f"00:00:5e:00:53:{number:02x}" for number, name in enumerate(SPEAKERS, 0xB0)}
SAID_IN = {"lldp": {"LLDP"}, "cdp1": {"CDPv1"}, "cdp2": {"CDPv2"}, "fdp": {"FDP"}} | {
    "both": {"LLDP", "CDPv2"}
}


class Reader(NamedTuple):
    """One lldpd that listens on every port of the switch, and the snmpd that tells of it."""

    namespace: int
    port: int
    control: Path
    speakers: tuple[Path, ...]

    def neighbors(self) -> Table[Neighbor]:
        async def put() -> Table[Neighbor]:
            async with open_session(
                "cat1", "127.0.0.1", self.port, Credentials(community="public"), timeout=5
            ) as session:
                return await lldp_mib.neighbors(session)

        with namespaces.entered(self.namespace):
            return asyncio.run(put())

    def numbers(self) -> dict[str, int]:
        """Return the kernel's own number of each interface."""
        with namespaces.entered(self.namespace):
            done = subprocess.run(["ip", "-j", "link"], capture_output=True, check=True)
        return {link["ifname"]: link["ifindex"] for link in json.loads(done.stdout)}

    def heard(self) -> dict[str, set[str]]:
        """Return by which protocols each speaker was heard, also where lldpd shows but one."""
        speak_up(*self.speakers)
        told = [
            (port, row["via"])
            for entry in self._lldpcli("show", "neighbors", "hidden")
            for port, row in entry.items()
        ]
        return {name: {via for at, via in told if at == port} for name, port in PORTS.items()}

    def _lldpcli(self, *command: str) -> list[dict[str, dict[str, str]]]:
        done = subprocess.run(
            ["lldpcli", "-u", str(self.control), "-f", "json", *command],
            capture_output=True,
            check=True,
        )
        found = json.loads(done.stdout)["lldp"].get("interface", [])
        return found if isinstance(found, list) else [found]


def namespace(stack: ExitStack) -> int:
    try:
        made = namespaces.create()
    except PermissionError as error:
        pytest.skip(f"NO REAL PACKETS: network namespaces cannot be made here ({error})")
    stack.callback(os.close, made)
    return made


def connect(switch: int, host: int, name: str) -> None:
    with namespaces.entered(switch), IPRoute() as kernel:
        kernel.link("set", index=1, state="up")
        kernel.link(
            "add",
            ifname=PORTS[name],
            kind="veth",
            peer={"ifname": "eth0", "address": MACS[name], "net_ns_fd": host},
        )
        kernel.link("set", index=kernel.link_lookup(ifname=PORTS[name])[0], state="up")


def speak(stack: ExitStack, switch: int, name: str) -> Path:
    """Put a host at the end of a cable that calls itself by what it speaks."""
    host = namespace(stack)
    connect(switch, host, name)
    with namespaces.entered(host):
        # No configuration by a child of its own, which says "resume" at a time of its own.
        control = stack.enter_context(lldpd("-I", "eth0", "-L", "", *SPEAKERS[name]))
        rename = ["lldpcli", "-u", str(control), "configure", "system", "hostname", name]
        subprocess.run(rename, check=True, capture_output=True)
        with IPRoute() as kernel:
            kernel.link("set", index=kernel.link_lookup(ifname="eth0")[0], state="up")
    return control


def read(stack: ExitStack, switch: int, folder: Path, *options: str) -> tuple[int, Path]:
    """Let one more lldpd listen to every port, in receive-only mode, with its own snmpd."""
    folder.mkdir()
    agentx = folder / "agentx"
    lines = ("rocommunity public", "master agentx", f"agentXSocket {agentx}")
    with namespaces.entered(switch):
        port = stack.enter_context(snmpd(folder, *lines))
        return port, stack.enter_context(
            lldpd("-r", "-c", "-f", "-x", "-X", str(agentx), "-I", "to-*", *options)
        )


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Reader]]:
    if not shutil.which("lldpd") or not shutil.which("snmpd"):
        pytest.skip("NO REAL NEIGHBOURS: the Debian packages lldpd and snmpd are needed")
    folder = tmp_path_factory.mktemp("neighbours")
    with ExitStack() as stack:
        switch = namespace(stack)
        speakers = tuple(speak(stack, switch, name) for name in SPEAKERS)
        found = {}
        for kind, options in {"ordinary": (), "unfiltered": ("-H", "0")}.items():
            port, control = read(stack, switch, folder / kind, *options)
            found[kind] = Reader(switch, port, control, speakers)
        for reader in found.values():
            assert eventually(reader.heard, SAID_IN.__eq__) == SAID_IN
        yield found


def eventually(question: Callable[[], Answer], wanted: Callable[[Answer], bool]) -> Answer:
    """Ask until the answer is the one wanted or patience ends; return the last answer."""
    deadline = monotonic() + PATIENCE
    while not wanted(answer := question()) and monotonic() < deadline:
        sleep(0.2)
    return answer


def told_by(reader: Reader, rows: int) -> tuple[Neighbor, ...]:
    """Read the neighbours as soon as the agent, which is told in its own time, has them all."""
    table = eventually(reader.neighbors, lambda table: len(table.rows) == rows)
    assert table.gaps == ()
    return table.rows


def by_lldp(reader: Reader, name: str) -> Neighbor:
    """Return what LLDP says of a host: its MAC is its chassis and its port."""
    return Neighbor(
        protocol="lldp",
        if_index=reader.numbers()[PORTS[name]],
        port=PORTS[name],
        remote_name=name,
        remote_port=MACS[name],
        remote_chassis=MACS[name],
        remote_port_descr="eth0",
    )


def by_name(reader: Reader, name: str) -> Neighbor:
    """Return what CDP and FDP say of a host: it has nothing but names."""
    return Neighbor(
        protocol="lldp",
        if_index=reader.numbers()[PORTS[name]],
        port=PORTS[name],
        remote_name=name,
        remote_port="eth0",
        remote_chassis=name,
        remote_port_descr="eth0",
    )


def claim(row: Neighbor) -> Neighbor:
    """Return a row without what this file does not speak of."""
    return Neighbor(
        protocol=row.protocol,
        if_index=row.if_index,
        port=row.port,
        remote_name=row.remote_name,
        remote_port=row.remote_port,
        remote_chassis=row.remote_chassis,
        remote_port_descr=row.remote_port_descr,
    )


def test_every_neighbour_is_named_once_whichever_protocol_it_speaks(
    readers: dict[str, Reader],
) -> None:
    reader = readers["ordinary"]
    rows = {row.port: claim(row) for row in told_by(reader, len(SPEAKERS))}
    assert rows == {
        PORTS["lldp"]: by_lldp(reader, "lldp"),
        PORTS["cdp1"]: by_name(reader, "cdp1"),
        PORTS["cdp2"]: by_name(reader, "cdp2"),
        PORTS["fdp"]: by_name(reader, "fdp"),
        PORTS["both"]: by_lldp(reader, "both"),
    }


def test_two_protocols_of_one_neighbour_agree_on_who_is_where(readers: dict[str, Reader]) -> None:
    reader = readers["unfiltered"]
    rows = {claim(row) for row in told_by(reader, len(SPEAKERS) + 1) if row.port == PORTS["both"]}
    assert rows == {by_lldp(reader, "both"), by_name(reader, "both")}
    assert len({(row.if_index, row.remote_name, row.remote_port_descr) for row in rows}) == 1
