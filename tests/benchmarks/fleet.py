"""A thousand Catalysts that answer at once from one process and one socket, or late, or never.

Each has an address of its own in 127.1.0.0/16 (the socket takes them all, and answers from the
one that was asked). All have the same tables but for name and MACs: answers are encoded once, for
a template, and the five octets that tell one switch from another are exchanged on the way.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from heapq import heappop, heappush
from ipaddress import IPv4Address
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from os import sched_setaffinity
from select import select
from socket import AF_INET, CMSG_SPACE, IPPROTO_IP, SO_RCVBUF, SOCK_DGRAM, SOL_SOCKET, socket
from time import monotonic
from typing import NamedTuple

from probes.mibs import bridge_mib, cisco_vtp_mib, ieee8023_lag_mib, if_mib, lldp_mib, snmpv2_mib
from tests.snmp_agent import (
    END_OF_MIB_VIEW,
    GET,
    GET_BULK,
    NO_ERROR,
    NO_SUCH_INSTANCE,
    Mib,
    Oid,
    dotted,
    integer,
    object_id,
    octets,
    parse,
    response,
    tlv,
    varbind,
)

PORTS, STATIONS, VLAN, UPLINK = 48, 200, 226, 48
READ, PORT = "public", 16100
IF_INDEX = 10100
_FIRST = int(IPv4Address("127.1.0.1"))
_IP_PKTINFO = 8
_VLANS = "1.3.6.1.4.1.9.9.46.1.3.1.1"  # vtpVlanEntry
_CDP = "1.3.6.1.4.1.9.9.23.1.2.1.1"  # cdpCacheEntry

# 02 00 is no beginning of any BER element, and what follows 5e are two arcs of one octet each: so
# this stands nowhere but in a MAC, as a value and in an index alike.
_FAMILY = bytes.fromhex("02005e")
_TEMPLATE = bytes.fromhex("02005e7e7e")
_NAME = b"sw-----"


class Manner(NamedTuple):
    """How the fleet behaves: which switches are dead, which are slow, and by how many seconds."""

    dead: frozenset[int] = frozenset()
    slow: frozenset[int] = frozenset()
    slowness: float = 1.0
    pause: float = 0.0  # what every answer of every other switch takes

    def delay(self, switch: int) -> float:
        return self.slowness if switch in self.slow else self.pause


def name(switch: int) -> str:
    return f"sw{switch:05d}"


def address(switch: int) -> str:
    return str(IPv4Address(_FIRST + switch))


def configuration(count: int) -> str:
    """Return a configuration that reads all of them."""
    tables = [
        f'[[device]]\nname = "{name(n)}"\naddress = "{address(n)}:{PORT}"\n'
        'role = "switch"\nsnmp = "site"'
        for n in range(count)
    ]
    switches = ", ".join(f'"{name(n)}"' for n in range(count))
    return "\n".join(
        (
            f'[snmp.site]\nversion = "2c"\nread = "{READ}"',
            *tables,
            '[[segment]]\nname = "site"\nnetworks = ["198.51.100.0/24"]',
            f'gateways = ["198.51.100.1"]\nvlan = {VLAN}\nswitches = [{switches}]',
        )
    )


# --- what a switch holds


def _mac(number: int) -> bytes:
    return _TEMPLATE + bytes((number,))


def _row(columns: dict[str, bytes], *index: int) -> dict[Oid, bytes]:
    return {(*dotted(column), *index): value for column, value in columns.items()}


def _base() -> dict[Oid, bytes]:
    """Return what the agent shows without a context, where VLAN 1 has no stations."""
    scalars = {
        snmpv2_mib.SYS_DESCR: octets(
            b"Cisco IOS Software, C2960 Software (C2960-LANBASEK9-M), Version 12.2(55)SE"
        ),
        snmpv2_mib.SYS_OBJECT_ID: object_id(dotted("1.3.6.1.4.1.9.1.716")),
        snmpv2_mib.SYS_UP_TIME: integer(360000, 0x43),
        snmpv2_mib.SYS_NAME: octets(_NAME),
        bridge_mib.BASE_BRIDGE_ADDRESS: octets(_mac(0)),
        lldp_mib.LOC_CHASSIS_ID_SUBTYPE: integer(4),
        lldp_mib.LOC_CHASSIS_ID: octets(_mac(0)),
        lldp_mib.LOC_SYS_NAME: octets(_NAME),
    }
    objects = _row(scalars)
    for port in range(1, PORTS + 1):
        objects |= _port(port)
    for vlan in (1, VLAN):
        objects |= _row({f"{_VLANS}.2": integer(1), f"{_VLANS}.3": integer(1)}, 1, vlan)
        objects |= _row({f"{_VLANS}.4": octets(b"VLAN%04d" % vlan)}, 1, vlan)
    return objects | _neighbors()


def _port(port: int) -> dict[Oid, bytes]:
    called = b"Gi1/0/%d" % port
    interface = {
        if_mib.IF_NAME: octets(called),
        if_mib.IF_DESCR: octets(b"GigabitEthernet1/0/%d" % port),
        if_mib.IF_ALIAS: octets(b"ds%04d" % port),
        if_mib.IF_TYPE: integer(6),
        if_mib.IF_PHYS_ADDRESS: octets(_mac(port)),
        if_mib.IF_ADMIN_STATUS: integer(1),
        if_mib.IF_OPER_STATUS: integer(1),
        cisco_vtp_mib.TRUNK_PORT_DYNAMIC_STATE: integer(1 if port == UPLINK else 2),
        cisco_vtp_mib.TRUNK_PORT_DYNAMIC_STATUS: integer(1 if port == UPLINK else 2),
        ieee8023_lag_mib.AGG_PORT_SELECTED_AGG_ID: integer(0),
        ieee8023_lag_mib.AGG_PORT_ATTACHED_AGG_ID: integer(0),
    }
    lldp = {
        lldp_mib.LOC_PORT_ID_SUBTYPE: integer(5),
        lldp_mib.LOC_PORT_ID: octets(called),
        lldp_mib.LOC_PORT_DESC: octets(b"GigabitEthernet1/0/%d" % port),
    }
    return _row(interface, IF_INDEX + port) | _row(lldp, port)


def _neighbors() -> dict[Oid, bytes]:
    lldp = {
        lldp_mib.REM_CHASSIS_ID_SUBTYPE: integer(4),
        lldp_mib.REM_CHASSIS_ID: octets(bytes.fromhex("00005e005301")),
        lldp_mib.REM_PORT_ID_SUBTYPE: integer(5),
        lldp_mib.REM_PORT_ID: octets(b"Te1/1"),
        lldp_mib.REM_PORT_DESC: octets(b"TenGigabitEthernet1/1"),
        lldp_mib.REM_SYS_NAME: octets(b"core1"),
    }
    cdp = {
        f"{_CDP}.3": integer(1),
        f"{_CDP}.4": octets(bytes((198, 51, 100, 1))),
        f"{_CDP}.5": octets(b"Cisco IOS Software"),
        f"{_CDP}.6": octets(b"core1"),
        f"{_CDP}.7": octets(b"TenGigabitEthernet1/1"),
        f"{_CDP}.8": octets(b"cisco WS-C4500X-16"),
    }
    return _row(lldp, 0, UPLINK, 1) | _row(cdp, IF_INDEX + UPLINK, 1)


def _context() -> dict[Oid, bytes]:
    """Return the bridge of the VLAN."""
    objects = _row({bridge_mib.BASE_BRIDGE_ADDRESS: octets(_mac(0))})
    for port in range(1, PORTS + 1):
        objects |= _row({bridge_mib.BASE_PORT_IF_INDEX: integer(IF_INDEX + port)}, port)
    for n in range(STATIONS):
        learned = {
            bridge_mib.TP_FDB_PORT: integer(n % PORTS + 1),
            bridge_mib.TP_FDB_STATUS: integer(3),
        }
        objects |= _row(learned, *_mac(PORTS + 1 + n))
    return objects


# --- the agent


class _Tables(Mib):
    """The same tables, told as the variable bindings alone."""

    def body(self, pdu: int, repetitions: int, oids: tuple[Oid, ...]) -> bytes:
        if pdu == GET:
            return b"".join(varbind(o, self._objects.get(o, NO_SUCH_INSTANCE)) for o in oids)
        at = bisect_right(self._oids, oids[0])
        pairs = self._pairs[at : at + (repetitions if pdu == GET_BULK else 1)]
        return b"".join(pairs) or varbind(oids[0], END_OF_MIB_VIEW)


class _Fleet:
    """Makes the answer of any switch from the template's, by exchanging a few octets."""

    def __init__(self) -> None:
        self._tables = {
            READ.encode(): _Tables(_base()),
            f"{READ}@1".encode(): _Tables({}),
            f"{READ}@{VLAN}".encode(): _Tables(_context()),
        }
        self._answers: dict[bytes, tuple[bytes, bytes]] = {}

    def answer(self, switch: int, datagram: bytes) -> bytes:
        own = _FAMILY + bytes(divmod(switch, 128))
        asked = datagram.replace(own, _TEMPLATE)
        at = _request_id(asked)
        end = at + asked[at - 1]
        question = asked[:at] + asked[end:]
        if question not in self._answers:
            self._answers[question] = self._told(asked)
        before, after = self._answers[question]
        told = (before + asked[at:end] + after).replace(_TEMPLATE, own)
        return told.replace(_NAME, name(switch).encode())

    def _told(self, datagram: bytes) -> tuple[bytes, bytes]:
        """Return what stands before and after the request-id in an answer."""
        asked = parse(datagram)
        tables = self._tables[asked.community]
        body = tables.body(asked.pdu, asked.repetitions, tuple(asked.oids))
        after = integer(NO_ERROR) + integer(0) + tlv(0x30, body)
        told = response(asked, (body,))
        return told[: -len(after) - len(asked.request_id)], after


def _request_id(datagram: bytes) -> int:
    """Return where the request-id begins: behind the headers, the version and the community."""
    version = _content(datagram, 0)
    community = version + 3
    pdu = _content(datagram, community) + datagram[community + 1]
    return _content(datagram, pdu) + 2


def _content(datagram: bytes, at: int) -> int:
    """Return where the content of an element begins."""
    size = datagram[at + 1]
    return at + 2 + (size & 0x7F if size & 0x80 else 0)


class _Late(NamedTuple):
    """An answer that is due; the number keeps those of one moment in order."""

    due: float
    number: int
    switch: int
    datagram: bytes
    peer: tuple[str, int]


def serve(manner: Manner, asked: "Synchronized[int]", ready: Event) -> None:
    """Be all the switches."""
    fleet, late, served = _Fleet(), list[_Late](), 0
    with socket(AF_INET, SOCK_DGRAM) as listener:
        listener.setsockopt(IPPROTO_IP, _IP_PKTINFO, 1)
        listener.setsockopt(SOL_SOCKET, SO_RCVBUF, 4 << 20)
        listener.bind(("", PORT))
        ready.set()
        while True:
            readable, _, _ = select([listener], [], [], _patience(late))
            if readable:
                datagram, [(_, _, info)], _, peer = listener.recvmsg(4096, CMSG_SPACE(12))
                switch, served = int.from_bytes(info[8:], "big") - _FIRST, served + 1
                if switch not in manner.dead:
                    due = monotonic() + manner.delay(switch)
                    heappush(late, _Late(due, served, switch, datagram, peer))
                asked.value = served
            while late and late[0].due <= monotonic():
                one = heappop(late)
                # in_pktinfo: the interface (any), the source, and nothing.
                source = bytes(4) + (_FIRST + one.switch).to_bytes(4, "big") + bytes(4)
                told = fleet.answer(one.switch, one.datagram)
                listener.sendmsg([told], [(IPPROTO_IP, _IP_PKTINFO, source)], 0, one.peer)


def _patience(late: list[_Late]) -> float | None:
    return max(0.0, late[0].due - monotonic()) if late else None


@contextmanager
def served(manner: Manner, core: int) -> Iterator["Synchronized[int]"]:
    """Let the fleet answer from one core while the body runs; yield how often it was asked."""
    spawn = get_context("spawn")
    ready, asked = spawn.Event(), spawn.Value("Q", lock=False)
    agents = spawn.Process(target=serve, args=(manner, asked, ready), daemon=True)
    agents.start()
    try:
        sched_setaffinity(agents.pid or 0, {core})
        assert ready.wait(60)
        yield asked
    finally:
        agents.terminate()
        agents.join()
