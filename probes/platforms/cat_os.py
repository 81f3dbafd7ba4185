"""Cisco CatOS: the tables of IOS, and what it tells of ports only in CISCO-STACK-MIB."""

from msgspec.structs import replace

from probes.mibs import cisco_stack_mib, cisco_vtp_mib
from probes.platforms.ios import IOS

CAT_OS = replace(
    IOS,
    name="cat-os",
    object_ids=("1.3.6.1.4.1.9.5",),
    base_ports=(cisco_stack_mib.base_ports,),
    tagging=(cisco_vtp_mib.trunks, cisco_stack_mib.trunks),
)
