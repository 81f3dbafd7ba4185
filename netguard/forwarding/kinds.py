"""What sort of server it is: the verdict, what proves it, and what would overturn it."""

from collections.abc import Sequence
from statistics import median

import msgspec

from netguard.forwarding.known import Canary
from netguard.forwarding.records import AddressReport, Verdict

_FAR = 0.005  # seconds more than the server itself: not in the same room
_NEAR = 0.002


class Signs(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the server as a whole.

    `tunnel` is the MTU it named (0: a tunnel, but no MTU), `detours` are seconds that forwarded
    addresses take longer than the server, `ethernet` that it looks for addresses on a network
    behind itself, `stations` how many MACs are on its port, `vpn_ports` the VPN services that
    answered, `reachable` that it answers itself.
    """

    canary: Canary | None = None
    tunnel: int | None = None
    detours: tuple[float, ...] = ()
    ethernet: bool = False
    proxy_arp: bool = False
    stations: int | None = None
    vpn_ports: tuple[str, ...] = ()
    reachable: bool = False


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict with its reasons."""

    verdict: Verdict
    reasons: tuple[str, ...]
    overturned_by: str


def opinion(addresses: Sequence[AddressReport], signs: Signs) -> Opinion:
    """Return what the addresses and the signs together make of a server."""
    passed = [report for report in addresses if report.state == "forwarded"]
    reasons = tuple(_reasons(addresses, signs))
    if (signs.tunnel is not None and passed) or any(report.alive for report in passed):
        return _gateway(signs, reasons)
    doubtful = [report for report in addresses if report.state == "undecided"]
    hides = signs.canary in {"routes-hidden", "routes-undecremented"} or signs.tunnel is not None
    # A host that merely routes, as many do, sends on what nobody has; there is nothing behind it.
    if passed or doubtful or hides or not _proven(addresses, signs):
        return Opinion(
            verdict="undecided",
            reasons=reasons,
            overturned_by="a look from its own segment, or while its addresses are in use",
        )
    return Opinion(
        verdict="plain",
        reasons=reasons,
        overturned_by="one address of its blocks that ends behind it",
    )


def _proven(addresses: Sequence[AddressReport], signs: Signs) -> bool:
    """Tell whether anything speaks for the server: that all is silent does not."""
    ends = any(report.state in {"bound", "looped"} for report in addresses)
    stops = signs.canary in {"does-not-route", "filtered"}
    return ends or stops or (signs.reachable and not addresses)


def _gateway(signs: Signs, reasons: tuple[str, ...]) -> Opinion:
    detour = median(signs.detours) if signs.detours else None
    far = detour is not None and detour > _FAR
    near = detour is not None and detour < _NEAR
    if signs.tunnel is not None or far:
        return Opinion(
            verdict="vpn-gateway",
            reasons=reasons,
            overturned_by="machines in the same room, without a tunnel between them and the server",
        )
    if signs.ethernet or near:
        return Opinion(
            verdict="colocation-gateway",
            reasons=reasons,
            overturned_by="containers or virtual machines of the customer's own on the server:"
            " they are as near, and routed alike",
        )
    return Opinion(
        verdict="gateway",
        reasons=reasons,
        overturned_by="nothing short of its addresses ending on the server; of what kind it is"
        " shows once an address behind it answers",
    )


_CANARY: dict[Canary, str] = {
    "does-not-route": "a packet for somebody else that is given to it goes no further",
    "filtered": "its kernel routes, but its filter lets nothing through, as on a container host",
    "routes": "a packet for somebody else that is given to it is passed on",
    "routes-hidden": "it passes on what it is given, and sends no time exceeded: it hides",
    "routes-undecremented": "it passes on what it is given without counting the hop: it hides",
}


def _reasons(addresses: Sequence[AddressReport], signs: Signs) -> list[str]:
    reasons = [_counted(addresses)] if addresses else ["no blocks are assigned to it"]
    if signs.tunnel is not None:
        size = f"packets of over {signs.tunnel} octets" if signs.tunnel else "full-sized packets"
        reasons.append(f"it cannot pass on {size}: a tunnel")
    if signs.detours:
        reasons.append(f"what is behind it answers {_late(median(signs.detours))}")
    if signs.ethernet:
        reasons.append("it looks for addresses on a network behind itself: machines, not tunnels")
    if signs.canary is not None:
        reasons.append(_CANARY[signs.canary])
    if signs.proxy_arp:
        reasons.append("it answers ARP for addresses that are not on it (proxy ARP)")
    if signs.stations is not None and signs.stations > 1:
        reasons.append(f"{signs.stations} stations are on its switch port: it bridges")
    if signs.vpn_ports:
        reasons.append(f"it offers {', '.join(signs.vpn_ports)}")
    return reasons


def _late(seconds: float) -> str:
    shown = f"{seconds * 1000:.1f}"
    return f"{shown} ms later than itself" if float(shown) > 0 else "as fast as itself"


def _counted(addresses: Sequence[AddressReport]) -> str:
    count = {state: sum(a.state == state for a in addresses) for state in _WORDS}
    words = [f"{number} {_WORDS[state]}" for state, number in count.items() if number]
    asked = "1 address" if len(addresses) == 1 else f"{len(addresses)} addresses"
    return f"of {asked} asked: {', '.join(words)}"


_WORDS = {
    "bound": "on it",
    "forwarded": "passed on",
    "looped": "sent back",
    "elsewhere": "elsewhere",
    "silent": "silent",
    "undecided": "undecided",
}
