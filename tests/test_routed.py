import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from probes.records import IPAddress
from tests import routed_plan as plan
from tests.echoes import EXCEEDED, REPLY, TOO_BIG, echoes
from tests.forwarding_truth import State, of_version
from tests.routed import Routed, missing, routed

pytestmark = [pytest.mark.packets, pytest.mark.skipif(bool(missing()), reason=missing())]

EDGE = {4: "192.0.2.6", 6: "2001:db8:0:20::2"}
SOURCES = {4: plan.SOURCES, 6: plan.SOURCES6}
both = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture(scope="module")
def network() -> Iterator[Routed]:
    with routed() as made:
        yield made


@pytest.fixture(scope="module")
def forked() -> Iterator[Routed]:
    with routed(ecmp=True) as made:
        yield made


@pytest.fixture
def unused() -> Iterator[Routed]:
    with routed() as made:
        yield made


def block(name: str, version: int) -> tuple[IPAddress, ...]:
    return of_version((address for _, address in plan.numbered(name)), version)


def own(network: Routed, name: str, version: int) -> str:
    server = network.servers[plan.NAMES.index(name)]
    return next(str(address) for address in server.own if address.version == version)


def that_answer(network: Routed, addresses: tuple[IPAddress, ...], ttl: int) -> set[IPAddress]:
    heard = echoes(network, addresses, ttl)
    return {address for address, said in heard.items() if said.kind == REPLY}


def live(network: Routed, version: int, *states: State) -> set[IPAddress]:
    return {
        address
        for state in states
        for address in of_version(network.truth.of(state, live=True), version)
    }


@both
def test_exactly_the_live_addresses_answer(network: Routed, version: int) -> None:
    addresses = of_version(network.truth.states, version)
    assert that_answer(network, addresses, 64) == set(of_version(network.truth.live, version))


@both
def test_what_is_bound_answers_at_the_third_hop_and_what_is_forwarded_at_the_fourth(
    network: Routed, version: int
) -> None:
    addresses = of_version(network.truth.states, version)
    that_answer(network, addresses, 64)  # neighbours are known from here on
    assert that_answer(network, addresses, 2) == live(network, version, "elsewhere")
    assert that_answer(network, addresses, 3) == live(network, version, "elsewhere", "bound")
    assert that_answer(network, addresses, 4) == set(of_version(network.truth.live, version))


@both
def test_every_server_is_the_third_hop_behind_the_edge(network: Routed, version: int) -> None:
    servers = tuple(address for s in network.servers for address in s.own)
    servers = of_version(servers, version)
    at_edge = echoes(network, servers, 2)
    assert {(said.kind, said.sender) for said in at_edge.values()} == {(EXCEEDED, EDGE[version])}
    assert len(at_edge) == 6
    assert that_answer(network, servers, 3) == set(servers)


@both
def test_who_routes_says_time_exceeded_unless_it_hides(unused: Routed, version: int) -> None:
    number = {"S1": 60, "S2": 60, "S3": 12, "S5": 60, "S6": 60}
    targets = {name: block(name, version)[n] for name, n in number.items()}
    heard = echoes(unused, list(targets.values()), 3)
    assert {name: heard[t].sender for name, t in targets.items() if t in heard} == {
        name: own(unused, name, version) for name in ("S2", "S3", "S6")
    }


@both
def test_a_loop_ends_by_turns_at_the_server_and_at_the_edge(unused: Routed, version: int) -> None:
    looped = of_version(unused.truth.of("looped"), version)[0]
    senders = [echoes(unused, [looped], ttl)[looped] for ttl in (3, 4, 5)]
    server, gateway = own(unused, "S3", version), {4: EDGE[4], 6: "2001:db8:0:40::1"}[version]
    assert [said.sender for said in senders] == [server, gateway, server]
    assert {said.kind for said in senders} == {EXCEEDED}


@both
def test_beyond_servers_that_pass_nothing_on_nothing_is_heard(
    network: Routed, version: int
) -> None:
    unbound = [block("S6", version)[60], block("S2", version)[60], block("S1", version)[60]]
    assert echoes(network, unbound, 4) == {}


def test_a_server_sends_few_time_exceeded_to_one_asker_and_the_same_to_the_next(
    unused: Routed,
) -> None:
    dead = block("S2", 4)
    assert 6 <= len(echoes(unused, dead, 3, sources=SOURCES[4][:1])) < 20
    assert 6 <= len(echoes(unused, dead, 3, sources=SOURCES[4][1:2])) < 20


def test_sixteen_askers_get_a_time_exceeded_for_each_address(unused: Routed) -> None:
    dead = block("S2", 4)[:40]  # Linux sends no more than 50 errors at once to all askers together
    heard = echoes(unused, dead, 3, sources=SOURCES[4])
    assert len(heard) == 40
    assert {said.sender for said in heard.values()} == {own(unused, "S2", 4)}


@both
@pytest.mark.parametrize("ttl", [1, 2])
def test_core_and_edge_say_as_many_as_they_are_asked_for(
    network: Routed, version: int, ttl: int
) -> None:
    targets = [address for name in plan.NAMES for address in block(name, version)[:64]]
    heard = echoes(network, targets, ttl)
    exceeded = [said for said in heard.values() if said.kind == EXCEEDED]
    # The edge keeps what is for its own address on S4's block, and for that network's broadcast.
    kept = 0 if ttl == 1 else {4: 2, 6: 1}[version]
    assert len(exceeded) == len(targets) - kept


@both
def test_only_the_tunnel_is_too_narrow_for_a_large_packet_and_for_each_address(
    network: Routed, version: int
) -> None:
    addresses = of_version(network.truth.states, version)
    heard = echoes(network, addresses, 64, octets=1500)
    too_big = {address: said for address, said in heard.items() if said.kind == TOO_BIG}
    assert set(too_big) == set(block("S2", version))
    told = {(said.sender, said.mtu) for said in too_big.values()}
    assert told == {(own(network, "S2", version), 1420)}


def test_what_is_behind_the_tunnel_is_far_away(network: Routed) -> None:
    ran = network.run("ping", "-c1", str(block("S2", 4)[3]))
    milliseconds = float(ran.output.partition("time=")[2].split()[0])
    assert milliseconds >= 30


@both
def test_every_source_hears_its_answers(network: Routed, version: int) -> None:
    bound = block("S1", version)[:16]
    heard = echoes(network, bound, 64, sources=SOURCES[version])
    assert set(heard) == set(bound)


@both
def test_the_counter_counts_what_nv_sends_and_nothing_else(network: Routed, version: int) -> None:
    before = network.packets_sent()
    echoes(network, block("S1", version)[:60], 64)
    assert network.packets_sent() - before == 60


@both
def test_two_ways_change_distances_and_not_the_truth(
    network: Routed, forked: Routed, version: int
) -> None:
    assert forked.truth == network.truth
    alive = set(of_version(forked.truth.live, version))
    assert that_answer(forked, of_version(forked.truth.states, version), 64) == alive
    bound = tuple(live(forked, version, "bound"))
    near = that_answer(forked, bound, 3)
    assert 0 < len(near) < len(bound)
    assert that_answer(forked, bound, 4) == set(bound)


def test_a_flow_keeps_to_its_way(forked: Routed) -> None:
    bound = tuple(live(forked, 4, "bound"))
    source = SOURCES[4][:1]
    first = echoes(forked, bound, 2, sources=source)
    assert len({said.sender for said in first.values()}) == 2
    assert echoes(forked, bound, 2, sources=source) == first


def test_other_sources_take_other_ways(forked: Routed) -> None:
    bound = block("S1", 4)[0]
    ways = [echoes(forked, [bound], 2, sources=[source])[bound] for source in SOURCES[4]]
    assert len({said.sender for said in ways}) == 2


def test_nothing_is_left_afterwards() -> None:
    children = Path("/proc/thread-self/children")
    before = children.read_text()
    with routed() as made:
        files = tuple(made.hosts.values())
        assert children.read_text() != before
    assert children.read_text() == before
    for fd in files:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(fd)


def test_the_truth_holds_every_state_and_excuses_only_what_cannot_be_known() -> None:
    with routed() as made:
        truth = made.truth
    assert set(truth.states.values()) == {"bound", "forwarded", "looped", "elsewhere", "silent"}
    excused = {plan_name(a) for a, honest in truth.honest.items() if "undecided" in honest}
    assert excused == {"S5", "S6"}
    assert not any("forwarded" in truth.honest[a] for a in truth.of("silent"))


def plan_name(address: IPAddress) -> str:
    return next(s.name for s in plan.servers() if address in s.addresses)
