"""Cisco IOS: a bridge for each VLAN, in a context; without one, an agent shows VLAN 1."""

from probes.mibs import (
    cisco_cdp_mib,
    cisco_hsrp_mib,
    cisco_ietf_ip_mib,
    cisco_pagp_mib,
    cisco_vtp_mib,
)
from probes.platforms.platform import Platform

IOS = Platform(
    name="ios",
    family="catalyst",
    object_ids=("1.3.6.1.4.1.9",),
    vlan_contexts=True,
    addresses=(cisco_ietf_ip_mib.addresses,),
    arp=(cisco_ietf_ip_mib.arp,),
    vlans=(cisco_vtp_mib.vlans,),
    tagging=(cisco_vtp_mib.trunks,),
    lag_members=(cisco_pagp_mib.members,),
    neighbors=(cisco_cdp_mib.neighbors,),
    virtual_gateways=(cisco_hsrp_mib.virtual_gateways,),
)
