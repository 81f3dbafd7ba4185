"""Change stamps of several MIBs in one question: which tables need not be read again.

A stamp covers what its MIB says and no more. One that is missing or 0 proves nothing: an agent that
keeps none answers 0 for ever, and so does one on which nothing has changed since it began.
"""

from typing import Literal

import msgspec

from probes.errors import Refused
from probes.mibs.columns import number
from probes.mibs.snmpv2_mib import SYS_UP_TIME
from probes.snmp import Session

SNMP_ENGINE_BOOTS = "1.3.6.1.6.3.10.2.1.2.0"
IF_TABLE_LAST_CHANGE = "1.3.6.1.2.1.31.1.5.0"
IF_STACK_LAST_CHANGE = "1.3.6.1.2.1.31.1.6.0"
ENT_LAST_CHANGE_TIME = "1.3.6.1.2.1.47.1.4.1.0"
LLDP_REM_TABLES_LAST_CHANGE = "1.0.8802.1.1.2.1.2.1.0"
CDP_GLOBAL_LAST_CHANGE = "1.3.6.1.4.1.9.9.23.1.3.5.0"

Stamp = Literal["interfaces", "stack", "entities", "lldp", "cdp"]
_STAMPS: dict[Stamp, str] = {
    "interfaces": IF_TABLE_LAST_CHANGE,
    "stack": IF_STACK_LAST_CHANGE,
    "entities": ENT_LAST_CHANGE_TIME,
    "lldp": LLDP_REM_TABLES_LAST_CHANGE,
    "cdp": CDP_GLOBAL_LAST_CHANGE,
}


class Stamps(msgspec.Struct, frozen=True, kw_only=True):
    """When tables last changed, in hundredths of a second of the agent's `up_time`; None: unsaid.

    `interfaces`: when a row came to ifTable or left it (IF-MIB ifTableLastChange): nothing of
    statuses, names, aliases or addresses. `stack`: which interface lies on which
    (ifStackLastChange). `entities`: the hardware (ENTITY-MIB entLastChangeTime). `lldp` and `cdp`:
    any row of the neighbours' tables (LLDP-MIB lldpStatsRemTablesLastChangeTime, CISCO-CDP-MIB
    cdpGlobalLastChange): nothing of the device's own ports.

    `boots` counts the agent's beginnings (SNMP-FRAMEWORK-MIB snmpEngineBoots).
    """

    up_time: int | None = None
    boots: int | None = None
    interfaces: int | None = None
    stack: int | None = None
    entities: int | None = None
    lldp: int | None = None
    cdp: int | None = None

    def unchanged(self, stamp: Stamp, before: "Stamps") -> bool:
        """Tell whether what a stamp covers is as it was read after `before` was.

        Never where the agent may have begun anew (its up_time went back, which also happens after
        497 days, or its boots are others): the stamps then count from another beginning. Nor where
        `before` is of the very hundredth of the change, for another may have followed within it.
        """
        then: int | None = getattr(before, stamp)
        now: int | None = getattr(self, stamp)
        if not now or now != then or self.boots != before.boots:
            return False
        return now < (before.up_time or 0) <= (self.up_time or 0)


async def stamps(session: Session) -> Stamps:
    """Read all the stamps in one request, before the tables they are about.

    An agent that fails at the question has none. Raises NoAnswer or Malformed.
    """
    try:
        found = await session.get(SYS_UP_TIME, SNMP_ENGINE_BOOTS, *_STAMPS.values())
    except Refused:
        return Stamps()
    return Stamps(
        up_time=number(found.get(SYS_UP_TIME)),
        boots=number(found.get(SNMP_ENGINE_BOOTS)),
        **{stamp: number(found.get(oid)) for stamp, oid in _STAMPS.items()},
    )
