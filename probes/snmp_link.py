"""What both SNMP libraries are asked for: a link to one agent, and the credentials for it."""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import msgspec

from probes.errors import Malformed, NoAnswer, Refused
from probes.pacing import pacing

Value = int | float | bytes | str
"""An object's value: OCTET STRINGs are bytes, OBJECT IDENTIFIERs and IpAddresses dotted text."""

AuthProtocol = Literal["MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"]
PrivProtocol = Literal["DES", "AES", "AES192", "AES256", "AES192C", "AES256C"]


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """How to speak with an agent. The community and the keys never show in repr, str or rich.

    AES192C and AES256C are net-snmp's names for the key expansion that Cisco agents use.
    `context_prefix` makes the SNMPv3 context of a VLAN on Catalyst switches: `vlan-226`.
    Raises ValueError for a combination that SNMP does not have.
    """

    version: Literal["1", "2c", "3"] = "2c"
    community: str = ""
    user: str = ""
    auth_protocol: AuthProtocol | None = None
    auth_key: str = ""
    priv_protocol: PrivProtocol | None = None
    priv_key: str = ""
    context_prefix: str = "vlan-"

    def __post_init__(self) -> None:
        for wrong, message in (
            (self.version == "3" and not self.user, "SNMP version 3 needs a user"),
            (bool(self.auth_protocol) != bool(self.auth_key), "auth_protocol needs auth_key"),
            (bool(self.priv_protocol) != bool(self.priv_key), "priv_protocol needs priv_key"),
            (self.priv_protocol and not self.auth_protocol, "privacy needs authentication"),
        ):
            if wrong:
                raise ValueError(message)

    def __repr__(self) -> str:
        return f"Credentials(version={self.version!r}, user={self.user!r})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("version", self.version), ("user", self.user)]


class Target(NamedTuple):
    """Where an agent is, what people call it, and how long to wait for it (seconds)."""

    subject: str
    host: str
    port: int
    timeout: float
    retries: int


class Pace:
    """A limit on how many requests one agent gets a second, for all that ask it; 0: no limit.

    Raises ValueError for a pace that is no number of requests.
    """

    def __init__(self, per_second: float) -> None:
        self._bucket = pacing(per_second or None, 0.0)
        self._turn = asyncio.Lock()

    async def turn(self) -> None:
        """Wait until the next request may go, and count it as sent."""
        if self._bucket.pace is None:
            return
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(self._bucket.wait(loop.time()))
            self._bucket = self._bucket.spend(1, loop.time())


class Link(Protocol):
    """One conversation with one agent, one request at a time; a library is behind it.

    Both questions raise NoAnswer, Refused or Malformed.
    """

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Read these objects; the absent ones are missing from the answer."""

    async def after(self, oid: str, repetitions: int) -> Mapping[str, Value]:
        """Read what follows `oid`, in the agent's own order: nothing only where its MIB ends."""

    async def close(self) -> None:
        """Give the socket back."""


_AddressInfo = tuple[
    socket.AddressFamily,
    int,
    int,
    str,
    tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes],
]


class Endpoint(NamedTuple):
    """A resolved UDP endpoint; `address` holds the zone of a link-local IPv6 address."""

    family: socket.AddressFamily
    address: str
    port: int


async def resolve(target: Target) -> Endpoint:
    """Look the target's host up; raises NoAnswer where the name has no address."""
    try:
        found = await _addresses(target.host, target.port)
    except (OSError, UnicodeError) as error:
        raise NoAnswer(
            target.subject,
            f"the name {target.host} cannot be resolved: {error}",
            kind="snmp-unresolved",
            remedy="check the device's address and this machine's resolver",
        ) from None
    family, _, _, _, where = found[0]
    zone = f"%{where[3]}" if len(where) == 4 and where[3] else ""  # noqa: PLR2004 - IPv6 has four
    return Endpoint(family, str(where[0]).partition("%")[0] + zone, target.port)


async def _addresses(host: str, port: int) -> Sequence[_AddressInfo]:
    try:
        # An address needs no resolver, and so no thread.
        return socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)


def silence(target: Target, credentials: Credentials, detail: str = "") -> NoAnswer:
    """Say that the agent did not answer, and what that can mean besides being down."""
    if credentials.version == "3":
        remedy = (
            "check address and the device's access list;"
            " some agents meet a wrong privacy key or an unknown context with silence"
        )
    else:
        remedy = (
            "an unreachable device and a wrong community look the same:"
            " check address, community and the device's access list"
        )
    asked = target.retries + 1
    return NoAnswer(
        target.subject,
        detail or f"no SNMP answer to {asked} requests, {target.timeout:g} s each",
        kind="snmp-timeout",
        remedy=remedy,
    )


def refusal(target: Target, detail: str) -> Refused:
    """Say that the agent declined the user or its keys."""
    return Refused(
        target.subject,
        detail,
        kind="snmp-refused",
        remedy="check user, authentication and privacy protocols and keys on the device",
    )


def agent_error(target: Target, status: str) -> Refused:
    """Say that the agent answered with an error-status instead of values."""
    return Refused(
        target.subject,
        f"the agent answered with an error{status}",
        kind="snmp-error",
        remedy="try again; if it stays, the agent's MIB view or its software is at fault",
    )


def garbled(target: Target, detail: str) -> Malformed:
    """Say that an answer was not what SNMP allows."""
    return Malformed(
        target.subject,
        detail,
        kind="snmp-malformed",
        remedy="the agent's software is at fault: read this device by other means or upgrade it",
    )
