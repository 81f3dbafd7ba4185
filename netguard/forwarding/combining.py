"""Joins what several places saw of one address; that they differ is shown, never averaged."""

from collections.abc import Sequence
from datetime import datetime

from netguard.findings import Evidence
from netguard.forwarding.records import AddressReport, AddressState, Judgement
from netguard.forwarding.seen import Seen
from probes.records import IPAddress

# What proves most stands first. Only the server could have said that it passes something on; on
# the segment a MAC shows who answers, where from afar every station there looks alike.
_PROOF: tuple[tuple[AddressState, bool | None], ...] = (
    ("forwarded", None),
    ("looped", None),
    ("elsewhere", True),
    ("bound", True),
    ("bound", False),
    ("elsewhere", False),
)


def combine(address: IPAddress, seen: Sequence[Seen], now: datetime) -> AddressReport:
    """Return what all places together show of an address."""
    said = [(each, each.judgements[address]) for each in seen if address in each.judgements]
    judgement = _strongest(said)
    alive = any(one.alive for _, one in said)
    times = [one.rtt for _, one in said if one.rtt is not None]
    return AddressReport(
        address=address,
        state="undecided" if judgement.state == "silent" and alive else judgement.state,
        alive=alive,
        via=str(judgement.via) if judgement.via else None,
        hops=judgement.hops,
        rtt_ms=round(min(times) * 1000, 3) if times else None,
        seen_from={each.vantage: one.state for each, one in said},
        evidence=tuple(
            Evidence(
                source="trace",
                seen=now,
                detail=f"{each.vantage}: {one.why}. {each.observations[address]}",
            )
            for each, one in said
        ),
    )


def _strongest(said: Sequence[tuple[Seen, Judgement]]) -> Judgement:
    for state, on_segment in _PROOF:
        for each, one in said:
            if one.state == state and on_segment in {None, each.on_segment}:
                return one
    silent = [one for _, one in said if one.state == "silent"]
    undecided = [one for _, one in said if one.state == "undecided"]
    knows = [one for each, one in said if one.state == "silent" and each.on_segment]
    return (knows or undecided or silent or [_NOT_ASKED])[0]


_NOT_ASKED = Judgement(state="undecided", why="it could not be asked about")


def disagree(report: AddressReport) -> bool:
    """Tell whether an address looks different from different places; silence is no opinion."""
    return len(set(report.seen_from.values()) - {"silent", "undecided"}) > 1
