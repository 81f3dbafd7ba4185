"""What devices write into their logs: a notice accuses nobody, but tells whom to ask."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

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


@asynccontextmanager
async def receivers(
    config: Config, hearing: Hearing, lost: Callable[[Gap], None]
) -> AsyncIterator[None]:
    """Receive notices wherever `[watch]` says; what cannot be received is told to `lost`."""
    async with AsyncExitStack() as stack:
        for source in config.watch.syslog:
            await _entered(stack, _log(hearing, source), lost)
        if config.watch.traps is not None:
            address, port = config.watch.traps
            known = tuple(_credentials(config, lost))
            await _entered(stack, receiving.notifications(hearing, known, port, address), lost)
        yield


async def _entered(
    stack: AsyncExitStack,
    receiver: AbstractAsyncContextManager[object],
    lost: Callable[[Gap], None],
) -> None:
    try:
        await stack.enter_async_context(receiver)
    except ProbeError as error:
        lost(error.gap())


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
