"""What is different about a server since it was last asked, as far as it matters to a person."""

from collections.abc import Mapping

import msgspec

from netguard.forwarding.records import AddressState, ServerReport, Verdict
from probes.records import IPAddress

# That an address falls silent, or cannot be decided tonight, happens every night; and routers
# that have no route to a block say so now of this address, now of that.
_TELLING = frozenset({"bound", "forwarded", "looped"})


class AddressChange(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is somewhere else than before; `before` is None for one never asked."""

    address: IPAddress
    before: str | None
    after: AddressState


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is not what it was; `before` is None where it was never checked."""

    server: str
    before: str | None
    after: Verdict
    addresses: tuple[AddressChange, ...] = ()


def change(before: str | None, states: Mapping[str, str], report: ServerReport) -> Change | None:
    """Compare a report with the last verdict and states; None where nothing matters."""
    moved = tuple(
        AddressChange(address=each.address, before=states.get(str(each.address)), after=each.state)
        for each in report.addresses
        if before is not None and _matters(states.get(str(each.address)), each.state)
    )
    new = before is None and report.verdict != "plain"
    if not (moved or new or before not in {None, report.verdict}):
        return None
    return Change(server=report.server, before=before, after=report.verdict, addresses=moved)


def _matters(before: str | None, after: AddressState) -> bool:
    if before in {None, after}:
        return False
    return after in _TELLING or (after == "elsewhere" and before in _TELLING)
