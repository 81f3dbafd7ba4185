"""How each make of device names itself and its ports, as tables: a make is data, not code."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from netguard.lab.live import Link, Snapshot

_ETHERNET = 6  # IANAifType ethernetCsmacd


class Naming(NamedTuple):
    """How ports whose kernel name matches `pattern` are called; {} is the last number in it."""

    pattern: str
    if_name: str
    if_descr: str
    first_index: int
    speed: int


class Face(msgspec.Struct, frozen=True, kw_only=True):
    """A make of device. `per_vlan` means that the FDB is read as `community@vlan`."""

    sys_descr: str
    sys_object_id: tuple[int, ...]
    capabilities: int  # LldpSystemCapabilitiesMap, first octet
    naming: tuple[Naming, ...]
    per_vlan: bool


FOUNDRY = Face(
    sys_descr=(
        "Foundry Networks, Inc. NetIron CER, Extended route scalability, IronWare Version"
        " V6.2.0eT183 Compiled on Sep 30 2019 at 06:59:54 labeled as V6.2.00e"
    ),
    sys_object_id=(1, 3, 6, 1, 4, 1, 1991, 1, 3, 51, 7),
    capabilities=0x08,  # router(4)
    naming=(
        Naming(r"e1-(\d+)", "ethernet1/{}", "GigabitEthernet1/{}", 0, 1_000_000_000),
        Naming(r"mgmt(\d+)", "management{}", "EthernetManagement{}", 48, 1_000_000_000),
    ),
    per_vlan=False,
)

CATALYST = Face(
    sys_descr=(
        "Cisco IOS Software, C3750 Software (C3750-IPBASE-M), Version 12.2(50)SE5,"
        " RELEASE SOFTWARE (fc1)"
    ),
    sys_object_id=(1, 3, 6, 1, 4, 1, 9, 1, 516),
    capabilities=0x20,  # bridge(2)
    naming=(
        Naming(r"fa0-(\d+)", "Fa0/{}", "FastEthernet0/{}", 10000, 100_000_000),
        Naming(r"gi0-(\d+)", "Gi0/{}", "GigabitEthernet0/{}", 10100, 1_000_000_000),
        Naming(r"fa(0)", "Fa{}", "FastEthernet{}", 14001, 100_000_000),
    ),
    per_vlan=True,
)

FACES: Mapping[str, Face] = {"edge1": FOUNDRY, "cat1": CATALYST, "cat2": CATALYST}


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A port as its device names it. `link` is the kernel's view of it."""

    if_index: int
    if_name: str
    if_descr: str
    speed: int
    if_type: int = _ETHERNET
    link: Link


def port(face: Face, link: Link) -> Port | None:
    """Return the port that a link stands for; None for links the device does not show."""
    for naming in face.naming:
        if match := re.fullmatch(naming.pattern, link.name):
            number = match[1]
            return Port(
                if_index=naming.first_index + int(number),
                if_name=naming.if_name.format(number),
                if_descr=naming.if_descr.format(number),
                speed=naming.speed,
                link=link,
            )
    return None


def ports(face: Face, seen: Snapshot) -> list[Port]:
    """Return the ports that are there now, by if_index."""
    found = [port(face, link) for link in seen.links]
    return sorted((p for p in found if p), key=lambda p: p.if_index)


def port_name(device: str, interface: str) -> str:
    """Return what a device calls an interface, e.g. `Fa0/3` for `fa0-3`."""
    for naming in FACES[device].naming if device in FACES else ():
        if match := re.fullmatch(naming.pattern, interface):
            return naming.if_name.format(match[1])
    return interface
