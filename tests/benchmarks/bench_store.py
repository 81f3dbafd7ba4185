"""A store after a year, on SQLite and on PostgreSQL: prints tables.

    python -m tests.benchmarks.bench_store   (PostgreSQL is started by it; 6 minutes, 2 GB of disk)

100,000 bindings in 400 segments, a sweep a minute for a year, and 50,000 findings with three turns
each, 100 of them open. It is made as the version before left it, then brought up to date. The plain
sqlite3 module does the upserts of the bindings alone, in one transaction with the same care, on the
same tables and indexes: that is what the disk and the database cost.
"""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count, islice
from pathlib import Path
from statistics import median
from time import perf_counter

import msgspec
import sqlalchemy as sa
from rich.console import Console

from netguard.findings import Finding, Location
from netguard.inventory import Gateway, Inventory, Segment
from netguard.keeping import Keeper
from netguard.remember import recall
from netguard.rules.mac_flapping import FORGET
from netguard.store import Binding, Look, Store, SweepRecord, open_store, retention, schema
from netguard.store.transactions import connectable, writing
from tests import postgresql
from tests.benchmarks.figures import new_table
from tests.remembering import finding, older_store

SEGMENTS, HOSTS = 400, 250
SWEEPS, FINDINGS, OPEN = 525_600, 50_000, 100
NOW = datetime(2026, 3, 1, tzinfo=UTC)
YEAR, MONTH = timedelta(days=365), timedelta(days=30)
RUNS = 15
AT_ONCE = 20_000
Row = Mapping[str, object]


def names(count: int) -> list[str]:
    return [f"web-{number:03}" for number in range(count)]


def host(segment: int, number: int) -> tuple[str, str]:
    """Return the address and the MAC of one of a segment's hosts."""
    serial = segment * HOSTS + number
    mac = serial.to_bytes(3, "big").hex(":")
    return str(ip_address(int(ip_address("198.18.0.0")) + serial)), f"00:00:5e:{mac}"


def seen(segments: int, now: datetime) -> Iterator[Binding]:
    """Yield what a sweep of the first segments brings."""
    place = Location(device="cat1", port="Fa0/3", if_index=4, vlan=226, seen=now)
    for segment, name in enumerate(names(segments)):
        for number in range(HOSTS):
            address, mac = host(segment, number)
            yield Binding(
                segment=name,
                address=ip_address(address),
                mac=mac,
                location=place,
                first_seen=now,
                last_seen=now,
            )


def binding_rows() -> Iterator[Row]:
    """Yield the bindings; of a twelfth of the hosts nothing was seen in the last eleven months."""
    for serial, known in enumerate(seen(SEGMENTS, NOW)):
        last = NOW - (YEAR - MONTH / 2 if serial % 12 == 0 else timedelta(minutes=1))
        yield {
            "segment": known.segment,
            "address": known.address,
            "mac": known.mac,
            "device": f"cat{serial // 48}",
            "port": f"Fa0/{serial % 48}",
            "if_index": serial % 48,
            "vlan": 226,
            "located": last,
            "first_seen": NOW - YEAR,
            "last_seen": last,
        }


def sweep_rows() -> Iterator[Row]:
    for number in range(SWEEPS):
        sweep = record(NOW - YEAR + number * timedelta(minutes=1), names(20))
        yield {
            "started": sweep.started,
            "duration": sweep.duration,
            "segments": sweep.segments,
            "counts": sweep.counts,
            "gaps": sweep.gaps,
        }


def record(started: datetime, segments: Sequence[str]) -> SweepRecord:
    counts = {"addresses_probed": 5000, "addresses_answered": 1860, "devices_read": 24}
    return SweepRecord(started=started, duration=2.4, segments=tuple(segments), counts=counts)


def trouble(number: int, **fields: object) -> Finding:
    address, _ = host(number % SEGMENTS, number // SEGMENTS)
    segment = names(SEGMENTS)[number % SEGMENTS]
    identifier = f"address-conflict/{segment}/{address}/{number}"
    moment = NOW - YEAR + YEAR * number / FINDINGS
    told: dict[str, object] = {"first_seen": moment, "last_seen": moment, "segment": segment}
    told |= {"id": identifier, "kind": "address-conflict", **fields}
    return msgspec.structs.replace(finding(address), **told)


def finding_rows(columns: Sequence[str]) -> Iterator[Row]:
    for number in range(FINDINGS):
        known = trouble(number, state="open" if number >= FINDINGS - OPEN else "resolved")
        yield {name: getattr(known, name) for name in columns}


def turn_rows() -> Iterator[Row]:
    for number in range(FINDINGS):
        known = trouble(number)
        for happening in ("opened", "acknowledged", "resolved"):
            yield {
                "finding": known.id,
                "happening": happening,
                "at": known.last_seen,
                "severity": known.severity,
                "summary": known.summary,
                "who": None,
                "note": "",
            }


def fill(url: str) -> None:
    """Make a store as netguard left it a version ago, after a year."""
    older_store(url, "0004", empty=True)
    engine = connectable(sa.make_url(url))
    new = {"flaps", "quiet_since"}
    columns = [column.name for column in schema.findings.c if column.name not in new]
    with writing(engine) as connection:
        for table, rows in (
            (schema.bindings, binding_rows()),
            (schema.sweeps, sweep_rows()),
            (schema.findings, finding_rows(columns)),
            (schema.finding_history, turn_rows()),
        ):
            while some := list(islice(rows, AT_ONCE)):
                connection.execute(table.insert(), some)
    engine.dispose()


Task = Callable[[], object]


def nobody(_finding: Finding) -> bool:
    return False


def timed(task: Task) -> float:
    began = perf_counter()
    task()
    return perf_counter() - began


def size(url: str) -> str:
    """Return how much room the store takes."""
    there = sa.make_url(url)
    if there.get_backend_name() == "sqlite":
        return f"{Path(str(there.database)).stat().st_size / 2**20:,.0f} MiB"
    engine = connectable(there)
    with writing(engine) as connection:
        size = connection.scalar(sa.text("SELECT pg_database_size(current_database())")) or 0
    engine.dispose()
    return f"{size / 2**20:,.0f} MiB"


def questions(url: str, store: Store, keeper: Keeper) -> dict[str, Task]:
    """Return everything that is done again and again, by what it is."""
    one, twenty = inventory(1), inventory(20)
    moments = (NOW + timedelta(minutes=minute) for minute in count())

    def sweep(segments: int, *, kept: bool = False) -> Task:
        """Return a look that sees one trouble again; what it saw is at hand before."""
        looks = [(now, tuple(seen(segments, now))) for now in islice(moments, RUNS)]

        def write() -> None:
            now, brought = looks.pop()
            look = Look(
                now=now,
                findings=(trouble(FINDINGS - 1, last_seen=now),),
                sweep=record(now, names(segments)),
                bindings=brought,
                moving=None if kept else {},
            )
            (keeper.keep if kept else store.keep)(look, covered=nobody)

        return write

    address, mac = host(77, 7)
    return {
        "recall, 1 segment": lambda: recall(url, one),
        "recall, 20 segments": lambda: recall(url, twenty),
        "last stays, 1 segment": lambda: store.last_stays(names(1), NOW - FORGET),
        "last stays, 20 segments": lambda: store.last_stays(names(20), NOW - FORGET),
        "record 250 addresses": sweep(1),
        "record 5,000 addresses": sweep(20),
        "keep 250 addresses": sweep(1, kept=True),
        "keep a look that saw nothing": lambda: keeper.keep(
            Look(now=next(moments)), covered=nobody
        ),
        "findings list": lambda: store.findings(["open", "acknowledged"]),
        "findings list, all": store.findings,
        "history of a finding": lambda: store.history(trouble(25_000).id),
        "bindings of an address": lambda: store.bindings(ip_address(address)),
        "bindings of a MAC": lambda: store.bindings(mac),
        "last sweep of 20 segments": lambda: store.last_sweeps(names(20)),
        "news of the last turn": lambda: store.news(3 * FINDINGS - 1, 100),
    }


def inventory(segments: int) -> Inventory:
    return Inventory(
        segments=tuple(
            Segment(
                name=name,
                networks=(),
                gateways=(Gateway(address=ip_address(host(place, 0)[0])),),
            )
            for place, name in enumerate(names(segments))
        )
    )


UPSERT = """
INSERT INTO bindings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (segment, address, mac) DO UPDATE SET
device = excluded.device, port = excluded.port, if_index = excluded.if_index, vlan = excluded.vlan,
located = excluded.located,
last_seen = CASE WHEN excluded.last_seen > last_seen THEN excluded.last_seen ELSE last_seen END
"""


def plain(path: Path, segments: int) -> Task:
    """Return the upserts of a sweep's bindings, and nothing else, by the sqlite3 module."""
    later = [schema.iso(NOW + timedelta(days=day)) for day in range(1, RUNS + 1)]
    looks = [
        [
            (known.segment, str(known.address), known.mac, "cat1", "Fa0/3", 4, 226, now, now, now)
            for known in seen(segments, NOW)
        ]
        for now in later
    ]

    def write() -> None:
        rows = looks.pop()
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("BEGIN IMMEDIATE")
        database.executemany(UPSERT, rows)
        database.execute("COMMIT")
        database.close()

    return write


def pruned(store: Store) -> tuple[str, str]:
    """Forget the oldest month; return how long that takes, and the longest hold of the lock."""
    longest = 0.0
    steps = retention.STEPS

    def watched(step: Callable[[sa.Connection, datetime], dict[str, int]]) -> object:
        def run(connection: sa.Connection, before: datetime) -> dict[str, int]:
            nonlocal longest
            began = perf_counter()
            gone = step(connection, before)
            longest = max(longest, perf_counter() - began)
            return gone

        return run

    retention.STEPS = tuple(map(watched, steps))  # type: ignore[assignment]
    try:
        took = timed(lambda: store.prune(NOW - YEAR + MONTH))
    finally:
        retention.STEPS = steps
    return f"{took:.2f} s", f"{longest * 1000:.0f}"


def measure(url: str, spool: Path) -> dict[str, tuple[str, str]]:
    figures: dict[str, tuple[str, str]] = {}
    fill(url)
    figures["size"] = size(url), ""
    figures["bring up to date"] = f"{timed(lambda: open_store(url).__exit__()):.2f} s", ""
    figures["size afterwards"] = size(url), ""
    with open_store(url) as store, Keeper(url, spool, clock=lambda: NOW) as keeper:
        for name, task in questions(url, store, keeper).items():
            took = [timed(task) for _ in range(RUNS)]
            figures[name] = f"{median(took) * 1000:.1f} ms", f"{max(took) * 1000:.1f}"
        if "sqlite" in url:
            path = Path(str(sa.make_url(url).database))
            for segments, count in ((1, "250"), (20, "5,000")):
                task = plain(path, segments)
                took = [timed(task) for _ in range(RUNS)]
                name = f"plain sqlite3: {count} addresses"
                figures[name] = f"{median(took) * 1000:.1f} ms", f"{max(took) * 1000:.1f}"
        figures["forget a month"] = pruned(store)
    figures["size after that"] = size(url), ""
    return figures


def main() -> None:
    console = Console(width=100)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:  # not in memory
        folder = Path(place)
        sqlite = measure(f"sqlite:///{folder}/netguard.db", folder / "waiting")
        with postgresql.running() as server:
            postgres = measure(server.new_database(), folder / "waiting")
    table = new_table(
        f"After a year; medians of {RUNS}, then the worst (ms)",
        ["SQLite", "worst", "PostgreSQL", "worst"],
    )
    for name, figures in sqlite.items():
        table.add_row(name, *figures, *postgres.get(name, ("", "")))
    console.print(table)


if __name__ == "__main__":
    main()
