"""Asks the practice network with other people's tools, from inside it."""

import subprocess

from netguard.lab.control import Lab


def run(lab: Lab, host: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        lab.command(host, command), capture_output=True, text=True, check=False, timeout=30
    )


def walk(
    lab: Lab, address: str, oid: str, community: str = "public", version: str = "2c"
) -> dict[str, str]:
    tool = "snmpwalk" if version == "1" else "snmpbulkwalk"
    command = (tool, f"-v{version}", "-c", community, "-r0", "-t2", "-OnQ", address, oid)
    lines = run(lab, "mon", *command).stdout.splitlines()
    pairs = [line.split(" = ", 1) for line in lines if " = " in line]
    return {
        name[len(oid) + 2 :]: value.strip('"').strip()
        for name, value in pairs
        if not value.startswith("No ")
    }


def arp_answers(lab: Lab, *addresses: str) -> set[tuple[str, str]]:
    """Return who answers for which address; several are asked so that none is asked once only."""
    command = ("arp-scan", "-xq", "-r1", "-t300", "-I", "eth1", *addresses)
    lines = run(lab, "mon", *command).stdout.splitlines()
    return {(address, mac) for address, mac, *_ in map(str.split, lines)}
