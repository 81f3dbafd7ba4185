"""IronWare on FastIron, ICX and BigIron: Foundry, Brocade, Ruckus. One FDB for all VLANs."""

from probes.mibs import (
    foundry_sn_ip_mib,
    foundry_sn_ip_vrrp_mib,
    foundry_sn_switch_group_fdb,
    foundry_sn_switch_group_fdp,
    foundry_sn_switch_group_mib,
)
from probes.platforms.platform import Platform

IRON_WARE = Platform(
    name="ironware",
    family="foundry",
    # Not EdgeIron, whose arcs follow these: other makers' switches with other tables.
    object_ids=tuple(f"1.3.6.1.4.1.1991.1.{kind}" for kind in (1, 2, 3)),
    interfaces=(foundry_sn_switch_group_mib.interfaces,),
    addresses=(foundry_sn_ip_mib.addresses,),
    vlans=(foundry_sn_switch_group_mib.vlans,),
    fdb=(foundry_sn_switch_group_fdb.fdb,),
    tagging=(foundry_sn_switch_group_mib.tagging,),
    lag_members=(foundry_sn_switch_group_mib.members,),
    neighbors=(foundry_sn_switch_group_fdp.neighbors,),
    virtual_gateways=(foundry_sn_ip_vrrp_mib.virtual_gateways,),
    fdb_gaps=foundry_sn_switch_group_fdb.filtered,
)
