"""A device of any other make: by the standards, and what other vendors have copied of Cisco's."""

from probes.platforms.platform import Platform

GENERIC = Platform(name="generic", neighbors=())
