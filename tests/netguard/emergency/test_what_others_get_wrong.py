"""Ten ways in which NAV, Netdisco and PacketFence get it wrong, and that netguard does not."""

import asyncio
from ipaddress import ip_address

import msgspec
import pytest

from netguard.emergency.known import standing
from netguard.emergency.placing import Unplaced, Wanted, accused
from netguard.findings import Role
from netguard.guards import CLOSING
from netguard.judge import judge
from netguard.locate import locate
from netguard.shutdown import plan
from netguard.situation import Shutdown, Situation, ways
from netguard.switches.change import change
from netguard.view import View
from tests.building import GATEWAY, ROUTER, asked, claim, router, seen, view
from tests.closing import DOWN, UP, Device, Pages, attempt, order
from tests.deciding import (
    CULPRIT,
    PORT,
    answering,
    cat1,
    cat2,
    closing,
    edge1,
    hijack,
    opening,
    unattended,
    unread,
)


def taken() -> View:
    """Return a look in which the culprit answers for the gateway, and the router believes it."""
    swept = seen(
        [claim(GATEWAY, ROUTER), claim(GATEWAY, CULPRIT)],
        [asked(GATEWAY, ROUTER), asked(GATEWAY, CULPRIT)],
    )
    believes = router(arp={GATEWAY: CULPRIT}, neighbors={"ethernet1/1": ("cat1", "Gi0/1")})
    return view(swept, [believes, cat1(), cat2()])


def test_1_a_taken_address_is_an_event_of_its_own() -> None:
    (finding,) = judge(taken())
    assert (finding.kind, finding.address) == ("gateway-hijack", ip_address(GATEWAY))


def test_2_a_hijack_does_not_blind_the_locator() -> None:
    # NAV learns infrastructure from ARP: whoever takes the gateway becomes a router to it.
    topology, _ = ways(taken())
    where = locate(CULPRIT, topology).location
    assert where is not None
    assert (where.device, where.port) == ("cat1", "Fa0/3")
    assert plan(closing(edge1(arp={GATEWAY: CULPRIT}), target=CULPRIT)).refused_by == ()


def test_3_a_customer_cannot_make_his_own_port_an_uplink() -> None:
    # Netdisco believes a neighbour that names itself, and throws the port's stations away.
    loud = cat1(
        neighbors={
            "Gi0/1": ("edge1", "ethernet1/1"),
            "Gi0/2": ("cat2", "Gi0/1"),
            "Fa0/3": ("cat2", "Gi0/1"),
        }
    )
    assert plan(closing(loud, target=CULPRIT)).refused_by == ()


@pytest.mark.parametrize("role", ["rightful", "unknown"])
def test_4_the_victim_is_not_cut_off(role: Role) -> None:
    # Arnold takes whichever of two stations the database returns first.
    finding = hijack(culprit=role, router="impostor" if role == "rightful" else "unknown")
    assert "ambiguous-station" in plan(closing(target=CULPRIT, finding=finding)).refused_by
    with pytest.raises(Unplaced):
        accused(Wanted(change="shutdown", finding=hijack(culprit="unknown", router="unknown")))


@pytest.mark.parametrize("what", [PORT, CULPRIT])
def test_5_what_is_protected_is_so_for_programs_too_and_by_whatever_it_is_named(
    what: object,
) -> None:
    # Arnold consults its list in one web form only, and only for addresses.
    listed = {"automatic": ("gateway-hijack",), "protected": (what,)}
    settings = Shutdown(**listed)  # type: ignore[arg-type]
    assert plan(unattended(settings=settings)).refused_by == ("protected",)
    assert plan(closing(settings=settings)).refused_by == ("protected",)


UNKNOWN = {
    "no port tables": closing(tables=None),
    "a switch that is silent": closing(unread(cat1())),
    "a neighbour that is silent": closing(unread(cat2())),
    "nothing learned": closing(cat1({})),
}


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_6_what_is_unknown_is_refused(unknown: str) -> None:
    # PacketFence takes -1 for the list of uplinks, and so excludes none.
    assert plan(UNKNOWN[unknown]).refused_by


def record_of(device: Device, s: Situation) -> tuple[str | None, list[str]]:
    pages = Pages()
    result = asyncio.run(change(s, attempt(device, pages)))
    return result.record.outcome, [str(r.step) for r in pages.written]


def test_7_the_device_s_answer_proves_nothing_either_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("netguard.switches.change.OBEYS", 0.05)
    assert record_of(Device(says="genErr"), closing())[0] == "done"
    assert record_of(Device(says="noError", obeys=False), closing())[0] == "failed"


def test_8_a_port_that_is_up_again_after_a_restart_is_no_longer_held_to_be_closed() -> None:
    pages = Pages()
    asyncio.run(change(closing(), attempt(Device(), pages)))
    last = standing(pages.written)
    assert last is not None
    reopened = msgspec.structs.replace(last, step="found", outcome="failed")
    assert standing([*pages.written, reopened]) is None


def test_9_the_intent_is_written_before_the_order_and_the_outcome_after_it() -> None:
    written_at_order: list[int] = []
    pages = Pages()

    class Watching(Device):
        async def set_admin_status(self, port: object, *, up: bool) -> str:
            written_at_order.append(len(pages.written))
            return await super().set_admin_status(port, up=up)  # type: ignore[arg-type]

    asyncio.run(change(closing(), attempt(Watching(), pages)))
    assert (written_at_order, len(pages.written)) == ([1], 2)
    assert pages.written[-1].after == DOWN


def test_10_there_is_a_cap_a_rehearsal_a_way_back_and_an_end() -> None:
    assert plan(closing(recent=3)).refused_by == ("per-hour",)
    assert {v.guard for v in plan(closing()).verdicts} == set(CLOSING)  # what --dry-run prints
    assert plan(opening()).refused_by == ()
    assert plan(opening(closing=None)).refused_by == ("not-ours",)
    again = opening(claims=answering(ROUTER, CULPRIT))
    assert plan(again).refused_by == ("still-in-trouble",)
    device = Device(status=DOWN)
    pages = Pages()
    asyncio.run(change(opening(), attempt(device, pages, order=order(change="restore"))))
    assert device.status == UP
