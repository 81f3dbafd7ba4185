"""What every way to send probes has in common: raw sockets, ping sockets, frames, another host."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from probes.records import HopReply, IPAddress, Method, Probe


class Wire(Protocol):
    """Sends probes and hands over what came back for them, matched by what each reply carries.

    `sources` are the addresses that it can speak from, () where there is no choice; `methods`
    what it can send; `batch` how many probes it takes at once; `patience` seconds that it adds to
    a probe's way (another host must be told first). `unroutable` says of targets why nothing can
    be sent to them from there; `dropped` counts replies that were lost here for want of room.
    """

    sources: tuple[IPAddress, ...]
    methods: frozenset[Method]
    batch: int
    patience: float
    unroutable: dict[IPAddress, str]

    @property
    def dropped(self) -> int:
        """How many replies were lost for want of room."""
        ...

    async def send(self, probes: Sequence[Probe]) -> None:
        """Send the probes, at most `batch`. Raises ProbeError where that is impossible."""
        ...

    async def receive(self, seconds: float) -> Sequence[HopReply]:
        """Return the replies that have come, waiting at most so long for the first.

        Replies that match no probe of ours (malformed, forged, somebody else's) are not returned.
        """
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
