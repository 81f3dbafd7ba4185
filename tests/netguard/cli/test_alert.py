"""`netguard alert` as a person and a program meet it."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from netguard.alerts.telling import tell_once
from netguard.cli import run
from netguard.config import load
from netguard.errors import Exit
from netguard.findings import Severity
from netguard.store import open_store
from tests.netguard.alerts.syslog_server import udp
from tests.netguard.alerts.webhook import Webhook, running
from tests.remembering import at, finding, remember

Netguard = Callable[..., tuple[int, str, str]]


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    monkeypatch.setenv("NO_PROXY", "*")
    with running() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/netguard.db"


@pytest.fixture
def path(tmp_path: Path, store: str) -> Path:
    """Return a configuration without an alert."""
    path = tmp_path / "netguard.toml"
    path.write_text(f'store = "{store}"\n')
    return path


@pytest.fixture
def netguard(path: Path, capfd: pytest.CaptureFixture[str]) -> Netguard:
    """Return what runs a command line over this configuration: code, stdout, stderr."""

    def alert(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(["alert", *words, "--config", str(path)])
        out, err = capfd.readouterr()
        assert "s3cret" not in out + err
        assert "127.0.0.1" not in out + err
        return code, out, err

    return alert


def add(path: Path, url: str, severity: Severity = "warning") -> None:
    with path.open("a") as file:
        file.write(f'[[alert]]\nurl = "{url}"\nseverity = "{severity}"\n')


def fail_once(path: Path, store: str) -> None:
    """Let a finding open, and everybody be told of it once, ten seconds later."""
    with open_store(store) as opened:
        remember(opened, [finding(), finding("198.51.100.9", severity="notice")])
    now = at(0) + timedelta(seconds=10)
    asyncio.run(tell_once(load(path), clock=lambda: now, since=at(0)))


def test_a_test_reaches_everybody_and_says_that_it_is_one(
    netguard: Netguard, path: Path, webhook: Webhook
) -> None:
    with udp() as there:
        add(path, webhook.url(), "critical")
        add(path, f"syslog5424://127.0.0.1:{there.port}")
        code, out, err = netguard("test")
        record = there.record()
    assert (code, err) == (Exit.DONE, "")
    assert out == "alert #1 json://: delivered\nalert #2 syslog5424://: delivered\n"
    (received,) = webhook.received
    assert (received["title"], received["type"]) == ("TEST: netguard can reach you", "info")
    assert "Nothing is wrong, and there is nothing to do." in str(received["message"])
    assert (record.severity, record.msgid) == (5, "NOTE")
    assert record.text.startswith("TEST: netguard can reach you: This is a test ")


def test_a_test_of_a_severity_goes_to_those_who_are_told_of_it(
    netguard: Netguard, path: Path, webhook: Webhook
) -> None:
    add(path, webhook.url("grave"), "critical")
    add(path, webhook.url("less"), "warning")
    assert netguard("test", "--severity", "warning")[:2] == (
        Exit.DONE,
        "alert #2 json://: delivered\n",
    )
    assert webhook.asked == ["less"]
    assert webhook.received[0]["type"] == "warning"


def test_whom_a_test_did_not_reach_is_said_with_the_remedy(
    netguard: Netguard, path: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NG_ALERT", raising=False)
    add(path, webhook.url())
    add(path, webhook.url("broken"))
    add(path, "env:NG_ALERT")
    code, out, _ = netguard("test")
    assert code == Exit.FAILED
    assert out.splitlines() == [
        "alert #1 json://: delivered",
        "alert #2 FAILED: json://: the service did not take it",
        '  Try it by hand: apprise -vv -b test "URL", with the URL of that [[alert]].',
        "alert #3 FAILED: env:NG_ALERT is not set or empty",
        "  Set $NG_ALERT.",
    ]


def test_a_test_as_json_says_the_same(netguard: Netguard, path: Path, webhook: Webhook) -> None:
    add(path, webhook.url("broken"))
    code, out, _ = netguard("test", "--json")
    assert code == Exit.FAILED
    (told,) = json.loads(out)
    assert told.pop("remedy").startswith("Try it by hand: ")
    assert told == {
        "number": 1,
        "scheme": "json://",
        "severity": "warning",
        "delivered": False,
        "detail": "json://: the service did not take it",
    }


def test_a_test_touches_no_store(netguard: Netguard, path: Path, webhook: Webhook) -> None:
    add(path, webhook.url())
    assert netguard("test")[0] == Exit.DONE
    assert not path.with_name("netguard.db").exists()


def test_without_an_alert_there_is_nobody_to_test(netguard: Netguard) -> None:
    code, out, err = netguard("test")
    assert (code, out) == (Exit.USAGE, "")
    assert "no [[alert]] is configured: nobody is told" in err
    assert "Add one: [[alert]] with url = " in err


def test_a_severity_that_nobody_is_told_of_is_said(
    netguard: Netguard, path: Path, webhook: Webhook
) -> None:
    add(path, webhook.url(), "critical")
    add(path, webhook.url("2"), "warning")
    code, _, err = netguard("test", "--severity", "notice")
    assert code == Exit.USAGE
    assert "no [[alert]] is told of a notice: the least is warning" in err
    assert webhook.asked == []


def test_the_list_says_what_was_told_what_waits_and_what_fails(
    netguard: Netguard, path: Path, store: str, webhook: Webhook
) -> None:
    add(path, webhook.url())
    add(path, webhook.url("broken"), "notice")
    fail_once(path, store)
    code, out, err = netguard("list")
    assert (code, err) == (Exit.DONE, "")
    assert [line.split("\t") for line in out.splitlines()] == [
        ["#1", "json://", "warning", "2026-03-01T04:00:10Z", "0", "", "0", ""],
        [
            *("#2", "json://", "notice", "never", "2", "2026-03-01T04:00:00Z", "1"),
            "json://: the service did not take it",
        ],
    ]


def test_the_list_as_json_says_the_same(
    netguard: Netguard, path: Path, store: str, webhook: Webhook
) -> None:
    add(path, webhook.url("broken"))
    fail_once(path, store)
    (told,) = json.loads(netguard("list", "--json")[1])
    assert told == {
        "number": 1,
        "scheme": "json://",
        "severity": "warning",
        "told_at": None,
        "waiting": 1,
        "waiting_since": "2026-03-01T04:00:00.250000Z",
        "attempts": 1,
        "last_attempt": "2026-03-01T04:00:10.250000Z",
        "error": "json://: the service did not take it",
    }


def test_an_attempt_of_which_nothing_is_known_is_said(
    netguard: Netguard, path: Path, store: str, webhook: Webhook
) -> None:
    add(path, webhook.url())
    fail_once(path, store)
    with open_store(store) as opened:
        (cursor,) = opened.alert_cursors().values()
        assert opened.claim_alert(cursor, at(1))
    assert netguard("list")[1].endswith("\t1\tunder way, or broken off\n")


def test_a_new_alert_was_never_told_and_waits_for_nothing(
    netguard: Netguard, path: Path, store: str, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NG_ALERT", raising=False)
    add(path, webhook.url())
    fail_once(path, store)
    add(path, "env:NG_ALERT")
    last = netguard("list")[1].splitlines()[-1]
    assert last.split("\t") == ["#2", "unreadable", "warning", "never", "0", "", "0", ""]


def test_without_a_store_the_alerts_are_listed_and_it_is_said(
    netguard: Netguard, path: Path, webhook: Webhook
) -> None:
    add(path, webhook.url())
    code, out, err = netguard("list")
    assert code == Exit.FAILED
    assert out.startswith("#1\tjson://\twarning\tnever\t")
    assert "gap: store: " in err
    assert not path.with_name("netguard.db").exists()


def test_an_empty_list_says_that_nobody_is_told(netguard: Netguard, store: str) -> None:
    open_store(store).__exit__()
    code, out, err = netguard("list")
    assert (code, out) == (Exit.DONE, "")
    assert "no [[alert]] is configured: nobody is told" in err
    assert netguard("list", "--json")[1] == "[]\n"
