"""The driver that changes ports over SNMP: IF-MIB's ifAdminStatus, the same on every make."""

from collections.abc import Collection

from netguard.history import PortStatus
from netguard.suggest import did_you_mean
from netguard.switches.saving import save
from netguard.switches.switch import NoSuchPort, PortState
from netguard.switches.writing import Writer
from probes.errors import Malformed, NoAnswer, ProbeError, Refused
from probes.mibs import if_mib
from probes.records import Gap, Interface
from probes.snmp import Credentials, Session
from probes.snmp_link import Target

SAVES_WITHIN = 20.0  # seconds; a Catalyst takes five to ten

_UP, _DOWN = 1, 2
_ERRORS: dict[str, type[ProbeError]] = {
    "snmp-timeout": NoAnswer,
    "snmp-deadline": NoAnswer,
    "snmp-refused": Refused,
    "snmp-error": Refused,
}


class SnmpSwitch:
    """One device, read through `session` and changed with the credentials `write`."""

    def __init__(
        self,
        session: Session,
        target: Target,
        write: Credentials,
        platform: str,
        *,
        save_within: float = SAVES_WITHIN,
    ) -> None:
        self._session = session
        self._platform = platform
        self._save_within = save_within
        self._writer = Writer(target, write)

    async def prepare(self) -> None:
        """Do ahead what the first order would wait for; changes nothing, and may be left out.

        Raises Refused where the device does not know the user that writes, or NoAnswer.
        """
        await self._writer.prepare()

    async def find(self, name: str) -> PortState:
        """Look a port up by its exact if_name, on the device, now."""
        table = await if_mib.names(self._session, name)
        for gap in table.gaps:  # what is missing may be a second port of that name
            raise _error(gap)
        called = [one.if_index for one in table.rows if one.name == name]
        if len(called) != 1:
            raise self._no_such_port(name, called, [one.name for one in table.rows])
        return await self._read(called[0], name)

    async def again(self, port: PortState) -> PortState:
        """Read the port once more by its number, provided that it is called the same."""
        return await self._read(_number(port), port.name)

    async def set_admin_status(self, port: PortState, *, up: bool) -> str:
        """Send the order once and return the device's words; raises only where it was not sent."""
        oid = f"{if_mib.IF_ADMIN_STATUS}.{_number(port)}"
        return (await self._writer.order([(oid, _UP if up else _DOWN)])).text

    async def save(self) -> str:
        """Save the running configuration as the platform does; return "saved", or what came of it.

        Raises only where nothing was sent.
        """
        return await save(self._writer, self._platform, within=self._save_within)

    async def close(self) -> None:
        """Give the sockets back."""
        await self._session.close()
        await self._writer.close()

    async def _read(self, if_index: int, name: str) -> PortState:
        found = await if_mib.interface(self._session, if_index)
        if found is None or found.name != name:
            raise self._renumbered(if_index, name, found)
        if found.admin_status == "unknown":
            raise Malformed(
                self._session.subject,
                f"{name} (ifIndex {if_index}) has no ifAdminStatus that IF-MIB knows",
                remedy="the read credentials may not see it: check the device's MIB view",
            )
        status = PortStatus(found.admin_status, found.oper_status)
        return PortState(name=name, if_index=if_index, status=status)

    def _no_such_port(
        self, name: str, called: Collection[int], names: Collection[str]
    ) -> NoSuchPort:
        if called:
            numbers = ", ".join(map(str, called))
            return NoSuchPort(
                self._session.subject,
                f"several ports are called {name!r} (ifIndex {numbers})",
                remedy="give them different names on the device, or change the port there",
            )
        detail = f"the device has no port called {name!r}"
        shown = did_you_mean(name, names) if names else "It shows none: check its MIB view."
        return NoSuchPort(self._session.subject, detail, remedy=shown)

    def _renumbered(self, if_index: int, name: str, found: Interface | None) -> NoSuchPort:
        now = f"is {found.name!r}" if found else "is no interface"
        return NoSuchPort(
            self._session.subject,
            f"the device has renumbered its ports: ifIndex {if_index} was {name!r} and {now} now",
            remedy=f"look at {name} and at ifIndex {if_index} on the device",
        )


def _number(port: PortState) -> int:
    if port.if_index is None:
        raise NoSuchPort(port.name, "a port without an ifIndex is not to be had over SNMP")
    return port.if_index


def _error(gap: Gap) -> ProbeError:
    kind = _ERRORS.get(gap.kind, Malformed)
    return kind(gap.subject, gap.detail, remedy=gap.remedy, kind=gap.kind)
