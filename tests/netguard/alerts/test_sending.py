import asyncio
import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import apprise
import pytest

from netguard.alerts import Message, send
from netguard.config import Config, load
from netguard.findings import Severity
from probes.records import Gap
from tests.config_files import write
from tests.netguard.alerts.webhook import Webhook, running, under_way

TITLE = "web-226: 198.51.100.1 is taken"
BODY = "ds0142 answers for the gateway.\nRun: netguard port show cat1 Fa0/3 <now> & *soon*"


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    monkeypatch.setenv("NO_PROXY", "*")
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_leaks(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """No test may log or print a token, an address or a traceback, at whatever level."""
    caplog.set_level(logging.NOTSET)
    yield
    told = [record.getMessage() for record in caplog.get_records("call")]
    printed = "".join(capfd.readouterr())
    for secret in ("s3cret", "127.0.0.1", "Traceback"):
        assert secret not in "\n".join(told) + printed


def config(folder: Path, *alerts: str | tuple[str, Severity]) -> Config:
    """Load a configuration with alerts, each a URL or (URL, severity)."""
    pairs = [(each, "notice") if isinstance(each, str) else each for each in alerts]
    tables = [f'[[alert]]\nurl = "{url}"\nseverity = "{severity}"\n' for url, severity in pairs]
    return load(write(folder, new="".join(tables)))


def tell(
    told: Config, severity: Severity = "critical", *, title: str = TITLE, patience: float = 5.0
) -> tuple[Gap, ...]:
    message = Message(severity=severity, title=title, body=BODY)
    gaps = asyncio.run(send(told, message, patience=patience))
    assert "s3cret" not in repr(gaps)
    assert "127.0.0.1" not in repr(gaps)
    assert {gap.kind for gap in gaps} <= {"alert-failed"}
    assert all(gap.remedy for gap in gaps)
    return gaps


@pytest.mark.parametrize(
    ("severity", "kind"), [("critical", "failure"), ("warning", "warning"), ("notice", "info")]
)
def test_a_message_arrives_as_it_was_written(
    tmp_path: Path, webhook: Webhook, severity: Severity, kind: str
) -> None:
    assert tell(config(tmp_path, webhook.url()), severity) == ()
    (received,) = webhook.received
    assert (received["title"], received["message"]) == (TITLE, BODY)
    assert received["type"] == kind


def test_a_title_is_one_line_and_no_control_character_gets_through(
    tmp_path: Path, webhook: Webhook
) -> None:
    assert tell(config(tmp_path, webhook.url()), title="taken:\r\nBcc: \x1b[2Jcat1\u202e") == ()
    (received,) = webhook.received
    assert received["title"] == "taken: Bcc: \ufffd[2Jcat1\ufffd"


def test_each_alert_is_told_from_its_own_severity_on(tmp_path: Path, webhook: Webhook) -> None:
    told = config(
        tmp_path,
        (webhook.url("1"), "critical"),
        (webhook.url("2"), "warning"),
        (webhook.url("3"), "notice"),
    )
    counts = []
    for severity in ("critical", "warning", "notice"):
        webhook.received.clear()
        assert tell(told, severity) == ()
        counts.append(len(webhook.received))
    assert counts == [3, 2, 1]


def test_a_url_may_be_a_secret(
    tmp_path: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NG_ALERT", webhook.url(query="?-token=s3cret"))
    assert tell(config(tmp_path, "env:NG_ALERT")) == ()
    assert len(webhook.received) == 1


def test_a_secret_that_is_missing_is_named_and_the_others_are_told(
    tmp_path: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NG_ALERT", raising=False)
    (gap,) = tell(config(tmp_path, webhook.url(), "env:NG_ALERT"))
    assert (gap.subject, gap.detail) == ("alert #2", "env:NG_ALERT is not set or empty")
    assert gap.remedy == "Set $NG_ALERT."
    assert len(webhook.received) == 1


def test_a_service_that_answers_with_an_error_is_a_gap(tmp_path: Path, webhook: Webhook) -> None:
    (gap,) = tell(config(tmp_path, webhook.url("broken")))
    assert (gap.subject, gap.detail) == ("alert #1", "json://: the service did not take it")
    assert webhook.asked == ["broken"]


def test_a_service_that_is_not_there_is_a_gap(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound and not listening: whoever connects is refused
        taken.bind(("127.0.0.1", 0))
        (gap,) = tell(config(tmp_path, f"json://127.0.0.1:{taken.getsockname()[1]}/s3cret"))
    assert (gap.subject, gap.detail) == ("alert #1", "json://: the service did not take it")


def test_a_service_that_hangs_delays_nobody_and_is_given_up(
    tmp_path: Path, webhook: Webhook
) -> None:
    slow = webhook.url("slow", "?rto=60")
    began = monotonic()
    gaps = tell(config(tmp_path, *[slow] * 20, webhook.url()), patience=1.5)
    assert monotonic() - began < 3
    assert [gap.subject for gap in gaps] == [f"alert #{number}" for number in range(1, 21)]
    assert {gap.detail for gap in gaps} == {"json://: not delivered within 1.5 s"}
    assert len(webhook.received) == 21


def test_where_a_few_attempts_go_on_for_ever_no_other_is_begun(
    tmp_path: Path, webhook: Webhook
) -> None:
    webhook.manners["endless"] = "trickle"  # which no limit on a single read ends
    endless = webhook.url("endless")
    for _ in range(4):
        (given_up,) = tell(config(tmp_path, endless), patience=0.5)
        assert given_up.detail == "json://: not delivered within 0.5 s"
    for _ in range(3):  # each by a configuration that was loaded anew
        (gap,) = tell(config(tmp_path, webhook.url("team"), endless), patience=30)
        said = "json://: not tried, 4 attempts that were given up go on there still"
        assert (gap.subject, gap.detail) == ("alert #2", said)
    assert [webhook.asked.count(name) for name in ("endless", "team")] == [4, 3]
    webhook.manners["endless"] = "take"
    for thread in under_way():
        thread.join()
    assert tell(config(tmp_path, endless)) == ()
    assert webhook.asked.count("endless") == 5


def test_the_process_ends_although_a_service_hangs(tmp_path: Path, webhook: Webhook) -> None:
    path = config(tmp_path, webhook.url("slow", "?rto=60")).path
    program = (
        "import asyncio, sys; from pathlib import Path;"
        "from netguard.alerts import Message, send; from netguard.config import load;"
        "message = Message(severity='critical', title='t', body='b');"
        "print(len(asyncio.run(send(load(Path(sys.argv[1])), message, patience=2))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
    assert len(webhook.received) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("jsonn://s3cret", "jsonn://"),
        ("json://", "json://"),
        ("slack://s3cret", "slack://"),
        ("s3cret s3cret://s3cret", "the URL"),
        ("s3cret", "the URL"),
        ("s3cret_s3cret://", "the URL"),
    ],
)
def test_a_url_that_apprise_cannot_use_is_a_gap_that_says_its_scheme_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    monkeypatch.setenv("NG_ALERT", url)
    (gap,) = tell(config(tmp_path, "env:NG_ALERT"))
    assert gap.detail == f"{said}: apprise has no such service here, or the URL lacks a part"


def test_a_plugin_that_breaks_is_a_gap_without_what_it_said(
    tmp_path: Path, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> bool:
        raise RuntimeError(webhook.url())

    monkeypatch.setattr(apprise.Apprise, "notify", broken)
    (gap,) = tell(config(tmp_path, webhook.url()))
    assert gap.detail == "json://: its plugin broke (RuntimeError)"


def test_without_an_alert_to_send_apprise_is_not_even_loaded(tmp_path: Path) -> None:
    path = config(tmp_path, ("json://192.0.2.1/s3cret", "critical")).path
    program = (
        "import asyncio, sys; from pathlib import Path;"
        "from netguard.alerts import Message, send; from netguard.config import load;"
        "message = Message(severity='warning', title='t', body='b');"
        "print(asyncio.run(send(load(Path(sys.argv[1])), message)), 'apprise' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "() False\n"
