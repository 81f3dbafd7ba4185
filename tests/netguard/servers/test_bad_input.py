"""Servers are checked where the inventory, the network or this machine are not as they should."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from netguard.lab.control import Lab, up
from netguard.lab.tunnels import TUN
from tests.forwarding_answers import ANSWERS
from tests.netguard.lab.asking import run
from tests.netguard.servers.checking import Report
from tests.netguard.servers.matrix import GATEWAYS, reasons, wrong
from tests.station import Edit, Run, report_of, station

pytestmark = [pytest.mark.packets, pytest.mark.slow]

NO_RAW = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")
ALIASES = "203.0.113.128/28"  # ds0001's


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Lab]:
    """A practice network of the test's own: what it does there, no mending undoes."""
    with up(tmp_path / "lab") as lab:
        yield lab


@pytest.fixture
def at_fresh(fresh: Lab, tmp_path: Path) -> Run:
    return station(fresh, tmp_path)


@pytest.fixture
def netguard(lab: Lab, tmp_path: Path) -> Run:
    return station(lab, tmp_path)


def do(lab: Lab, host: str, command: str) -> None:
    done = run(lab, host, "sh", "-c", command)
    assert done.returncode == 0, done.stderr


def states(report: Report, *, within: str = "") -> dict[str, str]:
    return {a["address"]: a["state"] for a in report["addresses"] if within in a["address"]}


def kinds(report: Report) -> list[str]:
    return [gap["kind"] for gap in report["gaps"]]


# --- the inventory


@pytest.mark.parametrize("who", ["db-shared", "198.51.100.4"])
def test_a_server_without_blocks_is_plain_and_says_that_there_was_nothing_to_ask(
    netguard: Run, who: str
) -> None:
    done = netguard("server", "check", who, "--json")
    report = report_of(done)
    assert (done.returncode, report["gaps"], report["addresses"]) == (0, [], [])
    assert report["verdict"] == "plain"
    assert report["summary"].endswith("has no blocks: only its own address was asked.")


def test_a_block_that_two_servers_have_is_refused_before_anything_is_asked(netguard: Run) -> None:
    twice = ('blocks = ["203.0.113.144/28"]', f'blocks = ["203.0.113.144/28", "{ALIASES}"]')
    for command in (("config", "check"), ("server", "check", "ds0001"), ("sweep", "--servers")):
        done = netguard(*command, edits=(twice,))
        assert done.returncode == 2, command
        said = done.stdout + done.stderr
        assert f"also assigned to server 'ds0001', as {ALIASES}" in said or (
            f"also assigned to server 'ds0002', as {ALIASES}" in said
        ), command
        assert "An address belongs to one server" in said


def test_a_large_ipv6_block_is_sampled_and_the_lack_of_a_way_to_it_is_no_silence(
    netguard: Run, lab: Lab
) -> None:
    lab.break_("aliases")
    six = (f'"{ALIASES}"]', f'"{ALIASES}", "2001:db8:21::/64"]')
    done = netguard("server", "check", "ds0001", "--json", edits=(six,))
    report = report_of(done)
    assert done.returncode == 1
    assert kinds(report) == ["no-route", "no-route"]
    for gap in report["gaps"]:
        assert re.match(r"(here|segment) cannot send to 2001:db8:21:", gap["detail"])
        assert (gap["subject"], bool(gap["remedy"])) == ("ds0001", True)
    block = next(b for b in report["blocks"] if b["block"] == "2001:db8:21::/64")
    assert block["sampled"]
    assert 100 < block["asked"] == block["undecided"] <= 128
    assert "2001:db8:21::/64 is too large to ask: a sample was asked" in reasons(report)
    # what could be asked is decided all the same
    four = {a: state for a, state in states(report).items() if ":" not in a}
    assert list(four.values()).count("bound") == 6
    assert report["verdict"] != "plain"  # nobody knows what is behind the others
    assert report["verdict"] not in GATEWAYS


# --- the network


def test_a_block_that_is_routed_to_nobody_is_elsewhere(at_fresh: Run, fresh: Lab) -> None:
    fresh.break_("aliases")
    do(fresh, "edge1", f"ip route del {ALIASES}")
    report = report_of(at_fresh("server", "check", "ds0001", "--vantage", "here", "--json"))
    # a kernel says that there is no route but now and then
    assert set(states(report, within="203.0.113.").values()) == {"elsewhere", "silent"}
    assert report["verdict"] == "undecided"
    assert "has no route to it" in str(report["addresses"])


@pytest.mark.parametrize("other", ["aliases", "vpn-gateway"])
def test_a_block_that_is_routed_to_somebody_else_accuses_nobody(
    at_fresh: Run, fresh: Lab, other: str
) -> None:
    neighbour = ANSWERS["vpn-gateway"].own
    fresh.break_("aliases")
    if other == "vpn-gateway":  # the neighbour sends on what is not his
        fresh.break_("vpn-gateway")
    do(fresh, "edge1", f"ip route replace {ALIASES} via {neighbour}")
    for vantages in (("--vantage", "here"), ()):
        done = at_fresh("server", "check", "ds0001", *vantages, "--json")
        report = report_of(done)
        for address in report["addresses"]:
            said = address["seen_from"].get("here")
            assert said in {"elsewhere", "silent", "undecided"}, address
        assert report["verdict"] not in GATEWAYS


def test_a_server_that_is_down_is_undecided_and_every_address_silent(
    netguard: Run, lab: Lab
) -> None:
    do(lab, "cat1", "ip link set fa0-1 down")
    done = netguard("server", "check", "ds0001", "--json")
    report = report_of(done)
    assert report["verdict"] == "undecided"
    assert set(states(report).values()) <= {"silent", "undecided"}
    assert report["findings"] == []


MAC: Edit = ('mac = "00:00:5e:00:53:22"\n', "")


@pytest.mark.parametrize("edits", [(), (MAC,)], ids=["with its MAC", "without"])
def test_a_server_whose_address_two_stations_claim_is_known_by_its_mac_or_not_at_all(
    netguard: Run, lab: Lab, edits: tuple[Edit, ...]
) -> None:
    lab.break_("vpn-gateway")
    lab.break_("duplicate-address-quiet")
    done = netguard("server", "check", "ds0002", "--json", edits=edits)
    report = report_of(done)
    if edits:
        assert done.returncode == 1
        (gap,) = report["gaps"]
        assert (gap["subject"], gap["kind"]) == ("ds0002", "address-conflict")
        assert "00:00:5e:00:53:22, 00:00:5e:00:53:23" in gap["detail"]
        assert "netguard sweep" in gap["remedy"]
        assert report["vantages"] == ["here"]
        assert report["verdict"] in {"vpn-gateway", "undecided"}
    else:
        assert (done.returncode, report["gaps"]) == (0, [])
        assert set(report["vantages"]) == {"here", "segment"}
        assert wrong(report, ANSWERS["vpn-gateway"], on_link=True) == []


def test_whoever_claims_another_s_address_is_no_gateway_for_that(netguard: Run, lab: Lab) -> None:
    lab.break_("vpn-gateway")
    lab.break_("duplicate-address-quiet")  # ds0003 is the one
    report = report_of(netguard("server", "check", "ds0003", "--json"))
    assert report["verdict"] == "plain"
    assert set(states(report).values()) == {"silent"}


def test_a_neighbour_that_takes_a_dead_server_s_traffic_accuses_only_himself(
    at_fresh: Run, fresh: Lab
) -> None:
    fresh.break_("vpn-gateway")
    do(fresh, "cat1", "ip link set fa0-1 down")
    for stolen in ("198.51.100.21", ALIASES):
        do(fresh, "ds0002", f"ip route add {stolen} dev {TUN}")
    do(fresh, "ds0002", "echo 1 > /proc/sys/net/ipv4/conf/eth0/proxy_arp")
    for address in ("198.51.100.21", "203.0.113.129"):
        do(fresh, "roamer", f"ip addr add {address}/32 dev {TUN}")
    report = report_of(at_fresh("server", "check", "ds0001", "--json"))
    assert report["verdict"] not in GATEWAYS
    assert report["findings"] == []
    assert not {"forwarded", "looped"} & set(states(report).values())


# --- this machine


def test_where_the_segment_s_interface_is_down_nothing_is_decided(
    at_fresh: Run, fresh: Lab
) -> None:
    fresh.break_("aliases")
    do(fresh, "mon", "ip link set eth1 down")
    done = at_fresh("server", "check", "ds0001", "--json")
    report = report_of(done)
    assert done.returncode == 1
    assert set(states(report).values()) == {"undecided"}
    assert report["verdict"] == "undecided"
    subjects = {gap["subject"] for gap in report["gaps"]}
    assert "eth1" in subjects
    assert "no-route" in kinds(report)
    assert all(gap["remedy"] for gap in report["gaps"])


@pytest.fixture
def pings_allowed(fresh: Lab) -> None:
    do(fresh, "mon", "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range")


@pytest.mark.usefixtures("pings_allowed")
@pytest.mark.parametrize("scenario", ["aliases", "vpn-gateway"])
def test_without_raw_sockets_ping_sockets_decide_as_well(
    at_fresh: Run, fresh: Lab, scenario: str
) -> None:
    answer = ANSWERS[scenario]
    fresh.break_(scenario)
    command = ("server", "check", answer.server, "--vantage", "here", "--json")
    done = at_fresh(*command, prefix=NO_RAW)
    report = report_of(done)
    assert (done.returncode, report["gaps"]) == (0, [])
    assert wrong(report, answer, on_link=False) == []
    assert report["verdict"] in answer.off_link - {"undecided"}


@pytest.mark.usefixtures("pings_allowed")
def test_without_raw_sockets_the_segment_is_a_gap_and_the_rest_is_still_decided(
    at_fresh: Run, fresh: Lab
) -> None:
    fresh.break_("vpn-gateway")
    done = at_fresh("server", "check", "ds0002", "--json", prefix=NO_RAW)
    report = report_of(done)
    assert done.returncode == 1
    (gap,) = report["gaps"]
    assert "CAP_NET_RAW" in gap["detail"] + gap["remedy"]
    assert report["vantages"] == ["here"]
    assert report["verdict"] == "vpn-gateway"


def test_where_no_sockets_are_allowed_one_gap_names_both_ways_out(
    at_fresh: Run, fresh: Lab
) -> None:
    fresh.break_("vpn-gateway")
    do(fresh, "mon", "echo 1 0 > /proc/sys/net/ipv4/ping_group_range")
    command = ("server", "check", "ds0002", "--vantage", "here", "--json")
    done = at_fresh(*command, prefix=NO_RAW)
    report = report_of(done)
    assert done.returncode == 1
    (gap,) = report["gaps"]
    assert gap["kind"] == "no-sockets"
    assert "CAP_NET_RAW" in gap["remedy"]
    assert "ping_group_range" in gap["remedy"]
    assert report["verdict"] == "undecided"
    assert set(states(report).values()) == {"undecided"}
    assert report["findings"] == []
