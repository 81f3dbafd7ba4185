from datetime import timedelta
from ipaddress import IPv4Address, ip_address

import pytest

from netguard.inventory import Gateway
from netguard.rules.address_conflict import address_conflict
from netguard.rules.gateway import gateway_hijack
from netguard.view import View
from tests.building import (
    NOW,
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
    v4,
    view,
)

ADDRESS = "198.51.100.22"
VICTIM, CULPRIT = mac(0x22), mac(0x23)
SERVERS = (
    server("ds0002", ADDRESS, port="cat1 Fa0/2"),
    server("ds0003", "198.51.100.23", port="cat1 Fa0/3"),
)
SWITCHES = (router(), switch("cat1", {VICTIM: "Fa0/2", CULPRIT: "Fa0/3"}))


def look(victim: object = None, culprit: object = None, **fields: object) -> View:
    """Two stations claim one address; how each behaves when asked again is what is tested."""
    known: dict[str, object] = {"servers": SERVERS, "devices": SWITCHES}
    swept = seen(
        [claim(ADDRESS, VICTIM), claim(ADDRESS, CULPRIT)],
        [victim or asked(ADDRESS, VICTIM), culprit or asked(ADDRESS, CULPRIT)],  # type: ignore[list-item]
    )
    return view(swept, **{**known, **fields})  # type: ignore[arg-type]


def test_two_stations_that_both_go_on_answering_are_a_conflict() -> None:
    (finding,) = address_conflict(scene(look()))
    assert finding.id == f"address-conflict/web-226/{ADDRESS}"
    assert finding.server == "ds0003"
    assert {c.mac: c.role for c in finding.claimants} == {VICTIM: "rightful", CULPRIT: "impostor"}
    assert {c.mac: c.location.port for c in finding.claimants if c.location} == {
        VICTIM: "Fa0/2",
        CULPRIT: "Fa0/3",
    }
    assert finding.summary == (
        f"{ADDRESS} belongs to ds0002, but ds0003 ({CULPRIT}) on cat1 Fa0/3 uses it too."
    )


def test_a_station_that_fell_silent_has_handed_the_address_over() -> None:
    gone = asked(ADDRESS, VICTIM, broadcast=0, unicast=0)
    assert not list(address_conflict(scene(look(victim=gone))))


def test_a_station_that_left_in_the_last_round_has_handed_the_address_over() -> None:
    leaving = asked(ADDRESS, VICTIM, broadcast=2, unicast=2, still=False)
    assert not list(address_conflict(scene(look(victim=leaving))))


def test_a_station_that_answers_one_round_of_three_proves_nothing() -> None:
    shaky = asked(ADDRESS, CULPRIT, broadcast=1, unicast=1)
    assert not list(address_conflict(scene(look(culprit=shaky))))


def test_a_station_that_does_not_answer_to_itself_alone_is_no_claimant() -> None:
    forwarded = asked(ADDRESS, CULPRIT, unicast=0)
    assert not list(address_conflict(scene(look(culprit=forwarded))))


OTHER = "198.51.100.24"


def flux(
    victim: tuple[str, ...],
    culprit: tuple[str, ...],
    *,
    silent: tuple[str, ...] = (),
    **fields: object,
) -> View:
    """Two stations: what each also answers for when it is asked, and what the culprit does not."""
    tests = [
        asked(ADDRESS, VICTIM, cross_claims=tuple(map(v4, victim))),
        asked(
            ADDRESS,
            CULPRIT,
            cross_claims=tuple(map(v4, culprit)),
            cross_silent=tuple(map(v4, silent)),
        ),
    ]
    claims = [claim(ADDRESS, VICTIM), claim(ADDRESS, CULPRIT)]
    return view(seen(claims, tests), SWITCHES, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("victim", "culprit", "silent", "one_host"),
    [
        # two cards of one host answer for all that either has, as far as anybody knew to ask
        ((OTHER,), (OTHER,), (), True),
        ((), (OTHER,), (), True),
        # the other one has something that it does not answer for
        ((), (), (OTHER,), False),
        ((), (OTHER,), ("198.51.100.25",), False),
        # nothing else to go by
        ((), (), (), False),
    ],
)
def test_two_cards_of_one_host_are_no_conflict_and_two_hosts_are(
    victim: tuple[str, ...], culprit: tuple[str, ...], silent: tuple[str, ...], *, one_host: bool
) -> None:
    found = list(address_conflict(scene(flux(victim, culprit, silent=silent))))
    assert bool(found) is not one_host


def test_stations_of_two_servers_are_a_conflict_however_alike_they_answer() -> None:
    alike = flux((OTHER,), (OTHER,), servers=SERVERS)
    assert list(address_conflict(scene(alike)))


def test_two_stations_of_one_server_by_port_and_by_mac_are_no_conflict() -> None:
    one = (server("ds0002", ADDRESS, port="cat1 Fa0/2", mac=CULPRIT),)
    assert not list(address_conflict(scene(look(servers=one))))


def test_a_port_that_two_servers_share_names_neither() -> None:
    servers = (*SERVERS, server("ds0007", "198.51.100.27", port="cat1 Fa0/2"))
    (finding,) = address_conflict(scene(look(servers=servers)))
    assert {c.mac: c.role for c in finding.claimants} == {VICTIM: "unknown", CULPRIT: "impostor"}


@pytest.mark.parametrize("canary", [None, v4("198.51.100.99")])
def test_a_router_that_answers_for_everybody_is_no_rival(canary: IPv4Address | None) -> None:
    local_proxy = asked(ADDRESS, ROUTER, canary=canary)
    assert not list(address_conflict(scene(look(culprit=local_proxy))))


def test_nobody_hides_behind_a_router_s_mac_on_a_customer_s_port() -> None:
    devices = (router(), switch("cat1", {VICTIM: "Fa0/2", ROUTER: "Fa0/3"}))
    (finding,) = address_conflict(scene(look(culprit=asked(ADDRESS, ROUTER), devices=devices)))
    assert {c.mac: c.role for c in finding.claimants} == {VICTIM: "rightful", ROUTER: "impostor"}


def test_a_router_s_own_address_is_its_own_and_a_server_there_an_impostor() -> None:
    own = router({"198.51.100.1": ROUTER, ADDRESS: ROUTER})
    servers = (server("ds0003", "198.51.100.23", port="cat1 Fa0/3"),)
    disputed = look(victim=asked(ADDRESS, ROUTER), devices=(own, SWITCHES[1]), servers=servers)
    (finding,) = address_conflict(scene(disputed))
    assert {c.mac: c.role for c in finding.claimants} == {ROUTER: "rightful", CULPRIT: "impostor"}


def test_whoever_uses_this_machine_s_own_address_is_told() -> None:
    own = frozenset({v4(ADDRESS)})
    swept = seen([claim(ADDRESS, CULPRIT)], [asked(ADDRESS, CULPRIT)], own_addresses=own)
    (finding,) = address_conflict(scene(view(swept, SWITCHES, SERVERS)))
    assert "is this machine's own" in finding.summary
    assert [c.server for c in finding.claimants] == ["ds0003"]


def test_a_customer_that_answers_for_everybody_is_a_rival() -> None:
    proxy = asked(ADDRESS, CULPRIT, canary=v4("198.51.100.99"))
    (finding,) = address_conflict(scene(look(culprit=proxy)))
    assert any("which nobody has" in e.detail for e in finding.evidence)


def test_nobody_is_called_rightful_where_the_inventory_ties_neither() -> None:
    servers = (server("ds0002", ADDRESS), server("ds0003", "198.51.100.23"))
    (finding,) = address_conflict(scene(look(servers=servers)))
    assert {c.role for c in finding.claimants} == {"unknown"}


def test_a_station_proven_to_be_another_server_is_an_impostor_all_the_same() -> None:
    servers = (server("ds0002", ADDRESS), server("ds0003", "198.51.100.23", port="cat1 Fa0/3"))
    (finding,) = address_conflict(scene(look(servers=servers)))
    assert {c.mac: c.role for c in finding.claimants} == {VICTIM: "unknown", CULPRIT: "impostor"}


def test_the_port_speaks_louder_than_a_borrowed_mac() -> None:
    servers = (
        server("ds0002", ADDRESS, port="cat1 Fa0/2", mac=CULPRIT),
        server("ds0003", "198.51.100.23", port="cat1 Fa0/3"),
    )
    (finding,) = address_conflict(scene(look(servers=servers)))
    assert {c.mac: c.role for c in finding.claimants} == {VICTIM: "rightful", CULPRIT: "impostor"}


def test_a_pinned_gateway_is_left_to_its_own_rule() -> None:
    swept = seen(tests=[asked("198.51.100.1", ROUTER), asked("198.51.100.1", CULPRIT)])
    assert not list(address_conflict(scene(view(swept, SWITCHES))))
    assert not list(address_conflict(scene(view(swept, remembered=remembered(ROUTER)))))


def test_two_stations_on_an_unpinned_gateway_are_a_critical_conflict() -> None:
    unpinned = segment(gateways=(Gateway(address=ip_address("198.51.100.1")),))
    swept = seen(tests=[asked("198.51.100.1", ROUTER), asked("198.51.100.1", CULPRIT)], of=unpinned)
    (finding,) = address_conflict(scene(view(swept)))
    assert finding.severity == "critical"
    assert {c.role for c in finding.claimants} == {"unknown"}


GLBP = ("00:07:b4:00:05:01", "00:07:b4:00:05:02")


def test_the_forwarders_of_a_glbp_group_share_a_gateway_and_a_server_s_does_not() -> None:
    unpinned = segment(gateways=(Gateway(address=ip_address("198.51.100.1")),))
    swept = seen(tests=[asked("198.51.100.1", forwarder) for forwarder in GLBP], of=unpinned)
    ports = switch("cat1", {GLBP[0]: "Gi0/1", GLBP[1]: "Fa0/3"})
    assert not list(address_conflict(scene(view(swept, (ports,)))))
    forged = (server("ds0003", "198.51.100.23", port="cat1 Fa0/3"),)
    (finding,) = gateway_hijack(scene(view(swept, (ports,), forged)))
    assert finding.server == "ds0003"


def test_who_was_first_is_a_hint_in_the_evidence_and_decides_nothing() -> None:
    long_ago = NOW - timedelta(days=90)
    since = {("web-226", v4(ADDRESS)): {VICTIM: long_ago}}
    (finding,) = address_conflict(scene(look(servers=(), first_seen=since)))
    assert [e.detail for e in finding.evidence if e.seen == long_ago] == [
        f"{VICTIM} was first heard on {ADDRESS}"
    ]
    assert {c.role for c in finding.claimants} == {"unknown"}


def test_a_culprit_that_no_switch_has_seen_is_to_be_looked_for() -> None:
    (finding,) = address_conflict(scene(look(devices=(router(),), servers=())))
    assert finding.advice == f"netguard host locate {VICTIM}"
    assert any("is in no FDB" in e.detail for e in finding.evidence)


def test_two_stations_tied_to_the_rightful_server_leave_it_open_which_is_it() -> None:
    third = mac(0x29)
    servers = (server("ds0002", ADDRESS, port="cat1 Fa0/2", mac=CULPRIT),)
    tests = [asked(ADDRESS, station) for station in (VICTIM, CULPRIT, third)]
    swept = seen([claim(ADDRESS, t.station) for t in tests], tests)
    devices = (router(), switch("cat1", {VICTIM: "Fa0/2", third: "Fa0/4"}))
    (finding,) = address_conflict(scene(view(swept, devices, servers)))
    assert {c.role for c in finding.claimants} == {"unknown"}
