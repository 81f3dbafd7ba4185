"""Where who only listens cannot know: written down, so that nobody takes it for known."""

from tests.netguard.hearing.octets import Cast, found, garp, pinned, ra, reply
from tests.netguard.hearing.stories.hosts import flux
from tests.netguard.hearing.stories.ipv6 import routers6, vrrp6
from tests.netguard.hearing.stories.noise import torn
from tests.netguard.hearing.stories.routers import forwarder, glbp, one_virtual_master, own_gateway
from tests.netguard.hearing.stories.rule import lives

WHO = Cast()


def test_two_cards_of_which_one_address_is_asked_for_look_like_a_conflict() -> None:
    """Once the other address was asked for as well, it is known that both are one host's."""
    asked = [
        reply(at + late, station, WHO.ip, WHO.asker)
        for at in range(4)
        for late, station in ((0, WHO.owner), (0.0001, WHO.second))
    ]
    assert [f.kind for f in found(asked)] == ["address-conflict"]
    both = [
        reply(at / 10 + late, station, ip, WHO.asker)
        for at, ip in enumerate((WHO.ip, WHO.other))
        for late, station in ((0, WHO.owner), (0.0001, WHO.second))
    ]
    assert found([*both, *(framed._replace(at=framed.at + 1) for framed in asked)]) == []


def test_who_takes_all_addresses_of_a_server_and_has_none_looks_like_its_second_card() -> None:
    assert found(flux(WHO)) == []


def test_who_forges_a_forwarder_of_the_group_looks_like_one() -> None:
    forged = [reply(20 + at, forwarder(WHO, 4), WHO.ip, WHO.asker) for at in range(9)]
    assert found([*glbp(WHO), *forged]) == []


def test_two_masters_of_one_virtual_mac_look_like_one() -> None:
    assert found(one_virtual_master(WHO)) == []


def test_who_lies_to_one_hearer_only_looks_like_a_bond_unless_it_is_about_a_gateway() -> None:
    lies = [reply(at, WHO.second, WHO.ip, WHO.asker2) for at in range(0, 30, 2)]
    frames = [*lives(WHO, WHO.ip, WHO.owner, 0, 1), *lies]
    assert found(frames) == []
    assert [f.kind for f in found(frames, own_gateway(WHO))] == ["gateway-hijack"]


def test_who_claims_a_gateway_less_than_once_an_hour_looks_like_a_torn_frame() -> None:
    each = [3900 * n for n in range(5)]
    frames = [
        framed
        for at in each
        for framed in (
            *lives(WHO, WHO.ip, WHO.owner, at, at + 3900),
            garp(at + 1, WHO.second, WHO.ip),
        )
    ]
    frames.sort(key=lambda framed: framed.at)
    assert found(frames, own_gateway(WHO)) == []


def test_a_neighbour_s_mac_four_times_an_hour_looks_like_torn_frames() -> None:
    frames = lives(WHO, WHO.ip, WHO.owner, 0, 7200)
    torn_ones = [garp(3600 + at + 0.5, torn(WHO.owner), WHO.ip) for at in range(0, 3600, 900)]
    every = sorted([*frames, *torn_ones], key=lambda framed: framed.at)
    assert found(every, own_gateway(WHO)) == []


def test_who_ends_a_router_in_its_virtual_mac_s_name_may_be_a_router_where_none_is_known() -> None:
    """A router may send from a MAC of its own: known are those of `routers`, or pinned."""
    virtual = "00:00:5e:00:02:01"
    ended = ra(1, virtual, WHO.local6, 0, source=WHO.asker2)
    assert found([ended], pinned({WHO.local6: {virtual}})) == []
    assert len(found([ended], pinned({WHO.local6: {virtual}}, WHO.owner))) == 1


def test_a_prefix_advertised_by_who_says_it_is_no_router_is_heard_without_complaint() -> None:
    """Of a prefix it is not known here whether it is given or taken away: see RouterAdvert."""
    forged = ra(31, WHO.asker2, "fe80::abc", 0, network="2001:db8:bad::")
    assert found([*vrrp6(WHO), forged], routers6(WHO)) == []
