"""Nobody who keeps his addresses is accused, whatever goes on and wherever he is asked from."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_address
from pathlib import Path

import pytest

from netguard.errors import NetguardError
from netguard.lab.control import Lab, up
from netguard.lab.forwarding import FORWARDING
from netguard.lab.scenarios import SCENARIOS
from netguard.lab.topology import GATEWAY
from tests.forwarding_answers import ANSWERS
from tests.netguard.lab.asking import run
from tests.netguard.servers.checking import Report, checked
from tests.netguard.servers.matrix import GATEWAYS, HONEST, SMALLER, break_all, wrong
from tests.netguard.servers.vantage_host import vantage_host
from tests.station import Edit, configured

pytestmark = [pytest.mark.packets, pytest.mark.slow]

LONG_WAY = "198.51.100.4"  # vr1, in uneven-paths
# ds0003's block without most of its dead addresses: each costs it one of its few errors.
FEWER: Edit = ("203.0.113.160/28", "203.0.113.160/29")
GUILTY = {s.name for s in FORWARDING if s.kind == "trouble"} | {"proxy-arp"}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Lab]:
    with up(tmp_path / "lab") as lab:
        yield lab


def accused(reports: dict[str, Report]) -> list[str]:
    """Return what is said against anybody, by all places together or by one of them."""
    return [
        f"{name}: {report['verdict']} {address}"
        for name, report in reports.items()
        for address in [*report["addresses"], {}]
        if report["verdict"] in GATEWAYS
        or {"forwarded", "looped"} & set(address.get("seen_from", {}).values())
    ]


def test_in_a_healthy_network_all_are_plain(fresh: Lab, tmp_path: Path) -> None:
    with vantage_host(fresh, "upstream", "203.0.113.10", tmp_path) as host:
        reports = checked(fresh, configured(fresh, tmp_path, (SMALLER, host.edit)))
    assert accused(reports) == []
    assert {report["verdict"] for report in reports.values()} == {"plain"}
    assert [gap for report in reports.values() for gap in report["gaps"]] == []


def test_in_a_healthy_network_nobody_is_accused_from_afar(fresh: Lab, tmp_path: Path) -> None:
    reports = checked(fresh, configured(fresh, tmp_path, (SMALLER,)), "here")
    assert accused(reports) == []
    blocks = {name for name, report in reports.items() if report["addresses"]}
    verdicts = {report["verdict"] for name, report in reports.items() if name in blocks}
    assert verdicts == {"undecided"}  # that all is silent speaks for nobody


def broken_but_nothing_passed_on(lab: Lab) -> set[str]:
    """Break all that goes together of what is no forwarding."""
    broken = set()
    for name in [*HONEST, *(name for name in SCENARIOS if name not in GUILTY | HONEST)]:
        try:
            lab.break_(name)
        except NetguardError:  # it contradicts another
            continue
        broken.add(name)
    return broken


def test_no_other_trouble_makes_a_gateway_of_anybody(fresh: Lab, tmp_path: Path) -> None:
    broken = broken_but_nothing_passed_on(fresh)
    assert len(broken) > 8
    assert {"gateway-hijack", "duplicate-address"} <= broken
    assert accused(checked(fresh, configured(fresh, tmp_path, (SMALLER,)))) == []


@pytest.mark.parametrize("rationed", [False, True])
def test_ways_of_unequal_length_deceive_nobody(
    fresh: Lab, tmp_path: Path, *, rationed: bool
) -> None:
    break_all(fresh)
    fresh.break_("uneven-paths")
    if not rationed:  # as a hardware router: what it does not say, it is no use to wait for
        run(fresh, "vr1", "sysctl", "-w", "net.ipv4.icmp_ratelimit=0")
    reports = checked(fresh, configured(fresh, tmp_path, (SMALLER,)), "here")
    for answer in ANSWERS.values():
        found = wrong(reports[answer.server], answer, on_link=False, silent_way=rationed)
        assert found == [], answer.scenario
    for scenario in ("vpn-gateway", "colocation", "hidden-hop"):
        answer = ANSWERS[scenario]
        assert reports[answer.server]["verdict"] in answer.on_link


# By which way a flow goes is the kernel's choice, made anew at each boot: here it is ours.
@pytest.mark.parametrize("every", [1, 2, 3])
def test_machines_behind_a_server_are_found_though_a_router_on_the_way_says_nothing(
    fresh: Lab, tmp_path: Path, every: int
) -> None:
    answer = ANSWERS["colocation"]
    for scenario in ("colocation", "uneven-paths"):
        fresh.break_(scenario)
    # As if it had used up its words: it has to save for the next one longer than this takes.
    run(fresh, "vr1", "sysctl", "-w", "net.ipv4.icmp_ratelimit=600000")
    for number, address in enumerate(IPv4Network(FEWER[1])):
        way = GATEWAY if number % every else LONG_WAY
        run(fresh, "mon", "ip", "route", "add", f"{address}/32", "via", way)
    config = configured(fresh, tmp_path, (FEWER,))
    report = checked(fresh, config, "here", servers=(answer.server,))[answer.server]
    assert report["verdict"] in answer.on_link
    states = {ip_address(a["address"]): a["state"] for a in report["addresses"]}
    behind = answer.of("forwarded", live=True)
    assert {a: states[a] for a in behind} == dict.fromkeys(behind, "forwarded")
    assert {states[a] for a in answer.of("bound")} <= {"bound", "undecided"}
