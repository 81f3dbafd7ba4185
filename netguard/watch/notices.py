"""What devices write into their logs: a notice accuses nobody, but tells whom to ask."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from netguard.config import Config, credentials
from netguard.config.settings import LogSource
from netguard.errors import ConfigError
from netguard.inventory import Segment
from netguard.watch.ears import Ears
from netguard.watch.tables import Tables
from probes.errors import ProbeError
from probes.heard import Notice
from probes.notices import receiving
from probes.notices.hearing import Hearing
from probes.records import Gap
from probes.snmp_link import Credentials

AGAIN = 30.0  # seconds: to what could not be opened

Receiver = Callable[[], AbstractAsyncContextManager[object]]


class Doors:
    """Where others reach the daemon: what cannot be opened is told, and tried again.

    `stack` closes what is open. All gaps that there are go to `tell`, `lasting` ones too.
    """

    def __init__(self, stack: AsyncExitStack, tell: Callable[[Iterable[Gap]], None]) -> None:
        self.closed: dict[str, Receiver] = {}
        self.lasting: list[Gap] = []
        self._stack = stack
        self._tell = tell

    async def open(self) -> None:
        """Try to open all that are closed."""
        shut = []
        for name, receiver in tuple(self.closed.items()):
            try:
                await self._stack.enter_async_context(receiver())
            except ProbeError as error:
                shut.append(replace(error.gap(), subject=name))
            else:
                del self.closed[name]
        self._tell((*self.lasting, *shut))

    async def keep_trying(self) -> None:
        """Try again and again, until all are open."""
        while self.closed:
            await asyncio.sleep(AGAIN)
            await self.open()


def receivers(
    config: Config, hearing: Hearing, lost: Callable[[Gap], None]
) -> Iterator[tuple[str, Receiver]]:
    """Yield all that receives notices by `[watch]`; who cannot be understood is told to `lost`."""
    for source in config.watch.syslog:
        yield f"syslog {source}", partial(_log, hearing, source)
    if config.watch.traps is not None:
        address, port = config.watch.traps
        known = tuple(_credentials(config, lost))
        receiver = partial(receiving.notifications, hearing, known, port, address, lost=lost)
        yield f"traps {LogSource('udp', address, port)}", receiver


def _log(hearing: Hearing, source: LogSource) -> AbstractAsyncContextManager[object]:
    match source.transport:
        case "udp":
            return receiving.syslog_udp(hearing, source.port, source.place)
        case "tcp":
            return receiving.syslog_tcp(hearing, source.port, source.place)
        case "file":
            return receiving.tail(hearing, Path(source.place))


def _credentials(config: Config, lost: Callable[[Gap], None]) -> Iterable[Credentials]:
    """Yield each way in which a device may sign its notifications: that by which it is read."""
    first = {device.snmp: device for device in reversed(config.inventory.devices)}
    for device in first.values():
        try:
            yield credentials(config, device)
        except ConfigError as error:
            detail = f"its notifications are refused: {error.message}"
            lost(Gap(subject=device.name, kind="no-secret", detail=detail, remedy=error.remedy))


def follow(notice: Notice, ears: Iterable[Ears], tables: Tables) -> None:
    """Have those asked that a notice speaks of, or the tables read where it names no address."""
    if notice.ip is None:
        tables.heed(notice)
        return
    for each in ears:
        if _is_on(notice, each.segment):
            stations = filter(None, (notice.mac, notice.other_mac))
            doubt = each.doubts.suspect(notice.ip, stations, notice.seen)
            if doubt is not None:
                each.raised(doubt)


def _is_on(notice: Notice, segment: Segment) -> bool:
    vlan = notice.vlan is None or segment.vlan is None or notice.vlan == segment.vlan
    return vlan and any(notice.ip in network for network in segment.networks)
