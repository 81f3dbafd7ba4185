"""From what a person points at to one port: named, or where the station hangs, or a refusal."""

import msgspec

from netguard.errors import Exit, NetguardError
from netguard.findings import Finding
from netguard.history import Change
from netguard.inventory import SwitchPort
from netguard.locate import Topology, locate
from netguard.ports import meant
from netguard.suggest import did_you_mean
from netguard.view import View


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be changed: a port as it was typed, a station, or a finding's impostor."""

    change: Change
    port: SwitchPort | None = None
    mac: str | None = None
    finding: Finding | None = None
    automatic: bool = False


class NoSuchThing(NetguardError):
    """The device or port that was named does not exist, or the name fits several."""

    exit_code = Exit.USAGE


class Unplaced(NetguardError):
    """No single port can be named for what is meant; `guard` is the one that forbids to guess."""

    exit_code = Exit.REFUSED

    def __init__(self, guard: str, message: str, *, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.guard = guard


def accused(wanted: Wanted) -> str | None:
    """Return the station that is meant; raises Unplaced where a finding has several, or none."""
    if wanted.finding is None:
        return wanted.mac
    finding = wanted.finding
    if finding.state == "resolved":
        raise Unplaced(
            "stale-location",
            f"{finding.id} is resolved: there is nothing to close",
            remedy="`netguard sweep` looks again.",
        )
    impostors = [c.mac for c in finding.claimants if c.role == "impostor"]
    if len(impostors) == 1:
        return impostors[0]
    macs = ", ".join(impostors or (c.mac for c in finding.claimants))
    raise Unplaced(
        "ambiguous-station",
        f"{finding.id} names {'several impostors' if impostors else 'nobody as the impostor'}",
        remedy=f"Name one of them: --mac {macs.partition(',')[0]} (of {macs}).",
    )


def named_port(view: View, typed: SwitchPort) -> SwitchPort:
    """Return a port as its device calls it; raises NoSuchThing with the nearest names.

    Of a device that could not be read nothing is known: its port stays as it was typed.
    """
    device = view.devices.get(typed.device)
    if device is None:
        raise NoSuchThing(f"no device is named {typed.device!r} any more")
    if not device.interfaces:
        return typed
    found = meant(device.interfaces, typed.port)
    if len(found) == 1:
        return SwitchPort(typed.device, found[0].name)
    if found:
        names = ", ".join(one.name for one in found)
        raise NoSuchThing(
            f"{typed.port!r} could be any of {names} on {typed.device}", remedy="Write one of them."
        )
    hint = did_you_mean(typed.port, (one.name for one in device.interfaces))
    raise NoSuchThing(f"{typed.device} has no port {typed.port!r}", remedy=hint)


def station_port(mac: str, ways: Topology, vlan: int | None) -> SwitchPort:
    """Return the one end port of a station; raises Unplaced where there is none, or several."""
    where = locate(mac, ways, vlan)
    if where.location is not None:
        return SwitchPort(where.location.device, where.location.port)
    ports = ", ".join(f"{place.device} {place.port}" for place in where.locations)
    again = f"Look again: netguard host locate {mac}"
    match where.answer:
        case "several-ports":
            raise Unplaced(
                "ambiguous-station",
                f"{mac} is on several ports at once: {ports}",
                remedy="Name the one to close: netguard port shutdown DEVICE PORT.",
            )
        case "uplink-only":
            seen = ", ".join(map(str, where.path))
            raise Unplaced(
                "uplink",
                f"{mac} is seen on uplinks only ({seen}): it hangs on a switch that was not read",
                remedy=again,
            )
        case _:
            raise Unplaced("stale-location", f"{mac} is in no FDB that was read", remedy=again)
