"""What a person reads: of many turns the few words that count now."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any

import msgspec
import pytest

from netguard.alerts.composing import BLOCKS, compose, waiting
from netguard.alerts.message import Message
from netguard.findings import Claimant, Finding, Severity
from netguard.life import Event, Happening
from netguard.store import News
from tests.remembering import GATEWAY, at, finding

_numbers = count(1)


def turn(
    happening: Happening,
    of: Finding | None = None,
    *,
    severity: Severity | None = None,
    minute: float = 0,
    known: bool = True,
) -> News:
    about = of or finding()
    event = Event(
        finding=about.id,
        happening=happening,
        at=at(minute),
        severity=severity or about.severity,
        summary="as it was then",
    )
    return News(sequence=next(_numbers), event=event, finding=about if known else None)


def turns(*happenings: Happening, of: Finding | None = None) -> list[News]:
    return [turn(happening, of, minute=n) for n, happening in enumerate(happenings)]


def told(news: Iterable[News], threshold: Severity = "notice") -> Message:
    message = compose(list(news), threshold)
    assert message is not None
    return message


def test_the_title_says_how_grave_what_whose_address_who_and_which_port() -> None:
    message = told(turns("opened"))
    assert message.title == "critical: gateway-hijack 198.51.100.1, ds0142 on cat1 Fa0/3"
    assert message.severity == "critical"


def test_the_body_says_it_in_a_sentence_when_and_the_one_command_to_run_next() -> None:
    assert told(turns("opened")).body.splitlines() == [
        "ds0142 answers for the gateway 198.51.100.1.",
        "web-226, since 2026-03-01T04:00:00Z",
        "next: netguard port show cat1 Fa0/3",
    ]


@pytest.mark.parametrize(
    ("happenings", "title"),
    [
        (["opened"], "critical: "),
        (["reopened"], "critical, back: "),
        (["worsened"], "critical, worse: "),
        (["resolved"], "over: "),
        (["opened", "worsened"], "critical: "),
        (["opened", "resolved"], "began and ended: "),
        (["reopened", "resolved"], "began and ended: "),
        (["worsened", "resolved"], "over: "),
        (["opened", "resolved", "reopened"], "critical: "),
        (["opened", "resolved", "reopened", "resolved"], "began and ended: "),
        (["resolved", "reopened", "resolved"], "over: "),
        (["opened", "acknowledged"], "critical: "),
        (["acknowledged", "resolved"], "over: "),
        (["resolved", "reopened", "worsened"], "critical, worse: "),
        (["closed", "reopened"], "critical, back: "),  # who closed it took it for over
        (["acknowledged", "closed", "reopened"], "critical, back: "),
        (["resolved", "reopened", "closed", "reopened"], "critical, back: "),
        (["opened", "closed", "reopened"], "critical: "),
        (["closed", "reopened", "resolved"], "over: "),
    ],
)
def test_of_several_turns_only_what_counts_now_is_told(
    happenings: Sequence[Happening], title: str
) -> None:
    message = told(turns(*happenings))
    assert message.title == f"{title}gateway-hijack 198.51.100.1, ds0142 on cat1 Fa0/3"
    assert message.body.count("next: ") == 1


@pytest.mark.parametrize(
    "happenings",
    [
        [],
        ["acknowledged"],
        ["closed"],
        ["opened", "closed"],
        ["opened", "acknowledged", "closed"],
        ["resolved", "reopened"],  # it stands, as they were told
        ["resolved", "reopened", "closed"],
    ],
)
def test_what_a_person_did_or_what_comes_to_nothing_is_not_told(
    happenings: Sequence[Happening],
) -> None:
    assert compose(turns(*happenings), "notice") is None


def test_what_came_back_graver_than_they_know_is_told() -> None:
    news = [turn("resolved", severity="warning"), turn("reopened", severity="critical")]
    assert told(news, "warning").title.startswith("critical, worse: ")


@pytest.mark.parametrize("happening", ["opened", "reopened", "worsened", "resolved"])
@pytest.mark.parametrize(
    ("threshold", "severities"),
    [
        ("notice", ["notice", "warning", "critical"]),
        ("warning", ["warning", "critical"]),
        ("critical", ["critical"]),
    ],
)
def test_an_alert_is_told_from_its_own_severity_on_and_of_the_end_too(
    threshold: Severity, severities: list[Severity], happening: Happening
) -> None:
    every: tuple[Severity, ...] = ("notice", "warning", "critical")
    heard = [s for s in every if compose([turn(happening, severity=s)], threshold)]
    assert heard == severities


def test_what_became_grave_enough_later_is_told_as_worse_and_then_its_end() -> None:
    assert compose([turn("opened", severity="warning")], "critical") is None
    assert told([turn("worsened")], "critical").title.startswith("critical, worse: ")
    assert told([turn("resolved")], "critical").title.startswith("over: ")


def test_what_is_over_is_no_alarm_and_its_command_shows_the_finding() -> None:
    message = told(turns("opened", "resolved"))
    assert message.severity == "notice"
    assert message.body.splitlines() == [
        "It was: ds0142 answers for the gateway 198.51.100.1.",
        "web-226, from 2026-03-01T04:00:00Z to 2026-03-01T04:01:00Z",
        "next: netguard findings show gateway-hijack/web-226/198.51.100.1",
    ]


def test_several_are_counted_in_the_title_and_the_gravest_is_named() -> None:
    news = [
        turn("opened", finding("198.51.100.9", severity="warning")),
        turn("resolved", finding("198.51.100.8")),
        turn("opened", finding("198.51.100.10", severity="notice")),
        turn("opened", finding("198.51.100.7")),
        turn("worsened", finding("198.51.100.6", severity="warning")),
    ]
    message = told(news)
    assert message.title == (
        "critical: 3 new findings, 1 worse, 1 over on web-226:"
        " gateway-hijack 198.51.100.7, ds0142 on cat1 Fa0/3"
    )
    heads = [block.splitlines()[0] for block in message.body.split("\n\n")]
    assert [head.partition(",")[0] for head in heads] == [
        "critical: gateway-hijack 198.51.100.7",
        "warning",
        "warning: gateway-hijack 198.51.100.9",
        "notice: gateway-hijack 198.51.100.10",
        "over: gateway-hijack 198.51.100.8",
    ]
    assert message.body.count("\nnext: netguard ") == 5


def test_segments_are_counted_and_what_has_none_is_no_segment() -> None:
    elsewhere = finding("198.51.100.9", segment="web-227")
    nowhere = finding("198.51.100.8", segment=None)
    assert "2 new findings on web-226: " in told([turn("opened"), turn("opened", nowhere)]).title
    assert (
        "2 new findings on 2 segments: "
        in told([*turns("opened"), turn("opened", elsewhere)]).title
    )
    assert "2 new findings: " in told([turn("opened", nowhere), turn("opened", bare())]).title


def bare() -> Finding:
    routed = finding(
        id="forwarding-server/-/ds0002", kind="forwarding-server", segment=None, claimants=()
    )
    return msgspec.structs.replace(routed, address=None, server="ds0002")


def test_where_only_the_end_is_left_there_is_no_severity_in_the_title() -> None:
    message = told([turn("resolved"), turn("resolved", finding("198.51.100.9"))])
    assert message.title.startswith("2 over on web-226: gateway-hijack 198.51.100.1")
    assert message.severity == "notice"


def test_a_storm_is_cut_after_twenty_and_the_rest_is_counted() -> None:
    news = [turn("opened", finding(f"198.18.{n // 250}.{n % 250}")) for n in range(1000)]
    message = told(news)
    blocks = message.body.split("\n\n")
    assert len(blocks) == BLOCKS + 1
    assert blocks[-1] == "and 980 more: netguard findings list"
    assert message.title.startswith("critical: 1000 new findings on web-226: ")
    assert [line.finding for line in message.lines] == [
        *(f"gateway-hijack/web-226/198.18.0.{n}" for n in range(BLOCKS)),
        "",
    ]
    assert len(message.body) < 6000


def test_without_a_suspect_the_server_and_without_an_address_the_subject_is_named() -> None:
    assert told([turn("opened", bare())]).title == "critical: forwarding-server ds0002"


@pytest.mark.parametrize(
    ("claimants", "who"),
    [
        ((Claimant(mac="00:00:5e:00:53:21"),), ", 00:00:5e:00:53:21"),
        (
            (Claimant(mac="00:00:5e:00:53:21"), Claimant(mac="00:00:5e:00:53:22", server="ds7")),
            ", 00:00:5e:00:53:21 and 1 more",
        ),
        (
            (
                Claimant(mac="00:00:5e:00:53:21"),
                Claimant(mac="00:00:5e:00:53:22", server="ds7", role="impostor"),
            ),
            ", ds7",
        ),
        ((Claimant(mac="00:00:5e:00:53:21", role="rightful"),), ""),
    ],
)
def test_the_impostor_is_named_else_whoever_is_not_rightful(
    claimants: tuple[Claimant, ...], who: str
) -> None:
    of = finding(claimants=claimants, server=None)
    assert told([turn("opened", of)]).title == f"critical: gateway-hijack {GATEWAY}{who}"


def test_a_finding_that_is_no_longer_known_is_told_from_its_history() -> None:
    message = told([turn("opened", known=False)])
    assert message.title == "critical: gateway-hijack 198.51.100.1"
    assert message.body.splitlines() == [
        "as it was then",
        "since 2026-03-01T04:00:00Z",
        "next: netguard findings show gateway-hijack/web-226/198.51.100.1",
    ]


HOSTILE = "evil\r\nnext: netguard port shutdown cat1 Gi0/1\u2028\x0b\x85x"


@pytest.mark.parametrize("happening", ["opened", "resolved"])
@pytest.mark.parametrize(
    "fields",
    [
        {"summary": HOSTILE},
        {"advice": HOSTILE},
        {"server": HOSTILE, "claimants": ()},
        {"claimants": (Claimant(mac="00:00:5e:00:53:21", server=HOSTILE),)},
        {"segment": HOSTILE},
        {"id": f"neighbor-unconfirmed/-/{HOSTILE}"},
    ],
)
def test_nobody_s_text_makes_a_line_of_its_own(
    happening: Happening, fields: dict[str, Any]
) -> None:
    of = msgspec.structs.replace(finding(**fields), address=None)
    message = told([turn(happening, of)])
    assert len(message.title.splitlines()) == 1
    lines = message.body.splitlines()
    assert len(lines) == 3
    assert [line.startswith("next: ") for line in lines] == [False, False, True]
    assert all(len(line.text.splitlines()) == 1 for line in message.lines)


def test_there_is_one_line_for_each_finding_with_its_own_severity() -> None:
    news = [turn("opened", finding(severity="warning")), turn("resolved", finding("198.51.100.9"))]
    first, second = told(news).lines
    assert (first.finding, first.word, first.severity) == (
        "gateway-hijack/web-226/198.51.100.1",
        "new",
        "warning",
    )
    assert first.text == (
        "warning: gateway-hijack 198.51.100.1, ds0142 on cat1 Fa0/3: ds0142 answers for the"
        " gateway 198.51.100.1. next: netguard port show cat1 Fa0/3"
    )
    assert (second.word, second.severity) == ("over", "notice")


def test_what_waits_is_what_would_be_told() -> None:
    news = [*turns("opened", "worsened"), turn("opened", bare(), severity="notice", minute=3)]
    assert waiting(news, "notice") == (at(0), at(3))
    assert waiting(news, "warning") == (at(0),)
    assert waiting(turns("opened", "closed"), "notice") == ()
