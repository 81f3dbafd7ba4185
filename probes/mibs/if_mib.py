"""IF-MIB: the interfaces, named as people name them."""

from msgspec.structs import replace

from probes.mibs.columns import Column, number, read, seconds, station, text
from probes.records import Interface, Table
from probes.snmp import Index, Session, Value

IF_DESCR = "1.3.6.1.2.1.2.2.1.2"
IF_TYPE = "1.3.6.1.2.1.2.2.1.3"
IF_PHYS_ADDRESS = "1.3.6.1.2.1.2.2.1.6"
IF_ADMIN_STATUS = "1.3.6.1.2.1.2.2.1.7"
IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
IF_LAST_CHANGE = "1.3.6.1.2.1.2.2.1.9"
IF_NAME = "1.3.6.1.2.1.31.1.1.1.1"
IF_ALIAS = "1.3.6.1.2.1.31.1.1.1.18"

_STATUS = {
    1: "up",
    2: "down",
    3: "testing",
    4: "unknown",
    5: "dormant",
    6: "notPresent",
    7: "lowerLayerDown",
}


async def interfaces(session: Session) -> Table[Interface]:
    """Read ifTable and the names of ifXTable; one without any name is there with an empty one."""
    columns, gaps = await read(
        session,
        IF_NAME,
        IF_DESCR,
        IF_ALIAS,
        IF_TYPE,
        IF_PHYS_ADDRESS,
        IF_ADMIN_STATUS,
        IF_OPER_STATUS,
        IF_LAST_CHANGE,
    )
    # Some agents tell of a last change what they tell nothing else of: that is no interface.
    return Table(tuple(_interface(index, columns) for index in _rows(*columns[:-1])), gaps)


async def names(session: Session, wanted: str) -> Table[Interface]:
    """Read what the interfaces are called and nothing else, to look up one.

    ifDescr is read only where no ifName is the wanted one.
    """
    (found,), gaps = await read(session, IF_NAME)
    descrs: Column = {}
    if not gaps and wanted not in map(text, found.values()):
        (descrs,), gaps = await read(session, IF_DESCR)
    rows = _rows(found, descrs)
    return Table(tuple(_named(i[0], found.get(i), descrs.get(i)) for i in rows), gaps)


async def interface(session: Session, if_index: int) -> Interface | None:
    """Read the names and statuses of one interface, in one request; None if it has no name.

    Raises NoAnswer, Refused or Malformed.
    """
    columns = (IF_NAME, IF_DESCR, IF_ADMIN_STATUS, IF_OPER_STATUS)
    found = await session.get(*(f"{column}.{if_index}" for column in columns))
    name, descr, admin, oper = (found.get(f"{column}.{if_index}") for column in columns)
    named = _named(if_index, name, descr)
    if not named.name:
        return None
    return replace(named, admin_status=_status(admin), oper_status=_status(oper))


def _rows(*columns: Column) -> list[Index]:
    return sorted({i for column in columns for i in column if len(i) == 1 and i[0] > 0})


def _named(if_index: int, name: Value | None, descr: Value | None) -> Interface:
    return Interface(if_index=if_index, name=text(name) or text(descr), descr=text(descr))


def _status(value: Value | None) -> str:
    return _STATUS.get(number(value) or 0, "unknown")


def _interface(index: Index, columns: list[Column]) -> Interface:
    name, descr, alias, kind, phys_address, admin, oper, since = (one.get(index) for one in columns)
    return Interface(
        if_index=index[0],
        name=text(name) or text(descr),
        descr=text(descr),
        alias=text(alias),
        phys_address=station(phys_address),
        admin_status=_status(admin),
        oper_status=_status(oper),
        if_type=number(kind),
        last_change=seconds(since),
    )
