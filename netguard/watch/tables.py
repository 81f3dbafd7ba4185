"""Follows what devices tell of their own tables: these are read at once."""

import asyncio
from collections.abc import Callable, Collection, Iterable

from netguard.inventory import Inventory, Segment, address_of
from netguard.rules.mac_flapping import Flights, finding_id
from netguard.rules.neighbor_unconfirmed import about
from netguard.tables import Reread, Wanted
from netguard.watch.looks import Looks
from probes.heard import Notice

CALM = 3.0  # seconds between two readings once several in succession were not worth it
IN_VAIN = 4  # which may be: the same move is told by every switch on the way
# Seconds until a whole look: by then the ends of a new link have heard each other (LLDP: 30 s).
LATER = 35.0
SELDOM = 60.0  # seconds between two whole looks for what names no address: anybody can forge that


class Tables:
    """What has to be read again; `strange` is told which segments deserve a whole look."""

    def __init__(
        self, inventory: Inventory, looks: Looks, strange: Callable[[Collection[str]], None]
    ) -> None:
        self._segments = inventory.segments
        self._by_address = {str(address_of(device)): device.name for device in inventory.devices}
        self._names = frozenset(device.name for device in inventory.devices)
        self._looks = looks
        self._strange = strange
        self._recent: Flights = {}
        self._wanted = Wanted()
        self._told = asyncio.Event()
        self._later: set[str] = set()  # segments
        self._changed = asyncio.Event()
        self._doubtful: set[str] = set()  # segments
        self._alarmed = asyncio.Event()

    def heed(self, notice: Notice) -> None:
        """See to it that what one of the devices says to have changed is read."""
        device = self._by_address.get(notice.source)
        if device is None and notice.host in self._names:
            device = notice.host
        if device is None:
            return
        segments = [s for s in self._carried(device) if _may_be_of(notice, s)]
        match notice.kind:
            case "neighbors-changed":
                # Its stations too, who are the evidence of who hangs on a port.
                self._read(Wanted({(device, "neighbors"), (device, "fdb")}))
            case "mac-moved":
                self._follow(notice.mac, segments)
            case "duplicate-address" if segments:  # whose, it says in words that nobody knows
                self._doubtful.update(segment.name for segment in segments)
                self._alarmed.set()

    def _follow(self, mac: str | None, segments: Iterable[Segment]) -> None:
        for segment in segments:
            if not self._flaps(segment.name, mac):
                devices = (*segment.routers, *segment.switches)
                self._read(Wanted((name, "fdb") for name in devices))
                self._look_later({segment.name})

    def _carried(self, device: str) -> Iterable[Segment]:
        return (s for s in self._segments if device in (*s.routers, *s.switches))

    def _flaps(self, segment: str, mac: str | None) -> bool:
        """Tell whether a station is known to go to and fro."""
        return finding_id(segment, mac or "") in {finding.id for finding in self._looks.open}

    def _read(self, wanted: Wanted) -> None:
        self._wanted |= wanted
        self._told.set()

    def _look_later(self, segments: Iterable[str]) -> None:
        self._later.update(segments)
        self._changed.set()

    async def run(self) -> None:
        """Read what is told to have changed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read_at_once())
            tasks.create_task(self._look_at_last())
            tasks.create_task(self._look_around())

    async def _read_at_once(self) -> None:
        in_vain = 0
        while True:
            await self._told.wait()
            self._told.clear()
            wanted, self._wanted = self._wanted, Wanted()
            again = await self._looks.tables(wanted, self._recent)
            self._recent = again.recent
            self._see_to_neighbors(again)
            in_vain = 0 if self._was_worth_it(again) else in_vain + 1
            if in_vain >= IN_VAIN:
                await asyncio.sleep(CALM)

    def _was_worth_it(self, again: Reread) -> bool:
        news = any(not self._flaps(*station) for station in again.moved)
        return news or bool(again.remembered.events)

    def _see_to_neighbors(self, again: Reread) -> None:
        """Have a whole look see whether it is over, or whether it lasts."""
        for device, doubtful in again.heard.items():
            segments = {segment.name for segment in self._carried(device)}
            passing = (f for f in self._looks.open if f.kind == "neighbor-unconfirmed")
            if any(about(finding, device) for finding in passing):
                self._strange(sorted(segments)[:1])
            if doubtful:
                self._look_later(sorted(segments)[:1])

    async def _look_at_last(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            segments, self._later = self._later, set()
            await asyncio.sleep(LATER)
            self._strange(segments)

    async def _look_around(self) -> None:
        while True:
            await self._alarmed.wait()
            self._alarmed.clear()
            segments, self._doubtful = self._doubtful, set()
            for segment in sorted(segments):  # which a router may have by the dozen
                self._strange({segment})
                await asyncio.sleep(CALM)
            await asyncio.sleep(SELDOM)


def _may_be_of(notice: Notice, segment: Segment) -> bool:
    return notice.vlan is None or segment.vlan is None or notice.vlan == segment.vlan
