import asyncio
import os
import socket
from datetime import datetime
from pathlib import Path

import pytest

from netguard.alerts import Message, send
from netguard.alerts.message import Line
from netguard.alerts.syslog import BadServer, record, server
from netguard.config import load
from netguard.findings import Severity
from probes.records import Gap
from tests.config_files import write
from tests.netguard.alerts.syslog_server import Record, tcp, udp
from tests.remembering import at

HIJACK = "gateway-hijack/web-226/198.51.100.1"


def line(text: str = "taken", *, finding: str = HIJACK, severity: Severity = "critical") -> Line:
    return Line(finding=finding, word="new", severity=severity, text=text)


def message(*lines: Line, severity: Severity = "critical") -> Message:
    return Message(severity=severity, title="web-226 is taken", body="by ds0142\nnow", lines=lines)


def tell(folder: Path, url: str, told: Message, *, patience: float = 20) -> tuple[Gap, ...]:
    config = load(write(folder, new=f'[[alert]]\nurl = "{url}"\nseverity = "notice"\n'))
    gaps = asyncio.run(send(config, told, patience=patience))
    assert "127.0.0.1" not in repr(gaps)
    return gaps


def test_a_message_is_one_record_by_udp(tmp_path: Path) -> None:
    with udp() as there:
        assert tell(tmp_path, f"syslog5424://127.0.0.1:{there.port}", message()) == ()
        told = there.record()
        assert there.nothing()
    assert (told.facility, told.severity) == (3, 2)
    assert (told.app, told.proc, told.msgid) == ("netguard", str(os.getpid()), "NOTE")
    assert told.params == {}
    assert told.text == "web-226 is taken: by ds0142 now"
    assert datetime.fromisoformat(told.stamp).tzinfo is not None


@pytest.mark.parametrize(("severity", "number"), [("critical", 2), ("warning", 4), ("notice", 5)])
def test_each_finding_is_a_record_of_its_own_severity_with_its_id(
    tmp_path: Path, severity: Severity, number: int
) -> None:
    with udp() as there:
        url = f"syslog5424://127.0.0.1:{there.port}/?facility=local4"
        told = message(line(), line("over", finding="other/-/x", severity=severity))
        assert tell(tmp_path, url, told) == ()
        first, second = there.record(), there.record()
    assert (first.facility, first.severity) == (20, 2)
    assert (first.msgid, first.sdid) == ("FINDING", "netguard@32473")
    assert first.params == {"finding": HIJACK, "turn": "new", "severity": "critical"}
    assert first.text == "taken"
    assert (second.severity, second.params["finding"]) == (number, "other/-/x")


def test_by_tcp_the_octets_are_counted(tmp_path: Path) -> None:
    with tcp() as there:
        url = f"syslog5424+tcp://127.0.0.1:{there.port}"
        assert tell(tmp_path, url, message(line("\u00fcber"), line("two"))) == ()
        assert [each.text for each in there.records()] == ["\u00fcber", "two"]


def test_a_server_may_be_reached_by_ipv6(tmp_path: Path) -> None:
    try:
        with udp("::1") as there:
            assert tell(tmp_path, f"syslog5424://[::1]:{there.port}", message()) == ()
            assert there.record().app == "netguard"
    except OSError as error:
        pytest.skip(f"NOT TESTED: no IPv6 loopback here ({error})")


def test_of_a_name_s_addresses_the_one_that_takes_it_is_told(tmp_path: Path) -> None:
    with udp() as there:  # where localhost is ::1 too, nobody listens there
        assert tell(tmp_path, f"syslog5424://localhost:{there.port}", message()) == ()
        assert there.record().app == "netguard"


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "\u00fc\u4f60\U0001f525" * 900,
        "x" * 100_000,
        "two\nlines\r\nand \x00\x1b[2J <0>1 - - - - - - forged",
        "\ud800 a lone surrogate",
        "",
    ],
)
@pytest.mark.parametrize("finding", [HIJACK, 'a"b\\c]d', "\u00fc\x00\n x", "kind/-/" + "y" * 200])
def test_whatever_stands_in_it_a_record_keeps_to_the_grammar_and_the_size(
    tmp_path: Path, text: str, finding: str
) -> None:
    with udp() as there:
        url = f"syslog5424://127.0.0.1:{there.port}"
        assert tell(tmp_path, url, message(line(text, finding=finding))) == ()
        told = there.record()
    assert told.length <= 2048
    assert all(c.isprintable() for c in told.text + told.params["finding"])
    if finding == 'a"b\\c]d':
        assert told.params["finding"] == finding


def test_a_record_is_cut_at_a_character_never_within() -> None:
    for length in range(1900, 2100):
        Record(record("notice", "x" * (length % 7) + "\u4f60" * length, facility=3, now=at(0)))


def test_a_host_whose_name_is_no_ascii_still_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "n\u00f6c 1")
    assert Record(record("notice", "x", facility=3, now=at(0))).host == "nc1"
    monkeypatch.setattr(socket, "gethostname", lambda: "\u4f60")
    assert Record(record("notice", "x", facility=3, now=at(0))).host == "-"


@pytest.mark.parametrize("scheme", ["syslog5424", "syslog5424+tcp"])
def test_where_nobody_listens_it_fails_and_says_how_to_try(tmp_path: Path, scheme: str) -> None:
    kind = socket.SOCK_DGRAM if scheme == "syslog5424" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as deaf:
        deaf.bind(("127.0.0.1", 0))
        port = deaf.getsockname()[1]
        if kind == socket.SOCK_DGRAM:
            deaf.connect(("127.0.0.1", port))  # to itself: whoever else sends is refused
        (gap,) = tell(tmp_path, f"{scheme}://127.0.0.1:{port}", message(line(), line()))
    assert gap.detail == f"{scheme}://: Connection refused"
    assert "logger --rfc5424" in gap.remedy


def test_a_tcp_server_that_breaks_off_did_not_take_it(tmp_path: Path) -> None:
    with tcp(most=1) as there:
        (gap,) = tell(
            tmp_path, f"syslog5424+tcp://127.0.0.1:{there.port}", message(line("x" * 999))
        )
    assert gap.detail.startswith("syslog5424+tcp://: ")


def test_a_tcp_server_that_takes_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netguard.alerts.syslog._PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as full:
        full.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lines = [line("x" * 2000) for _ in range(5000)]
        url = f"syslog5424+tcp://127.0.0.1:{full.getsockname()[1]}"
        (gap,) = tell(tmp_path, url, message(*lines))
    assert gap.detail == "syslog5424+tcp://: no answer within 0.2 s"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("syslog5424://192.0.2.7", ("syslog5424", "192.0.2.7", 514, 3)),
        ("syslog5424+tcp://log.example.net/", ("syslog5424+tcp", "log.example.net", 601, 3)),
        ("SYSLOG5424://log:5514?facility=user", ("syslog5424", "log", 5514, 1)),
        ("syslog5424://[2001:db8::1]:99", ("syslog5424", "2001:db8::1", 99, 3)),
    ],
)
def test_a_url_names_host_port_and_facility(url: str, expected: tuple[object, ...]) -> None:
    there = server(url)
    assert (there.transport, there.host, there.port, there.facility) == expected


@pytest.mark.parametrize(
    "url",
    [
        "syslog5424://",
        "syslog5424://:514",
        "syslog5424://s3cret@log",
        "syslog5424://log/s3cret",
        "syslog5424://log:s3cret",
        "syslog5424://log:70000",
        "syslog5424://[s3cret",
        "syslog5424://log?facility=s3cret",
        "syslog5424://log?s3cret=1",
    ],
)
def test_a_url_that_is_wrong_is_told_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with pytest.raises(BadServer):
        server(url)
    monkeypatch.setenv("NG_ALERT", url)
    (gap,) = tell(tmp_path, "env:NG_ALERT", message())
    assert gap.detail.startswith("syslog5424://: ")
    assert "s3cret" not in f"{gap.detail}{gap.remedy}"


def test_a_host_that_does_not_exist_is_told_without_its_name(tmp_path: Path) -> None:
    (gap,) = tell(tmp_path, "syslog5424://s3cret.invalid", message())
    assert gap.detail.startswith("syslog5424://: ")
    assert "s3cret" not in repr(gap)
