"""The port itself: managed, open, no trunk, no part of an aggregate."""

from ipaddress import ip_address

import msgspec

from netguard.view import DeviceView
from probes.records import BasePort, FdbEntry, InterfaceAddress, LagMember, Table, Tagging
from tests.building import segment
from tests.deciding import (
    CULPRIT,
    LOST,
    NUMBER,
    Passed,
    Refused,
    cat1,
    closing,
    opening,
    tables,
    unread,
)

SILENT = Table[Tagging](())


def in_vlans(device: DeviceView, *vlans: int) -> DeviceView:
    """Return a switch that has the culprit in these VLANs."""
    rows = (
        FdbEntry(vlan=v, mac=CULPRIT, base_port=5, if_index=NUMBER, status="learned") for v in vlans
    )
    return msgspec.structs.replace(device, fdb=tuple(rows))


def with_address(device: DeviceView) -> DeviceView:
    own = InterfaceAddress(ip=ip_address("192.0.2.11"), prefix_length=24, if_index=NUMBER)
    return msgspec.structs.replace(device, addresses=(own,))


def on(platform: str) -> DeviceView:
    return msgspec.structs.replace(cat1(), platform=platform)


REFUSED: list[Refused] = [
    ("not-a-managed-port", "its device was not read", closing(unread(cat1())), "not be read"),
    ("not-a-managed-port", "its device has no such port", closing(interface=None), "has no port"),
    (
        "not-a-managed-port",
        "its device is a router",
        closing(cat1(role="router")),
        "is a router",
    ),
    (
        "not-a-managed-port",
        "its device is in no segment",
        closing(of=segment(switches=("cat2",))),
        "in no [[segment]]",
    ),
    ("not-a-managed-port", "it is a tunnel", closing(cat1(if_type=131)), "ifType 131"),
    ("not-a-managed-port", "nobody knows its type", closing(cat1(if_type=None)), "ifType None"),
    ("not-a-managed-port", "it is routed", closing(with_address(cat1())), "address of its own"),
    (
        "not-a-managed-port",
        "it is not bridged",
        closing(tables=tables(base_ports=Table((BasePort(base_port=1, if_index=10001),)))),
        "no bridge port in the VLANs of web-226",
    ),
    (
        "not-a-managed-port",
        "the table of bridge ports ends early",
        closing(tables=tables(base_ports=Table[BasePort]((), (LOST,)))),
        "no answer within 1.5 s",
    ),
    ("not-a-managed-port", "no table was read", closing(tables=None), "could not be read"),
    ("already-down", "it is closed", closing(cat1(admin_status="down")), "is down"),
    ("already-down", "nobody knows whether", closing(cat1(admin_status="unknown")), "unknown"),
    ("already-down", "its device was not read", closing(unread(cat1())), "unknown"),
    ("trunk", "stations of two VLANs are behind it", closing(in_vlans(cat1(), 1, 226)), "1, 226"),
    (
        "trunk",
        "it is tagged",
        closing(tables=tables(tagging=Table((Tagging(if_index=NUMBER, tagged=True),)))),
        "tagged VLANs",
    ),
    (
        "trunk",
        "the table of tagged ports ends early",
        closing(tables=tables(tagging=Table[Tagging]((), (LOST,)))),
        "no answer within",
    ),
    ("trunk", "no table was read", closing(tables=None), "could not be read"),
    (
        "trunk",
        "a Catalyst does not say it",
        closing(tables=tables(tagging=SILENT)),
        "does not say",
    ),
    (
        "trunk",
        "a Foundry does not say it",
        closing(on("foundry"), tables=tables(tagging=SILENT)),
        "does not say",
    ),
    (
        "trunk",
        "any other says it of all ports but this one",
        closing(
            on("generic"), tables=tables(tagging=Table((Tagging(if_index=10001, tagged=True),)))
        ),
        "does not say",
    ),
    (
        "lag-member",
        "it is a member",
        closing(tables=tables(lag_members=Table((LagMember(if_index=NUMBER, aggregate=5000),)))),
        "a member of",
    ),
    (
        "lag-member",
        "it is the aggregate",
        closing(tables=tables(lag_members=Table((LagMember(if_index=1, aggregate=NUMBER),)))),
        "of several ports",
    ),
    ("lag-member", "its type is an aggregate's", closing(cat1(if_type=53)), "of several ports"),
    (
        "lag-member",
        "the table of members ends early",
        closing(tables=tables(lag_members=Table[LagMember]((), (LOST,)))),
        "no answer within",
    ),
    ("lag-member", "no table was read", closing(tables=None), "could not be read"),
    ("not-a-managed-port", "its device is not read on opening", opening(tables=None), "not be"),
]

PASSED: list[Passed] = [
    (
        "trunk",
        "a bridge without VLANs has no table",
        closing(on("generic"), tables=tables(tagging=SILENT)),
    ),
    (
        "lag-member",
        "others are aggregated",
        closing(tables=tables(lag_members=Table((LagMember(if_index=10001, aggregate=5000),)))),
    ),
]
