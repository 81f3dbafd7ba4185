"""Which kind of device an agent belongs to, by what it says of itself."""

from probes.platforms.cat_os import CAT_OS
from probes.platforms.cisco_small_business import CISCO_SMALL_BUSINESS
from probes.platforms.generic import GENERIC
from probes.platforms.ios import IOS
from probes.platforms.ios_xe import IOS_XE
from probes.platforms.iron_ware import IRON_WARE
from probes.platforms.net_iron import NET_IRON
from probes.platforms.nx_os import NX_OS
from probes.platforms.platform import Family, Platform
from probes.records import SystemInfo

# The more particular ones first: the first that recognises a device is its platform.
_KNOWN = (IOS_XE, NX_OS, CAT_OS, CISCO_SMALL_BUSINESS, IOS, NET_IRON, IRON_WARE)
_USUAL: dict[Family, Platform] = {"catalyst": IOS, "foundry": IRON_WARE, "generic": GENERIC}


def detect(system: SystemInfo, family: Family | None = None) -> Platform:
    """Return the platform by sysObjectID and sysDescr, of the family where people name one."""
    recognised = (platform for platform in _KNOWN if platform.recognises(system))
    found = next(recognised, GENERIC)
    return found if family in (None, found.family) else _USUAL[family]
