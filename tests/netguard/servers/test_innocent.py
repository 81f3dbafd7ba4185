"""Nobody who keeps his addresses is accused, whatever goes on and wherever he is asked from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from netguard.errors import NetguardError
from netguard.lab.control import Lab, up
from netguard.lab.forwarding import FORWARDING
from netguard.lab.scenarios import SCENARIOS
from tests.forwarding_answers import ANSWERS
from tests.netguard.lab.asking import run
from tests.netguard.servers.checking import Report, checked
from tests.netguard.servers.matrix import GATEWAYS, HONEST, SMALLER, break_all, wrong
from tests.netguard.servers.vantage_host import vantage_host
from tests.station import configured

pytestmark = [pytest.mark.packets, pytest.mark.slow]

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
        # By which way a flow goes is the kernel's choice; one that is rationed may say too little
        # of two machines to decide: of the others it says enough.
        few = rationed and scenario == "colocation"
        honest = {*answer.on_link, "undecided"} if few else answer.on_link
        assert reports[answer.server]["verdict"] in honest
