"""A driver and a journal that do as a test tells them, and an attempt made of these."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta

import msgspec

from netguard.errors import NetguardError
from netguard.history import Action, Order, PortStatus
from netguard.inventory import SwitchPort
from netguard.switches.change import Attempt
from netguard.switches.switch import PortState
from probes.errors import ProbeError
from tests.building import NOW

DOWN, UP = PortStatus("down", "down"), PortStatus("up", "up")


class Device:
    """A driver whose device does as the test says; `log` is what it was asked, in order.

    `obeys` says whether an order changes the port, `says` what it answers. `loses` are the numbers
    of the readings, from 1, that get no answer; the first `lagging` ones show it still up.
    """

    def __init__(
        self,
        *,
        obeys: bool = True,
        says: str = "noError",
        status: PortStatus = UP,
        lagging: int = 0,
        loses: Iterable[int] = (),
        refuses: ProbeError | None = None,
        number: int = 10005,
    ) -> None:
        self.log: list[str] = []
        self.status = status
        self.obeys, self.says, self.refuses = obeys, says, refuses
        self.lagging, self.loses, self.number = lagging, set(loses), number
        self.saved = "saved"
        self.unlike: ProbeError | None = None
        self._readings = 0

    async def prepare(self) -> None:
        self.log.append("prepare")
        if self.refuses:
            raise self.refuses

    async def find(self, name: str) -> PortState:
        self.log.append(f"find {name}")
        return PortState(name=name, if_index=self.number, status=self.status)

    async def again(self, port: PortState) -> PortState:
        self.log.append("again")
        self._readings += 1
        if self._readings in self.loses:
            raise ProbeError("cat1", "no SNMP answer to 3 requests")
        if self.unlike:
            raise self.unlike
        status = self.status
        if self._readings <= self.lagging:
            status = PortStatus(status.admin, "up")
        return msgspec.structs.replace(port, status=status)

    async def set_admin_status(self, port: PortState, *, up: bool) -> str:
        self.log.append(f"set {port.if_index} {'up' if up else 'down'}")
        if self.obeys:
            self.status = UP if up else DOWN
        return self.says

    async def save(self) -> str:
        self.log.append("save")
        return self.saved

    async def close(self) -> None:
        self.log.append("close")


class Pages:
    """A journal on paper."""

    def __init__(self, busy: NetguardError | None = None) -> None:
        self.written: list[Action] = []
        self.busy = busy
        self.most: int | None = None

    def begin(self, intent: Action, *, most: int | None = None) -> None:
        self.most = most
        if self.busy:
            raise self.busy
        self.written.append(intent)

    def end(self, record: Action) -> None:
        self.written.append(record)

    def recent_shutdowns(self, since: datetime) -> int | None:
        return sum(a.at >= since for a in self.written if a.step == "intent")

    def actions(self, port: SwitchPort | None) -> tuple[Action, ...] | None:
        return tuple(a for a in self.written if port in (None, a.port))

    def unfinished(self) -> tuple[Action, ...]:
        return ()


class Clock:
    """Time that passes by a second with every look at it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


async def cleared() -> bool | None:
    return True


def order(**fields: object) -> Order:
    known: dict[str, object] = {
        "change": "shutdown",
        "who": "oncall",
        "host": "mon",
        "reason": "took the gateway",
    }
    return Order(**{**known, **fields})  # type: ignore[arg-type]


def attempt(
    device: Device,
    pages: Pages,
    *,
    verify: Callable[[], Awaitable[bool | None]] = cleared,
    **fields: object,
) -> Attempt:
    known: dict[str, object] = {
        "action_id": "a1",
        "order": order(),
        "pid": 4711,
        "connect": lambda: device,
        "journal": pages,
        "clock": Clock(),
        "verify": verify,
    }
    return Attempt(**{**known, **fields})  # type: ignore[arg-type]
