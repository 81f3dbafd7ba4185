"""What places have seen of a server, for tests of how that is joined and worded."""

from collections.abc import Mapping
from datetime import timedelta
from ipaddress import IPv4Address, ip_network

from netguard.forwarding.records import AddressReport, AddressState, Judgement, ServerReport
from netguard.forwarding.reporting import Case, report
from netguard.forwarding.seen import Seen
from netguard.inventory import Server
from probes.records import IPAddress
from tests.building import NOW
from tests.netguard.forwarding.script import SERVER, known

BLOCK: list[IPAddress] = [IPv4Address("203.0.113.0") + n for n in range(16)]
FIRST = BLOCK[0]


Judgements = Mapping[IPAddress, Judgement]


def judgement(state: AddressState, **fields: object) -> Judgement:
    alive = state in {"bound", "forwarded"}
    told: dict[str, object] = {"state": state, "why": f"it is {state}", "alive": alive}
    return Judgement(**{**told, **fields})  # type: ignore[arg-type]


def seen(
    vantage: str,
    judgements: Judgements | AddressState,
    *,
    on_segment: bool = False,
    **learnt: object,
) -> Seen:
    """Return what one place saw: of one address, where but a state is given."""
    if isinstance(judgements, str):
        judgements = {FIRST: judgement(judgements)}
    told = dict(judgements)
    return Seen(
        vantage=vantage,
        on_segment=on_segment,
        judgements=told,
        observations=dict.fromkeys(told, "full hop limit: echo-reply"),
        own="hop limit 3: echo-reply",
        known=known(**learnt),
    )


def addresses(*states: AddressState, alive: bool = True) -> tuple[AddressReport, ...]:
    return tuple(
        AddressReport(address=address, state=state, alive=alive and state in {"bound", "forwarded"})
        for address, state in zip(BLOCK, states, strict=False)
    )


def case(*places: Seen, server: Server = SERVER, **fields: object) -> ServerReport:
    """Return the report about a server that these places have seen."""
    asked = dict.fromkeys(address for place in places for address in place.judgements)
    told: dict[str, object] = {
        "server": server,
        "asked": tuple(asked),
        "seen": places,
        "macs": frozenset({"00:00:5e:00:53:20"}),
        "probes_sent": 7,
        "started": NOW,
        "duration": 1.23456,
    }
    made = Case(**{**told, **fields})  # type: ignore[arg-type]
    return report(made, NOW + timedelta(seconds=2))


LARGE = ip_network("2001:db8::/64")
