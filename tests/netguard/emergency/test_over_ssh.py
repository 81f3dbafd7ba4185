"""Where SNMP may not write: the same commands close the same port through the switch's shell."""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

import pytest
from pyroute2 import IPRoute

from netguard.lab import enter, live, namespaces
from netguard.lab.control import Lab
from tests.ssh_device import ENABLE, PASSWORD, USER, Manners, SshDevice
from tests.station import Edit, Run, report_of, station

pytestmark = pytest.mark.packets

SHUT = ("port", "shutdown", "cat1", "Fa0/3", "--reason", "drill", "--yes", "--json")
OPEN = ("port", "restore", "cat1", "Fa0/3", "--reason", "drill", "--yes", "--json")


class KernelPorts(MutableMapping[str, bool]):
    """The ports of the practice network's cat1, as the kernel has them."""

    def __init__(self, namespace: int) -> None:
        self._namespace = namespace

    def _links(self) -> dict[str, live.Link]:
        with namespaces.entered(self._namespace), IPRoute() as kernel:
            found = live.links(kernel)
            return {link.name.removeprefix("fa0-"): link for link in found}

    def __getitem__(self, number: str) -> bool:
        return self._links()[number.removeprefix("0/")].admin_up

    def __setitem__(self, number: str, up: bool) -> None:
        index = self._links()[number.removeprefix("0/")].index
        with namespaces.entered(self._namespace), IPRoute() as kernel:
            kernel.link("set", index=index, state="up" if up else "down")

    def __delitem__(self, number: str) -> None:
        raise KeyError(number)

    def __iter__(self) -> Iterator[str]:
        return (f"0/{number}" for number in self._links())

    def __len__(self) -> int:
        return len(self._links())


@pytest.fixture
def cat1(lab: Lab) -> Iterator[SshDevice]:
    """cat1 with a shell beside its agent; both speak of the same kernel."""
    user, inside = enter._namespaces(lab.directory, "cat1")
    os.close(user)
    with namespaces.entered(inside):
        device = SshDevice("catalyst", Manners(), address="192.0.2.11")
    device.ports = KernelPorts(inside)
    with device:
        yield device
    os.close(inside)


def login(device: SshDevice, folder: Path, *, known: bool = True) -> tuple[Edit, ...]:
    """Return the edits that give cat1 a login and take the write community away."""
    secrets = {"password": PASSWORD, "enable": ENABLE}
    for name, secret in secrets.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(secret)
    (folder / "known_hosts").write_text(device.known_hosts_line() if known else "")
    table = [
        "[ssh.noc]",
        f'user = "{USER}"',
        f"port = {device.port}",
        f'known_hosts = "{folder}/known_hosts"',
        *(f'{name} = "file:{folder}/{name}"' for name in secrets),
    ]
    lines = "\n".join(table)
    return (
        ("[snmp.lab]", f"{lines}\n\n[snmp.lab]"),
        ('write = "file:', '# write = "file:'),
        ('address = "192.0.2.11"', 'address = "192.0.2.11"\nssh = "noc"\nsave = true'),
    )


@pytest.fixture
def netguard(lab: Lab, tmp_path: Path) -> Run:
    return station(lab, tmp_path)


def test_a_port_is_closed_saved_and_opened_again_over_ssh(
    netguard: Run, cat1: SshDevice, tmp_path: Path
) -> None:
    edits = login(cat1, tmp_path)
    done = netguard(*SHUT, edits=edits)
    report = report_of(done)
    assert (done.returncode, report["outcome"]) == (0, "done"), done.stdout + done.stderr
    assert report["after"] == {"admin": "down", "oper": "down"}
    assert report["detail"] == "configuration: Building configuration...; [OK]"
    assert not cat1.ports["0/3"]
    assert "write memory" in cat1.commands
    reopened = netguard(*OPEN, edits=edits)
    assert report_of(reopened)["outcome"] == "done", reopened.stdout + reopened.stderr
    assert cat1.ports["0/3"]


def test_a_host_key_that_nobody_knows_changes_nothing(
    netguard: Run, cat1: SshDevice, tmp_path: Path
) -> None:
    done = netguard(*SHUT, edits=login(cat1, tmp_path, known=False))
    report = report_of(done)
    assert (done.returncode, report["outcome"]) == (1, "failed")
    assert "nothing was sent" in report["detail"]
    assert cat1.ports["0/3"]
    assert PASSWORD not in done.stdout + done.stderr
