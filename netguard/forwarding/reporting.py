"""Puts together what all places saw of a server: addresses, blocks, the verdict and its words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from netguard.findings import Evidence
from netguard.forwarding.combining import combine, disagree
from netguard.forwarding.kinds import Signs, opinion
from netguard.forwarding.known import Canary, Known
from netguard.forwarding.records import (
    STATES,
    AddressReport,
    BlockReport,
    ServerReport,
    Verdict,
)
from netguard.forwarding.seen import Seen
from netguard.forwarding.targets import is_sampled
from netguard.inventory import IPNetwork, Server
from probes.records import Gap, IPAddress


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one server that the report is made of."""

    server: Server
    asked: Sequence[IPAddress]
    seen: Sequence[Seen]
    macs: frozenset[str] = frozenset()
    canary: Canary | None = None
    on_port: int | None = None
    vpn_ports: tuple[str, ...] = ()
    probes_sent: int = 0
    started: datetime
    duration: float
    gaps: tuple[Gap, ...] = ()


def report(case: Case, now: datetime) -> ServerReport:
    """Return the report about a server."""
    server = case.server
    addresses = tuple(combine(address, case.seen, now) for address in case.asked)
    view = opinion(addresses, _signs(case, addresses))
    return ServerReport(
        server=server.name,
        address=server.address,
        customer=server.customer,
        verdict=view.verdict,
        summary=summary(server, view.verdict, addresses),
        advice=_ADVICE[view.verdict],
        blocks=tuple(_block(block, addresses) for block in server.blocks),
        addresses=addresses,
        evidence=tuple(_evidence(case, view.reasons, now)),
        overturned_by=view.overturned_by,
        vantages=tuple(each.vantage for each in case.seen),
        disagreements=sum(map(disagree, addresses)),
        probes_sent=case.probes_sent,
        started=case.started,
        duration_s=round(case.duration, 3),
        gaps=case.gaps,
    )


def _signs(case: Case, addresses: Sequence[AddressReport]) -> Signs:
    passed = [a.address for a in addresses if a.state == "forwarded"]
    known = [each.known for each in case.seen]
    detours = (each.detour(address) for each in case.seen for address in passed)
    return Signs(
        canary=case.canary,
        tunnel=_tunnel(known),
        detours=tuple(detour for detour in detours if detour is not None),
        ethernet=any(k.ethernet for k in known),
        proxy_arp=any(case.macs & k.stations.get(a, frozenset()) for k in known for a in passed),
        stations=case.on_port,
        vpn_ports=case.vpn_ports,
        reachable=any(k.rtt is not None for k in known),
    )


def _tunnel(known: Iterable[Known]) -> int | None:
    """Return the smallest MTU that was named, 0 where a tunnel showed and none was named."""
    mtus = [each.tunnel for each in known if each.tunnel is not None]
    return min(filter(None, mtus), default=0) if mtus else None


def _block(block: IPNetwork, addresses: Iterable[AddressReport]) -> BlockReport:
    count = Counter(report.state for report in addresses if report.address in block)
    return BlockReport(
        block=block,
        asked=count.total(),
        sampled=is_sampled(block),
        **{state: count[state] for state in STATES},
    )


def _evidence(case: Case, reasons: Iterable[str], now: datetime) -> Iterable[Evidence]:
    for reason in reasons:
        yield Evidence(source="trace", seen=now, detail=reason)
    for each in case.seen:
        yield Evidence(
            source="trace", seen=now, detail=f"{each.vantage}: the server itself: {each.own}"
        )
    for block in filter(is_sampled, case.server.blocks):
        yield Evidence(
            source="inventory", seen=now, detail=f"{block} is too large to ask: a sample was asked"
        )


_KINDS: dict[Verdict, str] = {
    "vpn-gateway": "it is a VPN gateway",
    "colocation-gateway": "it is a gateway for other machines nearby",
    "gateway": "it is a gateway, of what kind is not clear",
}
_ADVICE: dict[Verdict, str] = {
    "plain": "Nothing to do.",
    "undecided": "Look again while its addresses are in use, or from its own segment.",
    "vpn-gateway": "Tell the customer that the addresses were given for this server, and are used"
    " somewhere else by way of a tunnel: is that in the contract?",
    "colocation-gateway": "Tell the customer that the addresses were given for this server, and"
    " other machines behind it use them: whose are they, and where do they stand?",
    "gateway": "Ask the customer what the addresses behind this server are used for.",
}


def summary(server: Server, verdict: Verdict, addresses: Sequence[AddressReport]) -> str:
    """Return one sentence that a tired person understands."""
    who = f"{server.name} (customer {server.customer})" if server.customer else server.name
    if not addresses:
        return f"{who} has no blocks: only its own address was asked."
    count = Counter(report.state for report in addresses)
    if verdict in _KINDS:
        alive = sum(report.state == "forwarded" and report.alive for report in addresses)
        return (
            f"{who} passes {count['forwarded']} of {len(addresses)} addresses on"
            f" ({alive} {'answers' if alive == 1 else 'answer'}): {_KINDS[verdict]}."
        )
    bound = count["bound"]
    where = f"{bound} of {len(addresses)} addresses {'is' if bound == 1 else 'are'} on it"
    if verdict == "plain":
        return f"{who} passes nothing on: {where}."
    elsewhere = count["elsewhere"] == len(addresses)
    reason = "none of its addresses comes to it" if elsewhere else "nothing proves what it does"
    return f"{who} is undecided: {where}, and {reason}."
