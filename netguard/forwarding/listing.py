"""All servers with what they were last seen to be, in the order in which they deserve a look."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from netguard.forwarding.records import GATEWAYS
from netguard.inventory import Server
from probes.records import IPAddress


class Known(Protocol):
    """What is remembered of a server."""

    @property
    def checked(self) -> datetime:
        """When it was asked."""

    @property
    def verdict(self) -> str:
        """What it was."""

    @property
    def summary(self) -> str:
        """The same in a sentence."""

    @property
    def states(self) -> Mapping[str, str]:
        """The states of its addresses."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A server in the list: addresses `assigned` in its blocks, and how many of them it `used`.

    `verdict` is None where it was never checked.
    """

    server: str
    customer: str
    address: IPAddress
    verdict: str | None = None
    assigned: int = 0
    used: int | None = None
    forwarded: int | None = None
    looped: int | None = None
    elsewhere: int | None = None
    silent: int | None = None
    undecided: int | None = None
    checked: datetime | None = None
    summary: str = ""


def listed(servers: Iterable[Server], known: Mapping[str, Known]) -> tuple[Row, ...]:
    """Return the rows: gateways, the undecided, the unchecked, then who uses the least."""
    rows = (_row(server, known.get(server.name)) for server in servers)
    return tuple(sorted(rows, key=_worth))


def _row(server: Server, record: Known | None) -> Row:
    assigned = sum(block.num_addresses for block in server.blocks)
    bare = Row(
        server=server.name, customer=server.customer, address=server.address, assigned=assigned
    )
    if record is None:
        return bare
    count = Counter(record.states.values())
    return msgspec.structs.replace(
        bare,
        verdict=record.verdict,
        used=count["bound"],
        forwarded=count["forwarded"],
        looped=count["looped"],
        elsewhere=count["elsewhere"],
        silent=count["silent"],
        undecided=count["undecided"],
        checked=record.checked,
        summary=record.summary,
    )


def _worth(row: Row) -> tuple[int, int, str]:
    """Return the key of the order; of the plain, who asked for most and uses least comes first."""
    if row.verdict in GATEWAYS:
        return 0, -(row.forwarded or 0), row.server
    if row.verdict == "undecided":
        return 1, -row.assigned, row.server
    if row.verdict is None and row.assigned:
        return 2, -row.assigned, row.server
    return 3, (row.used or 0) - row.assigned, row.server
