"""A device of any other make: by the standards, and what others have taken over from Cisco."""

from probes.mibs import cisco_cdp_mib
from probes.platforms.platform import Platform

GENERIC = Platform(name="generic", neighbors=(cisco_cdp_mib.neighbors,))
