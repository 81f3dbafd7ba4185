"""What is said of looks that were taken, and what else runs while they are judged."""

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from netguard.config import load
from netguard.emergency.report import PortReport
from netguard.emergency.unattended import Deed
from netguard.keeping import Keeper
from netguard.life import Event as Turn
from netguard.remember import Remembered
from netguard.sweep import Look, Report
from netguard.watch.counting import Counting
from netguard.watch.events import Event
from netguard.watch.gaps import Gaps
from netguard.watch.looks import Looks
from netguard.watch.site import Site
from probes.records import Gap

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOST = Gap(subject="web", kind="frames-lost", detail="the kernel dropped 9 frames")


@pytest.fixture
def said() -> list[Event]:
    return []


@pytest.fixture
def looks(tmp_path: Path, said: list[Event]) -> Looks:
    path = tmp_path / "netguard.toml"
    path.write_text(f'store = "sqlite:///{tmp_path}/netguard.db"\n')
    config = load(path)
    return Looks(
        Site(config, lambda: NOW),
        cast("Keeper", None),
        say=said.append,
        gaps=Gaps(said.append),
        counting=Counting(),
        heard=tuple,
        news=lambda _: None,
        learnt=lambda: None,
    )


def taken(
    looks: Looks, *gaps: Gap, turns: tuple[Turn, ...] = (), deeds: tuple[Deed, ...] = ()
) -> Look:
    report = Report(
        started=NOW,
        duration_s=1.0,
        segments=("web",),
        counts={},
        findings=(),
        gaps=gaps,
        deeds=deeds,
    )
    return Look(
        view=looks.site.view(), report=report, remembered=Remembered(findings=(), events=turns)
    )


def test_a_quick_look_ends_no_gap_of_a_sweep(looks: Looks, said: list[Event]) -> None:
    looks._report_gaps(taken(looks, LOST), quick=False)
    looks._report_gaps(taken(looks), quick=True)
    assert [event.event for event in said] == ["gap"]
    looks._report_gaps(taken(looks), quick=False)
    assert [event.event for event in said] == ["gap", "gap-over"]


def test_what_may_change_a_port_is_done_one_after_the_other_and_holds_up_nothing_else(
    looks: Looks,
) -> None:
    under_way = []

    async def deeds() -> tuple[Deed, ...]:
        assert threading.current_thread() is not threading.main_thread()
        under_way.append("begun")
        await asyncio.sleep(0.05)
        under_way.append("ended")
        return ()

    async def main() -> None:
        await asyncio.gather(looks._act(deeds), looks._act(deeds))

    asyncio.run(main())
    assert under_way == ["begun", "ended"] * 2


def test_what_was_found_is_said_before_what_was_done_about_it(
    looks: Looks, said: list[Event]
) -> None:
    turn = Turn(finding="f", happening="opened", at=NOW, severity="critical", summary="")
    report = PortReport(
        action_id="1", device="cat1", port="Fa0/4", if_index=4, change="shutdown", outcome="done"
    )
    deed = Deed(report=report, sentence="closed cat1 Fa0/4")
    looks._pass_on(taken(looks, turns=(turn,), deeds=(deed,)))
    assert [event.event for event in said] == ["finding", "deed"]
