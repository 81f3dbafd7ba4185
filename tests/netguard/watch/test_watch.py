"""The daemon on the practice network: it says one thing for each trouble, and nothing else.

`NETGUARD_MINUTES=60 tests/run tests/netguard/watch/test_watch.py -k churn -s -o
faulthandler_timeout=0` lets it run for an hour, and prints how soon each trouble after it is told.
"""

import fcntl
import os
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import cycle
from pathlib import Path
from time import monotonic, sleep

import msgspec
import pytest

from netguard.lab import namespaces
from netguard.lab.control import Lab
from netguard.lab.scenarios import SCENARIOS
from tests.benchmarks.hijack import inside
from tests.netguard.alerts.webhook import running
from tests.netguard.test_scenarios import TROUBLES
from tests.station import Edit, command, configured, report_of, station
from tests.watching import PATIENCE, Said, Watching, watching

pytestmark = [pytest.mark.packets, pytest.mark.slow]

MINUTES = float(os.environ.get("NETGUARD_MINUTES", "0.75"))
LOOK_ALIKES = sorted(s.name for s in SCENARIOS.values() if s.kind == "look-alike")
OFTEN = (("[watch]", '[watch]\nsegments = "5s"\ndevices = "20s"'),)
# the second of them is the same trouble come again, which is another test's
APART = sorted(
    TROUBLES.keys()
    - {
        "duplicate-address-other-switch",
        "duplicate-address-quiet",
        "gateway-hijack-quiet",
        "gateway-silent-and-taken",
    }
)

AFTER = {
    trouble: [TROUBLES[trouble][2:]]
    for trouble in ("gateway-hijack", "duplicate-address", "address-squatting", "fake-neighbor")
}
AFTER["flapping-mac"] = [("ds0002", "cat1 Fa0/2"), ("ds0006", "cat2 Fa0/2")]


def blamed(finding: Said) -> list[tuple[str | None, str]]:
    return [
        (c["server"], f"{c['location']['device']} {c['location']['port']}")
        for c in finding["claimants"]
        if c["role"] != "rightful"
    ]


@pytest.fixture
def daemon(lab: Lab, tmp_path: Path) -> Iterator[Watching]:
    with watching(lab, tmp_path, OFTEN) as running:
        running.swept()
        yield running


def test_each_trouble_is_said_once_with_its_port_and_then_that_it_is_over(
    lab: Lab, daemon: Watching
) -> None:
    expected = []
    for trouble in APART:
        kind, address, culprit, port = TROUBLES[trouble]
        lab.break_(trouble)
        finding = daemon.turn("opened")
        assert (finding["kind"], finding["address"]) == (kind, address)
        assert blamed(finding) == [(culprit, port)]
        lab.mend(trouble)
        ended = daemon.turn("resolved")
        assert ended["id"] == finding["id"]
        expected += [("opened", finding["id"]), ("resolved", finding["id"])]
    sleep(7)  # longer than it takes to ask about it again
    assert daemon.turns() == expected
    assert daemon.end() == 0
    assert daemon.complaints() == ""


def test_harmless_churn_is_met_with_silence_and_each_trouble_after_it_with_one_word(
    lab: Lab, daemon: Watching
) -> None:
    deadline = monotonic() + MINUTES * 60
    for number, look_alike in enumerate(cycle(LOOK_ALIKES)):
        lab.break_(look_alike)
        sleep(1.1 + 0.37 * (number % 5))
        lab.mend(look_alike)
        sleep(0.9)
        if monotonic() > deadline and number >= len(LOOK_ALIKES):
            break
    assert daemon.turns() == []
    assert [s for s in daemon.said if s["event"] in {"gap", "deed"}] == []
    for trouble, culprits in AFTER.items():
        began = monotonic()
        lab.break_(trouble)
        found = daemon.turn("opened")
        sys.stdout.write(f"{trouble}: told after {monotonic() - began:.2f} s\n")
        assert blamed(found) == culprits
        lab.mend(trouble)
        assert daemon.turn("resolved")["id"] == found["id"]
    assert len(daemon.turns()) == 2 * len(AFTER)


@pytest.mark.parametrize("trouble", ["gateway-hijack-quiet", "gateway-silent-and-taken"])
def test_a_gateway_that_is_taken_quietly_is_found_by_asking(
    lab: Lab, daemon: Watching, trouble: str
) -> None:
    lab.break_(trouble)
    finding = daemon.turn("opened", "gateway-hijack")
    assert blamed(finding) == [TROUBLES[trouble][2:]]
    lab.mend(trouble)
    assert daemon.turn("resolved")["id"] == finding["id"]


def test_what_swings_is_said_twice_and_then_held_until_it_is_really_over(
    lab: Lab, daemon: Watching
) -> None:
    for happening in ("opened", "resolved", "reopened"):
        if happening == "resolved":
            lab.mend("gateway-hijack")
        else:
            lab.break_("gateway-hijack")
        daemon.turn(happening)
    for _ in range(3):
        lab.mend("gateway-hijack")
        sleep(4)
        lab.break_("gateway-hijack")
        sleep(4)
    lab.mend("gateway-hijack")
    assert [happening for happening, _ in daemon.turns()] == ["opened", "resolved", "reopened"]


def test_the_port_is_closed_where_the_policy_allows_it_and_the_alert_says_so(
    lab: Lab, tmp_path: Path
) -> None:
    policy = ("[snmp.lab]", '[shutdown]\nautomatic = ["gateway-hijack"]\n\n[snmp.lab]')
    with watching(lab, tmp_path, (*OFTEN, policy)) as daemon:
        daemon.swept()
        lab.break_("gateway-hijack")
        # A machine that does other work too may see too little of it the first time.
        deed = daemon.until(lambda s: s["event"] == "deed" and s["deed"]["outcome"] == "done")
        assert deed["deed"]["port"] == "Fa0/4"
        daemon.turn("resolved", "gateway-hijack")
        assert daemon.end() == 0
    edits = (*OFTEN, policy)
    undo = ("port", "restore", "cat1", "Fa0/4", "--reason", "mended", "--yes", "--json")
    lab.mend("gateway-hijack")
    assert report_of(station(lab, tmp_path)(*undo, edits=edits))["outcome"] == "done"


def test_a_second_daemon_with_the_same_store_is_refused(
    lab: Lab, daemon: Watching, tmp_path: Path
) -> None:
    other = station(lab, tmp_path)("watch", edits=OFTEN)
    assert other.returncode == 3
    assert f"process {daemon.process.pid}" in other.stderr
    assert "kill -HUP" in other.stderr


def test_a_better_configuration_is_taken_up_and_a_bad_one_is_not(
    lab: Lab, daemon: Watching, tmp_path: Path
) -> None:
    config = tmp_path / "netguard.toml"
    good = config.read_text()
    config.write_text(good + "\nnonsense = 1\n[")
    daemon.process.send_signal(signal.SIGHUP)
    told = daemon.until(lambda s: s["event"] == "not-reloaded")
    assert "the old configuration stays in force" in told["detail"]
    config.write_text(good.replace('segments = "5s"', 'segments = "4s"'))
    daemon.process.send_signal(signal.SIGHUP)
    daemon.until(lambda s: s["event"] == "reloaded")
    daemon.swept()
    lab.break_("gateway-hijack")
    assert blamed(daemon.turn("opened")) == [("ds0004", "cat1 Fa0/4")]


def test_what_was_found_survives_a_kill_and_is_not_said_again(lab: Lab, tmp_path: Path) -> None:
    with watching(lab, tmp_path, OFTEN) as first:
        first.swept()
        lab.break_("gateway-hijack")
        finding = first.turn("opened")
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
    with watching(lab, tmp_path, OFTEN) as second:
        second.swept()
        second.swept()
        assert second.turns() == []
        lab.mend("gateway-hijack")
        assert second.turn("resolved")["id"] == finding["id"]
        assert second.end(signal.SIGINT) == 0


SELDOM = (
    (
        '[watch]\ntraps = "udp:0.0.0.0:5162"',
        '[watch]\nsegments = "1h"\ndevices = "1h"\n{}',
    ),
)


def seldom(*settings: str) -> tuple[Edit, ...]:
    """Sweep once an hour, so that nothing is found by sweeping."""
    ((old, new),) = SELDOM
    return ((old, new.format("\n".join(settings))),)


DUPLICATE = "Duplicate address 198.51.100.22 on Vlan226, sourced by 0000.5e00.5323"
ENTRY = "1.3.6.1.4.1.9.9.41.1.2.3.1"  # CISCO-SYSLOG-MIB clogHistoryEntry
OBJECTS = (
    *(f"{ENTRY}.2.9", "s", "IP"),
    *(f"{ENTRY}.3.9", "i", "5"),
    *(f"{ENTRY}.4.9", "s", "DUPADDR"),
    *(f"{ENTRY}.5.9", "s", DUPLICATE),
)
LOG = f"<188>%IP-4-DUPADDR: {DUPLICATE}"
TELLING = {
    "syslog by UDP": ["logger", "-n", "127.0.0.1", "-P", "5514", "-d", LOG],
    "syslog by TCP": ["logger", "-n", "127.0.0.1", "-P", "5515", "-T", LOG],
    "a notification": [
        *("snmptrap", "-v2c", "-c", "public", "-Ln", "127.0.0.1:5162", ""),
        *("1.3.6.1.4.1.9.9.41.2.0.1", *OBJECTS),
    ],
}


@pytest.mark.parametrize("by", TELLING)
def test_a_device_that_tells_of_a_duplicate_has_the_address_asked_about(
    lab: Lab, tmp_path: Path, by: str
) -> None:
    """A quiet duplicate: nothing of it is heard."""
    receive = (
        'syslog = ["udp:127.0.0.1:5514", "tcp:127.0.0.1:5515"]',
        'traps = "udp:0.0.0.0:5162"',
    )
    with watching(lab, tmp_path, seldom(*receive)) as daemon:
        daemon.swept()
        lab.break_("duplicate-address-quiet")
        subprocess.run(lab.command("mon", TELLING[by]), check=True)
        daemon.until(lambda s: s["event"] == "notice")
        finding = daemon.turn("opened")
        assert (finding["kind"], blamed(finding)) == (
            "address-conflict",
            [("ds0003", "cat1 Fa0/3")],
        )


def test_a_line_in_a_log_file_has_the_address_asked_about(lab: Lab, tmp_path: Path) -> None:
    log = tmp_path / "messages"
    log.touch()
    with watching(lab, tmp_path, seldom(f'syslog = "file:{log}"')) as daemon:
        daemon.swept()
        lab.break_("duplicate-address-quiet")
        with log.open("a") as file:
            file.write(f"Nov 26 12:00:00 edge1 {LOG[5:]}\n")
        assert blamed(daemon.turn("opened")) == [("ds0003", "cat1 Fa0/3")]


def test_a_forged_notice_accuses_nobody(lab: Lab, tmp_path: Path) -> None:
    with watching(lab, tmp_path, seldom('syslog = "udp:127.0.0.1:5514"')) as daemon:
        daemon.swept()
        for _ in range(3):
            subprocess.run(lab.command("mon", TELLING["syslog by UDP"]), check=True)
            daemon.until(lambda s: s["event"] == "notice")
        sleep(3)
        assert daemon.turns() == []


def test_an_alert_is_told_what_began_and_that_it_is_over(lab: Lab, tmp_path: Path) -> None:
    with inside(lab, "mon") as mon, namespaces.entered(mon):
        hooked = running()
        hook = hooked.__enter__()
    try:
        alert = ("[snmp.lab]", f'[[alert]]\nurl = "{hook.url()}"\n\n[snmp.lab]')
        with watching(lab, tmp_path, (*OFTEN, alert)) as daemon:
            daemon.swept()
            lab.break_("gateway-hijack")
            daemon.turn("opened")
            lab.mend("gateway-hijack")
            daemon.turn("resolved")
            until(lambda: len(hook.titles) == 2)
            assert daemon.end() == 0
        began, ended = map(str, hook.titles)
        assert "gateway-hijack 198.51.100.1, ds0004 on cat1 Fa0/4" in began
        assert "over" in ended
        assert "netguard port show cat1 Fa0/4" in str(hook.received[0]["message"])
    finally:
        hooked.__exit__(None, None, None)


def test_what_is_found_while_the_store_is_locked_is_said_and_stands_in_it_later(
    lab: Lab, tmp_path: Path
) -> None:
    with watching(lab, tmp_path, seldom()) as daemon:
        daemon.swept()
        with closing(sqlite3.connect(tmp_path / "netguard.db", isolation_level=None)) as holder:
            holder.execute("BEGIN EXCLUSIVE")
            lab.break_("gateway-hijack")
            finding = daemon.turn("opened")
            holder.execute("ROLLBACK")
        daemon.until(lambda s: s["event"] == "gap-over" and s["gap"]["kind"] == "store-unusable")
        assert daemon.end() == 0
    listed = station(lab, tmp_path)("findings", "list", "--json", edits=seldom())
    assert [f["id"] for f in msgspec.json.decode(listed.stdout)] == [finding["id"]]
    assert daemon.turns() == [("opened", finding["id"])]


def test_metrics_are_served_and_name_nobody(lab: Lab, tmp_path: Path) -> None:
    with watching(lab, tmp_path, seldom('metrics = "127.0.0.1:9477"')) as daemon:
        daemon.swept()
        lab.break_("gateway-hijack")
        daemon.turn("opened")
        ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:9477/metrics').read().decode())"

        def shown() -> str:
            return subprocess.run(
                lab.command("mon", [sys.executable, "-c", ask]),
                check=True,
                capture_output=True,
                text=True,
            ).stdout

        labels = 'kind="gateway-hijack",segment="web-226",severity="critical",state="open"'
        until(lambda: f"netguard_findings{{{labels}}} 1.0" in sorted_labels(shown()))
        text = shown()
        assert 'netguard_findings_opened_total{kind="gateway-hijack"} 1.0' in text
        assert "netguard_store_up 1.0" in text
        assert 'netguard_received_total{what="countable"} 0.0' in text
        assert not re.search(r"198\.51|00:00:5e|ds00", text)


def test_metrics_that_cannot_be_served_are_a_gap_and_it_watches_all_the_same(
    lab: Lab, tmp_path: Path
) -> None:
    with watching(lab, tmp_path, seldom('metrics = "192.0.2.99:9477"')) as daemon:
        gap = daemon.until(lambda s: s["event"] == "gap")["gap"]
        assert (gap["subject"], gap["kind"]) == ("metrics 192.0.2.99:9477", "cannot-listen")
        daemon.swept()
        assert daemon.end() == 0


def test_a_file_gets_the_words_for_people_without_colours(lab: Lab, tmp_path: Path) -> None:
    told = tmp_path / "told"
    with told.open("wb") as out:
        watch = command(lab, configured(lab, tmp_path, OFTEN), "watch", "-v")
        process = subprocess.Popen(watch, stdout=out, stdin=subprocess.DEVNULL)
    try:
        wait_for(told, "addresses answered")
        lab.break_("gateway-hijack")
        wait_for(told, "next: ")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
    lines = told.read_text().splitlines()
    after = next(number for number, line in enumerate(lines) if " CRITICAL " in line)
    assert "cat1 Fa0/4" in " ".join(lines[after : after + 9])
    assert "\x1b" not in told.read_text()


def wait_for(file: Path, text: str) -> None:
    deadline = monotonic() + PATIENCE
    while text not in file.read_text():
        assert monotonic() < deadline, file.read_text()
        sleep(0.1)


def test_it_ends_when_nobody_reads_what_it_says(lab: Lab, tmp_path: Path) -> None:
    config = configured(lab, tmp_path, OFTEN)
    netguard = f"{sys.executable} -P -m netguard --config {config} watch --json"
    line = f"{{ {netguard}; echo $? >&2; }} | head -n 1"
    done = subprocess.run(
        lab.command("mon", ["sh", "-c", line]), capture_output=True, text=True, check=True
    )
    assert msgspec.json.decode(done.stdout)["event"] == "started"
    assert done.stderr == "0\n"


def test_who_does_not_read_what_it_says_does_not_hold_it_up(lab: Lab, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    full = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b" " * full)

    def stored() -> list[str]:
        listed = station(lab, tmp_path)("findings", "list", "--json", edits=OFTEN)
        return [finding["kind"] for finding in msgspec.json.decode(listed.stdout or "[]")]

    argv = command(lab, configured(lab, tmp_path, OFTEN), "watch", "--json")
    with subprocess.Popen(argv, stdout=writer) as process:
        os.close(writer)
        try:
            until((tmp_path / "netguard.db").exists)
            lab.break_("gateway-hijack")
            until(lambda: stored() == ["gateway-hijack"])
        finally:
            process.terminate()
            assert process.wait(30) == 0
            os.close(reader)


def sorted_labels(text: str) -> str:
    return re.sub(r"\{(.*?)\}", lambda m: "{" + ",".join(sorted(m[1].split(","))) + "}", text)


def until(done: Callable[[], bool], patience: float = 60) -> None:
    deadline = monotonic() + patience
    while not done():
        assert monotonic() < deadline
        sleep(0.1)


def test_without_the_right_to_listen_it_says_so_and_goes_on_by_snmp(
    lab: Lab, tmp_path: Path
) -> None:
    prefix = ("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw")
    with watching(lab, tmp_path, OFTEN, prefix=prefix) as daemon:
        gap = daemon.until(lambda s: s["event"] == "gap")["gap"]
        assert "CAP_NET_RAW" in gap["remedy"]
        assert daemon.swept()["counts"]["devices_read"] == 3
        assert daemon.end() == 0
