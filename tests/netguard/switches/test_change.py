"""The one function that changes a port: what it sends, when, and what it says came of it."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from netguard.errors import StoreError
from netguard.history import HourFull, PortBusy, PortStatus
from netguard.switches.change import Result, change
from netguard.switches.switch import NoSuchPort
from probes.errors import ProbeError, Refused
from tests.building import NOW
from tests.closing import DOWN, UP, Device, Pages, attempt, order
from tests.deciding import closing as situation

ROOT = Path(__file__).resolve().parents[3]


def close(device: Device, pages: Pages, **fields: object) -> Result:
    return asyncio.run(change(situation(), attempt(device, pages, **fields)))  # type: ignore[arg-type]


def sent(device: Device) -> list[str]:
    return [word for word in device.log if word.startswith("set")]


def test_the_intent_stands_before_the_order_and_the_outcome_after_the_last_look() -> None:
    device, pages, told = Device(), Pages(), []

    def tell(step: str) -> None:
        told.append((step, len(pages.written), list(device.log)))

    result = close(device, pages, tell=tell)
    assert device.log == ["prepare", "find Fa0/3", "set 10005 down", "again", "close"]
    assert [(r.step, r.outcome) for r in pages.written] == [("intent", None), ("outcome", "done")]
    assert [count for _, count, _ in told] == [0, 1, 1, 1, 1]
    assert result.record is pages.written[-1]
    assert result.record.conflict_cleared is True
    assert (result.record.before, result.record.after) == (UP, DOWN)


@pytest.mark.parametrize(
    ("device", "outcome", "after", "said"),
    [
        (Device(says="the device answered genErr"), "done", DOWN, ""),
        (Device(says="no answer within 1.5 s"), "done", DOWN, ""),
        (Device(obeys=False), "failed", UP, "the device did not do it; it said: noError"),
        (Device(loses=range(1, 99)), "unconfirmed", None, "it could not be read back"),
        (Device(lagging=3), "done", DOWN, ""),
        (Device(lagging=10**6), "unconfirmed", PortStatus("down", "up"), "ifOperStatus is still"),
    ],
    ids=["lies that it failed", "says nothing", "does nothing", "falls silent", "slow", "stuck"],
)
def test_only_the_read_back_decides(
    device: Device,
    outcome: str,
    after: PortStatus | None,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("netguard.switches.change.OBEYS", 0.1)
    monkeypatch.setattr("netguard.switches.change.SETTLES", 0.1)
    pages = Pages()
    record = close(device, pages).record
    assert (record.outcome, record.after) == (outcome, after)
    assert said in record.detail
    assert record.reply == device.says
    assert sent(device) == ["set 10005 down"]
    assert pages.written[-1] == record


def test_a_port_that_means_another_interface_by_now_is_not_touched() -> None:
    device, pages = Device(number=10006), Pages()
    record = close(device, pages).record
    assert (record.outcome, sent(device)) == ("failed", [])
    assert "was ifIndex 10005 when the guards looked, and is 10006 now" in record.detail


def test_a_port_renumbered_after_the_order_is_unconfirmed() -> None:
    device, pages = Device(), Pages()
    device.unlike = NoSuchPort("cat1", "the device has renumbered its ports")
    record = close(device, pages).record
    assert (record.outcome, record.detail) == (
        "unconfirmed",
        "the device has renumbered its ports",
    )


def test_a_device_that_knows_no_such_user_is_sent_nothing() -> None:
    device, pages = Device(refuses=Refused("cat1", "unknown user", remedy="check it")), Pages()
    record = close(device, pages).record
    assert (record.outcome, sent(device)) == ("failed", [])
    assert record.detail == "nothing was sent: unknown user; check it"


def test_a_guard_that_refuses_is_written_down_and_nothing_is_looked_up() -> None:
    device, pages = Device(), Pages()
    refused = situation(no_write="no right")
    record = asyncio.run(change(refused, attempt(device, pages))).record
    assert (record.outcome, record.refused_by) == ("refused", ("no-write-credential",))
    assert device.log == []
    assert [r.step for r in pages.written] == ["refused"]


def test_only_the_guard_that_is_named_is_lifted() -> None:
    device, pages = Device(), Pages()
    refused = situation(no_write="no right", recent=3)
    record = asyncio.run(change(refused, attempt(device, pages, lifted={"per-hour"}))).record
    assert (record.refused_by, record.lifted) == (("no-write-credential",), ("per-hour",))
    both = {"per-hour", "no-write-credential"}
    record = asyncio.run(change(refused, attempt(device, pages, lifted=both))).record
    assert (record.outcome, set(record.lifted)) == ("done", both)


def test_a_program_can_lift_nothing() -> None:
    device, pages = Device(), Pages()
    refused = situation(automatic=True, no_write="no right")
    every = {"no-write-credential", "policy", "unproven", "too-few-sightings", "frozen"}
    automatic = order(automatic=True)
    record = asyncio.run(
        change(refused, attempt(device, pages, lifted=every, order=automatic))
    ).record
    assert record.lifted == ()
    assert "policy" in record.refused_by
    assert device.log == []


def test_who_comes_second_is_refused_and_written_down() -> None:
    first, pages = Pages(), Pages()
    close(Device(), first)
    pages.busy = PortBusy(first.written[0], NOW)
    device = Device()
    record = close(device, pages).record
    assert (record.outcome, record.refused_by) == ("refused", ("being-changed",))
    assert sent(device) == []


@pytest.mark.parametrize(("lifted", "most"), [(set(), 3), ({"per-hour"}, None)])
def test_the_cap_is_kept_where_the_intent_is_written(lifted: set[str], most: int | None) -> None:
    pages = Pages()
    close(Device(), pages, lifted=lifted)
    assert pages.most == most
    pages.busy = HourFull(3, 3)
    device = Device()
    record = close(device, pages).record
    assert (record.outcome, record.refused_by) == ("refused", ("per-hour",))
    assert sent(device) == []


def test_without_a_place_for_the_intent_nothing_is_sent() -> None:
    device, pages = Device(), Pages(busy=StoreError("the disk is full"))
    with pytest.raises(StoreError, match="full"):
        close(device, pages)
    assert sent(device) == []


def test_the_configuration_is_saved_only_where_that_is_wanted_and_only_when_done() -> None:
    device = Device()
    assert "configuration: saved" in close(device, Pages(), save=True).record.detail
    assert "save" in device.log
    stubborn = Device(loses=range(1, 99))
    assert close(stubborn, Pages(), save=True).record.outcome == "unconfirmed"
    assert "save" not in stubborn.log


def test_a_save_that_fails_changes_nothing_of_the_outcome() -> None:
    class Full(Device):
        async def save(self) -> str:
            raise ProbeError("cat1", "NVRAM is full")

    record = close(Full(), Pages(), save=True).record
    assert record.outcome == "done"
    assert "NVRAM is full" in record.detail


def test_an_opening_is_done_when_the_port_may_come_up() -> None:
    port = situation().interface
    assert port is not None
    down = msgspec.structs.replace(port, admin_status="down", oper_status="down")
    closing = close(Device(), pages := Pages()).record
    device = Device(status=DOWN)
    opening = situation(change="restore", interface=down, closing=closing)
    record = asyncio.run(
        change(opening, attempt(device, pages, order=order(change="restore")))
    ).record
    assert (record.outcome, sent(device)) == ("done", ["set 10005 up"])


STEPS = ["writing", "looking up", "setting", "reading back", "looking whether"]


@pytest.mark.parametrize("step", STEPS)
def test_ctrl_c_stops_before_the_order_and_never_between_order_and_outcome(step: str) -> None:
    device, pages = Device(), Pages()

    async def interrupted() -> Result:
        work: list[asyncio.Task[Result]] = []

        def tell(said: str) -> None:
            if said.startswith(step):
                work[0].cancel()

        work.append(asyncio.ensure_future(change(situation(), attempt(device, pages, tell=tell))))
        return await work[0]

    record = asyncio.run(interrupted()).record
    outcome = "refused" if step == "writing" else "done"
    assert (record.outcome, len(sent(device))) == (outcome, int(outcome == "done"))
    assert [r.step for r in pages.written] == ["intent", "outcome"]
    assert record.conflict_cleared is None


def called(name: str) -> set[str]:
    """Return the files of the product in which a name is followed by an opening bracket."""
    trees = (ROOT / "netguard", ROOT / "probes")
    return {
        str(file.relative_to(ROOT))
        for tree in trees
        for file in tree.rglob("*.py")
        if f"{name}(" in file.read_text(encoding="utf-8")
    }


def test_no_caller_reaches_a_driver_but_through_the_one_function() -> None:
    defined = {"netguard/switches/switch.py", "netguard/switches/snmp.py"}
    defined |= {"netguard/switches/ssh.py"}
    lab = {f for f in called("set_admin_status") if f.startswith("netguard/lab/")}
    assert called("set_admin_status") - lab == defined | {"netguard/switches/change.py"}
