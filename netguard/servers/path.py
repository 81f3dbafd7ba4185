"""The whole way to an address, for a person who wants to look at it."""

from collections.abc import Mapping

from netguard.forwarding.records import Path, PathHop
from probes.errors import ProbeError
from probes.records import IPAddress, Method
from probes.trace.asking import ask
from probes.trace.flow import Ask, Flow, Hop, Question, Step
from probes.trace.opening import open_wire

_MOST = 30
_SILENT = 4  # hops in a row after which nobody further on is expected to answer
_WAIT = 0.7  # seconds
_TRIES = 3  # over more than a second: after some errors, routers send one a second


async def trace_path(target: IPAddress, method: Method, names: Mapping[IPAddress, str]) -> Path:
    """Return the way to an address; `names` are those of the hops that are known.

    Raises ProbeError where probes cannot be sent, or not by this method.
    """
    flow = Flow(target, str(target))
    async with open_wire() as wire:
        if method not in wire.methods:
            raise _needs_raw_sockets(method)
        await ask(wire, [flow], lambda asked: _next(asked, method))
    hops = [flow.at(ttl, method) for ttl in range(1, _length(flow, method) + 1)]
    return Path(
        address=target,
        method=method,
        arrived=any(hop.end() for hop in hops),
        hops=tuple(_hop(number, hop, names) for number, hop in enumerate(hops, 1)),
    )


def _needs_raw_sockets(method: Method) -> ProbeError:
    return ProbeError(
        "path",
        f"{method} probes need raw sockets, which this process may not open",
        remedy="Run as root or with CAP_NET_RAW, or leave --by out: pings need no rights.",
        kind="no-raw-sockets",
    )


def _next(flow: Flow, method: Method) -> Step:
    """Ask hop by hop until somebody at the end answers, or nobody has for a while."""
    silent = 0
    for ttl in range(1, _MOST + 1):
        hop = flow.at(ttl, method)
        if not hop.settled(_TRIES):
            return Ask(Question(ttl, method), _WAIT)
        silent = 0 if hop.replies else silent + 1
        if _is_last(hop) or silent >= _SILENT:
            return "done"
    return "done"


def _is_last(hop: Hop) -> bool:
    return hop.end() is not None or hop.first("unreachable", "fragmentation-needed") is not None


def _length(flow: Flow, method: Method) -> int:
    """Return the last hop worth showing: the last that answered, and one that did not."""
    answered = [q.ttl for q, hop in flow.hops.items() if hop.replies and q.method == method]
    asked = max((q.ttl for q in flow.hops), default=0)
    return min(asked, max(answered, default=0) + 1)


def _hop(number: int, hop: Hop, names: Mapping[IPAddress, str]) -> PathHop:
    reply = hop.end() or next(iter(hop.replies), None)
    if reply is None:
        return PathHop(hop=number, said="")
    return PathHop(
        hop=number,
        said=reply.kind,
        source=reply.source,
        name=names.get(reply.source),
        rtt_ms=None if reply.rtt is None else round(reply.rtt * 1000, 3),
    )
