import struct
from ipaddress import IPv4Address, IPv6Address

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace.ip import ICMP6
from probes.trace.packets import Codec
from tests.probes.trace import answers

SOURCE, SOURCE6 = IPv4Address("192.0.2.9"), IPv6Address("2001:db8::9")
TARGET, TARGET6 = IPv4Address("198.51.100.7"), IPv6Address("2001:db8:1::7")
ROUTER, ROUTER6 = IPv4Address("203.0.113.1"), IPv6Address("2001:db8:2::1")
METHODS: tuple[Method, ...] = ("icmp", "udp", "tcp")
SYN_ACK, RST_ACK = 0x12, 0x14

targets = st.ip_addresses(v=4) | st.ip_addresses(v=6)
probes = st.builds(
    Probe,
    target=targets,
    ttl=st.integers(1, 127),
    method=st.sampled_from(METHODS),
    large=st.booleans(),
    attempt=st.integers(0, 15),
)
echoes = st.builds(
    Probe,
    target=targets,
    ttl=st.integers(1, 127),
    method=st.just("icmp"),
    large=st.booleans(),
    attempt=st.integers(0, 15),
)
times = st.floats(0.1, 1e8)


class Clock:
    """Monotonic seconds that pass when the test says so."""

    def __init__(self, now: float = 5000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def codec(clock: Clock | None = None, secret: bytes = b"secret") -> Codec:
    return Codec(secret, clock or Clock())


def source_for(target: IPAddress) -> IPAddress:
    return SOURCE if target.version == 4 else SOURCE6


def router_for(target: IPAddress) -> IPAddress:
    return ROUTER if target.version == 4 else ROUTER6


def crafted(probe: Probe, now: float = 5000.0, secret: bytes = b"secret") -> bytes:
    return codec(Clock(now), secret).craft(probe, source_for(probe.target))


def exceeded(packet: bytes, quoted: int | None = None) -> bytes:
    source = answers.address(answers.ends(packet)[0])
    kind = 11 if source.version == 4 else 3
    return answers.error(packet, router_for(source), kind, quoted=quoted)


def answer(packet: bytes) -> bytes:
    """Return what the target itself says, if all is well."""
    match answers.protocol(packet):
        case 6:
            return answers.segment(packet, SYN_ACK)
        case 17:
            target = answers.address(answers.ends(packet)[1])
            kind, code = (3, 3) if target.version == 4 else (1, 4)
            return answers.error(packet, target, kind, code)
    return answers.echo_reply(packet)


def same_probe(reply: HopReply | None, probe: Probe) -> bool:
    fields = ("target", "ttl", "method", "large", "attempt")
    return all(getattr(reply, each) == getattr(probe, each) for each in fields)


@given(probes, times, st.floats(0, 7))
def test_the_targets_answer_tells_which_probe_and_when(
    probe: Probe, sent: float, way: float
) -> None:
    clock = Clock(sent)
    ours = codec(clock)
    packet = ours.craft(probe, source_for(probe.target))
    clock.now += way
    reply = ours.read(answer(packet), mac="00:00:5e:00:53:01")
    if reply is None:  # one in 128, of which the next test sees to it that it is no more
        assert (probe.method, probe.large) == ("tcp", True)
        return
    assert same_probe(reply, probe)
    assert (
        reply.kind == {"icmp": "echo-reply", "udp": "port-unreachable", "tcp": "tcp"}[probe.method]
    )
    assert (reply.source, reply.reply_ttl) == (probe.target, answers.TTL)
    assert reply.rtt == pytest.approx(way, abs=0.0011 if probe.method == "tcp" else 1e-5)
    assert reply.mac == "00:00:5e:00:53:01"


def test_of_large_segments_few_are_answered_in_vain() -> None:
    # What is acknowledged is the SYN alone or all of it, and either may fit by chance.
    target = IPv4Address("203.0.113.9")
    probe = Probe(target=target, ttl=9, method="tcp", large=True)
    lost = 0
    for at in range(2000):
        ours = codec(Clock(1000.0 + at * 0.7))
        lost += ours.read(answer(ours.craft(probe, SOURCE))) is None
    assert lost < 60


@given(probes, times, st.floats(0, 7), st.none() | st.integers(8, 40), st.integers(0, 255))
def test_a_routers_error_tells_which_probe_and_when(
    probe: Probe, sent: float, way: float, quoted: int | None, left: int
) -> None:
    clock = Clock(sent)
    ours = codec(clock)
    packet = ours.craft(probe, source_for(probe.target))
    clock.now += way
    reply = ours.read(exceeded(answers.decremented(packet, left), quoted))
    assert reply is not None
    assert same_probe(reply, probe)
    assert (reply.kind, reply.source) == ("time-exceeded", router_for(probe.target))
    assert reply.reply_ttl == answers.TTL
    if reply.rtt is not None:
        exact = probe.method != "tcp" and (quoted is None or quoted >= 24)
        # The first millisecond of every 65,536 borrows the next one's number.
        late = way - 0.0011 < reply.rtt < way + 0.0011
        assert reply.rtt == pytest.approx(way, abs=1e-5) if exact else late


@given(probes, times)
def test_a_raw_icmpv6_sockets_message_is_read_without_its_header(probe: Probe, sent: float) -> None:
    assume(probe.target.version == 6 and probe.method != "tcp")
    ours = codec(Clock(sent))
    packet = ours.craft(probe, source_for(probe.target))
    message = answers.body(answer(packet) if probe.method == "icmp" else exceeded(packet))
    sender = probe.target if probe.method == "icmp" else ROUTER6
    assert isinstance(sender, IPv6Address)
    reply = ours.read_bare(sender.packed, ICMP6, 7, message)
    assert same_probe(reply, probe)
    assert reply is not None
    assert (reply.source, reply.reply_ttl) == (sender, 7)
    assert reply.rtt == pytest.approx(0, abs=1e-5)


def hashed(packet: bytes) -> tuple[object, ...]:
    """Return everything that a load balancer may hash."""
    said, number = answers.body(packet), answers.protocol(packet)
    class_and_label = packet[:4] if packet[0] >> 4 == 6 else packet[1:2]
    whose = said[:4] + said[4:6] if number in {1, 58} else said[:4]
    return (*answers.ends(packet), number, class_and_label, whose)


@given(probes, probes, times, times)
def test_all_probes_of_a_target_and_method_take_one_way(
    one: Probe, other: Probe, first: float, second: float
) -> None:
    other = msgspec.structs.replace(other, target=one.target, method=one.method)
    assert hashed(crafted(one, first)) == hashed(crafted(other, second))


@pytest.mark.parametrize("method", METHODS)
def test_targets_sources_and_secrets_are_told_apart_by_what_is_keyed(method: Method) -> None:
    def whose(target: IPAddress, source: IPAddress, secret: bytes) -> object:
        return hashed(
            codec(secret=secret).craft(Probe(target=target, ttl=1, method=method), source)
        )[4]

    seen = {whose(TARGET + i, SOURCE, b"1") for i in range(50)}
    seen |= {whose(TARGET, SOURCE + i, b"1") for i in range(1, 50)}
    seen |= {whose(TARGET, SOURCE, bytes((i,))) for i in range(50)}
    assert len(seen) > 140


def test_each_ipv6_target_has_a_flow_label_of_its_own() -> None:
    packets = [crafted(Probe(target=TARGET6 + i, ttl=1)) for i in range(50)]
    assert len({int.from_bytes(each[:4]) & 0xFFFFF for each in packets}) > 45
    assert {each[0] for each in packets} == {0x60}


@given(probes, times)
def test_every_checksum_and_length_is_right(probe: Probe, sent: float) -> None:
    packet = crafted(probe, sent)
    said, number = answers.body(packet), answers.protocol(packet)
    covered = answers.pseudo(*answers.ends(packet), number, len(said))
    assert answers.summed((b"" if number == 1 else covered) + said) == 0
    if probe.target.version == 4:
        assert answers.summed(packet[:20]) == 0
        assert int.from_bytes(packet[2:4]) == len(packet)
    else:
        assert int.from_bytes(packet[4:6]) == len(said)
    if number == 17:
        assert int.from_bytes(said[4:6]) == len(said)
        assert said[6:8] != bytes(2), "a UDP checksum of zero is none"


@given(probes, times)
def test_the_header_carries_hop_limit_and_fragmentation_as_asked(probe: Probe, sent: float) -> None:
    packet = crafted(probe, sent)
    assert (len(packet) == 1500) is probe.large
    if probe.target.version == 6:
        assert packet[7] == probe.ttl
        return
    _, identification, fragments, ttl = struct.unpack_from("!HHHB", packet, 2)
    assert ttl == probe.ttl
    assert fragments == (0x4000 if probe.large else 0)
    assert identification == (int(sent * 1e6) // 1000 % 65536 or 1)


def test_the_identification_is_never_zero_for_the_kernel_would_put_in_its_own() -> None:
    for sent in (65.536, 131.072):
        assert crafted(Probe(target=TARGET, ttl=1), sent)[4:6] == b"\0\1"


def test_ports_stay_where_they_are_expected() -> None:
    for number in range(300):
        for method, asked in (("udp", 33434), ("tcp", 80)):
            packet = crafted(Probe(target=TARGET + number, ttl=1, method=method))  # type: ignore[arg-type]
            source, destination = struct.unpack_from("!HH", packet, 20)
            assert destination == asked
            assert source >= 32768


@given(echoes, st.data())
def test_an_echo_reply_with_any_bit_of_its_payload_flipped_is_refused(
    probe: Probe, data: st.DataObject
) -> None:
    ours = codec()
    reply = answers.echo_reply(ours.craft(probe, source_for(probe.target)))
    begin = 8 * (answers.header_size(reply) + 8)
    bit = data.draw(st.integers(begin, 8 * len(reply) - 1))
    spoilt = bytearray(reply)
    spoilt[bit // 8] ^= 1 << bit % 8
    assert ours.read(reply) is not None
    assert ours.read(bytes(spoilt)) is None


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("target", [TARGET, TARGET6])
def test_an_echo_reply_that_is_shorter_or_longer_than_the_probe_is_refused(
    target: IPAddress, *, large: bool
) -> None:
    ours = codec()
    packet = ours.craft(Probe(target=target, ttl=5, large=large), source_for(target))
    source, said = source_for(target), b"\0" if target.version == 4 else b"\x81"
    whole = answers.body(packet)[1:]
    for payload in (whole[:-1], whole[:-4], whole[:20], whole + b"\0", whole + bytes(4)):
        assert ours.read(answers.icmp(target, source, said + payload)) is None
    assert ours.read(answers.icmp(target, source, said + whole)) is not None


@given(echoes, targets)
def test_who_saw_a_probe_cannot_answer_for_another_target(probe: Probe, other: IPAddress) -> None:
    ours = codec()
    packet = ours.craft(probe, source_for(probe.target))
    assume(other != probe.target and other.version == probe.target.version)
    said = bytes((0 if other.version == 4 else 129,)) + answers.body(packet)[1:]
    assert ours.read(answers.icmp(other, source_for(other), said)) is None


@given(probes, targets)
def test_who_saw_a_probe_cannot_quote_it_as_anothers(probe: Probe, other: IPAddress) -> None:
    ours = codec()
    packet = ours.craft(probe, source_for(probe.target))
    assume(other != probe.target and other.version == probe.target.version)
    size = answers.header_size(packet)
    forged = packet[: size - len(other.packed)] + other.packed + packet[size:]
    assert ours.read(exceeded(forged)) is None


@given(probes, probes)
def test_a_whole_quote_cannot_be_made_another_probes(mine: Probe, other: Probe) -> None:
    ours = codec()
    other = msgspec.structs.replace(other, target=mine.target, method=mine.method)
    assume(other != mine and mine.method != "tcp")
    seen, unseen = (ours.craft(each, source_for(each.target)) for each in (mine, other))
    size = answers.header_size(seen) + 8
    # Even with the other's token, the seal is this one's.
    assert ours.read(exceeded(unseen[:size] + seen[size:])) is None


@pytest.mark.parametrize("method", METHODS)
def test_probes_of_another_process_are_not_ours(method: Method) -> None:
    ours = codec()
    for number in range(500):
        probe = Probe(target=TARGET + number, ttl=5, method=method)
        ours.craft(probe, SOURCE)
        theirs = crafted(probe, secret=b"another")
        assert ours.read(answer(theirs)) is None
        assert ours.read(exceeded(theirs)) is None
        assert ours.read(exceeded(theirs, quoted=8)) is None


@given(st.binary(max_size=200))
def test_no_octets_raise(octets: bytes) -> None:
    ours = codec()
    assert ours.read(octets) is None
    assert ours.read(memoryview(octets)) is None
    assert ours.read_bare(ROUTER6.packed, ICMP6, None, octets) is None


@given(probes, st.data())
def test_no_spoilt_answer_raises(probe: Probe, data: st.DataObject) -> None:
    ours = codec()
    packet = ours.craft(probe, source_for(probe.target))
    spoilt = bytearray(data.draw(st.sampled_from((answer(packet), exceeded(packet)))))
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, min(len(spoilt), 100) - 1))] = data.draw(
            st.integers(0, 255)
        )
    octets = bytes(spoilt)[: data.draw(st.integers(0, len(spoilt)))]
    for reply in (ours.read(octets), ours.read_bare(ROUTER6.packed, ICMP6, 64, octets[40:])):
        assert reply is None or reply.target.version == probe.target.version


@pytest.mark.parametrize(("ttl", "attempt"), [(0, 0), (128, 0), (-1, 0), (1, 16), (1, -1)])
@pytest.mark.parametrize("method", METHODS)
def test_what_does_not_fit_a_token_is_refused(ttl: int, attempt: int, method: Method) -> None:
    probe = Probe(target=TARGET, ttl=ttl, attempt=attempt, method=method)
    with pytest.raises(ValueError, match="1-127 and 0-15"):
        codec().craft(probe, SOURCE)


@pytest.mark.parametrize(("source", "target"), [(SOURCE, TARGET6), (SOURCE6, TARGET)])
def test_the_two_families_do_not_mix(source: IPAddress, target: IPAddress) -> None:
    with pytest.raises(ValueError, match="cannot speak to"):
        codec().craft(Probe(target=target, ttl=1), source)
