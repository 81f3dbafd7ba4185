"""Cisco IOS-XE: the tables of IOS."""

from msgspec.structs import replace

from probes.platforms.ios import IOS

IOS_XE = replace(
    IOS,
    name="ios-xe",
    object_ids=("1.3.6.1.4.1.9.1",),
    spoken=("IOS-XE", "IOSXE", "LINUX_IOSD", "CAT3K_CAA"),
)
