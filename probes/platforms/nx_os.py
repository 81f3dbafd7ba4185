"""Cisco NX-OS: the tables of IOS, under an arc of its own."""

from msgspec.structs import replace

from probes.platforms.ios import IOS

NX_OS = replace(IOS, name="nx-os", object_ids=("1.3.6.1.4.1.9.12",))
