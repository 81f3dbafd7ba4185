"""The daemon beside a real VRRP pair that fails over: two keepalived, which say who they are."""

import sys
from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path
from time import sleep

import pytest

from netguard.lab import namespaces
from probes.arp import craft
from tests.probes.mibs.test_live_vrrp_pair import IPV4, all_are, eventually
from tests.probes.mibs.test_live_vrrp_pair import running as vrrp_pair
from tests.probes.ndp.place import speak_ipv6
from tests.segment import mac, raw
from tests.segment import request as arp_request
from tests.watching import running

pytestmark = [pytest.mark.packets, pytest.mark.slow]

ROUTERS = (2, 3)
CONFIG = """
store = "sqlite:///{folder}/netguard.db"

[watch]
segments = "5s"
devices = "10s"

[snmp.public]
read = "public"

{devices}

[[segment]]
name = "web"
networks = ["198.51.100.0/27", "2001:db8::/64"]
gateways = [{gateways}]
interface = "eth1"
routers = ["router2", "router3"]
"""
DEVICE = """
[[device]]
name = "router{number}"
address = "198.51.100.{number}"
role = "router"
snmp = "public"
"""


def test_a_pair_that_fails_over_and_back_is_met_with_silence_and_who_imitates_it_is_not(
    tmp_path: Path,
) -> None:
    config = tmp_path / "netguard.toml"
    config.write_text(
        CONFIG.format(
            folder=tmp_path,
            devices="".join(DEVICE.format(number=number) for number in ROUTERS),
            gateways=", ".join(f'"{ip}"' for ip in IPV4),
        )
    )
    command = [sys.executable, "-P", "-m", "netguard", "--config", str(config), "watch", "--json"]
    (tmp_path / "pair").mkdir()
    with ExitStack() as stack:
        pair = stack.enter_context(vrrp_pair(tmp_path / "pair"))
        speak_ipv6(pair.segment, pair.host, "eth1")
        with namespaces.entered(pair.host):
            watching = stack.enter_context(running(command, tmp_path))
        assert watching.swept()["counts"]["devices_read"] == len(ROUTERS)
        pair.master.stop()
        eventually(pair.backup.parts, all_are("master"))
        for _ in range(3):
            watching.swept()
        assert watching.turns() == []
        imitator = pair.segment.host(9)
        for _ in range(4):
            with raw(imitator) as link:
                link.send(_announcement(IPV4[0]))
            sleep(0.6)
        finding = watching.turn("opened", "gateway-hijack")
        accused = [c["mac"] for c in finding["claimants"] if c["role"] == "impostor"]
        assert (finding["address"], accused) == (IPV4[0], [mac(9)])


def _announcement(ip: str) -> bytes:
    return craft(arp_request(mac(9), IPv4Address(ip), IPv4Address(ip)))
