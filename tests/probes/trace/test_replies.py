import struct
from ipaddress import IPv4Address, IPv6Address

import pytest

from probes.records import HopReply, IPAddress, Method, Probe, ReplyKind
from probes.trace.packets import Codec
from tests.probes.trace import answers

SOURCE, SOURCE6 = IPv4Address("192.0.2.9"), IPv6Address("2001:db8::9")
TARGET, TARGET6 = IPv4Address("198.51.100.7"), IPv6Address("2001:db8:1::7")
ROUTER, ROUTER6 = IPv4Address("203.0.113.1"), IPv6Address("2001:db8:2::1")
SYN, RST, ACK = 0x02, 0x04, 0x10
METHODS: tuple[Method, ...] = ("icmp", "udp", "tcp")
TARGETS: tuple[IPAddress, ...] = (TARGET, TARGET6)
EXCEEDED = {4: 11, 6: 3}


class Bench:
    """A codec at a time that the test sets, and the packet of one probe."""

    def __init__(
        self,
        target: IPAddress = TARGET,
        method: Method = "icmp",
        *,
        large: bool = False,
        sent: float = 1000.0,
    ) -> None:
        self.now = sent
        self.codec = Codec(b"secret", lambda: self.now)
        self.source: IPAddress = SOURCE if target.version == 4 else SOURCE6
        self.router: IPAddress = ROUTER if target.version == 4 else ROUTER6
        self.probe = Probe(target=target, ttl=5, method=method, attempt=3, large=large)
        self.packet = self.codec.craft(self.probe, self.source)

    def error(self, kind: int, code: int = 0, **manner: int) -> HopReply | None:
        return self.codec.read(answers.error(self.packet, self.router, kind, code, **manner))  # type: ignore[arg-type]


def known(reply: HopReply | None, bench: Bench) -> HopReply:
    assert reply is not None
    probe = bench.probe
    assert (reply.target, reply.ttl, reply.attempt) == (probe.target, probe.ttl, probe.attempt)
    assert (reply.method, reply.large) == (probe.method, probe.large)
    return reply


@pytest.mark.parametrize(
    ("target", "kind", "code", "means"),
    [
        (TARGET, 11, 0, "time-exceeded"),
        (TARGET, 3, 0, "unreachable"),
        (TARGET, 3, 1, "unreachable"),
        (TARGET, 3, 3, "unreachable"),
        (TARGET, 3, 4, "fragmentation-needed"),
        (TARGET, 3, 13, "unreachable"),
        (TARGET, 5, 1, "redirect"),
        (TARGET6, 3, 0, "time-exceeded"),
        (TARGET6, 1, 0, "unreachable"),
        (TARGET6, 1, 4, "unreachable"),
        (TARGET6, 2, 0, "fragmentation-needed"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_errors_of_a_router_by_type_and_code(
    target: IPAddress, method: Method, kind: int, code: int, means: ReplyKind
) -> None:
    bench = Bench(target, method)
    reply = known(bench.error(kind, code), bench)
    assert (reply.kind, reply.code, reply.source) == (means, code, bench.router)


@pytest.mark.parametrize(
    ("target", "kind", "code"),
    [
        (TARGET, 11, 1),  # a fragment came too late: that is the end speaking
        (TARGET6, 3, 1),
        (TARGET, 4, 0),  # source quench
        (TARGET, 12, 0),  # parameter problem
        (TARGET6, 4, 0),
        (TARGET, 8, 0),  # an echo request
        (TARGET6, 128, 0),
        (TARGET6, 137, 0),  # neighbour discovery's redirect is built otherwise
        (TARGET6, 11, 0),  # IPv4's time exceeded
        (TARGET6, 0, 0),
    ],
)
def test_what_tells_nothing_of_the_way_is_not_taken(
    target: IPAddress, kind: int, code: int
) -> None:
    assert Bench(target).error(kind, code) is None


@pytest.mark.parametrize(("target", "kind", "code"), [(TARGET, 3, 3), (TARGET6, 1, 4)])
@pytest.mark.parametrize(
    ("method", "means"),
    [("udp", "port-unreachable"), ("icmp", "unreachable"), ("tcp", "unreachable")],
)
def test_only_udp_has_ports_that_end_the_way(
    target: IPAddress, kind: int, code: int, method: Method, means: ReplyKind
) -> None:
    bench = Bench(target, method)
    reply = bench.codec.read(answers.error(bench.packet, target, kind, code))
    assert known(reply, bench).kind == means


@pytest.mark.parametrize(
    ("target", "kind", "code", "rest", "mtu"),
    [
        (TARGET, 3, 4, 1420, 1420),
        (TARGET, 3, 4, 0, None),  # a router older than RFC 1191
        (TARGET, 3, 4, 0xABCD << 16 | 1400, 1400),
        (TARGET, 3, 13, 1420, None),
        (TARGET6, 2, 0, 1280, 1280),
        (TARGET6, 2, 0, 0x12345, 0x12345),
        (TARGET6, 3, 0, 1280, None),
    ],
)
def test_the_mtu_is_read_where_one_is_offered(
    target: IPAddress, kind: int, code: int, rest: int, mtu: int | None
) -> None:
    bench = Bench(target, large=True)
    assert known(bench.error(kind, code, rest=rest), bench).mtu == mtu


@pytest.mark.parametrize("method", ["icmp", "udp"])
@pytest.mark.parametrize("sent", [0.0, 65.535, 65.536, 1000.0, 1e7 + 0.0004])
@pytest.mark.parametrize("way", [0.0, 0.0302, 29.5])
def test_eight_quoted_octets_tell_the_time_by_the_identification(
    method: Method, sent: float, way: float
) -> None:
    bench = Bench(TARGET, method, sent=sent)
    bench.now += way
    reply = known(bench.error(11, quoted=8), bench)
    borrowed = bench.packet[4:6] == b"\0\1" and way == 0
    assert reply.rtt == (None if borrowed else pytest.approx(way, abs=0.0011))


@pytest.mark.parametrize("method", ["icmp", "udp"])
@pytest.mark.parametrize(("way", "plausible"), [(29.9, True), (30.1, False), (60.0, False)])
def test_a_time_that_is_implausible_is_not_told(
    method: Method, way: float, *, plausible: bool
) -> None:
    bench = Bench(TARGET, method)
    bench.now += way
    assert (known(bench.error(11, quoted=8), bench).rtt is not None) is plausible
    assert known(bench.error(11), bench).rtt == pytest.approx(way), "a whole quote tells exactly"


@pytest.mark.parametrize("method", ["icmp", "udp"])
def test_eight_octets_of_ipv6_tell_which_probe_but_not_when(method: Method) -> None:
    bench = Bench(TARGET6, method)
    assert known(bench.error(3, quoted=8), bench).rtt is None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("quoted", range(8))
def test_less_than_eight_quoted_octets_are_not_enough(
    target: IPAddress, method: Method, quoted: int
) -> None:
    bench = Bench(target, method)
    assert bench.error(EXCEEDED[target.version], quoted=quoted) is None


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("octet", range(8, 24))
@pytest.mark.parametrize("method", ["icmp", "udp"])
def test_a_quote_whose_seal_is_broken_is_refused(
    target: IPAddress, method: Method, octet: int
) -> None:
    bench = Bench(target, method)
    spoilt = bytearray(bench.packet)
    spoilt[answers.header_size(bench.packet) + octet] ^= 1
    kind = EXCEEDED[target.version]
    assert bench.codec.read(answers.error(bytes(spoilt), bench.router, kind)) is None


@pytest.mark.parametrize(
    ("method", "octets"),
    # Type, code, checksum, identifier; ports and, by their proof, checksum or sequence number.
    [("icmp", range(6)), ("udp", range(4)), ("tcp", range(4))],
)
@pytest.mark.parametrize("target", TARGETS)
def test_a_quote_that_differs_in_its_first_eight_octets_is_refused(
    target: IPAddress, method: Method, octets: range
) -> None:
    bench = Bench(target, method)
    for octet in octets:
        spoilt = bytearray(bench.packet)
        spoilt[answers.header_size(bench.packet) + octet] ^= 1
        error = answers.error(bytes(spoilt), bench.router, EXCEEDED[target.version], quoted=8)
        assert bench.codec.read(error) is None


@pytest.mark.parametrize(("method", "octets"), [("icmp", (6, 8)), ("udp", (6, 8)), ("tcp", (4, 8))])
def test_a_token_that_was_made_up_is_refused_but_for_chance(
    method: Method, octets: tuple[int, int]
) -> None:
    bench = Bench(TARGET, method)
    begin, end = (20 + each for each in octets)
    taken = 0
    for number in range(0, 65536, 16):
        token = (number * 2654435761).to_bytes(8)[-(end - begin) :]
        forged = bench.packet[:begin] + token + bench.packet[end:]
        taken += bench.codec.read(answers.error(forged, ROUTER, 11, quoted=8)) is not None
    assert taken < 4096 / 10, "four bits of proof at least"


NAT = IPv4Address("192.0.2.200")


def rewritten(packet: bytes, source: IPAddress, checksum_at: int | None) -> bytes:
    """Rewrite the source as NAT does, and the checksum that covers it."""
    octets = bytearray(packet)
    octets[12:16] = source.packed
    if checksum_at is not None:
        old = int.from_bytes(packet[checksum_at : checksum_at + 2])
        words = sum(struct.unpack("!HH", packet[12:16])) - sum(struct.unpack("!HH", source.packed))
        new = (old + words) % 65535 or 65535
        octets[checksum_at : checksum_at + 2] = new.to_bytes(2)
    return bytes(octets)


@pytest.mark.parametrize(("method", "checksum_at"), [("icmp", None), ("udp", 26), ("tcp", None)])
@pytest.mark.parametrize("quoted", [8, None])
def test_a_source_that_nat_rewrote_is_found_among_ours(
    method: Method, checksum_at: int | None, quoted: int | None
) -> None:
    bench = Bench(TARGET, method)
    bench.codec.craft(Probe(target=TARGET, ttl=1), SOURCE + 1)
    quote = rewritten(bench.packet, NAT, checksum_at)
    known(bench.codec.read(answers.error(quote, ROUTER, 11, quoted=quoted)), bench)


def test_a_quoted_source_of_ours_is_taken_at_its_word() -> None:
    bench = Bench()
    bench.codec.craft(Probe(target=TARGET, ttl=1), SOURCE + 1)
    assert (
        bench.codec.read(answers.error(rewritten(bench.packet, SOURCE + 1, None), ROUTER, 11))
        is None
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", METHODS)
def test_a_fresh_codec_with_the_same_secret_reads_what_another_sent(
    target: IPAddress, method: Method
) -> None:
    bench = Bench(target, method)
    fresh = Codec(b"secret", lambda: 1000.0)
    error = answers.error(bench.packet, bench.router, EXCEEDED[target.version])
    known(fresh.read(error), bench)


RECORD_ROUTE = bytes((7, 11, 4)) + bytes(8) + b"\0"
HOP_BY_HOP = bytes((0, 58, 1)) + bytes(14)  # type 0, then ICMPv6, 16 octets
DESTINATION_OPTIONS = bytes((60, 58, 0)) + bytes(6)


def with_options(packet: bytes, extra: bytes) -> bytes:
    """Return a packet with IPv4 options, or an IPv6 extension header, as a quote may have them."""
    if packet[0] >> 4 == 4:
        return bytes((0x40 | (20 + len(extra)) // 4,)) + packet[1:20] + extra + packet[20:]
    extended = bytes((packet[6],)) + extra[2:]
    return packet[:6] + extra[:1] + packet[7:40] + extended + packet[40:]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("target", "extra"),
    [(TARGET, RECORD_ROUTE), (TARGET6, HOP_BY_HOP), (TARGET6, DESTINATION_OPTIONS)],
)
def test_options_in_the_quoted_and_in_the_outer_header_are_skipped(
    target: IPAddress, extra: bytes, method: Method
) -> None:
    bench = Bench(target, method)
    quote = with_options(bench.packet, extra)
    message = struct.pack("!BBHI", EXCEEDED[target.version], 0, 0, 0) + quote
    plain = answers.icmp(bench.router, bench.source, message)
    known(bench.codec.read(plain), bench)
    known(bench.codec.read(answers.icmp(bench.router, bench.source, message, extra)), bench)


@pytest.mark.parametrize(
    ("extra", "leads"),
    [
        (bytes((0, 58, 0)) + bytes(6), True),
        (bytes((44, 58, 0, 0, 1)) + bytes(4), True),  # the first fragment
        (bytes((44, 58, 0, 0, 8)) + bytes(4), False),  # a later one
        (bytes((0, 58, 200)) + bytes(6), False),  # longer than the packet
    ],
)
def test_ipv6_extension_headers_are_followed_where_they_lead(extra: bytes, *, leads: bool) -> None:
    bench = Bench(TARGET6)
    error = answers.error(bench.packet, ROUTER6, 3)
    length = int.from_bytes(error[4:6]) + 8
    head = error[:4] + length.to_bytes(2) + extra[:1] + error[7:40]
    assert (bench.codec.read(head + extra[1:] + error[40:]) is not None) is leads
    assert bench.codec.read(head + extra[1:5]) is None, "cut short"


def test_endless_ipv6_extension_headers_are_given_up() -> None:
    header = ROUTER6.packed + SOURCE6.packed
    chain = bytes(8) * 300
    assert (
        Bench(TARGET6).codec.read(struct.pack("!IHBB", 6 << 28, 2400, 0, 64) + header + chain)
        is None
    )


def test_a_first_fragment_of_ipv6_is_read() -> None:
    bench = Bench(TARGET6)
    known(bench.codec.read(answers.error(with_fragment(bench.packet), ROUTER6, 3)), bench)


def with_fragment(packet: bytes) -> bytes:
    """Return a packet as it is quoted when a translator has put a fragment header into it."""
    header = bytes((packet[6], 0, 0, 0)) + bytes(4)
    return packet[:6] + bytes((44,)) + packet[7:40] + header + packet[40:]


@pytest.mark.parametrize("inner", [False, True])
def test_a_later_fragment_of_ipv4_is_refused(*, inner: bool) -> None:
    bench = Bench()
    whole = answers.error(bench.packet, ROUTER, 11)
    at = 28 + 6 if inner else 6
    assert bench.codec.read(whole[:at] + b"\0\x01" + whole[at + 2 :]) is None


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("method", METHODS)
def test_the_extensions_of_rfc_4884_behind_a_quote_do_no_harm(
    target: IPAddress, method: Method
) -> None:
    bench = Bench(target, method)
    mpls = bytes.fromhex("2000 0000 0008 0101 0001 0140")
    quote = bench.packet.ljust(128, b"\0") + mpls
    message = struct.pack("!BBHI", EXCEEDED[target.version], 0, 0, 0) + quote
    known(bench.codec.read(answers.icmp(bench.router, bench.source, message)), bench)


@pytest.mark.parametrize("target", TARGETS)
def test_an_error_with_a_wrong_checksum_is_refused(target: IPAddress) -> None:
    bench = Bench(target)
    error = bytearray(answers.error(bench.packet, bench.router, EXCEEDED[target.version]))
    error[answers.header_size(bench.packet) + 2] ^= 1
    assert bench.codec.read(bytes(error)) is None


def test_an_error_that_was_cut_short_still_tells_which_probe() -> None:
    bench = Bench(large=True)
    error = answers.error(bench.packet, ROUTER, 11)
    known(bench.codec.read(error[:100]), bench)


@pytest.mark.parametrize("target", TARGETS)
def test_ethernet_padding_behind_a_packet_does_no_harm(target: IPAddress) -> None:
    bench = Bench(target)
    known(bench.codec.read(answers.echo_reply(bench.packet) + bytes(9)), bench)
    error = answers.error(bench.packet, bench.router, EXCEEDED[target.version], quoted=8)
    known(bench.codec.read(error + bytes(9)), bench)


def test_a_reply_that_crossed_a_translator_between_the_families_is_refused() -> None:
    bench = Bench()
    message = struct.pack("!BBHI", 3, 0, 0, 0) + bench.packet
    assert bench.codec.read(answers.icmp(ROUTER6, SOURCE6, message)) is None


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("flags", [SYN | ACK, RST | ACK])
def test_syn_ack_and_reset_end_the_way(target: IPAddress, flags: int, *, large: bool) -> None:
    bench = Bench(target, "tcp", large=large)
    reply = known(bench.codec.read(answers.segment(bench.packet, flags)), bench)
    assert (reply.kind, reply.code, reply.source) == ("tcp", 0, target)


@pytest.mark.parametrize("target", TARGETS)
def test_a_reset_may_acknowledge_all_octets_of_a_large_syn(target: IPAddress) -> None:
    octets = 1500 - answers.header_size(b"\x40" if target.version == 4 else b"\x60") - 24
    bench = Bench(target, "tcp", large=True)
    reset = answers.segment(bench.packet, RST | ACK, acknowledged=1 + octets)
    known(bench.codec.read(reset), bench)
    small = Bench(target, "tcp")
    assert (
        small.codec.read(answers.segment(small.packet, RST | ACK, acknowledged=1 + octets)) is None
    )


@pytest.mark.parametrize("flags", [0, SYN, RST, ACK, ACK | 0x01])
def test_segments_that_answer_no_syn_are_not_taken(flags: int) -> None:
    bench = Bench(TARGET, "tcp")
    assert bench.codec.read(answers.segment(bench.packet, flags)) is None


def test_segments_from_another_port_or_cut_short_are_not_taken() -> None:
    bench = Bench(TARGET, "tcp")
    assert bench.codec.read(answers.segment(bench.packet, SYN | ACK, port=443)) is None
    assert bench.codec.read(answers.segment(bench.packet, SYN | ACK)[:39]) is None


@pytest.mark.parametrize("way", [0.0, 0.25, 8.0])
@pytest.mark.parametrize("target", TARGETS)
def test_a_sequence_number_tells_the_time_to_the_millisecond(target: IPAddress, way: float) -> None:
    bench = Bench(target, "tcp", sent=12345.6789)
    bench.now += way
    reply = known(bench.codec.read(answers.segment(bench.packet, SYN | ACK)), bench)
    assert reply.rtt == pytest.approx(way, abs=0.0011)
    quoted = known(bench.error(EXCEEDED[target.version], quoted=8), bench)
    assert quoted.rtt == reply.rtt


def test_a_reply_is_timed_by_when_it_came() -> None:
    bench = Bench()
    bench.now += 5.0
    reply = bench.codec.read(answers.echo_reply(bench.packet), at=1000.125)
    assert known(reply, bench).rtt == pytest.approx(0.125)
    early = bench.codec.read(answers.echo_reply(bench.packet), at=999.0)
    assert known(early, bench).rtt == 0.0
