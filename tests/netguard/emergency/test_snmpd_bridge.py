"""The emergency against net-snmp: a kernel bridge, a gateway that is taken, a real link closed."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from netguard.lab import namespaces
from probes.arp import craft
from tests import bridge_pass_persist
from tests.segment import Segment, address, mac, raw, request
from tests.snmpd import snmpd
from tests.station import report_of

pytestmark = [pytest.mark.packets, pytest.mark.slow]

Done = subprocess.CompletedProcess[str]

SWITCH, STATION = "192.0.2.11", "192.0.2.10"  # out of band
GATEWAY, UPSTREAM = address(1), "203.0.113.10"
ROUTER, VICTIM, HIJACKER = 1, 20, 24  # the last octets of their MACs and addresses
UPLINK, CULPRIT = "port1", "port3"  # where the router hangs, and the hijacker
FINDING = f"gateway-hijack/web-226/{GATEWAY}"
WHY = ("--reason", "took the gateway", "--yes")

CONFIG = """\
store = "sqlite:///{folder}/netguard.db"

[snmp.lab]
{snmp}
timeout = 2.0
retries = 1

[[device]]
name = "sw1"
address = "{switch}"
role = "switch"
snmp = "lab"
platform = "generic"
{uplinks}

[[segment]]
name = "web-226"
networks = ["198.51.100.0/27"]
gateways = [{{ address = "{gateway}", macs = ["{router}"] }}]
interface = "eth1"
switches = ["sw1"]

[[server]]
name = "ds0024"
customer = "C-20952"
address = "198.51.100.24"
mac = "{hijacker}"

[shutdown]
announce = true
"""
V2C = """\
version = "2c"
read = "public"
write = "file:{folder}/community"
"""
V3 = """\
version = "3"
user = "reader"
auth_protocol = "SHA"
auth_key = "file:{folder}/auth"
priv_protocol = "AES"
priv_key = "file:{folder}/priv"
write_user = "writer"
write_auth_key = "file:{folder}/write-auth"
write_priv_key = "file:{folder}/write-priv"
"""
SECRETS = {
    "community": "s3cret-community",
    "auth": "s3cret-auth",
    "priv": "s3cret-priv",
    "write-auth": "s3cret-write-auth",
    "write-priv": "s3cret-write-priv",
}
RULES = (
    "rocommunity public",
    "rwcommunity s3cret-community",
    "createUser reader SHA s3cret-auth AES s3cret-priv",
    "rouser reader priv",
    "createUser writer SHA s3cret-write-auth AES s3cret-write-priv",
    "rwuser writer priv",
    "exactEngineID 0x80001f888000005e005302",
    f"pass_persist .1.3.6.1.2.1.17 {sys.executable} {bridge_pass_persist.__file__} br0",
)


class Site(NamedTuple):
    """A router, a victim, a hijacker and netguard's own station on one bridge, as namespaces."""

    segment: Segment
    victim: int
    hijacker: int
    station: int
    folder: Path

    @contextmanager
    def agent(self, *rules: str) -> Iterator[None]:
        """Run the bridge's agent, which is reached out of band."""
        with (
            namespaces.entered(self.segment.switch),
            snmpd(self.folder, *RULES, *rules, address=SWITCH, port=161),
        ):
            yield

    def configure(self, snmp: str, *, uplinks: str = UPLINK, **secrets: str) -> None:
        """Write netguard's configuration, and the secrets that it refers to."""
        for name, secret in (SECRETS | secrets).items():
            (self.folder / name).write_text(secret)
            (self.folder / name).chmod(0o600)
        text = CONFIG.format(
            folder=self.folder,
            snmp=snmp.format(folder=self.folder),
            switch=SWITCH,
            uplinks=f'uplinks = ["{uplinks}"]' if uplinks else "",
            gateway=GATEWAY,
            router=mac(ROUTER),
            hijacker=mac(HIJACKER),
        )
        (self.folder / "netguard.toml").write_text(text)

    def netguard(self, *arguments: str) -> Done:
        config = ("--config", str(self.folder / "netguard.toml"))
        return inside(self.station, sys.executable, "-P", "-m", "netguard", *config, *arguments)

    def history(self) -> list[dict[str, Any]]:
        records: Any = report_of(self.netguard("port", "history", "--json"))
        return list(records)

    def links(self) -> dict[str, bool]:
        """Ask the kernel which ports of the bridge are up."""
        shown = inside(self.segment.switch, "ip", "-json", "link", "show", "master", "br0")
        return {one["ifname"]: "UP" in one["flags"] for one in json.loads(shown.stdout)}

    def victim_reaches_upstream(self) -> bool:
        return inside(self.victim, "ping", "-c1", "-W1", UPSTREAM).returncode == 0

    def take_the_gateway(self) -> None:
        """Let the hijacker give itself the gateway's address, and announce it to everybody."""
        with self.segment.ip(self.hijacker) as ip:
            ip.addr(
                "add", index=ip.link_lookup(ifname="eth0")[0], address=str(GATEWAY), prefixlen=27
            )
        with raw(self.hijacker) as card:
            card.send(craft(request(mac(HIJACKER), GATEWAY, GATEWAY)))

    def give_the_gateway_back(self) -> None:
        with self.segment.ip(self.hijacker) as ip:
            ip.addr(
                "del", index=ip.link_lookup(ifname="eth0")[0], address=str(GATEWAY), prefixlen=27
            )


def inside(namespace: int, *command: str) -> Done:
    with namespaces.entered(namespace):
        return subprocess.run(
            command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )


def out_of_band(segment: Segment, station: int) -> None:
    """Join the switch's management port to the station, beside the segment."""
    with segment.ip(segment.switch) as ip:
        ip.link("add", ifname="mgmt", kind="veth", peer={"ifname": "eth0", "net_ns_fd": station})
    for host, card, own in ((segment.switch, "mgmt", SWITCH), (station, "eth0", STATION)):
        with segment.ip(host) as ip:
            (index,) = ip.link_lookup(ifname=card)
            ip.link("set", index=index, state="up")
            ip.addr("add", index=index, address=own, prefixlen=24)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """All is well: everybody knows the gateway, and the bridge has learned everybody."""
    with Segment() as segment:
        router, victim, hijacker = (segment.host(n, n) for n in (ROUTER, VICTIM, HIJACKER))
        station = segment.prober()
        out_of_band(segment, station)
        with segment.ip(router) as ip:
            ip.addr("add", index=1, address=UPSTREAM, prefixlen=32)
        with segment.ip(victim) as ip:
            ip.route("add", dst="default", gateway=str(GATEWAY))
        made = Site(segment, victim, hijacker, station, tmp_path)
        assert made.victim_reaches_upstream()
        assert inside(hijacker, "ping", "-c1", "-W1", str(GATEWAY)).returncode == 0
        yield made


@pytest.mark.parametrize("snmp", [V2C, V3], ids=["v2c", "v3"])
def test_the_hijacker_s_link_goes_down_the_gateway_is_back_and_the_undo_works(
    site: Site, snmp: str
) -> None:
    site.configure(snmp)
    site.take_the_gateway()
    assert not site.victim_reaches_upstream()
    with site.agent("engineBoots 5"):
        found = report_of(site.netguard("sweep", "--gateways", "--json"))
        assert [(f["id"], f["server"]) for f in found["findings"]] == [(FINDING, "ds0024")]
        (place,) = [c["location"] for c in found["findings"][0]["claimants"] if c["server"]]
        assert (place["device"], place["port"]) == ("sw1", CULPRIT)

        done = site.netguard("port", "shutdown", "--mac", mac(HIJACKER), *WHY, "--json")
        report = report_of(done)
        assert (done.returncode, report["outcome"]) == (0, "done"), done.stderr
        assert (report["device"], report["port"]) == ("sw1", CULPRIT)
        assert report["before"] == {"admin": "up", "oper": "up"}
        assert report["after"] == {"admin": "down", "oper": "down"}
        assert report["conflict_cleared"] is True
        assert [port for port, up in site.links().items() if not up] == [CULPRIT]
        assert site.victim_reaches_upstream()

    site.give_the_gateway_back()
    with site.agent("engineBoots 1"):  # started anew, and its clock went backwards
        undone = site.netguard(*shlex.split(report["undo"])[3:], "--yes", "--json")
        assert (undone.returncode, report_of(undone)["outcome"]) == (0, "done"), undone.stderr
        assert report_of(undone)["conflict_cleared"] is True
    assert all(site.links().values())
    assert [r["outcome"] for r in site.history() if r["step"] == "outcome"] == ["done", "done"]


@pytest.mark.parametrize(
    ("snmp", "secrets", "line"),
    [
        (
            V3,
            {"write-auth": "s3cret-but-wrong"},
            "nothing was sent: Wrong SNMP PDU digest (user writer)",
        ),
        (V2C, {"community": "public"}, "it said: the device answered noAccess"),
    ],
    ids=["wrong v3 key", "read-only community"],
)
def test_whoever_may_not_write_changes_nothing_and_one_line_says_why(
    site: Site, snmp: str, secrets: dict[str, str], line: str
) -> None:
    site.configure(snmp, **secrets)
    with site.agent():
        done = site.netguard("port", "shutdown", "sw1", CULPRIT, *WHY)
    assert (done.returncode, done.stdout.count("\n")) == (1, 1), done.stderr
    assert f"FAILED sw1 {CULPRIT} is as it was: " in done.stdout
    assert line in done.stdout
    assert "Traceback" not in done.stderr
    assert "s3cret" not in done.stdout + done.stderr
    assert all(site.links().values())
    assert [(r["step"], r["outcome"]) for r in site.history()] == [
        ("intent", None),
        ("outcome", "failed"),
    ]


def test_a_bridge_whose_uplinks_nobody_lists_may_have_the_gateway_on_any_port(site: Site) -> None:
    # A pin says who the gateway is, not where it hangs: its MAC may be borrowed.
    site.configure(V2C, uplinks="")
    with site.agent():
        done = site.netguard("port", "shutdown", "sw1", CULPRIT, *WHY)
    assert (done.returncode, "refused by uplink" in done.stderr) == (3, True)
    assert "list the `uplinks` of sw1" in done.stdout
    assert all(site.links().values())
