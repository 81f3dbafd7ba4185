"""A cold start of `netguard port` on a small and on a large site, and the same done by hand."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

import msgspec
from rich.console import Console

from netguard.config import load
from netguard.history import Outcome
from netguard.lab import namespaces
from netguard.switches.opening import open_switch
from probes.mibs.bridge_mib import BASE_PORT_IF_INDEX, TP_FDB_PORT
from probes.mibs.if_mib import IF_ADMIN_STATUS, IF_OPER_STATUS
from tests.benchmarks import site
from tests.benchmarks.figures import (
    NETGUARD,
    get_command,
    interleaved,
    milliseconds,
    new_table,
    set_command,
    warn,
)

SITES = {10: 15, 200: 7}  # switches: runs
AT_ONCE = 8


class Wall(NamedTuple):
    seconds: float
    outcome: Outcome | None = "done"


def program(*command: str) -> Wall:
    """Run a whole process; with --json, its outcome is in what it prints."""
    began = perf_counter()
    done = subprocess.run(command, capture_output=True, check=False)
    seconds = perf_counter() - began
    if "--json" not in command:
        return Wall(seconds)
    return Wall(seconds, msgspec.json.decode(done.stdout)["outcome"] if done.stdout else None)


def shut_by_hand(of: site.Site) -> Wall:
    target = of.target
    began = perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as hands:
        walks = list(hands.map(fdb, map(site.address, range(of.count))))
    row = f".{TP_FDB_PORT}.{'.'.join(map(str, target.mac))} ".encode()
    ports = [(n, int(walk.split(row)[1].split()[0])) for n, walk in enumerate(walks) if row in walk]
    ((switch, port),) = [(n, port) for n, port in ports if port not in trunks(of, n)]
    if_index = asked(get_command(site.address(switch), f"{BASE_PORT_IF_INDEX}.{port}"))[0]
    order = f"{IF_ADMIN_STATUS}.{if_index}"
    asked(set_command(site.address(switch), order))
    read = asked(get_command(site.address(switch), order, f"{IF_OPER_STATUS}.{if_index}"))
    return Wall(perf_counter() - began, "done" if read == ["2", "2"] else "failed")


def fdb(address: str) -> bytes:
    walk = ("snmpbulkwalk", "-v2c", f"-c{site.READ}@{site.VLAN}", "-Cr40", "-r0", "-t5", "-Onq")
    return subprocess.run(
        [*walk, address, TP_FDB_PORT], env={"MIBS": ""}, stdout=subprocess.PIPE, check=True
    ).stdout


def trunks(of: site.Site, switch: int) -> set[int]:
    downlinks = {site.downlink(n) for n in range(1, of.count) if site.parent(n) == switch}
    return downlinks | {site.UPLINK if switch else site.TO_ROUTER}


def asked(command: str) -> list[str]:
    return subprocess.check_output(["sh", "-c", command], text=True).split()


def opened(of: site.Site) -> None:
    """Open the port again, behind netguard's back."""
    oid = f"{IF_ADMIN_STATUS}.{site.IF_INDEX + of.target.port}"
    asked(set_command(site.address(of.target.switch), oid, 1))


def driven(of: site.Site, config: Path) -> Wall:
    """SET and read-back through netguard's driver, prepared as `change` has it prepared."""
    settings = load(config)
    device = settings.inventory.devices[of.target.switch]

    async def drive() -> Wall:
        switch = open_switch(settings, device, "catalyst")
        try:
            await switch.prepare()
            port = await switch.find(f"Gi1/0/{of.target.port}")
            began = perf_counter()
            await switch.set_admin_status(port, up=False)
            after = await switch.again(port)
            seconds = perf_counter() - began
        finally:
            await switch.close()
        return Wall(seconds, "done" if after.status.oper == "down" else "failed")

    return asyncio.run(drive())


def set_by_hand(of: site.Site) -> Wall:
    at, if_index = site.address(of.target.switch), site.IF_INDEX + of.target.port
    order = f"{IF_ADMIN_STATUS}.{if_index}"
    began = perf_counter()
    asked(set_command(at, order))
    read = asked(get_command(at, order, f"{IF_OPER_STATUS}.{if_index}"))
    return Wall(perf_counter() - began, "done" if read == ["2", "2"] else "failed")


def command(console: Console) -> None:
    for count, runs in SITES.items():
        walls = commands_on(site.Site(count), runs)
        title = f"{count} switches: wall time, whole processes but for the drivers, {runs} runs"
        table = new_table(title, ("ms", "worst ms"))
        for name, each in walls.items():
            table.add_row(name, *milliseconds([wall.seconds for wall in each]))
        console.print(table)
        for name, each in walls.items():
            warn(console, name, [wall.outcome for wall in each])


def commands_on(of: site.Site, runs: int) -> dict[str, list[Wall]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        own = namespaces.create()
        stack.callback(os.close, own)
        stack.enter_context(namespaces.entered(own))
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        config = folder / "netguard.toml"
        config.write_text(of.configuration(folder))
        stack.enter_context(site.served(of))
        port = (*NETGUARD, str(config), "port")
        mac = ("--mac", of.target.mac.hex(":"))
        program(*port, "show", *mac)  # makes the store
        close = (*port, "shutdown", *mac, "--reason", "x", "--yes", "--json")
        contestants: dict[str, Callable[[], Wall]] = {
            "netguard port shutdown --mac": lambda: program(*close),
            "netguard port show --mac": lambda: program(*port, "show", *mac),
            "by hand: snmpbulkwalk, snmpget, snmpset": lambda: shut_by_hand(of),
            "python -c pass": lambda: program(sys.executable, "-c", "pass"),
            "netguard's driver, prepared: SET, read-back": lambda: driven(of, config),
            "snmpset, snmpget": lambda: set_by_hand(of),
        }
        return interleaved(contestants, runs, after=lambda: opened(of))
