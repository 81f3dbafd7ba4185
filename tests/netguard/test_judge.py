from ipaddress import ip_address

import msgspec

from netguard.judge import canaries, disputes, judge, silent_gateways
from tests.building import (
    GATEWAY,
    ROUTER,
    asked,
    claim,
    mac,
    remembered,
    router,
    seen,
    server,
    switch,
    view,
)

A, B = mac(0x22), mac(0x23)
ADDRESS = "198.51.100.22"


def test_a_healthy_segment_leaves_no_doubt_and_no_finding() -> None:
    look = view(
        seen([claim(GATEWAY, ROUTER), claim(ADDRESS, A)]),
        (router(arp={ADDRESS: A}), switch("cat1", {A: "Fa0/2"})),
        (server("ds0002", ADDRESS),),
    )
    assert disputes(look, look.segments[0]) == {}
    assert judge(look) == ()


def test_an_address_with_two_stations_is_asked_about_again() -> None:
    look = view(seen([claim(GATEWAY, ROUTER), claim(ADDRESS, A), claim(ADDRESS, B)]), (router(),))
    assert disputes(look, look.segments[0]) == {ip_address(ADDRESS): frozenset({A, B})}


def test_a_gateway_that_answers_from_elsewhere_is_asked_about_with_its_pinned_self() -> None:
    look = view(seen([claim(GATEWAY, A)]), (router(),))
    assert disputes(look, look.segments[0]) == {ip_address(GATEWAY): frozenset({A, ROUTER})}


def test_a_silent_gateway_is_asked_about_again() -> None:
    look = view(seen([]), remembered=remembered(ROUTER))
    assert disputes(look, look.segments[0]) == {ip_address(GATEWAY): frozenset({ROUTER})}


def test_a_router_that_knows_another_station_is_a_witness_worth_a_question() -> None:
    look = view(seen([claim(GATEWAY, ROUTER), claim(ADDRESS, A)]), (router(arp={ADDRESS: B}),))
    assert disputes(look, look.segments[0]) == {ip_address(ADDRESS): frozenset({A, B})}


def test_a_stale_row_about_a_silent_address_is_not_worth_one() -> None:
    look = view(seen([claim(GATEWAY, ROUTER)]), (router(arp={ADDRESS: B}),))
    assert disputes(look, look.segments[0]) == {}


def test_canaries_are_addresses_that_nobody_has_or_was_given() -> None:
    taken = [claim(f"198.51.100.{n}", mac(n)) for n in range(2, 60)]
    look = view(seen(taken), (), (server("ds0060", "198.51.100.60"),))
    assert canaries(look, look.segments[0]) == (
        ip_address("198.51.100.61"),
        ip_address("198.51.100.62"),
    )


def test_the_worst_finding_comes_first() -> None:
    look = view(
        seen(
            [claim("198.51.100.90", A), claim(GATEWAY, B)],
            [asked(GATEWAY, ROUTER), asked(GATEWAY, B)],
        ),
        (router(),),
        (server("ds0002", ADDRESS),),
    )
    assert [f.kind for f in judge(look)] == ["gateway-hijack", "unassigned-address"]


def test_a_segment_that_could_not_be_swept_yields_nothing() -> None:
    look = view(seen([claim("198.51.100.90", A)]), (), (server("ds0002", ADDRESS),))
    blind = msgspec.structs.replace(look.segments[0], sweep=None)
    assert judge(msgspec.structs.replace(look, segments=(blind,))) == ()


def test_what_the_devices_tables_show_needs_no_sweep() -> None:
    cat1 = switch("cat1", neighbors={"Gi0/2": ("cat2", "Gi0/1"), "Fa0/3": ("cat2", "Gi0/1")})
    cat2 = switch("cat2", neighbors={"Gi0/1": ("cat1", "Gi0/2")})
    look = view(seen(), (cat1, cat2))
    blind = msgspec.structs.replace(look.segments[0], sweep=None)
    (finding,) = judge(msgspec.structs.replace(look, segments=(blind,)))
    assert finding.id == "neighbor-unconfirmed/cat1/Fa0/3"


def test_a_gateway_that_answers_nobody_is_named_and_no_finding() -> None:
    silent = asked(GATEWAY, ROUTER, broadcast=0, unicast=0)
    look = view(seen([claim(ADDRESS, A)], [silent]), (router(),), (server("ds0002", ADDRESS),))
    assert silent_gateways(look) == (ip_address(GATEWAY),)
    assert judge(look) == ()


def test_a_gateway_that_answers_anybody_is_not_silent() -> None:
    assert silent_gateways(view(seen([claim(GATEWAY, ROUTER)]))) == ()
    assert silent_gateways(view(seen(tests=[asked(GATEWAY, ROUTER)]))) == ()
