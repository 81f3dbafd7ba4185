from ipaddress import ip_address

import pytest

from netguard.inventory import Gateway
from netguard.rules.address_conflict import address_conflict
from netguard.rules.gateway import gateway_changed, gateway_hijack
from netguard.view import View
from probes.heard import ClaimTest
from tests.building import (
    GATEWAY,
    ROUTER,
    asked,
    claim,
    mac,
    remembered,
    router,
    scene,
    seen,
    segment,
    server,
    switch,
    view,
)

IMPOSTOR = mac(0x24)
VIRTUAL = "00:00:5e:00:01:06"
SERVERS = (server("ds0004", "198.51.100.24", port="cat1 Fa0/4"),)
CAT1 = switch("cat1", {IMPOSTOR: "Fa0/4", ROUTER: "Gi0/1"}, uplinks=("Gi0/1",))


def look(*tests: ClaimTest, **fields: object) -> View:
    known: dict[str, object] = {"servers": SERVERS, "devices": (router(), CAT1)}
    swept = seen([claim(GATEWAY, t.station) for t in tests], tests, of=fields.pop("of", None))  # type: ignore[arg-type]
    return view(swept, **{**known, **fields})  # type: ignore[arg-type]


BOTH = (asked(GATEWAY, ROUTER), asked(GATEWAY, IMPOSTOR))


def test_whoever_else_answers_for_the_gateway_is_an_impostor_with_a_port() -> None:
    (finding,) = gateway_hijack(scene(look(*BOTH)))
    assert finding.id == f"gateway-hijack/web-226/{GATEWAY}"
    assert finding.severity == "critical"
    assert {c.mac: c.role for c in finding.claimants} == {ROUTER: "rightful", IMPOSTOR: "impostor"}
    (impostor,) = (c for c in finding.claimants if c.role == "impostor")
    assert impostor.location is not None
    assert (impostor.location.device, impostor.location.port) == ("cat1", "Fa0/4")
    assert finding.server == "ds0004"
    assert finding.summary == (
        f"ds0004 ({IMPOSTOR}) on cat1 Fa0/4 answers for {GATEWAY}, the gateway of web-226."
    )


def test_the_impostor_alone_is_found_while_the_gateway_is_silent() -> None:
    silent = asked(GATEWAY, ROUTER, broadcast=0, unicast=0)
    (finding,) = gateway_hijack(scene(look(silent, asked(GATEWAY, IMPOSTOR))))
    assert "the gateway itself is silent" in finding.summary
    assert {c.mac: c.role for c in finding.claimants} == {ROUTER: "rightful", IMPOSTOR: "impostor"}


def test_one_answer_when_asked_again_is_enough_for_a_gateway() -> None:
    once = asked(GATEWAY, IMPOSTOR, broadcast=0, unicast=1)
    assert list(gateway_hijack(scene(look(asked(GATEWAY, ROUTER), once))))


def test_a_claim_heard_once_and_never_again_is_no_hijack() -> None:
    gone = asked(GATEWAY, IMPOSTOR, broadcast=0, unicast=0)
    assert not list(gateway_hijack(scene(look(asked(GATEWAY, ROUTER), gone))))


def test_a_borrowed_virtual_mac_is_no_excuse() -> None:
    assert list(gateway_hijack(scene(look(asked(GATEWAY, ROUTER), asked(GATEWAY, VIRTUAL)))))


def test_the_configured_virtual_mac_is_the_gateway() -> None:
    pinned = segment(gateways=(Gateway(address=ip_address(GATEWAY), macs=(VIRTUAL,)),))
    assert not list(gateway_hijack(scene(look(asked(GATEWAY, VIRTUAL), of=pinned, devices=()))))


def test_what_the_router_said_earlier_still_holds_when_it_cannot_be_read() -> None:
    (finding,) = gateway_hijack(scene(look(*BOTH, devices=(CAT1,), remembered=remembered(ROUTER))))
    assert any("said so earlier" in e.detail for e in finding.evidence)


def test_nothing_is_called_a_hijack_where_nobody_pinned_the_gateway() -> None:
    assert not list(gateway_hijack(scene(look(*BOTH, devices=(CAT1,), servers=()))))


def test_a_known_server_is_no_gateway_even_where_nobody_pinned_it() -> None:
    looked = scene(look(*BOTH, devices=(CAT1,)))
    (finding,) = gateway_hijack(looked)
    assert {c.mac: c.role for c in finding.claimants} == {ROUTER: "unknown", IMPOSTOR: "impostor"}
    assert not [*address_conflict(looked), *gateway_changed(looked)]


def test_whoever_only_announces_the_gateway_over_and_over_takes_it_all_the_same() -> None:
    poisoner = asked(GATEWAY, IMPOSTOR, broadcast=0, unicast=0, unasked_rounds=2)
    (finding,) = gateway_hijack(scene(look(asked(GATEWAY, ROUTER), poisoner)))
    assert any("without being asked" in e.detail for e in finding.evidence)


def test_a_single_announcement_is_not_insisting() -> None:
    once = asked(GATEWAY, IMPOSTOR, broadcast=0, unicast=0, unasked_rounds=1)
    assert not list(gateway_hijack(scene(look(asked(GATEWAY, ROUTER), once))))


def test_a_router_s_other_card_is_the_router() -> None:
    two = router({GATEWAY: ROUTER, "198.51.100.2": mac(0x02)})
    both = (asked(GATEWAY, ROUTER), asked(GATEWAY, mac(0x02)))
    assert not list(gateway_hijack(scene(look(*both, devices=(two, CAT1)))))


def test_a_router_s_mac_on_a_customer_s_port_is_borrowed() -> None:
    two = router({GATEWAY: ROUTER, "198.51.100.2": IMPOSTOR})
    (finding,) = gateway_hijack(scene(look(*BOTH, devices=(two, CAT1))))
    assert finding.server == "ds0004"


def test_a_virtual_mac_that_is_not_pinned_is_named_as_what_it_is() -> None:
    (finding,) = gateway_hijack(scene(look(asked(GATEWAY, ROUTER), asked(GATEWAY, VIRTUAL))))
    assert any("pin it if the router is yours" in e.detail for e in finding.evidence)


def test_the_pinned_virtual_mac_itself_needs_no_such_hint() -> None:
    pinned = segment(gateways=(Gateway(address=ip_address(GATEWAY), macs=(VIRTUAL,)),))
    looked = look(asked(GATEWAY, VIRTUAL), asked(GATEWAY, IMPOSTOR), of=pinned)
    (finding,) = gateway_hijack(scene(looked))
    assert not any("pin it" in e.detail for e in finding.evidence)


def test_a_pinned_virtual_mac_is_not_out_of_date() -> None:
    pinned = segment(gateways=(Gateway(address=ip_address(GATEWAY), macs=(VIRTUAL,)),))
    assert not list(gateway_changed(scene(look(asked(GATEWAY, VIRTUAL), of=pinned))))


LAST = {("web-226", ip_address(GATEWAY)): ROUTER}


@pytest.mark.parametrize(
    ("tests", "changed"),
    [
        ((asked(GATEWAY, IMPOSTOR),), True),
        ((asked(GATEWAY, IMPOSTOR, broadcast=1, unicast=1),), False),
        (BOTH, False),
        ((asked(GATEWAY, ROUTER),), False),
    ],
)
def test_an_unpinned_gateway_that_moved_for_good_is_told(
    tests: tuple[ClaimTest, ...], *, changed: bool
) -> None:
    looked = look(*tests, devices=(CAT1,), servers=(), last_stations=LAST)
    found = list(gateway_changed(scene(looked)))
    assert bool(found) is changed


def test_an_unpinned_gateway_that_answers_by_another_forwarder_of_glbp_has_not_moved() -> None:
    first, second, stranger = (f"00:07:b4:00:05:0{n}" for n in (1, 2, 9))
    last = {("web-226", ip_address(GATEWAY)): first}
    for forwarder, moved in ((second, False), (stranger, True)):
        tests = asked(GATEWAY, forwarder)
        looked = look(tests, devices=(CAT1,), servers=(), last_stations=last)
        assert bool(list(gateway_changed(scene(looked)))) is moved


def test_a_pin_that_the_router_itself_contradicts_is_out_of_date_and_no_hijack() -> None:
    pinned = segment(gateways=(Gateway(address=ip_address(GATEWAY), macs=(mac(0x99),)),))
    looked = scene(look(asked(GATEWAY, ROUTER), of=pinned))
    assert not list(gateway_hijack(looked))
    (finding,) = gateway_changed(looked)
    assert finding.severity == "notice"
    assert "mend the pin" in finding.summary


def test_a_pinned_gateway_that_answers_as_itself_is_silent() -> None:
    looked = scene(look(asked(GATEWAY, ROUTER), last_stations=LAST))
    assert not [*gateway_hijack(looked), *gateway_changed(looked)]
