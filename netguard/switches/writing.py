"""SET requests over SNMP, with the credentials that may: each is sent once, and its answer told."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pysnmp.hlapi.v3arch import asyncio as hlapi
from pysnmp.proto import errind, rfc1902

from netguard.switches.platforms import Assignment
from probes.snmp_link import Credentials, Target, Value
from probes.snmp_pysnmp import PysnmpLink, Reply

_ANY_OBJECT = "1.3.6.1.2.1.1.3.0"  # sysUpTime
# SNMPv1 has no better word than noSuchName for an object that this community may not write.
_MAY_NOT_WRITE = frozenset(
    ("noSuchName", "readOnly", "noAccess", "notWritable", "authorizationError")
)


class Said(NamedTuple):
    """What the device said to an order. `heard` is False where it said nothing of use."""

    text: str
    accepted: bool = False
    heard: bool = True


class Writer:
    """One agent, and the credentials that may change it."""

    def __init__(self, target: Target, credentials: Credentials) -> None:
        self._target = target
        self._version = credentials.version
        self._link = PysnmpLink(target, credentials, alone=True)
        self._prepared = False

    async def prepare(self) -> None:
        """Do ahead what the first order would wait for; changes nothing.

        With SNMPv3 the agent is asked something as the user that writes: so its engine's clock is
        known, and an unknown user or a wrong key has come out before any order was sent.
        Raises Refused or NoAnswer.
        """
        if self._prepared:
            return
        await self._link.prepare()
        if self._version == "3":
            question = hlapi.ObjectType(hlapi.ObjectIdentity(_ANY_OBJECT))
            reply = await self._link.exchange(hlapi.get_cmd, question)
            if reply.indication is not None:
                raise self._link.trouble(reply.indication)
        self._prepared = True

    async def get(self, oids: Sequence[str]) -> Mapping[str, Value]:
        """Read objects with the same credentials; raises NoAnswer, Refused or Malformed."""
        return await self._link.get(oids)

    async def order(self, assignments: Iterable[Assignment]) -> Said:
        """Set the objects, in one request that is never repeated, and return what was said to it.

        By the time it would be repeated, somebody else may have decided otherwise. Only an agent
        that reports another engine or clock (SNMPv3), and so has not read it, gets it once more.
        Raises only where nothing was sent.
        """
        await self.prepare()
        objects = map(_object, assignments)
        try:
            # pysnmp looks at its own clock twice a second only.
            async with asyncio.timeout(self._target.timeout):
                reply = await self._link.exchange(hlapi.set_cmd, *objects, retries=0)
        except TimeoutError:
            await self.close()  # another agent may be there by now, which would have to be learnt
            return self._silence()
        return self._said(reply)

    async def close(self) -> None:
        """Give the socket back; the next order would open another."""
        self._prepared = False
        await self._link.close()

    def _said(self, reply: Reply) -> Said:
        if isinstance(reply.indication, errind.RequestTimedOut):
            return self._silence()
        if reply.indication is not None:
            # Reports are not authenticated: they prove no more than any other answer.
            return Said(f"no usable answer: {reply.indication}", heard=False)
        if reply.status == 0:
            return Said("noError", accepted=True)
        hint = "; may these credentials write?" if reply.status_name in _MAY_NOT_WRITE else ""
        return Said(f"the device answered {reply.status_name}{hint}")

    def _silence(self) -> Said:
        text = f"no answer within {self._target.timeout:g} s"
        if self._version != "3":
            text += "; a write community that the device does not know looks the same"
        return Said(text, heard=False)


def _object(assignment: Assignment) -> hlapi.ObjectType:
    oid, value = assignment
    return hlapi.ObjectType(hlapi.ObjectIdentity(oid), rfc1902.Integer32(value))
