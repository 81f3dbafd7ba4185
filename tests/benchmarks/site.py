"""A site of many switches that answer honestly and at once: a tree of Catalysts below one router.

One process is all their agents, each on an address of its own in 127.1.0.0/16, port 161, with its
answers encoded beforehand. A SET of ifAdminStatus changes what is read from then on.
"""

import gc
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from socket import AF_INET, SOCK_DGRAM, socket
from typing import NamedTuple

from probes.mibs import (
    bridge_mib,
    cisco_vtp_mib,
    ieee8023_lag_mib,
    if_mib,
    ip_mib,
    lldp_mib,
    snmpv2_mib,
)
from tests.snmp_agent import (
    NO_ERROR,
    SET,
    Mib,
    Oid,
    Request,
    dotted,
    failure,
    integer,
    ip_address,
    object_id,
    octets,
    response,
    varbind,
)

PORTS, STATIONS, PER_PORT = 26, 200, 2
ACCESS, TO_ROUTER, UPLINK = 24, 25, 26  # base ports; a downlink is an access port's place
FAN_OUT = 14
READ, WRITE, VLAN = "public", "private", 226
ROUTER, GATEWAY = "edge1", "198.51.100.1"
NO_ACCESS = 6
_FIRST = int(IPv4Address("127.1.0.1"))
IF_INDEX = 10100
_ROUTER_MAC = bytes.fromhex("00005e005301")


class Place(NamedTuple):
    """A station, and the port that it hangs on."""

    mac: bytes
    switch: int
    port: int


def name(switch: int) -> str:
    return f"sw{switch:03d}"


def address(number: int) -> str:
    """Return the address of a switch; the router's is the one after the last switch's."""
    return str(IPv4Address(_FIRST + number))


def parent(switch: int) -> int:
    return (switch - 1) // FAN_OUT


def downlink(switch: int) -> int:
    """Return the parent's port to a switch."""
    return (switch - 1) % FAN_OUT + 1


def base_mac(switch: int) -> bytes:
    return (0x02_00_5E_01_00_00 + 0x40 * switch).to_bytes(6, "big")


def residents(switch: int, count: int) -> list[Place]:
    """Return who hangs on a switch's own access ports, `PER_PORT` on each."""
    children = sum(parent(other) == switch for other in range(1, count))
    return [
        Place((0x02_00_5E_00_00_00 + 64 * switch + n).to_bytes(6, "big"), switch, port)
        for n, port in enumerate(
            port for port in range(children + 1, ACCESS + 1) for _ in range(PER_PORT)
        )
    ]


def towards(here: int, there: int) -> int:
    """Return the port of a switch behind which another one lies."""
    while there > here:
        if parent(there) == here:
            return downlink(there)
        there = parent(there)
    return UPLINK


@dataclass(frozen=True, slots=True)
class Site:
    """A tree of `count` switches."""

    count: int

    @property
    def target(self) -> Place:
        """The station whose port is to be closed: on a leaf, and seen by every switch."""
        return residents(self.count // 2, self.count)[0]

    def stations(self, switch: int) -> dict[bytes, int]:
        """Return the FDB of a switch, `STATIONS` rows: its residents, the router, others' first."""
        everybody = [residents(other, self.count) for other in range(self.count)]
        fdb = {place.mac: place.port for place in everybody[switch]}
        fdb[_ROUTER_MAC] = UPLINK if switch else TO_ROUTER
        for turn in range(PER_PORT * ACCESS):
            for other in range(self.count):
                if len(fdb) == STATIONS:
                    return fdb
                if other != switch and turn < len(everybody[other]):
                    fdb[everybody[other][turn].mac] = towards(switch, other)
        return fdb

    def configuration(self, folder: Path) -> str:
        """Return a configuration that reads and may close all of it, any number of times."""
        (folder / "write").touch(mode=0o600)
        (folder / "write").write_text(WRITE)
        devices = [(name(n), address(n), "switch") for n in range(self.count)]
        devices.append((ROUTER, address(self.count), "router"))
        tables = [
            f'[[device]]\nname = "{called}"\naddress = "{at}"\nrole = "{role}"\nsnmp = "site"'
            for called, at, role in devices
        ]
        switches = ", ".join(f'"{name(n)}"' for n in range(self.count))
        return "\n".join(
            (
                f'store = "sqlite:///{folder}/netguard.db"',
                f'[snmp.site]\nversion = "2c"\nread = "{READ}"\nwrite = "file:{folder}/write"',
                "[shutdown]\nper_hour = 1000",
                *tables,
                '[[segment]]\nname = "site"\nnetworks = ["198.51.100.0/24"]',
                f'gateways = ["{GATEWAY}"]\nvlan = {VLAN}\nrouters = ["{ROUTER}"]',
                f"switches = [{switches}]",
            )
        )


class Agent(Mib):
    """Answers for one device, and lets whoever may write set ifAdminStatus."""

    def __call__(self, request: Request) -> list[bytes]:
        if request.pdu != SET:
            return super().__call__(request)
        admin = dotted(if_mib.IF_ADMIN_STATUS)
        known = all(oid[:-1] == admin and oid in self._objects for oid in request.oids)
        if request.community != WRITE.encode() or not known:
            return [failure(request, NO_ACCESS)]
        pairs = list(zip(request.oids, request.values, strict=True))
        for oid, value in pairs:
            self._put(oid, value)
            self._put((*dotted(if_mib.IF_OPER_STATUS), oid[-1]), value)
        return [response(request, [varbind(*pair) for pair in pairs], error=NO_ERROR)]

    def _put(self, oid: Oid, value: bytes) -> None:
        self._objects[oid] = value
        self._pairs[bisect_left(self._oids, oid)] = varbind(oid, value)


def _row(index: Oid, columns: dict[str, bytes]) -> dict[Oid, bytes]:
    return {(*dotted(column), *index): value for column, value in columns.items()}


def _system(called: str, sys_object_id: str) -> dict[Oid, bytes]:
    return {
        dotted(snmpv2_mib.SYS_DESCR): octets(b"simulated"),
        dotted(snmpv2_mib.SYS_OBJECT_ID): object_id(dotted(sys_object_id)),
        dotted(snmpv2_mib.SYS_UP_TIME): integer(360000, 0x43),
        dotted(snmpv2_mib.SYS_NAME): octets(called.encode()),
    }


def _interface(index: int, called: bytes, descr: bytes, mac: bytes) -> dict[Oid, bytes]:
    columns = {
        if_mib.IF_NAME: octets(called),
        if_mib.IF_DESCR: octets(descr),
        if_mib.IF_ALIAS: octets(b""),
        if_mib.IF_TYPE: integer(6),
        if_mib.IF_PHYS_ADDRESS: octets(mac),
        if_mib.IF_ADMIN_STATUS: integer(1),
        if_mib.IF_OPER_STATUS: integer(1),
    }
    return _row((index,), columns)


def _lldp_own(called: str, chassis: bytes, ports: dict[int, bytes]) -> dict[Oid, bytes]:
    own = {
        dotted(lldp_mib.LOC_CHASSIS_ID_SUBTYPE): integer(4),
        dotted(lldp_mib.LOC_CHASSIS_ID): octets(chassis),
        dotted(lldp_mib.LOC_SYS_NAME): octets(called.encode()),
    }
    for number, port in ports.items():
        columns = {
            lldp_mib.LOC_PORT_ID_SUBTYPE: integer(5),
            lldp_mib.LOC_PORT_ID: octets(port),
            lldp_mib.LOC_PORT_DESC: octets(port),
        }
        own |= _row((number,), columns)
    return own


def _lldp_remote(port: int, called: str, chassis: bytes, far_port: bytes) -> dict[Oid, bytes]:
    columns = {
        lldp_mib.REM_CHASSIS_ID_SUBTYPE: integer(4),
        lldp_mib.REM_CHASSIS_ID: octets(chassis),
        lldp_mib.REM_PORT_ID_SUBTYPE: integer(5),
        lldp_mib.REM_PORT_ID: octets(far_port),
        lldp_mib.REM_PORT_DESC: octets(far_port),
        lldp_mib.REM_SYS_NAME: octets(called.encode()),
    }
    return _row((0, port, 1), columns)


def _port_name(port: int) -> bytes:
    return b"Gi1/0/%d" % port


def switch_agent(site: Site, switch: int) -> Agent:
    chassis = base_mac(switch)
    children = [n for n in range(1, site.count) if parent(n) == switch]
    trunks = {downlink(n) for n in children} | {UPLINK if switch else TO_ROUTER}
    objects = _system(name(switch), "1.3.6.1.4.1.9.1.516")
    objects[dotted(bridge_mib.BASE_BRIDGE_ADDRESS)] = octets(chassis)
    for n in range(1, PORTS + 1):
        mac = (int.from_bytes(chassis, "big") + n).to_bytes(6, "big")
        objects |= _interface(IF_INDEX + n, _port_name(n), b"GigabitEthernet1/0/%d" % n, mac)
        objects |= _row((n,), {bridge_mib.BASE_PORT_IF_INDEX: integer(IF_INDEX + n)})
        made_for = {
            cisco_vtp_mib.TRUNK_PORT_DYNAMIC_STATE: integer(1 if n in trunks else 2),
            cisco_vtp_mib.TRUNK_PORT_DYNAMIC_STATUS: integer(1 if n in trunks else 2),
            ieee8023_lag_mib.AGG_PORT_SELECTED_AGG_ID: integer(0),
            ieee8023_lag_mib.AGG_PORT_ATTACHED_AGG_ID: integer(0),
        }
        objects |= _row((IF_INDEX + n,), made_for)
    for mac, port in site.stations(switch).items():
        learned = {bridge_mib.TP_FDB_PORT: integer(port), bridge_mib.TP_FDB_STATUS: integer(3)}
        objects |= _row(tuple(mac), learned)
    objects |= _lldp_own(name(switch), chassis, {n: _port_name(n) for n in range(1, PORTS + 1)})
    for n in children:
        objects |= _lldp_remote(downlink(n), name(n), base_mac(n), _port_name(UPLINK))
    if switch:
        up, far = parent(switch), _port_name(downlink(switch))
        objects |= _lldp_remote(UPLINK, name(up), base_mac(up), far)
    else:
        objects |= _lldp_remote(TO_ROUTER, ROUTER, _ROUTER_MAC, b"ethernet1/1")
    return Agent(objects)


def router_agent() -> Agent:
    objects = _system(ROUTER, "1.3.6.1.4.1.1991.1.3.51.7")
    objects |= _interface(1, b"ethernet1/1", b"GigabitEthernet1/1", _ROUTER_MAC)
    own = {
        "1.3.6.1.2.1.4.20.1.1": ip_address(IPv4Address(GATEWAY).packed),
        ip_mib.IP_AD_ENT_IF_INDEX: integer(1),
        ip_mib.IP_AD_ENT_NET_MASK: ip_address(bytes((255, 255, 255, 0))),
    }
    objects |= _row(tuple(IPv4Address(GATEWAY).packed), own)
    objects |= _lldp_own(ROUTER, _ROUTER_MAC, {1: b"ethernet1/1"})
    objects |= _lldp_remote(1, name(0), base_mac(0), _port_name(TO_ROUTER))
    return Agent(objects)


def serve(site: Site, ready: Event) -> None:
    """Be all the devices."""
    from tests.snmp_agent import parse  # noqa: PLC0415 - only this process needs it

    selector = DefaultSelector()
    for number in range(site.count + 1):
        agent = switch_agent(site, number) if number < site.count else router_agent()
        listener = socket(AF_INET, SOCK_DGRAM)
        listener.bind((address(number), 161))
        selector.register(listener, EVENT_READ, (listener, agent))
    gc.freeze()
    ready.set()
    while True:
        for key, _ in selector.select():
            listener, agent = key.data
            datagram, peer = listener.recvfrom(4096)
            for answer in agent(parse(datagram)):
                listener.sendto(answer, peer)


@contextmanager
def served(site: Site) -> Iterator[None]:
    """Let the site answer, in the network namespace of the caller, while the body runs."""
    spawn = get_context("spawn")
    ready = spawn.Event()
    agents = spawn.Process(target=serve, args=(site, ready), daemon=True)
    agents.start()
    try:
        assert ready.wait(60)
        yield
    finally:
        agents.terminate()
        agents.join()
