import struct
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from probes.records import IPAddress
from tests import icmp_answers as icmp
from tests.echoes import EXCEEDED, REPLY, TOO_BIG, echoes
from tests.responder import Simulated, missing, simulated
from tests.simulated_servers import EDGE, SOURCES, Simulation, servers, truth

ASKER = SOURCES[0]
KNOWN = servers()
TRUTH = truth()
without_tun = pytest.mark.skipif(bool(missing()), reason=missing())


def first(kind: str, *, number: int = 0) -> IPAddress:
    """Return an address of the first server of a kind."""
    return next(server.addresses[number] for each, server in KNOWN if each == kind)


def server_of(address: IPAddress) -> IPAddress:
    return next(server.own[0] for _, server in KNOWN if address in server.addresses)


def packet(
    target: IPAddress,
    ttl: int,
    *,
    source: IPAddress = ASKER,
    protocol: int = icmp.ICMP,
    octets: int = 60,
) -> bytes:
    payload = b"\0" * (octets - 28)
    head = (
        struct.pack("!BxHHH", 8, 0, 7, 9) if protocol == icmp.ICMP else b"\x80\x00\x80\x01\0\0\0\0"
    )
    flags = 0x4000
    header = struct.pack(
        "!BxHHHBBxx4s4s", 0x45, octets, 1, flags, ttl, protocol, source.packed, target.packed
    )
    return icmp.summed(header, 10) + icmp.summed(head + payload, 2)


def sender(reply: bytes) -> IPv4Address:
    return IPv4Address(reply[12:16])


def kind(reply: bytes) -> tuple[int, int]:
    return reply[20], reply[21]


def answered(simulation: Simulation, asked: bytes, now: float = 0.0) -> bytes | None:
    reply = simulation.answer(asked, now)
    return reply and reply[1]


def test_there_are_twenty_thousand_addresses_of_every_state_behind_five_hundred_servers() -> None:
    assert len(KNOWN) == len({server.own for _, server in KNOWN}) == 500
    assert len(TRUTH.states) == 20_000
    assert set(TRUTH.states.values()) == {"bound", "forwarded", "looped", "silent"}
    assert TRUTH.of("forwarded", live=True)
    assert TRUTH.of("forwarded", live=False)


def test_what_answers_and_at_which_hop_is_what_the_truth_says() -> None:
    simulation = Simulation()
    for address, state in TRUTH.states.items():
        seen = [answered(simulation, packet(address, ttl)) for ttl in (2, 3, 64)]
        replied = [said is not None and kind(said) == (0, 0) for said in seen]
        alive = address in TRUTH.live
        assert replied == [state == "bound", alive, alive]


def test_the_edge_is_the_first_hop_and_does_not_limit_itself() -> None:
    simulation = Simulation()
    for address in list(TRUTH.states)[:100]:
        said = answered(simulation, packet(address, 1))
        assert said
        assert (sender(said), kind(said)) == (EDGE, icmp.EXCEEDED)


def test_servers_answer_at_their_own_address() -> None:
    simulation = Simulation()
    for _, server in KNOWN:
        said = answered(simulation, packet(server.own[0], 2))
        assert said
        assert (sender(said), kind(said)) == (server.own[0], (0, 0))


@pytest.mark.parametrize("number", [0, 20])
@pytest.mark.parametrize("kind_", ["vpn", "colocation"])
def test_a_server_that_routes_says_time_exceeded_at_its_hop(kind_: str, number: int) -> None:
    address = first(kind_, number=number + 1)
    said = answered(Simulation(), packet(address, 2))
    assert said
    assert (sender(said), kind(said)) == (server_of(address), icmp.EXCEEDED)


def test_errors_come_six_at_once_and_then_one_a_second_to_each_asker() -> None:
    simulation, dead = Simulation(), first("vpn", number=30)

    def said(now: float, source: IPAddress = ASKER) -> int:
        asked = packet(dead, 2, source=source)
        return sum(answered(simulation, asked, now) is not None for _ in range(10))

    assert [said(now) for now in (0.0, 0.5, 1.0, 3.0, 60.0)] == [6, 0, 1, 2, 6]
    assert said(60.0, SOURCES[1]) == 6
    assert simulation.report().suppressed == 10 * 6 - 21


def test_echo_replies_are_not_limited() -> None:
    simulation, bound = Simulation(), first("plain")
    assert all(answered(simulation, packet(bound, 2)) for _ in range(100))


def test_a_loop_ends_by_turns_at_the_server_and_at_the_edge() -> None:
    simulation, looped = Simulation(), first("looped")
    said = [answered(simulation, packet(looped, ttl)) for ttl in (2, 3, 4, 5, 64)]
    server = server_of(looped)
    assert [one and sender(one) for one in said] == [server, EDGE, server, EDGE, server]


@pytest.mark.parametrize("number", [0, 30])
def test_only_a_tunnel_is_too_narrow_for_a_large_packet_however_often(number: int) -> None:
    simulation = Simulation()
    tunnelled, rack = first("vpn", number=number), first("colocation", number=3)
    for _ in range(20):
        said = answered(simulation, packet(tunnelled, 3, octets=1500))
        assert said
        assert (sender(said), kind(said)) == (server_of(tunnelled), icmp.FRAGMENTATION_NEEDED)
        assert int.from_bytes(said[26:28], "big") == 1420
    fits = answered(simulation, packet(rack, 3, octets=1500))
    assert fits
    assert (kind(fits), len(fits)) == ((0, 0), 1500)


def test_what_is_behind_a_tunnel_is_far_and_what_is_in_the_rack_is_near() -> None:
    simulation = Simulation()
    ways = [simulation.answer(packet(first(k, number=1), 64), 0.0) for k in ("vpn", "colocation")]
    assert [way and way[0] for way in ways] == [0.030, 0.0002]


def test_a_colocation_server_says_late_that_nobody_is_there() -> None:
    dead = first("colocation", number=12)
    reply = Simulation().answer(packet(dead, 64), 0.0)
    assert reply
    assert (reply[0], sender(reply[1])) == (3.06, server_of(dead))
    assert kind(reply[1]) == icmp.HOST_UNREACHABLE


@pytest.mark.parametrize(
    ("kind_", "number", "left", "back"), [("plain", 0, 9, 63), ("vpn", 0, 8, 62)]
)
def test_a_closed_port_is_told_with_the_hops_that_were_left(
    kind_: str, number: int, left: int, back: int
) -> None:
    simulation, address = Simulation(), first(kind_, number=number)
    asked = packet(address, 10, protocol=icmp.UDP)
    said = [answered(simulation, asked) for _ in range(10)]
    assert sum(one is not None for one in said) == 6
    assert said[0]
    assert (sender(said[0]), kind(said[0])) == (address, icmp.PORT_UNREACHABLE)
    assert (said[0][28 + 8], said[0][8]) == (left, back)
    assert said[0][28 + 20 : 28 + 28] == asked[20:28]


@pytest.mark.parametrize("octets", [28, 60, 61, 1500])
@pytest.mark.parametrize("ttl", [1, 2, 3, 64])
def test_every_checksum_is_right(octets: int, ttl: int) -> None:
    simulation = Simulation()
    for each, server in KNOWN[:20]:
        for address in server.addresses[::7]:
            said = answered(simulation, packet(address, ttl, octets=octets))
            if said is not None:
                assert int.from_bytes(said[2:4], "big") == len(said)
                for part in (said[:20], said[20:], said[28:48] if kind(said)[0] else b""):
                    padded = part + b"\0" * (len(part) % 2)
                    assert int.from_bytes(padded, "big") % 0xFFFF == 0, (each, address)


def test_an_error_quotes_as_much_as_fits_into_576_octets() -> None:
    said = answered(Simulation(), packet(first("vpn"), 2, octets=1500))
    assert said
    assert len(said) == 576


def test_the_most_within_a_second_is_counted_for_each_server() -> None:
    simulation, plain, vpn = Simulation(), first("plain"), first("vpn")
    for now in (0.0, 0.4, 0.9, 1.1, 1.3, 2.5):
        simulation.answer(packet(plain, 64), now)
        simulation.answer(packet(vpn, 64), now + 10)
    simulation.answer(packet(plain, 1), 1.2)  # ends at the edge
    assert simulation.report().most_a_second == 4
    assert simulation.report().packets == 13


def test_loss_is_the_same_for_the_same_seed_and_takes_its_share() -> None:
    def lost(seed: int) -> list[bool]:
        simulation = Simulation(loss=0.1, seed=seed)
        return [answered(simulation, packet(first("plain"), 2)) is None for _ in range(2000)]

    assert lost(1) == lost(1) != lost(2)
    assert 0.15 < sum(lost(1)) / 2000 < 0.23  # each way one in ten


def test_jitter_delays_by_at_most_so_much() -> None:
    simulation = Simulation(jitter=0.5, seed=3)
    replies = [simulation.answer(packet(first("plain"), 2), 0.0) for _ in range(200)]
    delays = [reply[0] for reply in replies if reply]
    assert max(delays) <= 0.5
    assert min(delays) < 0.1 < max(delays)


def test_what_is_too_short_or_has_options_or_goes_elsewhere_is_not_answered() -> None:
    good = packet(first("plain"), 64)
    assert answered(Simulation(), good)
    elsewhere = packet(IPv4Address("198.18.250.1"), 64)
    for bad in (b"", good[:19], good[:20], good[:27], b"\x46" + good[1:], elsewhere):
        assert answered(Simulation(), bad) is None


# --- the process


@pytest.fixture(scope="module")
def network() -> Iterator[Simulated]:
    with simulated() as made:
        yield made


def one_in(step: int) -> tuple[IPAddress, ...]:
    return tuple(TRUTH.states)[::step]


@pytest.mark.packets
@without_tun
def test_over_the_wire_the_same_addresses_answer(network: Simulated) -> None:
    before, counted = network.report(), network.packets_sent()
    heard = echoes(network, one_in(10), 64, sources=SOURCES)
    replied = {address for address, said in heard.items() if said.kind == REPLY}
    assert replied == set(one_in(10)) & TRUTH.live
    assert network.report().packets - before.packets == 2000
    assert network.packets_sent() - counted == 2000


@pytest.mark.packets
@without_tun
def test_over_the_wire_hops_are_told_apart(network: Simulated) -> None:
    vpn, plain = first("vpn"), first("plain")
    assert echoes(network, [vpn, plain], 1)[vpn].sender == str(EDGE)
    at_server = echoes(network, [vpn, plain], 2)
    assert (at_server[vpn].kind, at_server[vpn].sender) == (EXCEEDED, str(server_of(vpn)))
    assert at_server[plain].kind == REPLY
    large = echoes(network, [vpn], 64, octets=1500)[vpn]
    assert (large.kind, large.mtu) == (TOO_BIG, 1420)


@pytest.mark.packets
@without_tun
def test_the_process_ends_with_its_network() -> None:
    with simulated(loss=1.0) as made:
        assert echoes(made, one_in(1000), 64, wait=0.1) == {}
        assert made.report().packets == 20
    assert made.process.returncode == 0
