"""`netguard check` as a monitoring system meets it, with everything that can be wrong around it."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from netguard.alerts.addressees import identity
from netguard.cli import run
from netguard.config.settings import Alert
from netguard.findings import Claimant, Finding
from netguard.store import Look, Store, SweepRecord, open_store, schema
from netguard.store.transactions import writing
from probes.records import Gap
from tests.plugin_output import CODES, Output, read
from tests.remembering import at, finding, location, sweep_record

HIJACK = finding()
SQUATTER = finding("198.51.100.9", severity="warning", segment="web-227")
GAP = Gap(subject="cat1", kind="snmp-timeout", detail="no answer", remedy="Look at cat1.")
CONFIG = """\
store = "{store}"

[[segment]]
name = "web-226"
networks = ["198.51.100.0/25"]

[[segment]]
name = "web-227"
networks = ["203.0.113.0/25"]
{more}
"""

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "store" / "netguard.db"


@pytest.fixture
def config(tmp_path: Path, database: Path) -> Path:
    path = tmp_path / "netguard.toml"
    path.write_text(CONFIG.format(store=f"sqlite:///{database}", more=""))
    return path


@pytest.fixture
def store(database: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{database}") as opened:
        yield opened


@pytest.fixture
def check(config: Path, capfd: pytest.CaptureFixture[str]) -> Check:
    """Return what runs `netguard check` over this configuration: code and stdout."""

    def checked(*words: str) -> tuple[int, str]:
        capfd.readouterr()
        code = run(["check", "--config", str(config), *words])
        return code, capfd.readouterr().out

    return checked


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Let it be one minute after the start; return what sets another time."""

    def is_now(moment: datetime) -> None:
        monkeypatch.setattr("netguard.clock.now", lambda: moment)

    is_now(at(1))
    return is_now


def sweep(
    store: Store,
    *findings: Finding,
    segments: tuple[str, ...] = ("web-226", "web-227"),
    minute: float = 0,
    gaps: tuple[Gap, ...] = (),
) -> None:
    record = msgspec.structs.replace(sweep_record(minute, gaps=gaps), segments=segments)
    look = Look(now=at(minute), findings=findings, sweep=record)
    store.keep(look, covered=lambda _: False)


def told(answer: tuple[int, str]) -> Output:
    """Return what was printed, read strictly; its status is what the exit code says."""
    code, out = answer
    output = read(out)
    assert code == CODES[output.status]
    return output


def test_a_healthy_network_is_one_line_with_numbers(check: Check, store: Store) -> None:
    sweep(store)
    code, out = check()
    assert code == 0
    assert out == (
        "NETGUARD OK - nothing found, 2 segments swept within 57s | critical=0;;0;0 warning=0;0;;0"
        " notice=0;;;0 acknowledged=0;;;0 age=58s;180;;0 gaps=0;0;;0 failing_alerts=0;0;;0\n"
    )


def test_the_gravest_finding_is_in_the_first_line_and_each_has_its_next_command(
    check: Check, store: Store
) -> None:
    sweep(store, SQUATTER, HIJACK)
    output = told(check())
    assert output.status == "CRITICAL"
    assert output.summary == (
        "1 critical, 1 warning: gateway-hijack 198.51.100.1 on web-226: ds0142 (cat1 Fa0/3)"
    )
    assert output.details == [
        f"{label}: gateway-hijack/web-226/198.51.100.{last} (next: netguard port show cat1 Fa0/3):"
        f" ds0142 answers for the gateway 198.51.100.{last}."
        for label, last in (("CRITICAL", 1), ("WARNING", 9))
    ]


@pytest.mark.parametrize(
    ("severity", "label"), [("critical", "critical"), ("warning", "warning"), ("notice", "")]
)
def test_a_number_breaks_its_limit_exactly_when_it_raises_the_status(
    check: Check, store: Store, severity: str, label: str
) -> None:
    sweep(store, finding(severity=severity))
    output = told(check())
    assert {name for name, d in output.data.items() if d.breaks(d.crit)} == {label} - {
        "",
        "warning",
    }
    assert {name for name, d in output.data.items() if d.breaks(d.warn)} == {label} - {
        "",
        "critical",
    }
    assert output.data[severity].value == 1


def test_an_acknowledged_finding_is_told_with_who_but_all_is_well(
    check: Check, store: Store
) -> None:
    sweep(store, HIJACK)
    store.acknowledge(HIJACK.id, who="mara", note="calling the customer", now=at(0.5))
    output = told(check())
    assert output.status == "OK"
    assert output.summary == "nothing open, 1 acknowledged"
    assert output.data["acknowledged"].value == 1
    assert output.details[0].startswith("CRITICAL, acknowledged by mara: gateway-hijack/web-226")


def test_a_finding_that_is_over_is_not_told(check: Check, store: Store) -> None:
    sweep(store, HIJACK)
    store.close(HIJACK.id, who="mara", note="", now=at(0.5))
    output = told(check())
    assert (output.status, output.details) == ("OK", [])


def test_a_sweep_that_is_too_old_is_unknown_and_names_the_next_command(
    check: Check, store: Store, now: Callable[[datetime], None]
) -> None:
    sweep(store)
    sweep(store, segments=("web-227",), minute=30)
    now(at(31))
    output = told(check())
    assert output.status == "UNKNOWN"
    assert output.summary == "web-226 last swept 30m ago"
    assert output.details == [
        "UNKNOWN: web-226 last swept 30m ago (next: netguard sweep --segment web-226)"
    ]
    assert output.data["age"].value == 31 * 60 - 2
    assert output.data["age"].breaks(output.data["age"].warn)


def test_a_segment_swept_on_its_own_is_as_fresh_as_its_own_sweep(
    check: Check, store: Store, now: Callable[[datetime], None]
) -> None:
    sweep(store, segments=("web-226",), minute=30)
    sweep(store, segments=("web-227",), minute=31)
    now(at(32))
    assert told(check()).status == "OK"


def test_a_segment_that_was_never_swept_is_unknown(check: Check, store: Store) -> None:
    sweep(store, segments=("web-226",))
    output = told(check())
    assert (output.status, output.summary) == ("UNKNOWN", "web-227 never swept")
    assert output.data["age"].value is None


@pytest.mark.parametrize(
    "case",
    [
        ((), "1m", 2.9, "OK"),
        ((), "1m", 3.2, "UNKNOWN"),
        ((), "10s", 2.9, "OK"),
        ((), "10m", 29, "OK"),
        ((), "10m", 31, "UNKNOWN"),
        (("--stale", "1h"), "1m", 59, "OK"),
        (("--stale", "10s"), "1m", 1, "UNKNOWN"),
    ],
)
def test_how_old_is_too_old_follows_the_schedule_and_can_be_said(
    check: Check,
    store: Store,
    config: Path,
    now: Callable[[datetime], None],
    case: tuple[tuple[str, ...], str, float, str],
) -> None:
    words, every, minutes, status = case
    config.write_text(config.read_text() + f'[watch]\nsegments = "{every}"\n')
    sweep(store)
    now(at(minutes))
    assert told(check(*words)).status == status


def test_a_sweep_from_the_future_is_a_wrong_clock(
    check: Check, store: Store, now: Callable[[datetime], None]
) -> None:
    sweep(store)
    now(at(-60))
    output = told(check())
    assert output.status == "UNKNOWN"
    assert "from now: a clock is wrong" in output.summary
    assert output.data["age"].value == 0


def test_a_gap_is_unknown_with_its_remedy(check: Check, store: Store) -> None:
    sweep(store, gaps=(GAP,))
    output = told(check())
    assert (output.status, output.summary) == ("UNKNOWN", "not measured: cat1")
    assert output.details == ["UNKNOWN: cat1 was not measured: no answer (Look at cat1.)"]
    assert output.data["gaps"].value == 1


def test_something_critical_stands_beside_what_is_not_known(check: Check, store: Store) -> None:
    sweep(store, HIJACK, segments=("web-226",), gaps=(GAP,))
    output = told(check())
    assert output.status == "CRITICAL"
    assert output.summary.endswith("; web-227 never swept; not measured: cat1")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("--segment", "web-226"), "CRITICAL"),
        (("--segment", "web-227"), "WARNING"),
        (("--segment", "web-227", "--segment", "web-226"), "CRITICAL"),
    ],
)
def test_a_segment_can_be_checked_on_its_own(
    check: Check, store: Store, words: tuple[str, ...], status: str
) -> None:
    sweep(store, HIJACK, SQUATTER)
    assert told(check(*words)).status == status


def test_the_gaps_of_other_segments_are_not_this_one_s(
    check: Check, store: Store, config: Path
) -> None:
    device = '[[device]]\nname = "cat1"\naddress = "192.0.2.11"\nrole = "switch"\nsnmp = "edge"\n'
    config.write_text(
        config.read_text().replace("/25", '/25"]\nswitches = ["cat1', 1)
        + f'[snmp.edge]\nread = "public"\n{device}'
    )
    sweep(store, gaps=(GAP,))
    assert told(check("--segment", "web-226")).status == "UNKNOWN"
    assert told(check("--segment", "web-227")).status == "OK"


ALERTS = """
[[alert]]
url = "syslog://"

[[alert]]
url = "env:NG_SLACK"
severity = "critical"
"""


def cursor(store: Store, config: Path, **fields: object) -> None:
    """Configure two alerts, and put down how far the second has got."""
    if "[[alert]]" not in config.read_text():
        config.write_text(config.read_text() + ALERTS)
    alert = identity(Alert(url="env:NG_SLACK", severity="critical"))
    known = {"alert": alert, "told": 4, "attempts": 3, "error": "slack://: refused"}
    with writing(store._engine) as connection:
        connection.execute(schema.alert_cursors.insert(), {**known, **fields})


def test_an_alert_that_fails_is_a_warning(check: Check, store: Store, config: Path) -> None:
    sweep(store)
    cursor(store, config, last_attempt=at(0.5))
    output = told(check())
    assert (output.status, output.summary) == ("WARNING", "alerts that fail: alert #2")
    assert output.data["failing_alerts"].value == 1
    (detail,) = output.details
    assert detail == (
        "WARNING: alert #2 cannot be told: slack://: refused, attempts: 3"
        " (next: netguard alert test)"
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"attempts": 0, "error": ""},
        {"attempts": 1, "error": "", "last_attempt": at(0.9)},
        {"alert": "another"},
    ],
    ids=["told", "first attempt under way", "not configured any more"],
)
def test_an_alert_that_is_told_or_not_configured_any_more_is_no_trouble(
    check: Check, store: Store, config: Path, fields: dict[str, object]
) -> None:
    sweep(store)
    cursor(store, config, **fields)
    assert told(check()).status == "OK"


HOSTILE = "up | critical=99\nNETGUARD OK - fine\x1b[2J\r\x07\u202e\u2028'=;\udc80"


def test_what_devices_say_cannot_break_the_format(check: Check, store: Store, config: Path) -> None:
    text = HOSTILE.replace("\udc80", "")
    place = msgspec.structs.replace(location(text), device=text)
    claimant = Claimant(mac=text, role="impostor", server=text, location=place)
    hostile = finding(
        id=f"gateway-hijack/web-226/{text}", summary=text, advice=text, claimants=(claimant,)
    )
    gap = Gap(subject=text, kind="x", detail=text, remedy=text)
    sweep(store, hostile, gaps=(gap,))
    cursor(store, config, error=text)
    output = told(check())
    assert output.status == "CRITICAL"
    assert output.data["critical"].value == 1
    assert len(output.details) == 3


def test_a_thousand_endless_findings_stay_readable(check: Check, store: Store) -> None:
    endless = [
        finding(
            id=f"gateway-hijack/web-226/{n}",
            summary="x" * 5000,
            claimants=tuple(Claimant(mac=f"{m}" * 500) for m in range(9)),
        )
        for n in range(1000)
    ]
    sweep(store, *endless)
    code, out = check()
    output = told((code, out))
    assert output.data["critical"].value == 1000
    assert output.details[-1] == "and 950 more: netguard findings list"
    assert max(map(len, out.splitlines())) < 1000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--nope"], "No such option"),
        (["surplus"], "unexpected extra argument"),
        (["--stale", "soon"], "'soon' is not a duration. Write e.g. 30s"),
        (["--stale", "0"], "'0' is not an interval"),
        (["--config"], "requires an argument"),
        (["--segment", HOSTILE], "no segment is named"),
        (["--segment", "web-225"], "no segment is named 'web-225'"),
    ],
)
def test_a_wrong_command_line_is_unknown_and_not_critical(
    check: Check, store: Store, words: list[str], said: str
) -> None:
    sweep(store, HIJACK)
    output = told(check(*words))
    assert output.status == "UNKNOWN"
    assert said in output.summary
    assert output.details
    assert output.data == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("this is no TOML", "netguard.toml"),
        ('store = "mysql://x"\nnope = 1\n', "nope"),
        ('store = "sqlite:////tmp/x.db"\n', "no [[segment]]"),
    ],
)
def test_a_wrong_configuration_is_unknown(check: Check, config: Path, text: str, said: str) -> None:
    config.write_text(text)
    output = told(check())
    assert output.status == "UNKNOWN"
    assert said in " ".join([output.summary, *output.details])


def test_no_configuration_is_unknown(check: Check, config: Path) -> None:
    config.unlink()
    output = told(check())
    assert output.status == "UNKNOWN"
    assert "no such file" in output.summary


def test_a_store_that_no_sweep_has_made_is_unknown_and_stays_unmade(
    check: Check, database: Path
) -> None:
    output = told(check())
    assert output.status == "UNKNOWN"
    assert "nothing has been swept yet" in output.summary
    assert "`netguard sweep` makes it" in output.details[0]
    assert not database.parent.exists()


def test_a_damaged_store_is_unknown_and_stays_as_it_is(check: Check, database: Path) -> None:
    database.parent.mkdir()
    database.write_bytes(b"garbage" * 1000)
    output = told(check())
    assert output.status == "UNKNOWN"
    assert "the file is damaged" in output.summary
    assert database.read_bytes() == b"garbage" * 1000


def test_a_row_that_cannot_be_understood_is_unknown(
    check: Check, store: Store, database: Path
) -> None:
    sweep(store)
    with closing(sqlite3.connect(database)) as other:
        other.execute("UPDATE sweeps SET segments = '[1, 2'")
        other.commit()
    output = told(check())
    assert output.status == "UNKNOWN"
    assert "a row in it cannot be understood" in output.summary


def test_a_store_that_another_process_holds_is_unknown(
    check: Check, store: Store, config: Path, database: Path
) -> None:
    config.write_text(CONFIG.format(store=f"sqlite:///{database}?timeout=0.1", more=""))
    sweep(store, HIJACK)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        output = told(check())
    assert output.status == "UNKNOWN"
    assert "another process holds it" in output.summary
    assert told(check()).status == "CRITICAL"


def test_a_fault_of_our_own_is_unknown_and_tells_no_password(
    check: Check, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_words: object) -> None:
        raise RuntimeError("postgresql://netguard:s3cret@192.0.2.5/netguard\nis odd")

    sweep(store)
    monkeypatch.setattr("netguard.cli.check.look", fail)
    output = told(check())
    assert output.status == "UNKNOWN"
    assert output.summary.startswith("RuntimeError: postgresql://netguard:***@192.0.2.5")


def test_check_reads_and_writes_nothing(check: Check, store: Store, database: Path) -> None:
    sweep(store, HIJACK)
    before = {row: _rows(database, row) for row in ("findings", "sweeps", "finding_history")}
    check()
    assert {row: _rows(database, row) for row in before} == before


def _rows(database: Path, table: str) -> list[object]:
    with closing(sqlite3.connect(database)) as other:
        return other.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names


def test_json_has_the_status_the_findings_and_how_fresh_each_segment_is(
    check: Check, store: Store
) -> None:
    sweep(store, HIJACK, segments=("web-226",), gaps=(GAP,))
    code, out = check("--json")
    shown = json.loads(out)
    assert code == 2
    assert shown["status"] == "CRITICAL"
    assert shown["summary"].startswith("1 critical: gateway-hijack 198.51.100.1")
    assert shown["findings"] == json.loads(msgspec.json.encode([HIJACK], enc_hook=str))
    assert shown["segments"] == [
        {
            "name": "web-226",
            "last_sweep": "2026-03-01T04:00:02.650000Z",
            "age_s": 57.6,
            "stale": False,
            "gaps": [msgspec.to_builtins(GAP)],
        },
        {"name": "web-227", "last_sweep": None, "age_s": None, "stale": True, "gaps": []},
    ]


@pytest.mark.parametrize("words", [["--json", "check", "--nope"], ["check", "--json", "--nope"]])
def test_json_stays_json_when_something_is_wrong(
    words: list[str], config: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for line in (words, [*words[:-1], "--config", str(config)]):
        assert run(line) == 3
        shown = json.loads(capfd.readouterr().out)
        assert (shown["status"], shown["findings"]) == ("UNKNOWN", [])
        assert shown["summary"]


def program(config: Path, *words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "netguard", "check", "--config", str(config), *words]


def recent(store: Store, *findings: Finding) -> None:
    """Record a sweep that is fresh by the real clock."""
    with writing(store._engine) as connection:
        connection.execute(sa.delete(schema.sweeps))
    from_now = datetime.now().astimezone() - timedelta(seconds=5)  # noqa: TID251 - real processes
    record = SweepRecord(started=from_now, duration=1.0, segments=("web-226", "web-227"), counts={})
    look = Look(now=from_now, findings=findings, sweep=record)
    store.keep(look, covered=lambda _: False)


def test_a_process_exits_as_the_guidelines_say(store: Store, config: Path) -> None:
    for findings, code in (((), 0), ((SQUATTER,), 1), ((HIJACK,), 2)):
        recent(store, *findings)
        done = subprocess.run(program(config), capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (code, "")
        read(done.stdout)
    done = subprocess.run(program(config, "--nope"), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")
    read(done.stdout)


@pytest.mark.parametrize("words", [(), ("--json",), ("--nope",)], ids=["text", "JSON", "usage"])
@pytest.mark.parametrize("closed", [">&-", ">/dev/full"])
def test_what_cannot_be_told_is_unknown(
    store: Store, config: Path, closed: str, words: tuple[str, ...]
) -> None:
    recent(store)
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *program(config, *words)]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "")


def test_a_reader_that_has_gone_is_unknown(store: Store, config: Path) -> None:
    recent(store)
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(
        program(config), stdout=theirs, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(theirs)
    assert (done.returncode, done.stderr) == (3, "")


def test_any_encoding_of_the_monitoring_system_will_do(store: Store, config: Path) -> None:
    recent(store, finding(summary="Zürich \N{SNOWMAN} answers."))
    done = subprocess.run(
        program(config),
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )
    assert done.returncode == 2
    assert b"Z?rich ? answers." in done.stdout


def test_ctrl_c_is_unknown(store: Store, config: Path) -> None:
    recent(store)
    waits = [sys.executable, "-P", "-c", _WAITS_WHEN_IT_READS, str(config)]
    with subprocess.Popen(waits, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        process.send_signal(signal.SIGINT)
        out = process.stdout.read()
        assert process.wait(60) == 3
    assert read(out).summary == "interrupted"


_WAITS_WHEN_IT_READS = """
import signal, sys
import netguard.store
from netguard.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
def waiting(*words, **more):
    print("reading", flush=True)
    while True:
        signal.pause()
netguard.store.open_store = waiting
main(["check", "--config", sys.argv[1]])
"""


def test_it_imports_only_what_it_needs(store: Store, config: Path) -> None:
    recent(store)
    told_at_the_end = (
        "import sys, netguard.cli;"
        f"code = netguard.cli.run(['check', '--config', {str(config)!r}]);"
        "print('LOADED', code, *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", told_at_the_end], capture_output=True, text=True, check=True
    )
    _, code, *loaded = done.stdout.splitlines()[-1].split()
    assert code == "0"
    assert "sqlalchemy" in loaded
    heavy = {
        "alembic",
        "apprise",
        "asyncssh",
        "gufo",
        "prometheus_client",
        "pysnmp",
        "rich",
        "scapy",
    }
    assert not heavy & set(loaded)
