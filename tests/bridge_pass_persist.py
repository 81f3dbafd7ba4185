"""A pass_persist program for snmpd: BRIDGE-MIB from a live kernel bridge, read over netlink.

Usage: bridge_pass_persist.py BRIDGE [AGE]. What it answers is never older than AGE seconds, else 1.
"""

import sys
from bisect import bisect_right
from collections.abc import Iterable
from time import monotonic

from pyroute2 import IPRoute

Oid = tuple[int, ...]
Objects = dict[Oid, tuple[str, str]]
BRIDGE_MIB = (1, 3, 6, 1, 2, 1, 17)
BASE_BRIDGE_ADDRESS = (*BRIDGE_MIB, 1, 1, 0)
BASE_PORT_IF_INDEX = (*BRIDGE_MIB, 1, 4, 1, 2)
TP_FDB_PORT = (*BRIDGE_MIB, 4, 3, 1, 2)
TP_FDB_STATUS = (*BRIDGE_MIB, 4, 3, 1, 3)
LEARNED, SELF = 3, 4
NUD_PERMANENT = 0x80


def octets(mac: str) -> Oid:
    return tuple(bytes.fromhex(mac.replace(":", "")))


def ports(kernel: IPRoute, bridge: int) -> dict[int, int]:
    """Return the kernel's port number of every interface of the bridge, by ifIndex."""
    found = {}
    for link in kernel.get_links():
        info = link.get_attr("IFLA_LINKINFO")
        if link.get_attr("IFLA_MASTER") == bridge and info is not None:
            data = info.get_attr("IFLA_INFO_SLAVE_DATA")
            found[link["index"]] = data.get_attr("IFLA_BRPORT_NO")
    return found


def objects(kernel: IPRoute, name: str) -> Objects:
    """Return what the bridge's MIB holds now: type and value by OID."""
    (bridge,) = kernel.link_lookup(ifname=name)
    address = kernel.get_links(bridge)[0].get_attr("IFLA_ADDRESS")
    held: Objects = {BASE_BRIDGE_ADDRESS: ("octet", address.replace(":", " "))}
    port_of = ports(kernel, bridge)
    for if_index, port in port_of.items():
        held[(*BASE_PORT_IF_INDEX, port)] = ("integer", str(if_index))
    for row in kernel.fdb("dump"):
        if row["ifindex"] not in port_of or row.get_attr("NDA_MASTER") != bridge:
            continue
        port = port_of[row["ifindex"]]
        index = octets(row.get_attr("NDA_LLADDR"))
        status = SELF if row["state"] & NUD_PERMANENT else LEARNED
        held[(*TP_FDB_PORT, *index)] = ("integer", str(port))
        held[(*TP_FDB_STATUS, *index)] = ("integer", str(status))
    return dict(sorted(held.items()))


def answer(question: str, oid: Oid, held: Objects, order: list[Oid]) -> Iterable[str]:
    if question == "getnext":
        at = bisect_right(order, oid)
        oid = order[at] if at < len(order) else ()
    if oid not in held:
        return ("NONE",)
    return ("." + ".".join(map(str, oid)), *held[oid])


def main() -> None:
    held: Objects = {}
    order: list[Oid] = []
    max_age = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    read = -max_age
    with IPRoute() as kernel:
        for line in sys.stdin:
            question = line.strip()
            if question == "PING":
                reply: Iterable[str] = ("PONG",)
            else:
                oid = tuple(int(arc) for arc in sys.stdin.readline().strip(".\n").split("."))
                if monotonic() > read + max_age:
                    held = objects(kernel, sys.argv[1])
                    order, read = list(held), monotonic()
                reply = answer(question, oid, held, order)
            sys.stdout.write("\n".join(reply) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
