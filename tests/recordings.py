"""Recordings of real devices, served by snmpsim on loopback and configured as netguard's own."""

import asyncio
import bz2
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import msgspec

from netguard import clock
from netguard.collect import read_devices
from netguard.config import load
from netguard.inventory import Inventory, index
from netguard.view import DeviceView, View
from netguard.whereis import stations
from probes.errors import NoAnswer
from probes.mibs.snmpv2_mib import SYS_OBJECT_ID
from probes.records import IPAddress
from probes.snmp import Credentials, Session, open_session
from tests.comparing import Truth
from tests.snmpd import free_port

HERE = Path(__file__).parent
CORPUS = Path(os.environ.get("NETGUARD_CORPUS", HERE.parents[1] / "shared" / "corpus"))
NO_CORPUS = f"NO RECORDINGS at {CORPUS}: set NETGUARD_CORPUS"
OWN = HERE / "data" / "recordings"
PLAIN, PACKED = ".snmprec", ".snmprec.bz2"
START = 300.0  # seconds; all recordings are indexed within 40 on two idle cores


def v3(name: str) -> Credentials:
    """Return what snmpsim takes of SNMPv3, for the contexts of a recording's VLANs.

    A context is the file's name, of 32 octets at the most (RFC 3411), and without one snmpsim has
    nothing: so a device cannot be read whole in this way.
    """
    return Credentials(
        version="3",
        user="simulator",
        auth_protocol="MD5",
        auth_key="auctoritas",
        priv_protocol="DES",
        priv_key="privatus",
        context_prefix=f"{name}@",
    )


def names(folder: Path) -> tuple[str, ...]:
    """Return the recordings in a folder; those of single VLANs belong to their device's."""
    return tuple(sorted({_name(path) for path in _files(folder) if "@" not in path.name}))


def truth(name: str) -> Truth:
    """Return what a plain parser found in a recording of the corpus."""
    return msgspec.json.decode((CORPUS / "truth" / f"{name}.json").read_bytes(), type=Truth)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.iterdir() if path.name.endswith((PLAIN, PACKED)))


def _name(path: Path) -> str:
    return path.name[: path.name.index(PLAIN)]


def _content(path: Path) -> bytes:
    """Return a recording unpacked: snmpsim would unpack it from the start for every row."""
    content = path.read_bytes()
    return content if path.name.endswith(PLAIN) else bz2.decompress(content)


@contextmanager
def served(folder: Path, devices: Mapping[str, str]) -> Iterator[int]:
    """Serve recordings of a folder, with their VLANs', by snmpsim; yield its port.

    `devices` is name -> recording; the name is the community. A few at a time: one process answers
    for all of them, and keeps no more than 31 files open. snmpsim needs copies, for it follows
    links and calls a recording by the place that it really has.
    """
    with TemporaryDirectory(prefix="recordings-") as place:
        data, cache, log = (Path(place, part) for part in ("data", "cache", "log"))
        data.mkdir()
        for path in _files(folder):
            recording = _name(path).partition("@")[0]
            for name in (one for one, wanted in devices.items() if wanted == recording):
                copy = data / (name + _name(path).removeprefix(recording) + PLAIN)
                copy.write_bytes(_content(path))
        port = free_port()
        with log.open("w") as output, _simulator(data, cache, port, output.fileno()) as process:
            try:
                asyncio.run(_opened(process, port, devices, log))
                yield port
            finally:
                process.terminate()


def _simulator(data: Path, cache: Path, port: int, log: int) -> "subprocess.Popen[bytes]":
    """Start snmpsim; it wants no privileges, which it does not need on such a port."""
    return subprocess.Popen(
        (
            str(Path(sys.executable).with_name("snmpsim-command-responder")),
            f"--data-dir={data}",
            f"--cache-dir={cache}",
            "--log-level=error",
            f"--agent-udpv4-endpoint=127.0.0.1:{port}",
        ),
        env=os.environ | {"SNMPSIM_ALLOW_ROOT": "true", "HOME": str(data.parent)},
        stdout=log,
        stderr=log,
    )


async def _opened(
    process: "subprocess.Popen[bytes]", port: int, devices: Iterable[str], log: Path
) -> None:
    """Ask each device until it answers: snmpsim opens an index at the first question, in a second.

    That nothing listens yet is not always told: kernels say it a limited number of times.
    """
    deadline = monotonic() + START
    for name in devices:
        async with open_session(
            name, "127.0.0.1", port, Credentials(community=name), timeout=5, retries=0
        ) as session:
            while not await _answers(session):
                if process.poll() is not None or monotonic() > deadline:
                    raise _failure(log)
                await asyncio.sleep(0.1)


def _failure(log: Path) -> RuntimeError:
    return RuntimeError(f"snmpsim does not serve: {log.read_text()[-1000:]}")


async def _answers(session: Session) -> bool:
    try:
        await session.get(SYS_OBJECT_ID)
    except NoAnswer:
        return False
    return True


def configured(folder: Path, port: int, devices: Iterable[str]) -> Path:
    """Write a configuration with served devices into a folder; return its path.

    The agent is one process for all of them, so it may take its time.
    """
    path = folder / "netguard.toml"
    path.write_text(
        "\n".join(
            (
                f'store = "sqlite:///{folder}/netguard.db"',
                *(_device(folder, port, name) for name in devices),
            )
        )
    )
    return path


def _device(folder: Path, port: int, name: str) -> str:
    secret = folder / f"community-{name}"
    secret.touch(mode=0o600)
    secret.write_text(name)
    return f"""\
[snmp.{name}]
read = "file:{secret}"
timeout = 3
retries = 1
deadline = 600
[[device]]
name = "{name}"
address = "127.0.0.1:{port}"
role = "switch"
snmp = "{name}"
"""


def read(path: Path) -> dict[str, DeviceView]:
    """Read the devices of a configuration, as every command does."""
    config = load(path, environ={})
    devices = config.inventory.devices
    return asyncio.run(
        read_devices(config, devices, clock=clock.now, progress=lambda _done, _total: None)
    )


def located(
    view: DeviceView, expected: Mapping[tuple[IPAddress, str], str]
) -> dict[tuple[IPAddress, str], tuple[str, ...]]:
    """Locate addresses as `host locate` does, with one device; return those that are elsewhere.

    `expected` is (address, station) -> port; the answer has the ports that were found instead.
    """
    inventory = Inventory(devices=(view.device,))
    look = View(
        now=view.seen,
        inventory=inventory,
        index=index(inventory),
        devices={view.device.name: view},
    )
    wrong = {}
    for (address, mac), port in expected.items():
        found = tuple(
            place.port
            for station in stations(look, address, (), None)
            if station.mac == mac
            for place in station.locations
        )
        if found != (port,):
            wrong[address, mac] = found
    return wrong
