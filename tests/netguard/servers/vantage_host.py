"""A host of the practice network that lets netguard in by SSH, and notes who comes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from netguard.lab import enter, namespaces
from netguard.lab.control import Lab
from tests.sshd import USER, Sshd, public, sshd
from tests.station import Edit

_PORT = 2222  # its own namespace: nobody else is there


class VantageHost(NamedTuple):
    """A running server; `edit` gives a configuration a [[vantage]] named `osaka`."""

    server: Sshd
    address: str

    @property
    def edit(self) -> Edit:
        lines = (
            "[[vantage]]",
            'name = "osaka"',
            f'ssh = "{USER}@{self.address}:{_PORT}"',
            'login = "noc"',
            "[ssh.noc]",
            f'user = "{USER}"',
            f'key_file = "{self.server.user_key}"',
            f'known_hosts = "{self.server.known_hosts}"',
            "timeout = 20",
        )
        return "[snmp.lab]", "\n".join((*lines, "[snmp.lab]"))

    def note(self, key: str) -> None:
        """Let the station's notes have this host key."""
        self.server.known_hosts.write_text(f"[{self.address}]:{_PORT} {key}\n")


@contextmanager
def vantage_host(lab: Lab, host: str, address: str, folder: Path) -> Iterator[VantageHost]:
    """Run an SSH server on a host of the practice network, under one of its addresses."""
    user, network = enter._namespaces(lab.directory, host)
    try:
        with (
            namespaces.entered(network),
            sshd(folder, f"ListenAddress {address}:{_PORT}") as server,
        ):
            vantage = VantageHost(server, address)
            vantage.note(public(folder / "host_key"))
            yield vantage
    finally:
        os.close(user)
        os.close(network)
