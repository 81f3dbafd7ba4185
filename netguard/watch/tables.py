"""Follows what the devices of one segment tell of their own tables: these are read at once."""

import asyncio

from netguard.findings import identity
from netguard.inventory import Segment
from netguard.tables import Wanted
from netguard.watch.looks import Looks
from probes.heard import Notice

CALM = 3.0  # seconds between two readings once several in succession were not worth it
IN_VAIN = 4  # which may be: the same move is told by every switch on the way
# Seconds until a whole look: by then the ends of a new link have heard each other (LLDP: 30 s).
LATER = 35.0
REST = 10.0  # seconds between two looks at a station that goes to and fro


class Tables:
    """What has to be read again on one segment; `strange` is set where it deserves a whole look."""

    def __init__(self, segment: Segment, looks: Looks, strange: asyncio.Event) -> None:
        self._segment = segment
        self._looks = looks
        self._strange = strange
        self._wanted = Wanted()
        self._told = asyncio.Event()
        self._changed = asyncio.Event()

    def stand_on(self, segment: Segment, looks: Looks) -> None:
        """Take in a new configuration."""
        self._segment, self._looks = segment, looks

    def heed(self, notice: Notice, device: str) -> None:
        """See to it that what one of the segment's devices says to have changed is read."""
        if notice.kind == "mac-moved" and not self._is_known(notice.mac):
            self._read(self._stations())
        elif notice.kind == "neighbors-changed":
            self._read(Wanted({(device, "neighbors")}))

    def _is_known(self, mac: str | None) -> bool:
        return identity("mac-flapping", self._segment.name, mac or "") in self._flapping()

    def _stations(self) -> Wanted:
        devices = (*self._segment.routers, *self._segment.switches)
        return Wanted((device, "fdb") for device in devices)

    def _read(self, wanted: Wanted) -> None:
        self._wanted |= wanted
        self._told.set()
        self._changed.set()

    async def run(self) -> None:
        """Read what is told to have changed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read_at_once())
            tasks.create_task(self._look_later())
            tasks.create_task(self._follow())

    async def _read_at_once(self) -> None:
        in_vain = 0
        while True:
            await self._told.wait()
            self._told.clear()
            wanted, self._wanted = self._wanted, Wanted()
            _, worth = await self._looks.tables(self._segment, wanted)
            if any(table == "neighbors" for _, table in wanted) and self._passing():
                self._strange.set()
            in_vain = 0 if worth else in_vain + 1
            if in_vain >= IN_VAIN:
                await asyncio.sleep(CALM)

    async def _look_later(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await asyncio.sleep(LATER)
            self._strange.set()

    async def _follow(self) -> None:
        """See when a station that went to and fro has come to rest."""
        while True:
            await asyncio.sleep(REST)
            if before := self._flapping():
                seen, _ = await self._looks.tables(self._segment, self._stations(), resting=True)
                if before - {finding.id for finding in seen.findings}:
                    self._strange.set()

    def _flapping(self) -> frozenset[str]:
        return frozenset(
            finding.id
            for finding in self._looks.open
            if finding.kind == "mac-flapping"
            and finding.segment == self._segment.name
            and finding.quiet_since is None
        )

    def _passing(self) -> bool:
        """Tell whether somebody passes as a device, which may be over now."""
        return any(finding.kind == "neighbor-unconfirmed" for finding in self._looks.open)
