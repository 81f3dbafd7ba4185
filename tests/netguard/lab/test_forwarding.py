"""Servers that route onward, or only look so, are what their scenarios say: by real tools."""

import re
import sys
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from netguard.errors import NetguardError
from netguard.lab import tunnels
from netguard.lab.control import Lab, up
from netguard.lab.forwarding import FORWARDING
from netguard.lab.scenarios import SCENARIOS
from tests.forwarding_answers import ANSWERS
from tests.netguard.lab import canary
from tests.netguard.lab.asking import run, walk

pytestmark = pytest.mark.packets

TOGETHER = [s.name for s in FORWARDING if s.name != "uneven-paths"] + ["proxy-arp"]
EDGE = {"mon": "198.51.100.1", "upstream": "203.0.113.1"}
VANTAGES = pytest.mark.parametrize("vantage", EDGE)


@pytest.fixture(scope="module")
def onward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab in which all of it happens at once; the tests only look."""
    with up(tmp_path_factory.mktemp("onward") / "lab") as lab:
        break_all(lab)
        yield lab


def break_all(lab: Lab) -> None:
    for name in TOGETHER:
        lab.break_(name)


def own(scenario: str) -> str:
    return str(ANSWERS[scenario].own)


def one(scenario: str, state: str, *, live: bool | None = None) -> str:
    """Return the last address of a scenario in a state."""
    places = ANSWERS[scenario].places.items()
    return str([a for a, p in places if p.state == state and live in {None, p.live}][-1])


def alive(lab: Lab, vantage: str, *scenarios: str) -> set[IPv4Address]:
    """Return which addresses of some blocks answer an echo, all asked at once."""
    addresses = " ".join(str(a) for name in scenarios for a in ANSWERS[name].places)
    ask = "ping -nqc3 -i0.3 -W1 $a >/dev/null && echo $a"
    done = run(lab, vantage, "sh", "-c", f"for a in {addresses}; do ({ask}) & done; wait")
    return {IPv4Address(line) for line in done.stdout.split()}


def live(*scenarios: str) -> set[IPv4Address]:
    return {a for name in scenarios for a, place in ANSWERS[name].places.items() if place.live}


def path(lab: Lab, vantage: str, target: str, *options: str) -> list[str]:
    """Return who answers at each hop."""
    command = ("traceroute", "-n", "-q1", "-w1", "-m4", *(options or ("-I",)), target)
    lines = run(lab, vantage, *command).stdout.splitlines()[1:]
    return [line.split()[1] for line in lines]


def ping(lab: Lab, vantage: str, target: str, *options: str) -> str:
    return run(lab, vantage, "ping", "-n", "-c1", "-W1", *options, target).stdout


def exceeded(lab: Lab, vantage: str, target: str, ttl: int) -> str | None:
    """Return who says that the TTL is used up."""
    told = ping(lab, vantage, target, f"-t{ttl}")
    found = re.search(r"From (\S+) icmp_seq=1 Time to live exceeded", told)
    return found[1] if found else None


def bounced(lab: Lab, scenario: str, ttl: int, *target: str) -> set[tuple[str, int]]:
    """Return what comes back for a frame to the server's MAC; redirects are a kernel's whim."""
    server = next(h for h in lab.status().hosts if h.name == ANSWERS[scenario].server)
    mac = next(card.mac for card in server.interfaces if card.name == "eth0")
    done = run(lab, "mon", sys.executable, canary.__file__, mac, str(ttl), *target)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert {sender for sender, *_ in lines} <= {mac}
    return {(source, int(kind)) for _, source, kind in lines if kind != "5"}


def test_every_block_has_its_answers() -> None:
    assert set(ANSWERS) == set(TOGETHER)
    for answer in ANSWERS.values():
        assert list(answer.places) == list(answer.block)
        for place in answer.places.values():
            assert place.on_link <= place.off_link | {"undecided"}


@VANTAGES
def test_exactly_the_addresses_that_are_said_to_be_live_answer(onward: Lab, vantage: str) -> None:
    assert alive(onward, vantage, *ANSWERS) == live(*ANSWERS)


STAR = "*"
PATHS: dict[str, tuple[str, ...]] = {  # between the edge and the address
    "aliases": (),
    "vpn-gateway": ("198.51.100.22",),
    "colocation": ("198.51.100.23",),
    "hidden-hop": (),
    "silent-hop": (STAR,),
    "container-host": (),
    "proxy-arp": ("198.51.100.30",),
    "echo-only": (),
    "bridging": (),
}


@VANTAGES
@pytest.mark.parametrize("scenario", PATHS)
def test_a_traceroute_passes_the_hops_that_the_server_shows(
    onward: Lab, vantage: str, scenario: str
) -> None:
    target = str(max(live(scenario)))
    assert path(onward, vantage, target) == [EDGE[vantage], *PATHS[scenario], target]


@VANTAGES
def test_the_translated_address_is_seen_twice(onward: Lab, vantage: str) -> None:
    target = one("whole-block-nat", "forwarded")
    assert path(onward, vantage, target) == [EDGE[vantage], target, target]


@VANTAGES
@pytest.mark.parametrize(("option", "kind"), [("-U", "UDP"), ("-T", "TCP")])
def test_what_answers_pings_itself_sends_the_rest_onward(
    onward: Lab, vantage: str, option: str, kind: str
) -> None:
    seen = path(onward, vantage, "198.51.100.163", option)
    assert seen == [EDGE[vantage], own("echo-only"), "198.51.100.163"], kind


@VANTAGES
@pytest.mark.parametrize(
    ("scenario", "state", "says"),
    [
        ("vpn-gateway", "forwarded", True),
        ("vpn-gateway", "looped", True),
        ("colocation", "forwarded", True),
        ("proxy-arp", "forwarded", True),
        ("container-host", "silent", True),
        ("hidden-hop", "forwarded", False),
        ("silent-hop", "forwarded", False),
        ("aliases", "silent", False),
    ],
)
def test_time_exceeded_comes_even_for_a_dead_address_from_servers_that_say_it(
    onward: Lab, vantage: str, scenario: str, state: str, *, says: bool
) -> None:
    dead = one(scenario, state, live=False)
    assert exceeded(onward, vantage, dead, 2) == (own(scenario) if says else None)


@VANTAGES
def test_half_of_a_block_comes_straight_back(onward: Lab, vantage: str) -> None:
    for looped in map(str, ANSWERS["vpn-gateway"].of("looped")):
        assert exceeded(onward, vantage, looped, 3) == EDGE[vantage]


@VANTAGES
def test_what_a_container_host_filters_goes_nowhere(onward: Lab, vantage: str) -> None:
    assert exceeded(onward, vantage, one("container-host", "silent"), 3) is None


@VANTAGES
def test_time_exceeded_is_rationed_and_all_else_is_not(onward: Lab, vantage: str) -> None:
    dead, there = (one("rationed-errors", "forwarded", live=is_live) for is_live in (False, True))
    told = run(onward, vantage, "ping", "-nt2", "-c15", "-i0.2", "-W1", dead).stdout
    assert 0 < told.count(f"From {own('rationed-errors')} ") < 5
    assert "15 received" in run(onward, vantage, "ping", "-nqc15", "-i0.01", there).stdout


@VANTAGES
@pytest.mark.parametrize("scenario", ["vpn-gateway", "hidden-hop"])
@pytest.mark.parametrize("is_live", [True, False])
def test_a_tunnel_names_itself_for_a_large_packet(
    onward: Lab, vantage: str, scenario: str, *, is_live: bool
) -> None:
    target = one(scenario, "forwarded", live=is_live)
    told = ping(onward, vantage, target, "-Mdo", "-s1472")
    assert f"From {own(scenario)} icmp_seq=1 Frag needed and DF set (mtu = 1420)" in told


@VANTAGES
@pytest.mark.parametrize(
    "scenario", ["aliases", "colocation", "silent-hop", "rationed-errors", "whole-block-nat"]
)
def test_where_no_tunnel_is_a_large_packet_is_answered(
    onward: Lab, vantage: str, scenario: str
) -> None:
    assert "1 received" in ping(onward, vantage, str(max(live(scenario))), "-Mdo", "-s1472")


@VANTAGES
@pytest.mark.parametrize(("scenario", "least"), [("vpn-gateway", 49.0), ("hidden-hop", 39.0)])
def test_the_far_end_of_a_tunnel_is_far(
    onward: Lab, vantage: str, scenario: str, least: float
) -> None:
    far = ping(onward, vantage, str(max(live(scenario))))
    assert float(re.findall(r"time=([\d.]+) ms", far)[0]) > least  # milliseconds


@VANTAGES
def test_a_server_that_asks_behind_itself_says_when_nobody_is_there(
    onward: Lab, vantage: str
) -> None:
    dead = one("colocation", "forwarded", live=False)
    told = ping(onward, vantage, dead, "-W9")
    assert f"From {own('colocation')} icmp_seq=1 Destination Host Unreachable" in told


BACK = ("198.51.100.10", 8)  # the station's own echo
BOUNCES: dict[str, tuple[set[tuple[str, int]], set[tuple[str, int]]]] = {  # at TTL 1, at TTL 2
    "aliases": (set(), set()),
    "vpn-gateway": ({("198.51.100.22", 11)}, {BACK}),
    "colocation": ({("198.51.100.23", 11)}, {BACK}),
    "bridging": (set(), set()),
    "hidden-hop": ({BACK}, {BACK}),
    "silent-hop": (set(), {BACK}),
    "rationed-errors": ({("198.51.100.27", 11)}, {BACK}),
    "whole-block-nat": ({("198.51.100.28", 11)}, {BACK}),
    "container-host": ({("198.51.100.29", 11)}, set()),
    "proxy-arp": ({("198.51.100.30", 11)}, {BACK}),
    "echo-only": ({("198.51.100.5", 11)}, {BACK}),
}


@pytest.mark.parametrize("scenario", ANSWERS)
def test_a_canary_tells_which_servers_route(onward: Lab, scenario: str) -> None:
    once, twice = BOUNCES[scenario]
    if scenario != "rationed-errors":  # an earlier test may have used up its ration
        assert bounced(onward, scenario, 1) == once
    assert bounced(onward, scenario, 2) == twice
    assert bounced(onward, scenario, 64) == twice


@pytest.mark.parametrize(
    ("scenario", "state", "reply"),
    [
        ("aliases", "bound", 0),
        ("vpn-gateway", "forwarded", 11),
        ("colocation", "bound", 0),
        ("colocation", "forwarded", 11),
        ("hidden-hop", "forwarded", 0),
        ("container-host", "bound", 0),
        ("echo-only", "forwarded", 0),
    ],
)
def test_a_frame_for_one_address_tells_whether_the_server_has_it(
    onward: Lab, scenario: str, state: str, reply: int
) -> None:
    target = one(scenario, state, live=True)
    source = own(scenario) if reply == 11 else target
    assert bounced(onward, scenario, 1, target) == {(source, reply)}


def test_guests_answer_with_macs_of_their_own_on_their_server_s_port(onward: Lab) -> None:
    guests = ("203.0.113.178", "203.0.113.179", "203.0.113.180")
    ask = ("arp-scan", "-xq", "-r1", "-t300", "-I", "eth1", *guests)
    told = {line.split()[1] for line in run(onward, "mon", *ask).stdout.splitlines()}
    assert told == {"00:00:5e:00:53:41", "00:00:5e:00:53:42"}
    ports = walk(onward, "192.0.2.11", "1.3.6.1.2.1.17.4.3.1.2", "public@226")
    own_port = ports["0.0.94.0.83.36"]
    assert [ports["0.0.94.0.83.65"], ports["0.0.94.0.83.66"]] == [own_port, own_port]


def test_a_router_in_userspace_goes_on_after_its_card_was_down(lab: Lab) -> None:
    lab.break_("silent-hop")
    again = "ip link set eth0 down; ip link set eth0 up; ip route add default via 198.51.100.1"
    assert run(lab, "ds0006", "sh", "-c", again).returncode == 0
    assert alive(lab, "upstream", "silent-hop") == live("silent-hop")


def test_an_address_that_the_server_takes_is_left_to_its_kernel(lab: Lab) -> None:
    lab.break_("silent-hop")
    target = one("silent-hop", "forwarded", live=False)
    assert "0 received" in ping(lab, "mon", target)
    run(lab, "ds0006", "ip", "address", "add", f"{target}/32", "dev", "eth0")
    assert path(lab, "mon", target) == ["198.51.100.1", target]
    run(lab, "ds0006", "ip", "address", "delete", f"{target}/32", "dev", "eth0")


def test_uneven_paths_change_the_way_and_no_answer(lab: Lab) -> None:
    break_all(lab)
    lab.break_("uneven-paths")
    asked = map(str, (a for name in ("aliases", "vpn-gateway") for a in ANSWERS[name].places))
    assert {exceeded(lab, "mon", address, 1) for address in asked} >= {
        "198.51.100.1",
        "198.51.100.4",
    }
    assert alive(lab, "mon", *ANSWERS) == live(*ANSWERS)


@VANTAGES
def test_uneven_paths_differ_by_one_hop_and_only_from_the_station(lab: Lab, vantage: str) -> None:
    lab.break_("whole-block-nat")
    lab.break_("uneven-paths")
    targets = map(str, ANSWERS["whole-block-nat"].places)
    lengths = {path(lab, vantage, target).index(target) for target in targets}
    assert lengths == ({1, 2} if vantage == "mon" else {1})


def test_mending_stops_all_of_it(lab: Lab) -> None:
    healthy = run(lab, "mon", "ip", "route").stdout
    break_all(lab)
    lab.break_("uneven-paths")
    lab.mend()
    assert run(lab, "mon", "ip", "route").stdout == healthy
    assert alive(lab, "upstream", *ANSWERS) == set()
    for scenario in ANSWERS:
        assert bounced(lab, scenario, 64) == set(), scenario


def test_two_labs_can_have_their_tunnels_at_the_same_time(lab: Lab, onward: Lab) -> None:
    lab.break_("vpn-gateway")
    for each in (lab, onward):
        assert alive(each, "mon", "vpn-gateway") == live("vpn-gateway")


def test_a_tunnel_is_shown_with_what_it_hangs_on(onward: Lab) -> None:
    hosts = {host.name: host for host in onward.status().hosts}
    shown = {
        (name, card.name, card.wire, card.up)
        for name in ("ds0002", "roamer", "behind6", "guest1", "colo1")
        for card in hosts[name].interfaces
    }
    assert shown == {
        ("ds0002", "eth0", "cat1 Fa0/2", True),
        ("ds0002", "tun0", "roamer tun0", True),
        ("roamer", "tun0", "ds0002 tun0", True),
        ("behind6", "tun0", "ds0006 eth0", True),
        ("guest1", "eth0", "ds0004 eth0", True),
        ("colo1", "eth0", "ds0003 in1", True),
    }
    assert {hosts[name].role for name in ("roamer", "behind6", "guest1", "colo1")} == {"customer"}


def test_where_there_are_no_tunnels_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tunnels, "_DEVICE", tmp_path / "tun")
    with pytest.raises(NetguardError, match="no tunnel interface can be made") as raised:
        tunnels.Tun()
    assert "modprobe tun" in raised.value.remedy


def test_nothing_of_it_contradicts_another_scenario() -> None:
    subjects = [action.subject for name in SCENARIOS for action in SCENARIOS[name].actions]
    forwarding = [action.subject for scenario in FORWARDING for action in scenario.actions]
    assert all(subjects.count(subject) == 1 for subject in forwarding)
