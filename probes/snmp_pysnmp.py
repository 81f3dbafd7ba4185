"""SNMP v1, SNMPv3 contexts and the words of an answer through pysnmp: what gufo_snmp cannot do.

gufo_snmp has no context, and hides the error-status by which v1 says both "the MIB ends here" and
"I failed". pysnmp costs some twenty times the CPU, so nothing else is read this way.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from pyasn1.error import PyAsn1Error
from pyasn1.type import base, univ
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch import asyncio as hlapi
from pysnmp.hlapi.v3arch.asyncio.lcd import CommandGeneratorLcdConfigurator
from pysnmp.hlapi.varbinds import CommandGeneratorVarBinds, MibViewControllerManager
from pysnmp.proto import errind, rfc1902, rfc3412

from probes.errors import ProbeError
from probes.snmp_link import (
    Credentials,
    Endpoint,
    Pace,
    Target,
    Value,
    agent_error,
    refusal,
    resolve,
    silence,
)

_NO_ERROR, _NO_SUCH_NAME = 0, 2
_SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"

_AUTH = {
    None: hlapi.usmNoAuthProtocol,
    "MD5": hlapi.usmHMACMD5AuthProtocol,
    "SHA": hlapi.usmHMACSHAAuthProtocol,
    "SHA224": hlapi.usmHMAC128SHA224AuthProtocol,
    "SHA256": hlapi.usmHMAC192SHA256AuthProtocol,
    "SHA384": hlapi.usmHMAC256SHA384AuthProtocol,
    "SHA512": hlapi.usmHMAC384SHA512AuthProtocol,
}
_PRIV = {
    None: hlapi.usmNoPrivProtocol,
    "DES": hlapi.usmDESPrivProtocol,
    "AES": hlapi.usmAesCfb128Protocol,
    "AES192": hlapi.usmAesBlumenthalCfb192Protocol,
    "AES256": hlapi.usmAesBlumenthalCfb256Protocol,
    "AES192C": hlapi.usmAesCfb192Protocol,
    "AES256C": hlapi.usmAesCfb256Protocol,
}

# An engine takes a tenth of a second to make, lives in one event loop, and confuses two users of
# one name: so there is one for each loop and credentials, closed by the loop's own shutdown.
_Engines = dict[Credentials, AsyncGenerator[hlapi.SnmpEngine, None]]
_engines: WeakKeyDictionary[asyncio.AbstractEventLoop, _Engines] = WeakKeyDictionary()


class _Dispatcher(rfc3412.MsgAndPduDispatcher):  # type: ignore[misc]
    """A dispatcher that drops what it cannot decode, where pysnmp would raise into the loop."""

    def receive_message(self, *message: object) -> None:
        with suppress(Exception):
            super().receive_message(*message)


class _NoCompiler:
    """Stands where pysnmp makes a parser of MIBs, which takes half a second: nobody names objects.

    What it cannot load stays unknown, as without a compiler.
    """

    def compile(self, *_names: str, **_options: object) -> dict[str, str]:
        return {}


async def _until_the_loop_ends() -> AsyncGenerator[hlapi.SnmpEngine, None]:
    engine = hlapi.SnmpEngine(msgAndPduDsp=_Dispatcher())
    names = MibViewControllerManager.get_mib_view_controller(engine.cache)
    names.mibBuilder.set_mib_compiler(_NoCompiler(), "")
    try:
        while True:
            yield engine
    finally:
        engine.close_dispatcher()


async def _engine(credentials: Credentials) -> hlapi.SnmpEngine:
    engines = _engines.setdefault(asyncio.get_running_loop(), {})
    return await anext(engines.setdefault(credentials, _until_the_loop_ends()))


class Reply(NamedTuple):
    """What came of one request: `indication` where there is no PDU, else what the PDU says.

    An indication other than RequestTimedOut is the agent's report, or an answer that fits nothing.
    """

    indication: errind.ErrorIndication | str | None
    status: int  # error-status, RFC 3416
    status_name: str
    pairs: Sequence[tuple[object, base.SimpleAsn1Type]]


class PysnmpLink:
    """A target of pysnmp, asked one thing at a time.

    pysnmp knows an SNMPv3 agent for five minutes, so it does not know one that was put in its
    place meanwhile. A link with an engine of its own (`alone`) knows nothing from before.
    """

    def __init__(
        self,
        target: Target,
        credentials: Credentials,
        context: str = "",
        *,
        pace: Pace | None = None,
        alone: bool = False,
    ) -> None:
        self._target = target
        self._credentials = credentials
        self._pace = pace or Pace(0.0)
        self._context = hlapi.ContextData(contextName=context.encode())
        self._endpoint: Endpoint | None = None
        self._turn = asyncio.Lock()
        self._alone = alone
        self._own: AsyncGenerator[hlapi.SnmpEngine, None] | None = None

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Read these objects, one request each: v1 answers for all or for none."""
        found: dict[str, Value] = {}
        for oid in oids:
            found |= await self._ask(hlapi.get_cmd, oid)
        return found

    async def after(self, oid: str, repetitions: int) -> Mapping[str, Value]:
        """Read what follows `oid`: GETBULK, or GETNEXT for one repetition."""
        if repetitions > 1:
            return await self._ask(hlapi.bulk_cmd, 0, repetitions, oid)
        return await self._ask(hlapi.next_cmd, oid)

    async def close(self) -> None:
        """Give back the link's own engine; a shared one serves every other link of the loop."""
        if self._own is not None:
            await self._own.aclose()
            self._own = None

    async def prepare(self) -> None:
        """Do ahead what the first request would wait for; nothing is sent.

        Raises as `exchange` does.
        """
        where = await self._transport(self._target.retries)
        try:
            engine = await self._engine()
            who = identity(self._credentials)
            CommandGeneratorLcdConfigurator().configure(engine, who, where)
            CommandGeneratorVarBinds().make_varbinds(engine.cache, (_object(_SYS_UP_TIME),))
        except (PySnmpError, PyAsn1Error) as error:
            raise _unusable(self._target, error) from None

    async def exchange(
        self,
        command: Callable[..., Awaitable[Any]],
        *what: hlapi.ObjectType | int,
        retries: int | None = None,
    ) -> Reply:
        """Put one request of pysnmp's (`get_cmd`, ...) to the agent, and return what came of it.

        Raises NoAnswer or Refused only where nothing was sent: a host without an address,
        credentials that cannot be used. `retries` are the target's where it is None.
        """
        async with self._turn:
            try:
                indication, status, _, pairs = await command(
                    await self._engine(),
                    identity(self._credentials),
                    await self._transport(self._target.retries if retries is None else retries),
                    self._context,
                    *what,
                    lookupMib=False,
                )
            except (PySnmpError, PyAsn1Error) as error:
                # Never its text: pysnmp writes the pass phrase that it dislikes into it.
                raise _unusable(self._target, error) from None
        if indication is not None:
            return Reply(indication, _NO_ERROR, "", ())
        # An answer without an error comes with a plain 0, which has no name.
        name = status.prettyPrint() if status else "noError"
        return Reply(None, int(status), name, pairs)

    def trouble(self, indication: errind.ErrorIndication | str) -> ProbeError:
        """Return the error that an indication amounts to: NoAnswer for silence, else Refused."""
        if isinstance(indication, errind.RequestTimedOut):
            return silence(self._target, self._credentials)
        # Reading and writing have a user each, and only one of them may be wrong.
        who = f" (user {self._credentials.user})" if self._credentials.user else ""
        return refusal(self._target, f"{indication}{who}")

    async def _ask(
        self, command: Callable[..., Awaitable[Any]], *what: int | str
    ) -> dict[str, Value]:
        reply = await self._repeated(command, *(_object(part) for part in what))
        if reply.indication is not None:
            raise self.trouble(reply.indication)
        if reply.status == _NO_SUCH_NAME:
            return {}
        if reply.status != _NO_ERROR:
            raise agent_error(self._target, f": {reply.status_name}")
        values = ((str(name), plain(value)) for name, value in reply.pairs)
        return {name: value for name, value in values if value is not None}

    async def _repeated(
        self, command: Callable[..., Awaitable[Any]], *what: hlapi.ObjectType | int
    ) -> Reply:
        """Put a request until something answers it; pysnmp's own retries would know no pace."""
        for _ in range(self._target.retries):
            await self._pace.turn()
            reply = await self.exchange(command, *what, retries=0)
            if not isinstance(reply.indication, errind.RequestTimedOut):
                return reply
        await self._pace.turn()
        return await self.exchange(command, *what, retries=0)

    async def _engine(self) -> hlapi.SnmpEngine:
        if not self._alone:
            return await _engine(self._credentials)
        self._own = self._own or _until_the_loop_ends()
        return await anext(self._own)

    async def _transport(
        self, retries: int
    ) -> hlapi.UdpTransportTarget | hlapi.Udp6TransportTarget:
        if self._endpoint is None:
            self._endpoint = await resolve(self._target)
        family, address, port = self._endpoint
        kind = hlapi.UdpTransportTarget
        if family.name == "AF_INET6":
            kind = hlapi.Udp6TransportTarget
        return await kind.create((address, port), timeout=self._target.timeout, retries=retries)


def _unusable(target: Target, error: Exception) -> ProbeError:
    if "Ciphering services" in str(error):
        detail = "SNMPv3 privacy in a VLAN's context, or to write, needs the package cryptography"
        return ProbeError(
            target.subject, detail, kind="snmp-refused", remedy="pip install 'netguard[v3]'"
        )
    return refusal(target, "user, keys or protocols are not what SNMPv3 allows (keys: 8 or more)")


def _object(part: int | str) -> int | hlapi.ObjectType:
    return part if isinstance(part, int) else hlapi.ObjectType(hlapi.ObjectIdentity(part))


def identity(credentials: Credentials) -> hlapi.CommunityData | hlapi.UsmUserData:
    """Say the credentials in pysnmp's words."""
    if credentials.version != "3":
        model = 0 if credentials.version == "1" else 1
        return hlapi.CommunityData(credentials.community.encode(), mpModel=model)
    return hlapi.UsmUserData(
        credentials.user,
        credentials.auth_key or None,
        credentials.priv_key or None,
        authProtocol=_AUTH[credentials.auth_protocol],
        privProtocol=_PRIV[credentials.priv_protocol],
    )


def plain(value: base.SimpleAsn1Type) -> Value | None:
    """Turn an ASN.1 object into what gufo_snmp would have made of it; None for no value."""
    if isinstance(value, univ.Null):
        return None
    if isinstance(value, rfc1902.IpAddress):
        return str(value.prettyPrint())
    if isinstance(value, univ.OctetString):
        return bytes(value)
    if isinstance(value, univ.ObjectIdentifier):
        return str(value)
    return int(value)
