"""SNMP v1, v2c and v3 notifications and informs through pysnmp, from datagrams to objects.

pysnmp answers informs and does what RFC 3584 asks for v1 traps. Around it stands what it lacks: an
SNMPv3 trap is signed for an engine that nobody told it of, and some bytes make it raise, or
keep what it should forget.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
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
from probes.notices.senders import UNSIGNED, VERSION_3, Sender, sender
from probes.notices.traps import Objects
from probes.records import Gap
from probes.snmp_link import Credentials
from probes.snmp_pysnmp import identity, plain

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
_LEVELS = {"noAuthNoPriv": 1, "authNoPriv": 2, "authPriv": 3}  # SNMP-FRAMEWORK-MIB


class _User(NamedTuple):
    """An SNMPv3 user, with keys from which each engine's own are made quickly."""

    name: str
    level: int
    auth: tuple[Any, bytes | None]
    priv: tuple[Any, bytes | None]

    def is_mistaken_for(self, other: "_User") -> bool:
        """Say whether no signature tells the two apart, and yet they are not one."""
        return (self.level, self.auth) == (other.level, other.auth) and self.priv != other.priv


class Notifications:
    """An SNMP entity that notifications are sent to; what arrives goes to `heard(source, objects)`.

    It knows these communities and users and refuses all others, and a user's message that is less
    protected than the user's credentials are. Several users may have one name: which one sends is
    told by the signature. The counters get what is malformed or refused, `lost` what is wrong with
    credentials. Made in a running event loop.
    """

    def __init__(
        self,
        credentials: Sequence[Credentials],
        heard: Callable[[str, Objects], None],
        counters: Counters,
        *,
        lost: Callable[[Gap], None],
    ) -> None:
        self._heard = heard
        self._counters = counters
        self._got: Objects | None = None
        self._weak = 0  # messages that were less protected than they must be
        self._engine = engine.SnmpEngine()
        self._communities: set[bytes] = set()
        self._users: dict[str, list[_User]] = {}  # by their name
        self._known: dict[tuple[bytes, str], _User] = {}  # whom pysnmp knows, by engine and name
        self._sending: _User | None = None  # who does, by the message that is being read
        self._refusals = self._sum_of(_REFUSALS)
        self._discoveries = self._sum_of(_DISCOVERIES)
        for each in credentials:
            try:
                self._admit(each)
            except Refused as error:
                lost(error.gap())
        _Receiver(self._engine, self._is_sending, self._take)

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

    def _admit(self, credentials: Credentials) -> None:
        try:
            who = identity(credentials)
            if isinstance(who, CommunityData):
                self._admit_community(bytes(who.communityName))
            else:
                self._admit_user(_user(who))
        except (PySnmpError, PyAsn1Error, ValueError):
            # Never pysnmp's own text: it has the pass phrase in it.
            raise Refused(
                f"SNMP notifications of {credentials.user or 'a community'}",
                "name, keys or protocols are not what SNMP allows",
                remedy="correct these credentials: an SNMPv3 key has 8 characters or more",
            ) from None

    def _admit_community(self, community: bytes) -> None:
        if community not in self._communities:
            name = f"community-{len(self._communities)}"
            config.add_v1_system(self._engine, name, community)
            self._communities.add(community)

    def _admit_user(self, user: _User) -> None:
        of_that_name = self._users.setdefault(user.name, [])
        if any(user.is_mistaken_for(other) for other in of_that_name):
            raise Refused(
                f"SNMP notifications of {user.name}",
                "two users of this name have one authentication key and two privacy keys",
                remedy="give each a name, or an authentication key, of its own",
            )
        own = bytes(self._engine.snmpEngineID)
        self._introduce(user, _ANY_ENGINE if user.level == UNSIGNED else own)
        of_that_name.append(user)

    def _sum_of(self, names: Sequence[tuple[str, str]]) -> Callable[[], int]:
        builder = self._engine.get_mib_builder()
        objects = [builder.import_symbols(module, name)[0] for module, name in names]
        return lambda: sum(int(each.syntax) for each in objects)

    def _datagram(self, deliver: Callable[[], None], octets: bytes, source: str) -> None:
        refusals, discoveries = self._refusals() + self._weak, self._discoveries()
        self._sending = None
        claimed = sender(octets)
        if claimed:
            self._recognise(claimed, octets)
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

    def _recognise(self, claimed: Sender, octets: bytes) -> None:
        """Find out who sends a message, and make that user's keys for the engine that signed it.

        An unsigned message is no reason to keep anything.
        """
        user = self._sending = _best(self._users.get(claimed.user, ()), claimed, octets)
        at = claimed.engine_id, claimed.user
        if user and (user.level > UNSIGNED or at in self._known):
            self._introduce(user, claimed.engine_id)

    def _is_sending(self, name: str, level: int) -> bool:
        user = self._sending
        return user is not None and (user.name, user.level) == (name, level)

    def _introduce(self, user: _User, engine_id: bytes) -> None:
        """Have pysnmp know a user at an engine, and no other of that name there."""
        at = engine_id, user.name
        if self._known.pop(at, None) != user:
            config.add_v3_user(
                self._engine,
                user.name,
                *user.auth,
                *user.priv,
                securityEngineId=OctetString(engine_id),
                authKeyType=config.USM_KEY_TYPE_MASTER,
                privKeyType=config.USM_KEY_TYPE_MASTER,
            )
        self._known[at] = user


class _Receiver(ntfrcv.NotificationReceiver):  # type: ignore[misc]
    """pysnmp's receiver, which asks neither how well a message is protected nor who catches."""

    def __init__(
        self,
        entity: engine.SnmpEngine,
        is_sending: Callable[[str, int], bool],
        take: Callable[[Objects | None], None],
    ) -> None:
        super().__init__(entity, self._objects)
        self._is_sending = is_sending
        self._take = take

    def process_pdu(self, *message: Any) -> None:  # noqa: ANN401 - thirteen things of pysnmp's
        """Take one PDU: its second thing is the version, the fourth the user, the fifth the level.

        pysnmp forgets the message only if nothing is raised.
        """
        _, version, _, user, level, *_ = message
        if version == VERSION_3 and not self._is_sending(str(user), int(level)):
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


def _best(users: Iterable[_User], claimed: Sender, octets: bytes) -> _User | None:
    """Return which of these users sends: one whose signature it is, best if as well protected.

    A first message may be less so, to ask what time it is.
    """
    able = (u for u in users if u.level == UNSIGNED or _is_signed(octets, claimed, u))
    return max(able, key=lambda user: (user.level == claimed.level, user.level), default=None)


def _is_signed(octets: bytes, claimed: Sender, user: _User) -> bool:
    protocol, master_key = user.auth
    service = config.AUTH_SERVICES[protocol]
    try:
        key = service.localize_key(master_key, OctetString(claimed.engine_id))
        service.authenticate_incoming_message(key, OctetString(claimed.digest), octets)
    except (PySnmpError, PyAsn1Error):
        return False
    return True
