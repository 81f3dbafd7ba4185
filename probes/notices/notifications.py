"""SNMP v1, v2c and v3 notifications and informs through pysnmp, from datagrams to objects.

pysnmp answers informs and does what RFC 3584 asks for v1 traps. Around it stands what it lacks: an
SNMPv3 trap is signed for an engine that nobody told it of, and some bytes make it raise, or
keep what it should forget.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from pyasn1.error import PyAsn1Error
from pysnmp.carrier.asyncio.dgram import udp
from pysnmp.carrier.asyncio.dgram.base import DgramAsyncioProtocol
from pysnmp.entity import config, engine
from pysnmp.entity.rfc3413 import ntfrcv
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import CommunityData, UsmUserData
from pysnmp.proto.rfc1902 import OctetString

from probes.errors import Refused
from probes.notices.hearing import Counters
from probes.notices.traps import Objects
from probes.snmp_link import Credentials
from probes.snmp_pysnmp import identity, plain

_VERSION_3 = 3  # also the number of the User-based Security Model
_SHORTEST_KEY = 8  # RFC 3414, section 11.2
_ANY_ENGINE = bytes(5)  # what pysnmp looks under for a user that it does not find

# What pysnmp counts when it does not know the sender, or the sender not the key.
_REFUSALS = (
    ("__SNMPv2-MIB", "snmpInBadCommunityNames"),
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsUnknownUserNames"),
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsUnsupportedSecLevels"),
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsWrongDigests"),
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsDecryptionErrors"),
)
_DISCOVERIES = (
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsUnknownEngineIDs"),
    ("__SNMP-USER-BASED-SM-MIB", "usmStatsNotInTimeWindows"),
)
_UNSIGNED = 1
_LEVELS = {"noAuthNoPriv": 1, "authNoPriv": 2, "authPriv": 3}  # SNMP-FRAMEWORK-MIB


class _User(NamedTuple):
    """An SNMPv3 user, with keys from which each engine's own are made quickly."""

    name: str
    level: int
    auth: tuple[Any, bytes | None]
    priv: tuple[Any, bytes | None]


class _Sender(NamedTuple):
    """Who an SNMPv3 message says that it is from: the authoritative engine, and its user."""

    engine_id: bytes
    user: str
    digest: bytes


class Notifications:
    """An SNMP entity that notifications are sent to; what arrives goes to `heard(source, objects)`.

    It knows these communities and users and refuses all others, and a user's message that is less
    protected than the user's credentials are. The counters get what is malformed or refused. Made
    in a running event loop. Raises Refused for keys that SNMPv3 does not allow.
    """

    def __init__(
        self,
        credentials: Sequence[Credentials],
        heard: Callable[[str, Objects], None],
        counters: Counters,
    ) -> None:
        self._heard = heard
        self._counters = counters
        self._got: Objects | None = None
        self._weak = 0  # messages that were less protected than they must be
        self._engine = engine.SnmpEngine()
        self._users: dict[str, _User] = {}
        self._known: set[tuple[bytes, str]] = set()
        self._refusals = self._sum_of(_REFUSALS)
        self._discoveries = self._sum_of(_DISCOVERIES)
        self._admit(credentials)
        _Receiver(self._engine, self._users, self._take)

    async def open(self, bound: socket.socket) -> None:
        """Listen on a bound UDP socket, which is closed with it."""
        port = _Port(self._datagram)
        config.add_transport(self._engine, udp.DOMAIN_NAME, port)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: port, sock=bound)

    async def close(self) -> None:
        """Stop listening, and wait until pysnmp's own task has ended."""
        dispatcher = self._engine.transport_dispatcher
        timer = dispatcher.loopingcall
        self._engine.close_dispatcher()
        await asyncio.gather(timer, return_exceptions=True)

    def _admit(self, credentials: Sequence[Credentials]) -> None:
        communities: set[bytes] = set()
        for each in credentials:
            try:
                who = identity(each)
                if isinstance(who, CommunityData):
                    communities.add(bytes(who.communityName))
                else:
                    self._users[each.user] = user = _user(who)
                    self._add(user, _ANY_ENGINE if user.level == _UNSIGNED else None)
            except (PySnmpError, PyAsn1Error, ValueError):
                # Never pysnmp's own text: it has the pass phrase in it.
                detail = "user, keys or protocols are not what SNMPv3 allows (keys: 8 or more)"
                raise Refused(f"SNMP notifications of {each.user}", detail) from None
        for number, community in enumerate(sorted(communities)):
            config.add_v1_system(self._engine, f"community-{number}", community)

    def _sum_of(self, names: Sequence[tuple[str, str]]) -> Callable[[], int]:
        builder = self._engine.get_mib_builder()
        objects = [builder.import_symbols(module, name)[0] for module, name in names]
        return lambda: sum(int(each.syntax) for each in objects)

    def _datagram(self, deliver: Callable[[], None], octets: bytes, source: str) -> None:
        refusals, discoveries = self._refusals() + self._weak, self._discoveries()
        sender = _sender(octets)
        if sender:
            self._introduce(sender, octets)
        objects = self._objects_of(deliver)
        if objects is not None:
            self._heard(source, objects)
            return
        self._forget()
        if self._refusals() + self._weak > refusals:
            self._counters.refused += 1
        elif self._discoveries() == discoveries:
            self._counters.malformed += 1

    def _forget(self) -> None:
        """Drop what pysnmp keeps of a message that it did not deliver: it would keep it for ever.

        Nothing else is under way: a message is read to its end, and answered, when it arrives.
        """
        models = (self._engine.security_models, self._engine.message_processing_subsystems)
        for model in (each for by_number in models for each in by_number.values()):
            model._cache = type(model._cache)()  # noqa: SLF001 - pysnmp has no other way

    def _objects_of(self, deliver: Callable[[], None]) -> Objects | None:
        self._got = None
        with suppress(Exception):  # whatever hostile bytes make pysnmp raise
            deliver()
        return self._got

    def _take(self, objects: Objects | None) -> None:
        self._weak += objects is None
        self._got = objects

    def _introduce(self, sender: _Sender, octets: bytes) -> None:
        """Make a user's keys for an engine that signs its traps, once one is signed with them."""
        who = sender.engine_id, sender.user
        user = self._users.get(sender.user)
        if user and who not in self._known and _is_signed(octets, sender, user):
            self._add(user, sender.engine_id)
            self._known.add(who)

    def _add(self, user: _User, engine_id: bytes | None) -> None:
        config.add_v3_user(
            self._engine,
            user.name,
            *user.auth,
            *user.priv,
            securityEngineId=None if engine_id is None else OctetString(engine_id),
            authKeyType=config.USM_KEY_TYPE_MASTER,
            privKeyType=config.USM_KEY_TYPE_MASTER,
        )


class _Receiver(ntfrcv.NotificationReceiver):  # type: ignore[misc]
    """pysnmp's receiver, which asks neither how well a message is protected nor who catches."""

    def __init__(
        self,
        entity: engine.SnmpEngine,
        users: dict[str, _User],
        take: Callable[[Objects | None], None],
    ) -> None:
        super().__init__(entity, self._objects)
        self._users = users
        self._take = take

    def process_pdu(self, *message: Any) -> None:  # noqa: ANN401 - thirteen things of pysnmp's
        """Take one PDU: its second thing is the version, the fourth the user, the fifth the level.

        pysnmp forgets the message only if nothing is raised.
        """
        _, version, _, user, level, *_ = message
        if version == _VERSION_3 and level < self._users[str(user)].level:
            self._take(None)
            return
        with suppress(Exception):
            super().process_pdu(*message)

    def _objects(self, *notification: Any) -> None:  # noqa: ANN401 - and six
        pairs = ((str(name), plain(value)) for name, value in notification[4])
        self._take([(name, value) for name, value in pairs if value is not None])


class _Port(DgramAsyncioProtocol):  # type: ignore[misc]
    """pysnmp's UDP transport for either family: replies go back to just where a message is from."""

    ADDRESS_TYPE = udp.UdpTransportAddress

    def __init__(self, datagram: Callable[[Callable[[], None], bytes, str], None]) -> None:
        super().__init__()
        self._datagram = datagram

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Hand a datagram on, with what makes pysnmp read it."""
        where = self.ADDRESS_TYPE(addr)
        self._datagram(lambda: self._callback_function(self, where, data), data, addr[0])

    def error_received(self, exc: OSError) -> None:
        """Take no notice: a sender that is gone does not want its answer."""


def _user(who: UsmUserData) -> _User:
    auth, priv = who.authentication_protocol, who.privacy_protocol
    auth_key, priv_key = _phrase(who.authentication_key), _phrase(who.privacy_key)
    return _User(
        who.userName,
        _LEVELS[who.security_level],
        (auth, config.AUTH_SERVICES[auth].hash_passphrase(auth_key)),
        (priv, config.PRIV_SERVICES[priv].hash_passphrase(auth, priv_key)),
    )


def _phrase(key: str | None) -> OctetString:
    if key is not None and len(key) < _SHORTEST_KEY:
        raise ValueError
    return OctetString(key or b"")


def _is_signed(octets: bytes, sender: _Sender, user: _User) -> bool:
    protocol, master_key = user.auth
    service = config.AUTH_SERVICES[protocol]
    try:
        key = service.localize_key(master_key, OctetString(sender.engine_id))
        service.authenticate_incoming_message(key, OctetString(sender.digest), octets)
    except (PySnmpError, PyAsn1Error):
        return False
    return True


def _sender(datagram: bytes) -> _Sender | None:
    """Return who claims to have signed an SNMPv3 message (RFC 3412, RFC 3414)."""
    try:
        _, message = _opened(datagram, 0)
        version, header = _part(datagram, message)
        if int.from_bytes(version) != _VERSION_3:
            return None
        _, security = _part(datagram, header)
        _, parameters = _opened(datagram, security)
        _, at = _opened(datagram, parameters)
        engine_id, at = _part(datagram, at)
        _, at = _part(datagram, at)  # its boots
        _, at = _part(datagram, at)  # its time
        user, at = _part(datagram, at)
        digest, _ = _part(datagram, at)
    except IndexError:
        return None
    return _Sender(engine_id, user.decode(errors="replace"), digest)


def _part(octets: bytes, at: int) -> tuple[bytes, int]:
    """Return the contents of the BER value that begins here, and where the next one does."""
    length, start = _opened(octets, at)
    return octets[start : start + length], start + length


def _opened(octets: bytes, at: int) -> tuple[int, int]:
    """Return how long the contents of the BER value are that begins here, and where they begin."""
    length, start = octets[at + 1], at + 2
    if length & 0x80:
        start += length & 0x7F
        length = int.from_bytes(octets[at + 2 : start])
    return length, start
