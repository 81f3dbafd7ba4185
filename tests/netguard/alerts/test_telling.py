"""Everybody is told once of what counts, whatever dies, hangs or is away meanwhile."""

import asyncio
import logging
import re
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import pytest

from netguard.alerts.telling import Teller, Told, tell_once
from netguard.config import Config, load
from netguard.errors import StoreError
from netguard.findings import Finding, Severity
from netguard.life import Changes, follow
from netguard.store import AlertCursor, open_store
from tests.config_files import write
from tests.netguard.alerts.syslog_server import udp
from tests.netguard.alerts.webhook import Webhook, running
from tests.remembering import at, finding, remember

ROOT = Path(__file__).parents[3]
DEADLINE = 30.0
T = TypeVar("T")


class Clock:
    """Stands still until the test moves it."""

    def __init__(self) -> None:
        self.now = at(0)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    monkeypatch.setenv("NO_PROXY", "*")
    with running() as server:
        yield server


@pytest.fixture(autouse=True)
def _nothing_leaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """No test may log, print or store a token or an address of a service."""
    caplog.set_level(logging.NOTSET)
    yield
    logged = "\n".join(record.getMessage() for record in caplog.get_records("call"))
    said = (logged + "".join(capfd.readouterr())).encode()
    kept = [path.read_bytes() for path in tmp_path.glob("netguard.db*")]
    for secret in (b"s3cret", b"127.0.0.1"):
        assert all(secret not in text for text in (said, *kept))


def config(folder: Path, *alerts: str | tuple[str, Severity]) -> Config:
    """Load a configuration with a store that exists, and alerts: a URL or (URL, severity)."""
    store = f'store = "sqlite:///{folder}/netguard.db"'
    path = write(folder, old='store = "sqlite:////var/lib/netguard/netguard.db"', new=store)
    pairs = [(each, "notice") if isinstance(each, str) else each for each in alerts]
    with path.open("a") as file:
        for url, severity in pairs:
            file.write(f'\n[[alert]]\nurl = "{url}"\nseverity = "{severity}"\n')
    told = load(path)
    open_store(told.store).__exit__()
    return told


def seen(told: Config, *findings: Finding, minute: float = 0, over: bool = True) -> Changes:
    """Write a look down that saw these, and that the others are over."""
    with open_store(told.store) as store:
        return remember(store, findings, minute=minute, covered=over)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def tell(told: Config, clock: Clock) -> Told:
    """Tell as a new process would, and wait for all of it."""
    return run(Teller(told, clock=clock, since=at(-1)).tell(grace=None))


def cursors(told: Config) -> list[AlertCursor]:
    with open_store(told.store) as store:
        return list(store.alert_cursors().values())


def put_aside(told: Config) -> Path:
    """Move the store away, and return where it is."""
    path = Path(told.store.removeprefix("sqlite:///"))
    return path.rename(path.with_name("aside"))


def put_back(aside: Path) -> None:
    """Put it back, where nobody has made another meanwhile."""
    path = aside.with_name("netguard.db")
    assert not path.exists()
    aside.rename(path)


def test_what_begins_and_what_ends_is_told_once_however_many_processes_there_are(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url())
    assert tell(told, clock) == Told()
    seen(told, finding())
    assert tell(told, clock) == Told(delivered=1)
    assert tell(told, clock) == Told()
    seen(told, minute=1)
    assert [tell(told, clock).delivered for _ in range(3)] == [1, 0, 0]
    subject = "gateway-hijack 198.51.100.1, ds0142 on cat1 Fa0/3"
    assert webhook.titles == [f"critical: {subject}", f"over: {subject}"]


def test_all_of_one_look_is_one_message(tmp_path: Path, webhook: Webhook, clock: Clock) -> None:
    told = config(tmp_path, webhook.url())
    seen(told, finding(), finding("198.51.100.9"))
    assert tell(told, clock).delivered == 1
    assert str(webhook.titles[0]).startswith("critical: 2 new findings on web-226: ")


def test_each_alert_is_told_from_its_own_severity_on(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, (webhook.url("grave"), "critical"), (webhook.url("all"), "notice"))
    seen(told, finding(severity="warning"))
    assert tell(told, clock).delivered == 1
    seen(told, finding(minute=1), minute=1)
    assert tell(told, clock).delivered == 2
    seen(told, minute=2)
    assert tell(told, clock).delivered == 2
    assert [webhook.asked.count(name) for name in ("grave", "all")] == [2, 3]
    assert [cursor.told for cursor in cursors(told)] == [3, 3]


def test_an_alert_that_is_new_is_not_told_of_what_was(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("one"))
    seen(told, finding(), finding("198.51.100.9"))
    clock.pass_(60)
    told = config(tmp_path, webhook.url("one"), webhook.url("two"))
    run(Teller(told, clock=clock).tell(grace=None))
    assert webhook.asked == []  # both were new
    seen(told, finding(), minute=2)
    run(Teller(told, clock=clock).tell(grace=None))
    assert sorted(webhook.asked) == ["one", "two"]


def test_a_sweep_tells_once_of_its_own_findings_and_says_whom_it_did_not_reach(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url(), webhook.url("broken"))
    seen(told, finding(minute=-60), minute=-60)
    seen(told, finding(), finding("198.51.100.9"))
    (gap,) = run(tell_once(told, clock=clock, since=at(0)))
    assert (gap.subject, gap.kind) == ("alert #2", "alert-failed")
    assert webhook.titles == ["critical: gateway-hijack 198.51.100.9, ds0142 on cat1 Fa0/3"]


def test_the_same_url_twice_is_told_once_as_the_one_that_wants_more(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, (webhook.url(), "critical"), (webhook.url(), "warning"))
    seen(told, finding(severity="warning"))
    assert tell(told, clock) == Told(delivered=1)


def test_a_failure_is_tried_again_after_longer_and_longer_and_then_told_as_one(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("flaky"))
    webhook.manners["flaky"] = "refuse"
    seen(told, finding())
    for attempts, wait in enumerate((10, 20, 40, 80, 160, 320, 600, 600), 1):
        failed = tell(told, clock)
        assert failed.again == clock.now + timedelta(seconds=wait)
        (gap,) = failed.gaps
        assert gap.subject == "alert #1"
        assert gap.detail.startswith(
            f"json://: the service did not take it; attempts: {attempts}, findings that wait: 1,"
            " since 2026-03-01T04:00:00Z; tried again at "
        )
        assert "apprise" in gap.remedy
        clock.pass_(wait - 1)
        waits = tell(told, clock)
        assert (waits.again, waits.delivered) == (failed.again, 0)
        assert waits.gaps[0].detail == gap.detail
        assert len(webhook.asked) == attempts
        clock.pass_(1)
    seen(told, finding("198.51.100.9", minute=1), minute=1)
    webhook.manners["flaky"] = "take"
    assert tell(told, clock) == Told(delivered=1)
    (title,) = webhook.titles
    assert str(title).startswith("critical: 1 new finding, 1 began and ended on web-226: ")
    (cursor,) = cursors(told)
    assert (cursor.attempts, cursor.error, cursor.told_at) == (0, "", clock.now)


def test_a_service_that_breaks_off_has_failed(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("cut"))
    webhook.manners["cut"] = "reset"
    seen(told, finding())
    assert "did not take it" in tell(told, clock).gaps[0].detail


def test_a_secret_that_is_missing_is_named_until_it_is_there(
    tmp_path: Path, webhook: Webhook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = config(tmp_path, "env:NG_ALERT")
    seen(told, finding())
    (gap,) = tell(told, clock).gaps
    assert gap.detail.startswith("env:NG_ALERT is not set or empty; attempts: 1, ")
    assert gap.remedy == "Set $NG_ALERT."
    monkeypatch.setenv("NG_ALERT", webhook.url())
    clock.pass_(10)
    assert tell(told, clock) == Told(delivered=1)


def test_what_needs_no_telling_any_more_is_no_failure_either(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("broken"))
    seen(told, finding())
    assert tell(told, clock).gaps
    with open_store(told.store) as store:
        store.close(finding().id, who="mara", note="cable pulled", now=at(1))
    assert tell(told, clock) == Told()
    assert cursors(told)[0].attempts == 0


def test_a_storm_of_a_thousand_is_a_few_messages_that_count_every_one(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url())

    async def storm() -> None:
        teller = Teller(told, clock=clock, since=at(-1))
        again = None
        for batch in range(100):
            many = [finding(f"198.18.{batch}.{n}") for n in range(10)]
            await asyncio.to_thread(seen, told, *many, over=False)
            again = (await teller.tell(grace=None)).again
            clock.pass_(0.15)
        while again is not None:
            clock.now = max(clock.now, again)
            again = (await teller.tell(grace=None)).again

    run(storm())
    assert 6 <= len(webhook.titles) <= 8  # five at once, and one in ten seconds
    counted = [re.search(r"(\d+) new finding", str(title)) for title in webhook.titles]
    assert sum(int(found[1]) for found in counted if found) == 1000


def test_a_service_that_hangs_holds_up_nobody_else(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("slow", "?rto=60"), webhook.url("good"))

    async def main() -> None:
        teller = Teller(told, clock=clock, since=at(-1), patience=DEADLINE)
        for minute in range(3):
            await asyncio.to_thread(
                seen, told, finding(f"198.51.100.{minute}"), minute=minute, over=False
            )
            first = await teller.tell(grace=0.1)
            assert first.again is not None  # the slow one is heard of later
            deadline = monotonic() + DEADLINE
            while webhook.asked.count("good") <= minute and monotonic() < deadline:
                await teller.tell(grace=0.1)
            assert webhook.asked.count("good") == minute + 1
        assert webhook.asked.count("slow") == 1

    run(main())


def test_a_service_that_hangs_is_given_up_said_and_told_later_what_came_meanwhile(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("slow", "?rto=60"))

    async def main() -> None:
        teller = Teller(told, clock=clock, since=at(-1), patience=1)
        await asyncio.to_thread(seen, told, finding())
        assert (await teller.tell(grace=0)).gaps == ()  # nothing has failed yet
        await asyncio.to_thread(seen, told, finding("198.51.100.9"), minute=1, over=False)
        told_later = await teller.tell(grace=None)
        assert "not delivered within 1 s; attempts: 1" in told_later.gaps[0].detail
        assert told_later.again == clock.now  # more has come since
        under_way = await teller.tell(grace=None)
        assert under_way.again == clock.now + timedelta(seconds=10)
        assert "findings that wait: 2" in under_way.gaps[0].detail
        webhook.manners["slow"] = "take"
        clock.pass_(10)
        assert await teller.tell(grace=None) == Told(delivered=1)

    run(main())
    assert "2 new findings" in str(webhook.titles[-1])


def test_a_failure_that_shows_between_two_calls_is_counted(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("slow", "?rto=60"))
    seen(told, finding())

    async def main() -> None:
        teller = Teller(told, clock=clock, since=at(-1), patience=0.3)
        assert (await teller.tell(grace=0)).failed == 0
        await asyncio.wait(teller._tasks.values())
        assert (await teller.tell(grace=0)).failed == 1

    run(main())


def test_while_it_is_tried_again_a_failure_stays_a_gap(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("flaky", "?rto=60"))
    webhook.manners["flaky"] = "refuse"
    seen(told, finding())

    async def main() -> None:
        teller = Teller(told, clock=clock, since=at(-1), patience=1)
        (gap,) = (await teller.tell(grace=None)).gaps
        webhook.manners["flaky"] = "hang"
        clock.pass_(10)
        assert (await teller.tell(grace=0.01)).gaps == (gap,)
        assert (await teller.tell(grace=None)).gaps != (gap,)

    run(main())


def test_of_two_processes_at_once_one_tells(tmp_path: Path, webhook: Webhook, clock: Clock) -> None:
    told = config(tmp_path, webhook.url())
    seen(told, finding())

    async def main() -> Sequence[Told]:
        tellers = [Teller(told, clock=clock, since=at(-1)) for _ in range(4)]
        return await asyncio.gather(*(teller.tell(grace=None) for teller in tellers))

    assert sum(each.delivered for each in run(main())) == 1
    assert len(webhook.titles) == 1


DIES = """
import asyncio, os, sys
from pathlib import Path
from netguard.alerts import telling
from netguard.config import load
from tests.remembering import at

def die(*_):
    os.kill(os.getpid(), 9)

async def die_too(*_, **__):
    die()

{where}
asyncio.run(telling.tell_once(load(Path(sys.argv[1])), clock=lambda: at(0), since=at(-1)))
"""


@pytest.mark.parametrize(
    ("where", "times"),
    [
        ("telling.Teller._look = die", 1),
        ("telling.send_to = die_too", 1),
        # What was delivered and not yet written down is told twice: better than not at all.
        ("telling.Teller._put = die", 2),
    ],
    ids=["before it looked", "before it was delivered", "before it was written down"],
)
def test_a_process_that_is_killed_loses_nothing(
    tmp_path: Path, webhook: Webhook, clock: Clock, where: str, times: int
) -> None:
    told = config(tmp_path, webhook.url())
    seen(told, finding())
    program = DIES.format(where=where)
    killed = subprocess.run(
        [sys.executable, "-c", program, str(told.path)], cwd=ROOT, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL
    clock.pass_(10)  # until then it might still be at it
    assert tell(told, clock).delivered == 1
    assert tell(told, clock) == Told()
    assert len(webhook.titles) == times


def test_an_attempt_that_may_be_under_way_elsewhere_is_left_alone(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url())
    assert tell(told, clock) == Told()
    seen(told, finding())
    with open_store(told.store) as store:
        assert store.claim_alert(cursors(told)[0], clock.now)
    assert tell(told, clock) == Told(again=clock.now + timedelta(seconds=10))
    assert webhook.asked == []


def opening(*findings: Finding, minute: float = 0) -> Changes:
    """Return the changes by which these findings open."""
    return follow({}, findings, covered=lambda _: True, now=at(minute))


def test_a_store_that_is_away_is_a_gap_and_what_is_new_is_told_from_memory_once(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url())

    async def main() -> None:
        teller = Teller(told, clock=clock, since=at(-1))
        await teller.tell(grace=None)
        aside = put_aside(told)
        assert await teller.tell_directly(opening(finding()), grace=None) == Told(delivered=1)
        (gap,) = (await teller.tell(grace=None)).gaps
        assert (gap.subject, gap.kind) == ("store", "store-unusable")
        put_back(aside)
        await asyncio.to_thread(seen, told, finding())
        assert await teller.tell(grace=None) == Told()
        await asyncio.to_thread(seen, told, minute=1)
        assert await teller.tell(grace=None) == Told(delivered=1)

    run(main())
    assert [str(title).partition(":")[0] for title in webhook.titles] == ["critical", "over"]


def test_what_could_not_be_told_from_memory_waits_there_and_is_told_with_what_follows(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("flaky"), (webhook.url("grave"), "critical"))
    webhook.manners["flaky"] = "refuse"
    aside = put_aside(told)

    async def main() -> None:
        teller = Teller(told, clock=clock, since=at(-1))
        minor = opening(finding(severity="warning"))
        failed = await teller.tell_directly(minor, grace=None)
        assert (failed.delivered, failed.again) == (0, clock.now + timedelta(seconds=10))
        assert "attempts: 1, findings that wait: 1" in failed.gaps[0].detail
        later = await teller.tell_directly(opening(finding("198.51.100.9")), grace=None)
        assert later.delivered == 1  # to whom it concerns
        webhook.manners["flaky"] = "take"
        clock.pass_(10)
        mended = await teller.tell(grace=None)
        assert mended.delivered == 1
        assert [gap.subject for gap in mended.gaps] == ["store"]
        put_back(aside)
        again = (finding(severity="warning"), finding("198.51.100.9"))
        await asyncio.to_thread(seen, told, *again)
        assert await teller.tell(grace=None) == Told()

    run(main())
    assert "2 new findings" in str(webhook.titles[-1])


def test_what_waits_in_memory_and_in_the_store_is_told_in_one_order_and_once(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("flaky"))
    webhook.manners["flaky"] = "refuse"

    async def main() -> None:
        teller = Teller(told, clock=clock, since=at(-1))
        await teller.tell_directly(opening(finding()), grace=None)
        await asyncio.to_thread(seen, told, finding())
        await asyncio.to_thread(seen, told, minute=1)
        webhook.manners["flaky"] = "take"
        clock.pass_(60)
        assert await teller.tell(grace=None) == Told(delivered=1)
        assert await teller.tell(grace=None) == Told()

    run(main())
    assert [str(title).partition(":")[0] for title in webhook.titles] == ["began and ended"]


def test_what_was_told_while_the_store_went_away_is_not_told_again_once_it_is_back(
    tmp_path: Path, webhook: Webhook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = config(tmp_path, webhook.url())
    seen(told, finding())

    def away(*_: object) -> None:
        raise StoreError("it is away")

    async def main() -> None:
        teller = Teller(told, clock=clock, since=at(-1))
        with monkeypatch.context() as patched:
            patched.setattr(Teller, "_put", away)
            patched.setattr(Teller, "_claimed", away)
            assert await teller.tell(grace=None) == Told(delivered=1)
        assert await teller.tell(grace=None) == Told()

    run(main())
    assert tell(told, clock) == Told()
    assert len(webhook.titles) == 1
    assert cursors(told)[0].told == 1


def test_without_an_alert_not_even_the_store_is_looked_at(tmp_path: Path, clock: Clock) -> None:
    told = config(tmp_path)
    put_aside(told)
    assert run(tell_once(told, clock=clock, since=at(0))) == ()


def test_a_clock_that_is_set_back_silences_nobody(
    tmp_path: Path, webhook: Webhook, clock: Clock
) -> None:
    told = config(tmp_path, webhook.url("flaky"))
    webhook.manners["flaky"] = "refuse"
    seen(told, finding())
    clock.pass_(86400)
    assert tell(told, clock).gaps
    webhook.manners["flaky"] = "take"
    clock.pass_(-86400)
    assert tell(told, clock) == Told(delivered=1)


def test_a_syslog_server_gets_a_record_for_each_finding(tmp_path: Path, clock: Clock) -> None:
    with udp() as there:
        told = config(tmp_path, f"syslog5424://127.0.0.1:{there.port}")
        seen(told, finding(), finding("198.51.100.9", severity="warning"))
        assert tell(told, clock).delivered == 1
        records = [there.record(), there.record()]
        assert there.nothing()
    assert [(r.severity, r.params["finding"], r.params["turn"]) for r in records] == [
        (2, "gateway-hijack/web-226/198.51.100.1", "new"),
        (4, "gateway-hijack/web-226/198.51.100.9", "new"),
    ]


def test_more_than_is_taken_at_once_is_told_in_several_messages(
    tmp_path: Path, webhook: Webhook, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netguard.alerts.telling.MOST", 2)
    told = config(tmp_path, webhook.url())
    seen(told, *(finding(f"198.51.100.{n}") for n in range(5)))
    deliveries = []
    while (came := tell(told, clock)).delivered:
        deliveries.append(came.again)
    assert deliveries == [clock.now, clock.now, None]


def test_getting_ready_loads_what_the_first_alert_would_wait_for(tmp_path: Path) -> None:
    told = config(tmp_path, "json://192.0.2.1/s3cret")
    program = (
        "import asyncio, sys; from pathlib import Path;"
        "from netguard import clock; from netguard.alerts.telling import Teller;"
        "from netguard.config import load;"
        "teller = Teller(load(Path(sys.argv[1])), clock=clock.now);"
        "asyncio.run(teller.tell()); print('apprise' in sys.modules);"
        "asyncio.run(teller.get_ready()); print('apprise.plugins.custom_json' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(told.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\nTrue\n"
