"""SNMP sessions: read objects and walk columns of one agent, whatever that agent does.

Everything is read through `probes.snmp_gufo`, except v1 and SNMPv3 contexts
(`probes.snmp_pysnmp`). A walk never raises and never hangs: an agent that falls silent, repeats
itself, goes backwards or never ends yields the rows read so far and a `Gap`.
"""

import asyncio
from collections.abc import Mapping
from functools import lru_cache
from types import TracebackType
from typing import Self

import msgspec

from probes.errors import Malformed, NoAnswer, ProbeError
from probes.records import Gap
from probes.snmp_gufo import GufoLink
from probes.snmp_link import Credentials, Link, Pace, Target, Value, garbled

__all__ = ["Credentials", "Index", "Session", "Value", "Walk", "open_session"]

Index = tuple[int, ...]
"""What follows the column in an object's name: the row's key, arc by arc."""

# Rows of FDB and ARP are 30 to 35 octets: 40 of them fit one Ethernet frame, so nothing depends
# on IP fragments. (gufo_snmp takes answers of up to 4 KiB.)
REPETITIONS = 40
_STEPS_BACK = 100  # rows out of order that an agent may bring in one column
ROW_LIMIT = 250_000  # twice the largest FDB that access and edge switches have


class Walk(msgspec.Struct, frozen=True):
    """The rows under a column in the agent's order; without a gap they are all of them.

    No row is there twice. One whose order shows that others may be missing is there with a gap.
    """

    rows: tuple[tuple[Index, Value], ...]
    gap: Gap | None = None


class Session:
    """One agent, in one VLAN context if `vlan` is set. Nothing is sent until something is asked.

    Several tasks may share a session: the agent still gets one request at a time.
    """

    def __init__(
        self,
        target: Target,
        credentials: Credentials,
        deadline: float,
        pace: Pace,
        vlan: int | None = None,
    ) -> None:
        self.vlan = vlan
        self._target = target
        self._credentials = credentials
        self._deadline = deadline
        self._pace = pace
        self._link = _link(target, credentials, pace, vlan)
        self._repetitions = 1 if credentials.version == "1" else REPETITIONS
        self._heard = False
        self._bulk_heard = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the session's socket back; the next question would open another."""
        await self._link.close()

    @property
    def subject(self) -> str:
        """What people call the device."""
        return self._target.subject

    def in_vlan(self, vlan: int) -> "Session":
        """Return a session with the same agent in a VLAN's context, as Catalyst switches want it.

        That is the community `community@vlan`, or the SNMPv3 context `context_prefix` + vlan.
        """
        return Session(self._target, self._credentials, self._deadline, self._pace, vlan)

    async def get(self, *oids: str) -> dict[str, Value]:
        """Read single objects; those the agent does not have are missing from the answer.

        Raises NoAnswer, Refused or Malformed.
        """
        found = await self._link.get(oids)
        self._heard = True
        return {oid: found[oid] for oid in oids if oid in found}

    async def walk(self, oid: str) -> Walk:
        """Read every row under a column, by GETBULK where the agent is able to do it.

        What could not be read stands in the gap: `snmp-timeout`, `snmp-deadline` (the walk took
        longer than the session allows), `snmp-refused`, `snmp-error` (the agent said that it
        failed), `snmp-malformed` (no SNMP, or names that do not increase), `snmp-endless`.
        """
        rows = _Rows(self._target, oid)
        try:
            async with asyncio.timeout(self._deadline):
                await self._collect(rows)
        except TimeoutError:
            return Walk(rows.taken(), self._too_late(oid, len(rows.found)))
        except ProbeError as trouble:
            return Walk(rows.taken(), trouble.gap())
        return Walk(rows.taken(), rows.disorder.gap() if rows.disorder else None)

    async def _collect(self, rows: "_Rows") -> None:
        repetitions = self._repetitions
        while len(rows.found) < ROW_LIMIT:
            try:
                answer = await self._link.after(rows.last, repetitions)
                self._heard = True
                if rows.take(answer):
                    return
            except ProbeError as trouble:
                repetitions = self._fewer(repetitions, trouble)
            else:
                self._bulk_heard |= repetitions > 1
        raise _endless(self._target, rows.column)

    def _fewer(self, repetitions: int, trouble: ProbeError) -> int:
        """Decide how to go on after a request that failed: with less, by GETNEXT, or not at all.

        An answer may be too big for the agent or for us, so less may do. Silence to GETBULK is
        worth one try with GETNEXT, but only from an agent that has been heard to answer.
        """
        silent = isinstance(trouble, NoAnswer)
        self._heard |= not silent
        if repetitions == 1 or not self._heard:
            raise trouble
        if not silent:
            return repetitions // 2
        if not self._bulk_heard:
            self._repetitions = 1
        return 1

    def _too_late(self, oid: str, count: int) -> Gap:
        return Gap(
            subject=self.subject,
            kind="snmp-deadline",
            detail=f"walking {oid} was given up after {self._deadline:g} s and {count} rows",
            remedy="the agent is slow or its table endless: read it by itself with more time",
        )


def open_session(
    subject: str,
    host: str,
    port: int,
    credentials: Credentials,
    *,
    timeout: float = 1.5,
    retries: int = 2,
    deadline: float = 30.0,
    pace: float = 0.0,
) -> Session:
    """Prepare to read an agent by IPv4 or IPv6 address or by name; nothing is sent yet.

    `subject` is the device's name in gaps and errors. `timeout` (seconds) is for each request,
    which is sent `retries` more times; `deadline` is for a whole walk, with all its waiting.
    `pace` is how many requests a second the agent gets at most, of this session and those in its
    VLANs together, repeated ones included (0: as many as it answers).

    Raises ValueError for a pace that is no number of requests.
    """
    target = Target(subject, host, port, timeout, retries)
    return Session(target, credentials, deadline, Pace(pace))


def _link(target: Target, credentials: Credentials, pace: Pace, vlan: int | None) -> Link:
    context = ""
    if vlan is not None and credentials.version == "3":
        context = f"{credentials.context_prefix}{vlan}"
    elif vlan is not None:
        community = f"{credentials.community}@{vlan}"
        credentials = msgspec.structs.replace(credentials, community=community)
    if credentials.version == "1" or context:
        # Costs 0.14 s, and most fleets never need it.
        from probes.snmp_pysnmp import PysnmpLink  # noqa: PLC0415 - see above

        return PysnmpLink(target, credentials, context, pace=pace)
    return GufoLink(target, credentials, pace)


class _Rows:
    """The rows of a column as they come in; `last` is the name after which to ask for more.

    Names must increase (RFC 3416, section 4.2.3). An agent that turns back may have skipped rows,
    or may never end: one that brings new rows all the same is heard for a while, and is in
    `disorder`.
    """

    def __init__(self, target: Target, column: str) -> None:
        self.column = column
        self.last = column
        self.found: dict[Index, Value] = {}
        self.disorder: Malformed | None = None
        self._target = target
        self._steps_back = 0

    def taken(self) -> tuple[tuple[Index, Value], ...]:
        return tuple(self.found.items())

    def take(self, answer: Mapping[str, Value]) -> bool:
        """Add the rows that belong to the column; say whether it ends here.

        Raises Malformed at a name that was there before, or at too many that do not increase.
        """
        start = len(self.column) + 1
        at = _index(self.last[start:]) if len(self.last) > start else ()
        ended = False
        for name, value in answer.items():
            if not name.startswith(self.column + "."):
                ended = self._beyond(name)
                continue
            index = _index(name[start:])
            if index <= at or ended:
                self._step_back(name, index)
            self.found[index] = value
            self.last, at = name, index
        return ended or not answer

    def _beyond(self, name: str) -> bool:
        if _arcs(name) < _arcs(self.column):
            raise _backwards(self._target, name)
        return True

    def _step_back(self, name: str, index: Index) -> None:
        trouble = _backwards(self._target, name)
        self._steps_back += 1
        if index in self.found or self._steps_back > _STEPS_BACK:
            raise trouble
        self.disorder = self.disorder or trouble


def _arcs(name: str) -> Index:
    return tuple(map(int, name.split(".")))


# The columns of a table have the same rows, and switches of one make the same ports.
_index = lru_cache(maxsize=1024)(_arcs)


def _backwards(target: Target, name: str) -> Malformed:
    return garbled(target, f"the agent went backwards in its tables, to {name}")


def _endless(target: Target, oid: str) -> Malformed:
    return Malformed(
        target.subject,
        f"walking {oid} was given up after {ROW_LIMIT} rows",
        kind="snmp-endless",
        remedy="no switch has as many: the agent's software is at fault",
    )
