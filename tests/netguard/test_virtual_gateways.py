"""Gateways that a real VRRP pair shares: quiet through a failover, loud about who is not of it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from netguard.lab import namespaces
from tests.probes.mibs.test_live_vrrp_pair import Pair, all_are, eventually, running
from tests.segment import answering, claims_to_have, mac, sysctl
from tests.station import report_of

pytestmark = pytest.mark.packets

OWN_MAC_EACH = ("198.51.100.1", "198.51.100.12")
VIRTUAL_MACS = {"198.51.100.9": "00:00:5e:00:01:34", "198.51.100.11": "00:00:5e:00:01:35"}
GATEWAYS = (*OWN_MAC_EACH, *VIRTUAL_MACS)
OF_NO_GROUP = "00:00:5e:00:01:07"
SERVER = 0x18

CONFIG = """\
store = "sqlite:///{folder}/netguard.db"

[snmp.lab]
version = "2c"
read = "public"
timeout = 5.0
retries = 1

[[device]]
name = "edge1"
address = "198.51.100.2"
role = "router"
snmp = "lab"

[[device]]
name = "edge2"
address = "198.51.100.3"
role = "router"
snmp = "lab"

[[segment]]
name = "web-226"
networks = ["198.51.100.0/27"]
gateways = {gateways}
interface = "eth1"
routers = ["edge1", "edge2"]

[[server]]
name = "ds0024"
address = "198.51.100.24"
segment = "web-226"
mac = "{server}"
"""


class Site(NamedTuple):
    """The pair, and netguard on the host beside it."""

    pair: Pair
    config: Path

    def started(self, *options: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-P", "-m", "netguard", "--config", str(self.config)]
        with namespaces.entered(self.pair.host):
            return subprocess.Popen(
                [*command, "sweep", "--json", *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

    def swept(self, *options: str) -> dict[str, Any]:
        return ended(self.started(*options))


def ended(process: "subprocess.Popen[str]") -> dict[str, Any]:
    stdout, stderr = process.communicate()
    return report_of(subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with running(tmp_path_factory.mktemp("pair")) as found:
        yield found


@pytest.fixture(scope="module")
def server(pair: Pair) -> int:
    return pair.segment.host(SERVER)


@pytest.fixture
def site(pair: Pair, tmp_path: Path) -> Site:
    config = tmp_path / "netguard.toml"
    gateways = "[" + ", ".join(f'"{each}"' for each in GATEWAYS) + "]"
    config.write_text(CONFIG.format(folder=tmp_path, gateways=gateways, server=mac(SERVER)))
    return Site(pair, config)


def told(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(finding["kind"], finding["address"]) for finding in report["findings"]]


@pytest.mark.parametrize(
    "taken",
    [
        {"198.51.100.1": mac(SERVER), "198.51.100.9": OF_NO_GROUP},
        {"198.51.100.9": mac(SERVER), "198.51.100.12": OF_NO_GROUP},
        {"198.51.100.9": VIRTUAL_MACS["198.51.100.11"]},
        {"198.51.100.1": VIRTUAL_MACS["198.51.100.11"]},
    ],
    ids=["own", "own for virtual", "another group's", "a virtual one where there is none"],
)
def test_a_server_that_answers_for_a_shared_gateway_is_found(
    site: Site, server: int, taken: dict[str, str]
) -> None:
    with ExitStack() as stack:
        for gateway, hw in taken.items():
            answer = claims_to_have(IPv4Address(gateway), hw=hw)
            stack.enter_context(answering(server, answer))
        found = told(site.swept("--gateways"))
    assert found == [("gateway-hijack", gateway) for gateway in taken]


@pytest.mark.slow
def test_a_router_that_answers_from_the_card_of_another_group_is_no_finding(site: Site) -> None:
    for router in (site.pair.master, site.pair.backup):
        sysctl(router.namespace, "ipv4/conf/all/arp_ignore", "0")
    try:
        report = site.swept()
    finally:
        for router in (site.pair.master, site.pair.backup):
            sysctl(router.namespace, "ipv4/conf/all/arp_ignore", "1")
    assert told(report) == []


def test_a_failover_is_no_finding_before_during_or_after(site: Site) -> None:
    before = site.swept()
    assert (told(before), before["gaps"], before["silent_gateways"]) == ([], [], [])

    during = site.started()
    site.pair.master.stop()
    assert told(ended(during)) == []

    eventually(site.pair.backup.parts, all_are("master"))
    after = site.swept()
    assert (told(after), after["gaps"], after["silent_gateways"]) == ([], [], [])
