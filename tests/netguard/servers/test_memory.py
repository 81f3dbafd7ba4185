"""What is remembered of servers: what changed, what stands, and which sweep is taken up."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from netguard.forwarding.records import AddressReport, AddressState, ServerReport, Verdict
from netguard.servers.memory import RESUME, ServerMemory
from netguard.store import Look
from probes.records import Gap
from tests.remembering import at, finding

SEGMENT = "web-226"
GAP = Gap(subject="osaka", kind="vantage-unreachable", detail="no SSH", remedy="Look there.")
FINDING = f"forwarding-server/{SEGMENT}/ds0002"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/netguard.db"


@pytest.fixture
def memory(url: str) -> Iterator[ServerMemory]:
    with ServerMemory(url) as memory:
        yield memory


def report(
    verdict: Verdict,
    state: AddressState = "silent",
    *gaps: Gap,
    server: str = "ds0002",
    minute: float = 0,
) -> ServerReport:
    address = ip_address("203.0.113.145")
    return ServerReport(
        server=server,
        address=ip_address("198.51.100.22"),
        customer="",
        verdict=verdict,
        summary=f"{server} is {verdict}.",
        advice="",
        blocks=(),
        addresses=(AddressReport(address=address, state=state, alive=state == "forwarded"),),
        evidence=(),
        overturned_by="",
        vantages=("here",),
        disagreements=0,
        probes_sent=3,
        started=at(minute),
        duration_s=1.0,
        gaps=gaps,
    )


GATEWAY: tuple[Verdict, AddressState] = ("vpn-gateway", "forwarded")


def kept(url: str, seen: ServerReport) -> tuple[list[str], str | None, list[str]]:
    """Keep a report as a run of its own does; return what stands, what changed and what ended."""
    with ServerMemory(url) as memory:
        done = memory.keep(seen, SEGMENT)
        assert memory.gap is None
    change = f"{done.change.before} -> {done.change.after}" if done.change else None
    return [f.id for f in done.report.findings], change, [f.id for f in done.resolved]


def test_a_server_that_is_plain_when_first_seen_is_nothing_to_tell(url: str) -> None:
    assert kept(url, report("plain", "bound")) == ([], None, [])


def test_a_gateway_is_told_once_stands_and_ends(url: str) -> None:
    assert kept(url, report("plain")) == ([], None, [])
    assert kept(url, report(*GATEWAY, minute=1)) == ([FINDING], "plain -> vpn-gateway", [])
    assert kept(url, report(*GATEWAY, minute=2)) == ([FINDING], None, [])
    assert kept(url, report("plain", minute=3)) == ([], "vpn-gateway -> plain", [FINDING])
    assert kept(url, report("plain", minute=4)) == ([], None, [])


def test_a_gateway_that_nobody_knew_is_told(url: str) -> None:
    assert kept(url, report(*GATEWAY)) == ([FINDING], "None -> vpn-gateway", [])


@pytest.mark.parametrize(
    "later", [report("undecided", minute=1), report("plain", "silent", GAP, minute=1)]
)
def test_what_is_not_whole_or_not_plain_ends_no_finding(url: str, later: ServerReport) -> None:
    kept(url, report(*GATEWAY))
    standing, _, resolved = kept(url, later)
    assert (standing, resolved) == ([FINDING], [])


def test_one_server_s_report_ends_no_other_s_finding(url: str) -> None:
    kept(url, report(*GATEWAY))
    assert kept(url, report("plain", server="ds0003")) == ([], None, [])
    assert kept(url, report(*GATEWAY, minute=1)) == ([FINDING], None, [])


def test_a_finding_of_another_kind_about_the_server_is_none_of_its_business(
    url: str, memory: ServerMemory
) -> None:
    assert memory._store
    look = Look(now=at(0), findings=(finding(server="ds0002"),))
    memory._store.keep(look, covered=lambda _: False)
    assert kept(url, report("plain", minute=1)) == ([], None, [])
    assert [each.kind for each in memory._store.findings({"open"})] == ["gateway-hijack"]


# --- sweeps that are broken off


def begun(url: str, minute: float) -> tuple[int, set[str]]:
    with ServerMemory(url) as memory:
        begun = memory.begin(at(minute))
    return begun.number, set(begun.done)


def test_a_sweep_that_was_broken_off_is_taken_up_where_it_was(url: str) -> None:
    with ServerMemory(url) as memory:
        number = memory.begin(at(0)).number
        memory.keep(report("plain"), SEGMENT, number)
    assert begun(url, 60) == (number, {"ds0002"})
    with ServerMemory(url) as memory:
        taken_up = memory.begin(at(61))
        memory.keep(report("plain", server="ds0003"), SEGMENT, taken_up.number)
    assert begun(url, 62) == (number, {"ds0002", "ds0003"})


def test_one_that_came_to_its_end_is_not(url: str) -> None:
    with ServerMemory(url) as memory:
        first = memory.begin(at(0))
        memory.keep(report("plain"), SEGMENT, first.number)
        memory.end(first, at(1))
    number, done = begun(url, 2)
    assert number != first.number
    assert not done


def test_one_that_is_too_long_ago_is_not(url: str) -> None:
    with ServerMemory(url) as memory:
        first = memory.begin(at(0))
        memory.keep(report("plain"), SEGMENT, first.number)
    still = RESUME / timedelta(minutes=1)
    assert begun(url, still) == (first.number, {"ds0002"})
    number, done = begun(url, still + 0.1)
    assert number != first.number
    assert not done


def test_a_check_by_hand_counts_for_no_sweep_and_the_sweep_asks_again(url: str) -> None:
    with ServerMemory(url) as memory:
        number = memory.begin(at(0)).number
        memory.keep(report("plain"), SEGMENT, number)
        memory.keep(report("plain", minute=1), SEGMENT)
    assert begun(url, 2) == (number, set())


# --- without a store


def test_without_a_store_the_finding_is_in_the_report_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "netguard.db").write_bytes(b"this is no database" * 300)
    with ServerMemory(f"sqlite:///{tmp_path}/netguard.db") as memory:
        begun = memory.begin(at(0))
        done = memory.keep(report(*GATEWAY), SEGMENT, begun.number)
        memory.end(begun, at(1))
    assert memory.gap is not None
    assert (memory.gap.subject, bool(memory.gap.remedy)) == ("store", True)
    assert [f.id for f in done.report.findings] == [FINDING]
    assert (done.change, done.resolved) == (None, ())


def test_a_store_that_fails_half_way_costs_what_it_had_to_remember_and_no_more(
    url: str, memory: ServerMemory, tmp_path: Path
) -> None:
    begun = memory.begin(at(0))
    assert memory.keep(report("plain"), SEGMENT, begun.number).change is None
    with sqlite3.connect(tmp_path / "netguard.db", isolation_level=None) as other:
        other.execute("DROP TABLE servers")
    other.close()
    done = memory.keep(report(*GATEWAY), SEGMENT, begun.number)
    assert memory.gap is not None
    assert [f.id for f in done.report.findings] == [FINDING]
    with ServerMemory(url) as after:  # ... and the finding is not there without its server
        assert after._store
        assert after._store.findings() == ()
