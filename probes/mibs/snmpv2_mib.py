"""SNMPv2-MIB: what the agent says it is."""

from probes.errors import Refused
from probes.mibs.columns import seconds, text
from probes.records import SystemInfo
from probes.snmp import Session

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
SYS_NAME = "1.3.6.1.2.1.1.5.0"


async def system(session: Session) -> SystemInfo:
    """Read the system group, the first thing to ask an agent.

    Raises NoAnswer, Malformed, and Refused also where the agent shows none of it.
    """
    found = await session.get(SYS_DESCR, SYS_OBJECT_ID, SYS_UP_TIME, SYS_NAME)
    if not found:
        raise Refused(
            session.subject,
            "the agent answers, but shows nothing of its system group",
            kind="snmp-refused",
            remedy="widen the MIB view of this community or user on the device",
        )
    return SystemInfo(
        sys_descr=text(found.get(SYS_DESCR)),
        sys_object_id=text(found.get(SYS_OBJECT_ID)),
        sys_name=text(found.get(SYS_NAME)),
        up_time=seconds(found.get(SYS_UP_TIME)),
    )
