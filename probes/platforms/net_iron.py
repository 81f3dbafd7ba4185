"""NetIron routers (XMR, MLX, CES, CER, IMR): the tables of IronWare, but no FDB."""

from msgspec.structs import replace

from probes.platforms.iron_ware import IRON_WARE

_ARC = "1.3.6.1.4.1.1991.1.3"

# Families by their arc in FOUNDRY-SN-ROOT-MIB.
NET_IRON = replace(
    IRON_WARE,
    name="netiron",
    object_ids=tuple(f"{_ARC}.{family}" for family in (2, 10, 11, 15, 31, 33, 39, 41, 44, 49, 51)),
    bridges=False,
)
