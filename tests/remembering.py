"""Builders for what a store is given, with every field filled that could get lost on the way."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import sqlalchemy as sa
from alembic import command

from netguard.findings import Claimant, Evidence, Finding, Location, identity
from netguard.history import Action, Order, PortStatus, Step
from netguard.inventory import SwitchPort
from netguard.life import Changes
from netguard.store import Binding, GatewayIdentity, Look, Store, SweepRecord, migrations
from netguard.store.transactions import connectable, writing
from netguard.view import Stay
from probes.records import Gap

START = datetime(2026, 3, 1, 4, 0, 0, 250_000, tzinfo=UTC)
OLD_ROWS = Path(__file__).parent / "data" / "older_stores.sql"
GATEWAY = "198.51.100.1"
ROUTER = "00:00:5e:00:53:01"
THIEF = "00:00:5e:00:53:20"


def at(minutes: float) -> datetime:
    """Return the time so many minutes after the start."""
    return START + timedelta(minutes=minutes)


def location(port: str = "Fa0/3", *, minute: float = 0) -> Location:
    return Location(device="cat1", port=port, if_index=4, vlan=226, seen=at(minute))


def finding(address: str = GATEWAY, *, minute: float = 0, **fields: object) -> Finding:
    """Return a hijack of the gateway as one look at this minute would report it."""
    known: dict[str, object] = {
        "id": identity("gateway-hijack", "web-226", address),
        "kind": "gateway-hijack",
        "severity": "critical",
        "first_seen": at(minute),
        "last_seen": at(minute),
        "segment": "web-226",
        "address": ip_address(address),
        "server": "ds0142",
        "claimants": (
            Claimant(mac=ROUTER, vendor="ICANN, IANA Department", role="rightful"),
            Claimant(mac=THIEF, role="impostor", server="ds0142", location=location()),
        ),
        "evidence": (Evidence(source="arp-sweep", seen=at(minute), detail="both answered"),),
        "summary": f"ds0142 answers for the gateway {address}.",
        "advice": "netguard port show cat1 Fa0/3",
    }
    return Finding(**{**known, **fields})  # type: ignore[arg-type]


def binding(address: str = "198.51.100.20", *, minute: float = 0, **fields: object) -> Binding:
    known: dict[str, object] = {
        "segment": "web-226",
        "address": ip_address(address),
        "mac": THIEF,
        "location": location(minute=minute),
        "first_seen": at(minute),
        "last_seen": at(minute),
    }
    return Binding(**{**known, **fields})  # type: ignore[arg-type]


def said(minute: float = 0, *, mac: str = ROUTER) -> GatewayIdentity:
    return GatewayIdentity(
        segment="web-226",
        address=ip_address(GATEWAY),
        mac=mac,
        source="edge1 ifPhysAddress",
        confirmed=at(minute),
    )


def sweep_record(minute: float = 0, *, gaps: tuple[Gap, ...] = ()) -> SweepRecord:
    return SweepRecord(
        started=at(minute),
        duration=2.4,
        segments=("web-226",),
        counts={"addresses_probed": 126, "addresses_answered": 40},
        gaps=gaps,
    )


def order(**fields: object) -> Order:
    known: dict[str, object] = {
        "change": "shutdown",
        "who": "mara",
        "host": "noc1",
        "reason": "takes the gateway of web-226",
        "finding": finding().id,
        "incident": f"{finding().id}#2",
    }
    return Order(**{**known, **fields})  # type: ignore[arg-type]


def action(
    step: Step = "intent", action_id: str = "a1", *, minute: float = 0, **fields: object
) -> Action:
    """Return one record of an attempt to shut the thief's port down."""
    known: dict[str, object] = {
        "order": order(),
        "port": SwitchPort("cat1", "Fa0/3"),
        "if_index": 4,
        "pid": 4711,
        "stations": (THIEF,),
        "server": "ds0142",
        "customer": "C-20931",
        "outcome": {"outcome": "done", "refused": "refused", "found": "unconfirmed"}.get(step),
        "refused_by": ("uplink",) if step == "refused" else (),
        "lifted": ("too-many-stations",),
        "before": PortStatus("up", "up"),
        "after": PortStatus("down", "down"),
        "conflict_cleared": True,
        "reply": "genErr",
        "detail": "read back after 20 ms",
    }
    return Action(action_id=action_id, step=step, at=at(minute), **{**known, **fields})  # type: ignore[arg-type]


def filled(store: Store) -> Store:
    """Fill a store with four records: a shutdown that worked, and one that was broken off."""
    store.begin(action())
    store.append(action("outcome", minute=1))
    store.begin(action("intent", "a2", minute=2))
    store.append(action("found", "a2", minute=3))
    return store


def older_store(url: str, version: str, *, empty: bool = False) -> None:
    """Make a store as netguard left it when this was the last version of its schema.

    It holds one of everything that there was then; `old_findings` are its findings.
    """
    there = sa.make_url(url)
    if there.get_backend_name() == "sqlite":
        Path(there.database or "").touch()
    engine = connectable(there)
    config = migrations._config()
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for statement in () if empty else _statements_of(version):
            connection.exec_driver_sql(statement)
    engine.dispose()


def _statements_of(version: str) -> Iterator[str]:
    since = ""
    for line in OLD_ROWS.read_text(encoding="utf-8").splitlines():
        if line.startswith("--"):
            since = line.removeprefix("-- ")
        elif since <= version:
            yield line


def old_findings() -> tuple[Finding, ...]:
    """Return the findings of a store that `older_store` made."""
    return (
        finding(
            minute=2,
            first_seen=at(0),
            state="acknowledged",
            acknowledged_by="mara",
            note="on it",
        ),
        finding("198.51.100.9", severity="warning", state="resolved"),
    )


def remember(
    store: Store,
    findings: Iterable[Finding] = (),
    *,
    minute: float = 0,
    bindings: Iterable[Binding] = (),
    identities: Iterable[GatewayIdentity] = (),
    covered: bool = True,
    moving: Mapping[tuple[str, str], tuple[Stay, ...]] | None = None,
) -> Changes:
    """Record one sweep at this minute."""
    look = Look(
        now=at(minute),
        findings=tuple(findings),
        sweep=sweep_record(minute),
        bindings=tuple(bindings),
        identities=tuple(identities),
        moving=moving,
    )
    return store.keep(look, covered=lambda _: covered)
