"""SNMP v2c and v3 through gufo_snmp, whose decoding in Rust makes big tables cheap.

gufo_snmp drops error-status: an agent's error looks like an empty table. So nothing here trusts
emptiness; it asks again in the one way (GETNEXT read by `recv_get`) that tells the end of the MIB
view, an exception value, from an error, NULL.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

from gufo.snmp import user as usm
from gufo.snmp._fast import (
    GetIter,
    NoSuchInstance,
    SnmpAuthError,
    SnmpDecodeError,
    SnmpError,
    SnmpV2cClientSocket,
    SnmpV3ClientSocket,
)
from gufo.snmp.utils import format_sock_addr

from probes.errors import NoAnswer, ProbeError
from probes.snmp_link import (
    Credentials,
    Pace,
    Target,
    Value,
    agent_error,
    garbled,
    refusal,
    resolve,
    silence,
)

Socket = SnmpV2cClientSocket | SnmpV3ClientSocket
Answer = TypeVar("Answer")

_AUTH: dict[str, type[usm.BaseAuthKey]] = {
    "MD5": usm.Md5Key,
    "SHA": usm.Sha1Key,
    "SHA224": usm.Sha224Key,
    "SHA256": usm.Sha256Key,
    "SHA384": usm.Sha384Key,
    "SHA512": usm.Sha512Key,
}
_PRIV: dict[str, type[usm.BasePrivKey]] = {
    "DES": usm.DesKey,
    "AES": usm.Aes128Key,
    "AES192": usm.Aes192Key,
    "AES256": usm.Aes256Key,
    "AES192C": usm.Aes192Key,
    "AES256C": usm.Aes256Key,
}


class _GarbledError(Exception):
    """A datagram that gufo_snmp cannot decode."""


class GufoLink:
    """A socket of gufo_snmp, opened when first needed and asked one thing at a time."""

    def __init__(self, target: Target, credentials: Credentials, pace: Pace) -> None:
        self._target = target
        self._credentials = credentials
        self._pace = pace
        self._socket: Socket | None = None
        self._turn = asyncio.Lock()

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Read these objects; the absent ones are missing from the answer."""
        wanted = list(oids)
        found = await self._ask(lambda s: s.send_get_many(wanted), lambda s: s.recv_get_many())
        if found:
            return _values(found)
        singly = [(oid, await self._get_one(oid)) for oid in wanted]
        return {oid: value for oid, value in singly if value is not None}

    async def after(self, oid: str, repetitions: int) -> Mapping[str, Value]:
        """Read what follows `oid`: GETBULK, or GETNEXT for one repetition."""
        cursor = GetIter(oid, repetitions)
        found = await self._ask(
            (lambda s: s.send_get_bulk(cursor))
            if repetitions > 1
            else (lambda s: s.send_get_next(cursor)),
            lambda s: s.recv_get_many(),
        )
        if not found:
            await self._must_be_the_end(cursor)
        return _values(found)

    async def close(self) -> None:
        """Give the socket back."""
        self._socket = None

    async def _get_one(self, oid: str) -> Value | None:
        try:
            value = await self._ask(lambda s: s.send_get(oid), lambda s: s.recv_get())
        except NoSuchInstance:
            return None
        if value is None:
            raise agent_error(self._target, "")
        return value

    async def _must_be_the_end(self, cursor: GetIter) -> None:
        try:
            value = await self._ask(lambda s: s.send_get_next(cursor), lambda s: s.recv_get())
        except NoSuchInstance:
            return
        if value is None:
            raise agent_error(self._target, "")
        raise garbled(self._target, "an answer without values, though more objects follow")

    async def _ask(
        self, send: Callable[[Socket], None], receive: Callable[[Socket], Answer]
    ) -> Answer:
        async with self._turn:
            try:
                return await self._exchange(await self._opened(), send, receive)
            except SnmpAuthError:
                # Not only wrong keys: an agent that rebooted, or an engine time gone stale.
                await self.close()
            except NoAnswer:
                # Another agent may be there by now: its SNMPv3 engine would have to be learnt.
                await self.close()
                raise
            try:
                return await self._exchange(await self._opened(), send, receive)
            except SnmpAuthError:
                raise refusal(self._target, "the agent refused the user or its keys") from None

    async def _exchange(
        self, link: Socket, send: Callable[[Socket], None], receive: Callable[[Socket], Answer]
    ) -> Answer:
        """Send until something answers; every resend is a new request to gufo_snmp.

        So an answer that comes too late is told by its request-id and dropped.
        """
        trouble: ProbeError | None = None
        for _ in range(self._target.retries + 1):
            await self._pace.turn()
            try:
                return await self._exchange_once(link, send, receive)
            except TimeoutError:
                continue
            except OSError as error:
                trouble = silence(self._target, self._credentials, f"no SNMP answer: {error}")
            except _GarbledError as error:
                trouble = garbled(self._target, f"an answer cannot be decoded ({error})")
        raise trouble or silence(self._target, self._credentials)

    async def _exchange_once(
        self, link: Socket, send: Callable[[Socket], None], receive: Callable[[Socket], Answer]
    ) -> Answer:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        loop.add_reader(link.get_fd(), _receive, link, receive, answer)
        expiry = loop.call_later(self._target.timeout, _expire, answer)
        try:
            send(link)
            return await answer
        finally:
            expiry.cancel()
            loop.remove_reader(link.get_fd())

    async def _opened(self) -> Socket:
        if self._socket is None:
            where = await resolve(self._target)
            link = self._connected(format_sock_addr(where.address, where.port))
            if isinstance(link, SnmpV3ClientSocket):
                link = await self._discovered(link)
            self._socket = link
        return self._socket

    def _connected(self, address: str) -> Socket:
        """Open a socket; raises NoAnswer where this machine has no way to the address."""
        try:
            if self._credentials.version == "3":
                return SnmpV3ClientSocket(address, b"", "", 0, b"", 0, b"", 0, 0, 0, 0)
            return SnmpV2cClientSocket(address, self._credentials.community, 0, 0, 0, 0)
        except OSError as error:
            raise NoAnswer(
                self._target.subject,
                f"no way to {address}: {error}",
                kind="snmp-timeout",
                remedy="check this machine's routes and firewall, and the device's address",
            ) from None

    async def _discovered(self, link: SnmpV3ClientSocket) -> SnmpV3ClientSocket:
        """Learn the agent's engine id, then its boots and time (RFC 3414, section 4)."""
        await self._exchange(link, lambda _: link.send_refresh(), lambda _: link.recv_refresh())
        user = _user(self._credentials)
        link.set_keys(
            user.name,
            user.get_auth_alg(),
            user.get_auth_key(),
            user.get_priv_alg(),
            user.get_priv_key(),
        )
        if user.require_auth():
            await self._exchange(link, lambda _: link.send_refresh(), lambda _: link.recv_refresh())
        return link


def _receive(
    link: Socket, receive: Callable[[Socket], Answer], answer: asyncio.Future[Answer]
) -> None:
    """Settle the answer with what arrived, unless that answers another question."""
    if answer.done():
        return
    try:
        answer.set_result(_decoded(link, receive))
    except BlockingIOError:
        pass
    except (OSError, SnmpError, _GarbledError) as error:
        answer.set_exception(error)


def _expire(answer: asyncio.Future[Answer]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


def _decoded(link: Socket, receive: Callable[[Socket], Answer]) -> Answer:
    try:
        return receive(link)
    except TimeoutError:
        raise ConnectionRefusedError("nothing listens on the port") from None
    except SnmpDecodeError as error:
        # What follows a colon is the datagram itself.
        raise _GarbledError(str(error).partition(":")[0]) from None
    except BaseException as error:
        # gufo_snmp panics on some frames, and pyo3 exports no name for what it then raises.
        if type(error).__name__ == "PanicException":
            raise _GarbledError("lengths do not fit") from None
        raise


def _values(found: Mapping[str, Value | None]) -> Mapping[str, Value]:
    """Give the mapping its true type: `recv_get_many` leaves every NULL out."""
    return found  # type: ignore[return-value]


@lru_cache(maxsize=64)
def _user(credentials: Credentials) -> usm.User:
    """Hash the pass phrases once: a megabyte of hashing per key and device adds up."""
    if credentials.auth_protocol is None:
        return usm.User(credentials.user)
    auth = _AUTH[credentials.auth_protocol]
    priv_key = None
    if credentials.priv_protocol is not None:
        priv_key = _PRIV[credentials.priv_protocol](
            auth.get_master_key(credentials.priv_key.encode()), usm.KeyType.Master
        )
    expansion = usm.KeyExpansion.Blumenthal
    if credentials.priv_protocol in {"AES192C", "AES256C"}:
        expansion = usm.KeyExpansion.Cisco
    return usm.User(
        credentials.user,
        auth_key=auth(auth.get_master_key(credentials.auth_key.encode()), usm.KeyType.Master),
        priv_key=priv_key,
        key_expansion=expansion,
    )
