"""Who claims a gateway and answers nobody: listening alone can tell of that."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from netguard.findings import Finding
from probes.records import IPAddress

LASTING = timedelta(seconds=1)  # a claim made in one breath only is asked about, and no proof
FORGIVEN = timedelta(minutes=10)  # to claim a gateway once, and not to answer


class Silent:
    """The findings of one segment's ear that are true although nobody answers.

    That is so where a gateway is claimed again after it was asked about in vain. What was claimed
    before may be the last of a trouble that is mended.
    """

    def __init__(self) -> None:
        self._in_vain: dict[IPAddress, tuple[datetime, datetime]] = {}  # asked first, and last
        self._ids: set[str] = set()

    def answered(self, found: Iterable[Finding]) -> None:
        """Take in that somebody did answer for what was found so."""
        for address in (finding.address for finding in found if finding.address):
            self._in_vain.pop(address, None)

    def asked(self, addresses: Iterable[IPAddress], began: datetime) -> None:
        """Take in that it was asked about these from `began` on, and nobody strange answered."""
        for address in addresses:
            first, last = self._in_vain.get(address, (began, began))
            self._in_vain[address] = (first if abs(began - last) < FORGIVEN else began), began

    def heard(self, findings: Iterable[Finding], now: datetime) -> None:
        """Take in what the ear makes of all that was claimed by now."""
        for finding in findings:
            asked = self._in_vain.get(finding.address) if finding.address else None
            if finding.kind != "gateway-hijack" or asked is None:
                continue
            if asked[0] < finding.last_seen <= now:  # later: the clock was set back
                self._ids.add(finding.id)

    def keep(self, ids: Collection[str]) -> None:
        """Forget all other findings: the ear has forgotten them."""
        self._ids.intersection_update(ids)

    def forget(self, ids: Collection[str]) -> None:
        """Forget these findings: they are over."""
        self._ids.difference_update(ids)

    def __contains__(self, finding: Finding) -> bool:
        return finding.id in self._ids and finding.last_seen - finding.first_seen >= LASTING
