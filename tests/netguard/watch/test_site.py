"""What the daemon knows between looks, while one router of a pair cannot be read."""

from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import msgspec
import pytest

from netguard.config import Config, load
from netguard.findings import Finding
from netguard.judge import judge_asked
from netguard.rules.unassigned_address import unassigned_address
from netguard.view import DeviceView
from netguard.watch.site import Site, grounds
from probes.records import Gap, VirtualGateway
from tests.building import GATEWAY, NOW, asked, claim, mac, router, scene, seen

FIRST, SECOND, RENEWED, HIJACKER = mac(0x0A), mac(0xF5), mac(0x0B), mac(0x24)
ELSEWHERE = mac(0x0C)  # the first router's, in another segment
OWN_1, OWN_2, VIP = "198.51.100.2", "198.51.100.3", "198.51.100.5"
CONFIG = """
store = "sqlite:///{folder}/netguard.db"

[snmp.lab]
read = "public"

[[device]]
name = "edge1"
address = "192.0.2.1"
role = "router"
snmp = "lab"

[[device]]
name = "edge2"
address = "192.0.2.2"
role = "router"
snmp = "lab"

[[segment]]
name = "web"
networks = ["198.51.100.0/25"]
gateways = ["198.51.100.1"]
routers = ["edge1", "edge2"]
interface = "eth1"

[[server]]
name = "ds0024"
address = "198.51.100.24"
segment = "web"
"""
EDGE_1 = router({GATEWAY: FIRST, OWN_1: FIRST, "203.0.113.1": ELSEWHERE})
STANDBY = router({OWN_2: SECOND}, name="edge2")
MASTER = router({GATEWAY: SECOND, OWN_2: SECOND}, name="edge2")
SILENT = DeviceView(
    device=router().device,
    seen=NOW,
    gaps=(Gap(subject="edge1", kind="snmp-timeout", detail="no answer"),),
)


class Place:
    """A site whose devices are read when the test says so; it has no store yet."""

    def __init__(self, folder: Path) -> None:
        path = folder / "netguard.toml"
        path.write_text(CONFIG.format(folder=folder))
        self.now = NOW
        self.config: Config = load(path)
        self.site = Site(self.config, self.clock)
        (self.segment,) = self.config.inventory.segments

    def clock(self) -> datetime:
        return self.now

    def read(self, *devices: DeviceView) -> None:
        """Take in what a look has read, a minute after the last."""
        self.now += timedelta(minutes=1)
        ours = {device.name: device for device in self.config.inventory.devices}
        views = {
            name: msgspec.structs.replace(view, device=ours[name], seen=self.now)
            for view in devices
            for name in [view.device.name]
        }
        look = msgspec.structs.replace(self.site.view(), devices=views)
        self.site.saw(look, fresh=True)

    def trusted(self) -> frozenset[str]:
        """Return who may claim the gateway, as the ears know it."""
        ground, _ = grounds(self.site, self.segment)
        return ground.gateways[ip_address(GATEWAY)]

    def found(self, station: str) -> list[Finding]:
        """Return what is found where this station answers for the gateway when asked."""
        swept = seen([claim(GATEWAY, station)], [asked(GATEWAY, station)], of=self.segment)
        return list(judge_asked(self.site.view(swept)))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.read(EDGE_1, STANDBY)
    return place


def test_a_router_that_starts_may_take_its_gateway_back_before_it_is_read(place: Place) -> None:
    for _ in range(3):
        place.read(SILENT, MASTER)
        assert {FIRST, SECOND} <= place.trusted()
        assert place.found(FIRST) == place.found(SECOND) == []


def test_whoever_else_takes_the_gateway_meanwhile_is_a_hijacker(place: Place) -> None:
    place.read(SILENT, MASTER)
    assert HIJACKER not in place.trusted()
    (finding,) = place.found(HIJACKER)
    assert (finding.kind, finding.severity) == ("gateway-hijack", "critical")


def test_what_was_said_earlier_is_told_with_the_moment_of_that(place: Place) -> None:
    place.read(SILENT, STANDBY)
    (finding,) = place.found(HIJACKER)
    assert finding.evidence[0].seen == NOW + timedelta(minutes=1)


def test_only_a_router_that_has_told_all_again_has_given_a_mac_up(place: Place) -> None:
    renewed = router({GATEWAY: RENEWED})
    in_part = msgspec.structs.replace(renewed, addresses=(), missed=frozenset({"addresses"}))
    place.read(msgspec.structs.replace(in_part, interfaces=in_part.interfaces[-1:]), MASTER)
    assert {FIRST, ELSEWHERE} <= place.trusted()
    place.read(renewed, MASTER)
    assert place.trusted() == {RENEWED, SECOND}
    place.read(SILENT, MASTER)
    assert place.trusted() == {RENEWED, SECOND}
    (finding,) = place.found(FIRST)
    assert finding.kind == "gateway-hijack"


def test_a_reload_forgets_no_router_that_cannot_be_read(place: Place) -> None:
    place.read(SILENT, MASTER)
    place.site = Site(place.config, place.clock, place.site)
    assert {FIRST, SECOND} <= place.trusted()


def test_a_router_that_was_never_read_is_trusted_with_nothing(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.read(SILENT, MASTER)
    assert place.trusted() == {SECOND}


def test_an_address_that_routers_share_is_expected_also_while_they_cannot_be_read(
    place: Place,
) -> None:
    shared = VirtualGateway(
        ip=ip_address(VIP), mac=SECOND, protocol="vrrp", if_index=100, group=7, state="backup"
    )
    edge1 = msgspec.structs.replace(EDGE_1, virtual_gateways=(shared,))
    for read in ((edge1, STANDBY), (SILENT, STANDBY)):
        place.read(*read)
        _, known = grounds(place.site, place.segment)
        assert known.is_expected(ip_address(VIP))
        assert not known.is_expected(ip_address("198.51.100.6"))


def test_while_a_router_cannot_be_read_no_address_is_called_nobody_s(place: Place) -> None:
    swept = seen([claim("198.51.100.90", HIJACKER)], of=place.segment)
    assert list(unassigned_address(scene(place.site.view(swept))))
    place.read(SILENT, MASTER)
    assert not list(unassigned_address(scene(place.site.view(swept))))
