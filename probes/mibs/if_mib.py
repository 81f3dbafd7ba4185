"""IF-MIB: the interfaces, named as people name them."""

from probes.mibs.columns import Column, number, read, station, text
from probes.records import Interface, Table
from probes.snmp import Index, Session

IF_DESCR = "1.3.6.1.2.1.2.2.1.2"
IF_TYPE = "1.3.6.1.2.1.2.2.1.3"
IF_PHYS_ADDRESS = "1.3.6.1.2.1.2.2.1.6"
IF_ADMIN_STATUS = "1.3.6.1.2.1.2.2.1.7"
IF_OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
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
    """Read ifTable and the names of ifXTable, a row for every interface with any name."""
    columns, gaps = await read(
        session,
        IF_NAME,
        IF_DESCR,
        IF_ALIAS,
        IF_TYPE,
        IF_PHYS_ADDRESS,
        IF_ADMIN_STATUS,
        IF_OPER_STATUS,
    )
    names, descrs = columns[:2]
    indexes = sorted(index for index in names.keys() | descrs.keys() if len(index) == 1)
    return Table(tuple(_interface(index, columns) for index in indexes), gaps)


def _interface(index: Index, columns: list[Column]) -> Interface:
    name, descr, alias, kind, phys_address, admin, oper = (one.get(index) for one in columns)
    return Interface(
        if_index=index[0],
        name=text(name) or text(descr),
        descr=text(descr),
        alias=text(alias),
        phys_address=station(phys_address),
        admin_status=_STATUS.get(number(admin) or 0, "unknown"),
        oper_status=_STATUS.get(number(oper) or 0, "unknown"),
        if_type=number(kind),
    )
