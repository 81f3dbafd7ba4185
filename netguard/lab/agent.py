"""The SNMP agents: pysnmp speaks the protocol, the rows come from the kernel at that moment.

v1 and v2c. `public` reads, `private` also writes ifAdminStatus; a Catalyst answers the bridge of
a VLAN to `public@226` or the context `vlan-226`, and nothing at all to a VLAN that it has not.
"""

import asyncio
import bisect
import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address
from typing import Any, TypeAlias

from pyasn1.codec.ber import encoder
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import cmdrsp, context
from pysnmp.proto import api, rfc1902, rfc1905
from pysnmp.smi import error, instrum

from netguard.lab.mib import IF_ADMIN_STATUS, Gauge, Oid, Ticks, Value

Asn1: TypeAlias = Any  # pysnmp and pyasn1 ship no types
READ, WRITE = "public", "private"
_V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
_SYS_UP_TIME, _SNMP_TRAP_OID = (1, 3, 6, 1, 2, 1, 1, 3, 0), (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)
_NOTHING = (0, 0)  # not an empty view: pysnmp 7.1 lets every SET through one without a subtree
Table = tuple[list[Oid], Mapping[Oid, Value]]

_SYNTAX: Mapping[type, Callable[..., Asn1]] = {
    int: rfc1902.Integer32,
    Gauge: rfc1902.Gauge32,
    Ticks: rfc1902.TimeTicks,
    str: rfc1902.OctetString,
    bytes: rfc1902.OctetString,
    tuple: rfc1902.ObjectIdentifier,
    IPv4Address: lambda address: rfc1902.IpAddress(str(address)),
}


class View(instrum.AbstractMibInstrumController):  # type: ignore[misc]  # pysnmp has no types
    """Answers one context's GET, GETNEXT and SET from a table that is made when it is needed."""

    def __init__(
        self, table: Callable[[], Table], set_admin_status: Callable[[int, bool], None]
    ) -> None:
        self._table = table
        self._set_admin_status = set_admin_status

    def read_variables(self, *asked: Asn1, **_context: object) -> list[Asn1]:
        """Answer a GET."""
        _, values = self._table()
        return [(name, self._value(values, tuple(name))) for name, _ in asked]

    @staticmethod
    def _value(values: Mapping[Oid, Value], oid: Oid) -> Asn1:
        if oid not in values:
            return rfc1905.noSuchInstance
        return _asn1(values[oid])

    def read_next_variables(self, *asked: Asn1, **_context: object) -> list[Asn1]:
        """Answer a GETNEXT, or one repetition of a GETBULK."""
        order, values = self._table()
        return [self._next(order, values, name) for name, _ in asked]

    @staticmethod
    def _next(order: list[Oid], values: Mapping[Oid, Value], name: Asn1) -> Asn1:
        place = bisect.bisect_right(order, tuple(name))
        if place == len(order):
            return name, rfc1905.endOfMibView
        oid = order[place]
        return rfc1902.ObjectName(oid), _asn1(values[oid])

    def write_variables(self, *asked: Asn1, **context: Asn1) -> list[Asn1]:
        """Answer a SET: ifAdminStatus up or down, from someone who may write."""
        for number, (name, value) in enumerate(asked):
            if context["acFun"]("write", (name, value), idx=number, **context):  # not in view
                raise error.NoAccessError(idx=number)
            self._check(tuple(name), value, number)
        for name, value in asked:
            self._set_admin_status(tuple(name)[-1], int(value) == 1)
        return list(asked)

    def _check(self, oid: Oid, value: Asn1, number: int) -> None:
        _, values = self._table()
        if oid[:-1] != IF_ADMIN_STATUS or oid not in values:
            raise error.NotWritableError(idx=number)
        if not isinstance(value, rfc1902.Integer32):
            raise error.WrongTypeError(idx=number)
        if int(value) not in (1, 2):  # testing(3) is refused by IOS and IronWare alike
            raise error.WrongValueError(idx=number)


class Agent:
    """One device's agent on one UDP socket; `views` are its contexts, "" being the default."""

    def __init__(self, sock: socket.socket, views: Mapping[str, View]) -> None:
        self._engine = engine.SnmpEngine()
        transport = udp.UdpTransport().open_server_mode(sock=sock)
        config.add_transport(self._engine, udp.DOMAIN_NAME, transport)
        contexts = context.SnmpContext(self._engine)
        contexts.unregister_context_name("")
        for name, view in views.items():
            contexts.register_context_name(name, view)
            self._allow(name)
        for responder in (
            cmdrsp.GetCommandResponder,
            cmdrsp.NextCommandResponder,
            cmdrsp.BulkCommandResponder,
            cmdrsp.SetCommandResponder,
        ):
            responder(self._engine, contexts)

    def _allow(self, name: str) -> None:
        for community, writes in ((READ, _NOTHING), (WRITE, IF_ADMIN_STATUS)):
            spoken = community + name.replace("vlan-", "@")
            config.add_v1_system(self._engine, spoken, spoken, contextName=name)
            for model in (1, 2):
                config.add_vacm_user(
                    self._engine, model, spoken, "noAuthNoPriv", (1,), writes, contextName=name
                )

    def close(self) -> None:
        """Stop answering."""
        self._engine.close_dispatcher()


async def answers(sock: socket.socket, address: str) -> bool:
    """Ask an agent for its sysName, over the wire, from the host that the socket belongs to."""
    loop = asyncio.get_running_loop()
    await loop.sock_connect(sock, (address, 161))
    for _ in range(3):
        await loop.sock_sendall(sock, _question())
        try:
            return bool(await asyncio.wait_for(loop.sock_recv(sock, 1500), timeout=1))
        except (TimeoutError, ConnectionError):
            continue
    return False


def _question() -> bytes:
    pdu = _V2C.GetRequestPDU()
    _V2C.apiPDU.set_defaults(pdu)
    _V2C.apiPDU.set_varbinds(pdu, [((1, 3, 6, 1, 2, 1, 1, 5, 0), _V2C.Null(""))])
    return _message(pdu)


def notification(trap: Oid, up_time: float, objects: Mapping[Oid, Value]) -> bytes:
    """Return an SNMPv2-Trap-PDU in its message (RFC 3416, section 4.2.6); seconds of `up_time`."""
    pdu = _V2C.SNMPv2TrapPDU()
    told = {_SYS_UP_TIME: Ticks(up_time * 100), _SNMP_TRAP_OID: trap, **objects}
    _V2C.apiTrapPDU.set_defaults(pdu)
    _V2C.apiTrapPDU.set_varbinds(pdu, [(oid, _asn1(value)) for oid, value in told.items()])
    return _message(pdu)


def _asn1(value: Value) -> Asn1:
    return _SYNTAX[type(value)](value)


def _message(pdu: Asn1) -> bytes:
    message = _V2C.Message()
    _V2C.apiMessage.set_defaults(message)
    _V2C.apiMessage.set_community(message, READ)
    _V2C.apiMessage.set_pdu(message, pdu)
    octets: bytes = encoder.encode(message)
    return octets
