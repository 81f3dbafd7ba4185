"""Cisco Small Business: one FDB for all VLANs as the standard has it, and CDP."""

from probes.mibs import cisco_cdp_mib
from probes.platforms.platform import Platform

CISCO_SMALL_BUSINESS = Platform(
    name="cisco-small-business",
    object_ids=("1.3.6.1.4.1.9.6.1",),
    neighbors=(cisco_cdp_mib.neighbors,),
)
