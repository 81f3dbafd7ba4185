"""Looks that wait as lines of JSON, and back."""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from ipaddress import ip_address
from typing import Any, TypeVar

import msgspec

from netguard.findings import Finding
from netguard.store.records import Binding, GatewayIdentity, Look, SweepRecord
from netguard.view import Stay

RecordT = TypeVar("RecordT", Finding, Binding, GatewayIdentity)
Plain = tuple[dict[str, Any], ...]


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """What was known before the looks that wait; `reached`: the store was there once."""

    findings: tuple[Finding, ...] = ()
    reached: bool = False


class _BaseLine(msgspec.Struct, frozen=True, kw_only=True):
    findings: Plain
    reached: bool


class _Flight(msgspec.Struct, frozen=True):
    segment: str
    mac: str
    stays: tuple[Stay, ...]


class _Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    now: datetime
    began: datetime | None = None
    keeper: str
    number: int
    findings: Plain = ()
    covered: tuple[str, ...] = ()
    sweep: SweepRecord | None = None
    bindings: Plain = ()
    identities: Plain = ()
    moving: tuple[_Flight, ...] | None = None
    base: _BaseLine | None = None


def encoded(look: Look, base: Base | None = None) -> bytes:
    """Return the line, with its end; raises ValueError for text that no JSON can hold."""
    line = _Line(
        now=look.now,
        began=look.began,
        keeper=look.keeper,
        number=look.number,
        findings=_plain(look.findings),
        covered=tuple(sorted(look.covered)),
        sweep=look.sweep,
        bindings=_plain(look.bindings),
        identities=_plain(look.identities),
        moving=None
        if look.moving is None
        else tuple(_Flight(*station, stays) for station, stays in look.moving.items()),
        base=None
        if base is None
        else _BaseLine(findings=_plain(base.findings), reached=base.reached),
    )
    return msgspec.json.encode(line) + b"\n"


def decoded(line: bytes) -> tuple[Look, Base | None]:
    """Return what a line holds; raises ValueError where it is torn, or nothing that was encoded."""
    try:
        read = msgspec.json.decode(line, type=_Line)
    except RecursionError as error:  # only what nobody wrote here nests like that
        raise ValueError("it nests too deep") from error
    look = Look(
        now=read.now,
        began=read.began,
        keeper=read.keeper,
        number=read.number,
        findings=_records(Finding, read.findings),
        covered=frozenset(read.covered),
        sweep=read.sweep,
        bindings=_records(Binding, read.bindings),
        identities=_records(GatewayIdentity, read.identities),
        moving=None
        if read.moving is None
        else {(flight.segment, flight.mac): flight.stays for flight in read.moving},
    )
    return look, _base(read.base)


def _base(read: _BaseLine | None) -> Base | None:
    if read is None:
        return None
    return Base(findings=_records(Finding, read.findings), reached=read.reached)


def _plain(records: Iterable[msgspec.Struct]) -> Plain:
    return tuple(msgspec.to_builtins(record, enc_hook=str) for record in records)


def _records(kind: type[RecordT], plain: Plain) -> tuple[RecordT, ...]:
    return tuple(_record(kind, one) for one in plain)


def _record(kind: type[RecordT], plain: dict[str, Any]) -> RecordT:
    values = msgspec.structs.asdict(msgspec.convert(plain, _spelled(kind)))
    text = values["address"]
    return kind(**{**values, "address": None if text is None else ip_address(text)})


@cache
def _spelled(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Return the same record with its address as text: msgspec reads no union of other classes."""
    fields = [
        (field.name, str | None if field.name == "address" else field.type, field.default)
        for field in msgspec.structs.fields(kind)
    ]
    return msgspec.defstruct(kind.__name__, fields, kw_only=True)
