"""What a look would have seen: the findings that it can end by not seeing them."""

from collections.abc import Callable, Iterable

from netguard.findings import Finding
from netguard.rules.neighbor_unconfirmed import about, undecided
from netguard.view import View

_SWEPT_VERSION = 4  # a segment's IPv6 addresses are too many: only those in doubt are asked about

# The kinds of which it can be asked whether they are over.
ASKED_ABOUT = frozenset({"address-conflict", "gateway-hijack"})

# The kinds of trouble that a sweep can see, and so can see ended.
SWEPT = frozenset(
    {
        "address-conflict",
        "gateway-hijack",
        "gateway-changed",
        "mac-flapping",
        "neighbor-unconfirmed",
        "unassigned-address",
    }
)


def covered(view: View) -> Callable[[Finding], bool]:
    """Return the test whether a finding would have been seen again: measured without a gap.

    A switch that cannot be read may be one whose servers cannot be reached either, so its
    silence ends nothing.
    """
    switched = {s.segment.name for s in view.segments if _all_read(view, s.segment.switches)}
    routed = {s.segment.name for s in view.segments if _all_read(view, s.segment.routers)}
    swept = {s.segment.name for s in view.segments if s.sweep and not s.gaps}
    asked = {(s.segment.name, t.address) for s in view.segments if not s.gaps for t in s.tests}
    listed = {n for s in view.inventory.segments for n in (*s.routers, *s.switches)}
    unclear = undecided(view)
    devices = tuple(name for name, device in view.devices.items() if not device.gaps)

    def is_covered(finding: Finding) -> bool:
        if finding.kind == "neighbor-unconfirmed":
            if view.flights is None or not listed <= view.devices.keys():
                return False  # who is named may not be among them, or has changed since
            return finding.id not in unclear and any(about(finding, name) for name in devices)
        if finding.kind == "mac-flapping":
            return finding.segment in switched and view.flights is not None
        if finding.address is not None and finding.address.version != _SWEPT_VERSION:
            place = (finding.segment or "", finding.address)
            return place in asked and finding.segment in switched & routed
        return finding.segment in switched & routed & swept and finding.kind in SWEPT

    return is_covered


def _all_read(view: View, devices: Iterable[str]) -> bool:
    return all(name in view.devices and not view.devices[name].gaps for name in devices)
