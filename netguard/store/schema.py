"""The tables of the store. A change here needs a migration, and `HEAD` its number."""

from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from netguard.findings import Claimant, Evidence
from netguard.view import Stay
from probes.records import Gap, IPAddress

HEAD = "0006"


@lru_cache(maxsize=64)  # all that one look saw was seen at the same few moments
def iso(moment: datetime) -> str:
    """Return a time in UTC as text that sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Moment(sa.TypeDecorator[datetime]):
    """An aware datetime, kept in UTC; on SQLite, which has none, as ISO 8601 text that sorts."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """Return the type that this database keeps a time in."""
        return sa.String(32) if dialect.name == "sqlite" else sa.DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:  # noqa: ANN401 - text or time, by database
        """Turn an aware time into what the database keeps."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return iso(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ANN401 - same
        """Return an aware time in UTC."""
        if value is None:
            return None
        moment: datetime = datetime.fromisoformat(value) if dialect.name == "sqlite" else value
        return moment.astimezone(UTC)


class Address(sa.TypeDecorator[IPAddress]):
    """An IP address, kept as its canonical text."""

    impl = sa.String(45)
    cache_ok = True

    def process_bind_param(self, value: IPAddress | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Write the address as text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> IPAddress | None:  # noqa: ARG002 - same
        """Read the address from text."""
        return None if value is None else ip_address(value)


class Records(sa.TypeDecorator[Any]):
    """Records of one type, kept as JSON that a database client can read too."""

    impl = sa.JSON
    cache_ok = True

    def __init__(self, kind: Any) -> None:  # noqa: ANN401 - any type that msgspec knows
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002 - same
        """Turn records into plain lists and objects."""
        return msgspec.to_builtins(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002 - same
        """Turn plain lists and objects into records."""
        return msgspec.convert(value, self.kind)


# Every constraint has a name, so that a later migration can speak of it.
metadata = sa.MetaData(
    naming_convention={
        "pk": "%(table_name)s_key",
        "fk": "%(table_name)s_of_%(referred_table_name)s",
        "ix": "%(table_name)s_by_%(column_0_name)s",
    }
)

bindings = sa.Table(
    "bindings",
    metadata,
    sa.Column("segment", sa.String, primary_key=True),
    sa.Column("address", Address, primary_key=True, index=True),
    sa.Column("mac", sa.String(17), primary_key=True, index=True),
    sa.Column("device", sa.String),
    sa.Column("port", sa.String),
    sa.Column("if_index", sa.Integer),
    sa.Column("vlan", sa.Integer),
    sa.Column("located", Moment),
    sa.Column("first_seen", Moment, nullable=False),
    # No index on the time: every look at a station would change it, to save a day's one scan.
    sa.Column("last_seen", Moment, nullable=False),
)

gateway_identities = sa.Table(
    "gateway_identities",
    metadata,
    sa.Column("segment", sa.String, primary_key=True),
    sa.Column("address", Address, primary_key=True),
    sa.Column("mac", sa.String(17), primary_key=True),
    sa.Column("source", sa.String, nullable=False),
    sa.Column("first_confirmed", Moment, nullable=False),
    sa.Column("confirmed", Moment, nullable=False),
)

findings = sa.Table(
    "findings",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("kind", sa.String, nullable=False),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("state", sa.String, nullable=False, index=True),
    sa.Column("first_seen", Moment, nullable=False),
    sa.Column("last_seen", Moment, nullable=False),
    sa.Column("segment", sa.String),
    sa.Column("address", Address),
    sa.Column("server", sa.String),
    sa.Column("claimants", Records(tuple[Claimant, ...]), nullable=False),
    sa.Column("evidence", Records(tuple[Evidence, ...]), nullable=False),
    sa.Column("summary", sa.String, nullable=False),
    sa.Column("advice", sa.String, nullable=False),
    sa.Column("reopened", sa.Integer, nullable=False),
    sa.Column("flaps", sa.Integer, nullable=False),
    sa.Column("quiet_since", Moment),
    sa.Column("acknowledged_by", sa.String),
    sa.Column("note", sa.String, nullable=False),
)

finding_history = sa.Table(
    "finding_history",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("finding", sa.String, sa.ForeignKey("findings.id"), nullable=False, index=True),
    sa.Column("happening", sa.String, nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("summary", sa.String, nullable=False),
    sa.Column("who", sa.String),
    sa.Column("note", sa.String, nullable=False),
)

sweeps = sa.Table(
    "sweeps",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("started", Moment, nullable=False, index=True),
    sa.Column("duration", sa.Float, nullable=False),
    sa.Column("segments", Records(tuple[str, ...]), nullable=False),
    sa.Column("counts", Records(dict[str, int]), nullable=False),
    sa.Column("gaps", Records(tuple[Gap, ...]), nullable=False),
)

actions = sa.Table(
    "actions",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("action_id", sa.String, nullable=False, index=True),
    sa.Column("device", sa.String, nullable=False),
    sa.Column("port", sa.String, nullable=False),
    sa.Column("step", sa.String, nullable=False),
    sa.Column("text", sa.Text, nullable=False),  # to the byte what was hashed, so not JSON
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sqlite_autoincrement=True,  # else the number of a deleted last record would be given again
)

server_sweeps = sa.Table(
    "server_sweeps",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("started", Moment, nullable=False),
    sa.Column("finished", Moment),  # NULL: it is under way, or was broken off
)

servers = sa.Table(
    "servers",
    metadata,
    sa.Column("server", sa.String, primary_key=True),
    sa.Column("checked", Moment, nullable=False),
    sa.Column("sweep", sa.Integer),  # the server_sweeps row that it was last checked in
    sa.Column("verdict", sa.String, nullable=False),
    sa.Column("summary", sa.String, nullable=False),
    sa.Column("states", Records(dict[str, str]), nullable=False),
)

flights = sa.Table(
    "flights",
    metadata,
    sa.Column("segment", sa.String, primary_key=True),
    sa.Column("mac", sa.String(17), primary_key=True),
    sa.Column("stays", Records(tuple[Stay, ...]), nullable=False),
)

keepers = sa.Table(
    "keepers",
    metadata,
    sa.Column("keeper", sa.String(32), primary_key=True),  # one process that writes looks down
    sa.Column("number", sa.Integer, nullable=False),  # its last look that stands here
    sa.Column("at", Moment, nullable=False),
)

alert_cursors = sa.Table(
    "alert_cursors",
    metadata,
    sa.Column("alert", sa.String(64), primary_key=True),  # a digest: the URL may be a key
    sa.Column("told", sa.Integer, nullable=False),  # the last finding_history row it was told of
    sa.Column("told_at", Moment),
    sa.Column("attempts", sa.Integer, nullable=False),  # that failed since
    sa.Column("last_attempt", Moment),
    sa.Column("error", sa.String, nullable=False),
)

freezes = sa.Table(
    "freezes",
    metadata,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("said", sa.String, nullable=False),  # as long as any stands, nothing is done
)
