"""From raw TOML to a table's class, and from there to its record: every fault becomes a Problem."""

import re
from typing import Literal, Protocol, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from netguard.config.problems import Problem, Severity
from netguard.config.values import BadValue
from netguard.secrets import masked
from netguard.suggest import did_you_mean

ShapeT = TypeVar("ShapeT", bound=msgspec.Struct)
RecordT_co = TypeVar("RecordT_co", covariant=True)

# What may be shown of a table that holds secrets: someone may have pasted one beside its key.
_OPEN_KEYS = {
    "": frozenset({"store", "retention", "servers"}),
    "snmp": frozenset({"version", "timeout", "retries", "deadline", "pace"}),
    "ssh": frozenset({"port", "timeout"}),
    "alert": frozenset({"severity"}),
}
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "a table",
}
_LONGEST = 60


class Place(msgspec.Struct, frozen=True):
    """Which table of which file: see `Problem`."""

    file: str
    section: str = ""
    name: str = ""
    line: int | None = None

    def problem(
        self,
        detail: str,
        *,
        key: str = "",
        value: object = None,
        remedy: str,
        severity: Severity = "error",
    ) -> Problem:
        """Return a problem in this place; the value is left out where it may be a secret."""
        return Problem(
            file=self.file,
            section=self.section,
            name=self.name,
            line=self.line,
            key=key,
            value=_short(masked(repr(value))) if value is not None and self._open(key) else "",
            detail=detail,
            remedy=remedy,
            severity=severity,
        )

    def fault(self, bad: BadValue) -> Problem:
        """Return the problem that a text in this place has no meaning."""
        return self.problem(bad.detail, key=bad.key, value=bad.value, remedy=bad.remedy)

    def _open(self, key: str) -> bool:
        allowed = _OPEN_KEYS.get(self.section)
        return allowed is None or key in allowed


class Table(Protocol[RecordT_co]):
    """A table's class whose instances know what they mean."""

    def record(self) -> RecordT_co:
        """Return what the table means; raises BadValue."""
        ...


def shaped(
    raw: object, shape: type[ShapeT], place: Place, problems: list[Problem]
) -> ShapeT | None:
    """Return the table as its class, or None; what is wrong with it is added to the problems."""
    if not isinstance(raw, dict):
        remedy = "A table has a heading in brackets and one key = value per line."
        problems.append(place.problem("not a table", remedy=remedy))
        return None
    known = frozenset(shape.__struct_fields__)
    unknown = [key for key in raw if key not in known]
    problems += [
        place.problem("unknown key", key=key, remedy=did_you_mean(key, known)) for key in unknown
    ]
    try:
        return msgspec.convert({k: v for k, v in raw.items() if k in known}, shape)
    except msgspec.ValidationError as error:
        problems.append(_explained(str(error), raw, shape, place))
        return None


def meant(table: Table[RecordT_co], place: Place, problems: list[Problem]) -> RecordT_co | None:
    """Return the record that a table means, or None; what is wrong is added to the problems."""
    try:
        return table.record()
    except BadValue as bad:
        problems.append(place.fault(bad))
        return None


def _explained(
    message: str, raw: dict[str, object], shape: type[msgspec.Struct], place: Place
) -> Problem:
    """Say in the words of TOML what msgspec found."""
    what, _, path = message.removesuffix("`").partition(" - at `$")
    key, value = path.removeprefix("."), _walk(raw, path)
    if field := re.search(r"(missing required|unknown) field `([^`]*)", what):
        state = "missing key" if field[1].startswith("missing") else "unknown key"
        inside = f"{key}.{field[2]}" if key else field[2]
        remedy = "Every such table needs it." if state == "missing key" else "Leave it out."
        return place.problem(state, key=inside, remedy=remedy)
    if what.startswith("Invalid enum value"):
        choices = _choices(get_type_hints(shape, include_extras=True)[key.partition("[")[0]])
        remedy = did_you_mean(str(value), choices)
        return place.problem("not one of the choices", key=key, value=value, remedy=remedy)
    expected, _, got = what.removeprefix("Expected ").partition(", got ")
    if not place.section and {expected, got} == {"`array`", "`object`"}:
        heading = f"[[{key}]]" if expected == "`array`" else f"[{key}]"
        return place.problem("wrong kind of table", key=key, remedy=f"Its heading is {heading}.")
    remedy = f"Write {_said(expected)}."
    return place.problem("wrong kind of value", key=key, value=value, remedy=remedy)


def _walk(raw: object, path: str) -> object:
    """Return what stands at msgspec's path, `.gateways[0].macs`."""
    for key, position in _STEP.findall(path):
        if isinstance(raw, dict) and key in raw:
            raw = raw[key]
        elif isinstance(raw, list):
            raw = raw[int(position)]
    return raw


def _choices(hint: object) -> frozenset[str]:
    """Return the words of the Literal inside a type."""
    if get_origin(hint) is Literal:
        return frozenset(get_args(hint))
    return frozenset().union(*(_choices(inner) for inner in get_args(hint)))


def _said(expected: str) -> str:
    """Turn msgspec's "`float` > 0.0" into "a number > 0.0"."""
    kinds = expected.replace(" | null", "")
    said = re.sub(
        r"`([^`]+)`", lambda m: " or ".join(_WORDS.get(k, k) for k in m[1].split(" | ")), kinds
    )
    return said.replace(r"matching regex '^\\S+$'", "without blanks")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
