"""The servers that are being asked: what has come in about each, and which looks are still out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from netguard.collect import Clock
from netguard.forwarding.inquiry import Inquiry
from netguard.forwarding.records import ServerReport
from netguard.forwarding.reporting import Case, report
from netguard.forwarding.seen import Seen, observed
from netguard.servers.ground import Ground
from probes.records import Gap, IPAddress


@dataclass(slots=True)
class _Open:
    """One server: what its looks brought so far, and the names of those still out."""

    ground: Ground
    out: set[str] = field(default_factory=set)
    seen: list[Seen] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    vpn_ports: tuple[str, ...] = ()
    sent: int = 0


class Cases:
    """Collects what the looks bring, and reports each server when its last look is in."""

    def __init__(
        self,
        grounds: Mapping[str, Ground],
        asked: Mapping[str, Sequence[IPAddress]],
        *,
        started: datetime,
        clock: Clock,
        done: Callable[[ServerReport], None],
    ) -> None:
        self.reports: dict[str, ServerReport] = {}
        self._asked = asked
        self._open = {name: _Open(ground) for name, ground in grounds.items()}
        self._started = started
        self._clock = clock
        self._done = done

    def expect(self, look: str, server: str) -> None:
        """Say that a look at a server is about to be taken."""
        self._open[server].out.add(look)

    def saw(self, look: str, inquiry: Inquiry, *, on_segment: bool) -> None:
        """Take what a look has seen of a server."""
        flows = inquiry.all_flows()
        seen = Seen(
            vantage=look,
            on_segment=on_segment,
            judgements=inquiry.judgements,
            observations={flow.target: observed(flow) for flow in flows},
            own=observed(inquiry.own),
            known=inquiry.known,
        )
        case = self._open[inquiry.name]
        case.seen.append(seen)
        case.sent += sum(flow.asked for flow in flows)
        self.over(look, inquiry.name)

    def offers(self, server: str, ports: Sequence[str]) -> None:
        """Take the VPN services that a server offers."""
        self._open[server].vpn_ports = tuple(ports)

    def lacks(self, server: str, gap: Gap) -> None:
        """Take that some of what a look was for could not be asked; the look goes on."""
        self._open[server].gaps.append(gap)

    def missed(self, look: str, server: str, gap: Gap) -> None:
        """Take that a look could not be taken, or not to its end."""
        if look in self._open[server].out:
            self._open[server].gaps.append(gap)
            self.over(look, server)

    def over(self, look: str, server: str) -> None:
        """Note that a look is over; the last one completes the report."""
        case = self._open[server]
        case.out.discard(look)
        if not case.out and server not in self.reports:
            self._report(server, case)

    def unseen(self) -> None:
        """Report the servers that no look was expected at: they can be asked from nowhere."""
        for server, case in self._open.items():
            if not case.out and server not in self.reports:
                case.gaps.append(_nowhere(server))
                self._report(server, case)

    def _report(self, server: str, case: _Open) -> None:
        ground, now = case.ground, self._clock()
        self.reports[server] = report(
            Case(
                server=ground.server,
                asked=self._asked[server],
                seen=case.seen,
                macs=ground.macs,
                canary=ground.canary,
                on_port=ground.on_port,
                vpn_ports=case.vpn_ports,
                probes_sent=case.sent,
                started=self._started,
                duration=(now - self._started).total_seconds(),
                gaps=(*ground.gaps, *case.gaps),
            ),
            now,
        )
        self._done(self.reports[server])


def _nowhere(server: str) -> Gap:
    return Gap(
        subject=server,
        kind="no-vantage",
        detail="it can be asked from none of the chosen vantages: this machine has no interface on"
        " its segment, or it does not answer there",
        remedy="Ask from `here`, or from a [[vantage]] that has a route to it.",
    )
