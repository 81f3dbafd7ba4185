"""The quick look at the gateways, with the answers that each of its two questions gets."""

import asyncio
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from netguard import gateways
from netguard.ask import Hurry
from netguard.collect import Clock
from netguard.config import Config, load
from netguard.gateways import look_at_gateways, together
from netguard.inventory import Segment
from netguard.judge import judge_gateways
from netguard.remember import Memory
from netguard.view import SegmentView
from probes.heard import ClaimTest
from probes.records import IPAddress
from tests.building import GATEWAY, NOW, ROUTER, mac

TORN = mac(0x03)  # the router's, but for one bit
HIJACKER = mac(0x24)
CONFIG = """
store = "sqlite:///{folder}/netguard.db"

[[segment]]
name = "web"
networks = ["198.51.100.0/25"]
gateways = [{{ address = "198.51.100.1", macs = ["00:00:5e:00:53:01"] }}]
interface = "eth1"
"""


def said(
    station: str, broadcast: int = 1, unicast: int = 1, *, unasked: int = 0, rounds: int = 1
) -> ClaimTest:
    """Return what one question showed of a station."""
    return ClaimTest(
        address=ip_address(GATEWAY),
        station=station,
        rounds=rounds,
        broadcast_answers=broadcast,
        unicast_answers=unicast,
        still_answers=unicast > 0,
        unasked_rounds=unasked,
        seen=NOW,
    )


@dataclass
class Answers:
    """Stands for the segment: gives these answers, and notes who was asked and how often."""

    each: list[list[ClaimTest]]
    asked: list[frozenset[str]] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)

    def __call__(
        self,
        segment: Segment,
        stations: Mapping[IPAddress, Collection[str]],
        hurry: Hurry,
        *,
        clock: Clock,
        stop: threading.Event,
    ) -> SegmentView:
        del clock, stop
        self.asked.append(frozenset(stations[ip_address(GATEWAY)]))
        self.rounds.append(hurry.rounds)
        return SegmentView(segment=segment, tests=tuple(self.each[len(self.asked) - 1]))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "netguard.toml"
    path.write_text(CONFIG.format(folder=tmp_path))
    return load(path)


def clock() -> datetime:
    return NOW


def accused(config: Config, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Take the quick look; return whom it calls a hijacker."""
    monkeypatch.setattr(gateways, "ask_about", answers)
    looking = look_at_gateways(
        config,
        config.inventory.segments,
        Memory(url=config.store),
        clock=clock,
        progress=lambda _what, _done, _total: None,
    )
    found = judge_gateways(asyncio.run(looking))
    return [c.mac for finding in found for c in finding.claimants if c.role == "impostor"]


def test_who_answered_the_first_question_only_has_taken_nothing(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame of the gateway's own may be torn, and who had the address may have left it."""
    for first in (said(TORN, 1, 0), said(TORN, 1, 1)):
        answers = Answers([[said(ROUTER), first], [said(ROUTER), said(TORN, 0, 0)]])
        assert accused(config, answers, monkeypatch) == []
        assert answers.asked == [{ROUTER}, {ROUTER, TORN}]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((1, 1), (1, 1)),
        ((0, 1), (0, 1)),  # only who asks it alone
        ((1, 0), (1, 0)),  # only who asks everybody
        ((1, 0), (0, 1)),  # late: what everybody was asked it answers when asked alone
        ((0, 0), (1, 0)),  # was overheard in the middle of the first question
    ],
)
def test_who_answers_the_second_question_in_any_way_is_a_hijacker(
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
    first: tuple[int, int],
    second: tuple[int, int],
) -> None:
    overheard = int(first == (0, 0))
    each = [said(HIJACKER, *first, unasked=overheard)], [said(ROUTER), said(HIJACKER, *second)]
    assert accused(config, Answers(list(each)), monkeypatch) == [HIJACKER]


def test_the_answers_to_both_questions_count_together(config: Config) -> None:
    (segment,) = config.inventory.segments
    first = SegmentView(segment=segment, tests=(said(HIJACKER, 1, 1, unasked=1),))
    second = SegmentView(segment=segment, tests=(said(HIJACKER, 2, 0, rounds=2),))
    (test,) = together(first, second).tests
    assert (test.rounds, test.broadcast_answers, test.unicast_answers) == (3, 3, 1)
    assert (test.unasked_rounds, test.still_answers) == (1, False)


def test_who_comes_between_the_two_questions_is_found_in_the_second(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = [[said(ROUTER), said(TORN, 1, 0)], [said(ROUTER), said(TORN, 0, 0), said(HIJACKER)]]
    assert accused(config, Answers(each), monkeypatch) == [HIJACKER]


def test_who_announces_the_gateway_during_both_questions_is_a_hijacker(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    announced = said(HIJACKER, 0, 0, unasked=1)
    answers = Answers([[said(ROUTER), announced], [said(ROUTER), announced]])
    assert accused(config, answers, monkeypatch) == [HIJACKER]


def test_one_that_answered_is_asked_no_more_often_than_the_confirmations_want(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answers([[said(ROUTER), said(HIJACKER)], [said(ROUTER), said(HIJACKER)]])
    accused(config, answers, monkeypatch)
    assert answers.rounds == [1, 1]


def test_where_only_the_gateway_answers_nobody_is_asked_again(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Answers([[said(ROUTER)]])
    assert accused(config, answers, monkeypatch) == []
    assert len(answers.asked) == 1
