"""What the tools print, as it was recorded from them (in network namespaces, with LC_ALL=C)."""

from collections.abc import Iterable
from ipaddress import IPv4Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.records import HopReply, Probe
from probes.trace.shell_words import complaint, ping_replies, traceroute_replies

Said = tuple[str, int, str, int | None, float | None, int | None]

FAR = Probe(target=ip_address("198.51.100.2"), ttl=3, attempt=5)
FAR6 = Probe(target=ip_address("2001:db8:3::2"), ttl=3)
LARGE = Probe(target=ip_address("198.51.100.2"), ttl=9, large=True)
UDP = Probe(target=ip_address("198.51.100.2"), ttl=3, method="udp")
UDP6 = Probe(target=ip_address("2001:db8:3::2"), ttl=3, method="udp")

# Whose it is, the probe, what was printed, and what that says: kind, code, who said it, the hop
# limit of the reply, seconds, MTU.
PINGS: list[tuple[str, Probe, str, list[Said]]] = [
    (
        "iputils: an echo reply",
        FAR,
        """\
PING 198.51.100.2 (198.51.100.2) 56(84) bytes of data.
64 bytes from 198.51.100.2: icmp_seq=1 ttl=62 time=0.107 ms

--- 198.51.100.2 ping statistics ---
1 packets transmitted, 1 received, 0% packet loss, time 0ms
rtt min/avg/max/mdev = 0.107/0.107/0.107/0.000 ms
""",
        [("echo-reply", 0, "198.51.100.2", 62, 0.000107, None)],
    ),
    (
        "iputils: time exceeded",
        FAR,
        """\
PING 198.51.100.2 (198.51.100.2) 56(84) bytes of data.
From 192.0.2.6 icmp_seq=1 Time to live exceeded

--- 198.51.100.2 ping statistics ---
1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms

""",
        [("time-exceeded", 0, "192.0.2.6", None, None, None)],
    ),
    (
        "iputils: fragmentation needed",
        LARGE,
        """\
PING 198.51.100.2 (198.51.100.2) 1472(1500) bytes of data.
From 192.0.2.6 icmp_seq=1 Frag needed and DF set (mtu = 1420)
""",
        [("fragmentation-needed", 4, "192.0.2.6", None, None, 1420)],
    ),
    (
        "iputils: fragmentation needed, as remembered from before",
        LARGE,
        """\
PING 198.51.100.2 (198.51.100.2) 1472(1500) bytes of data.
ping: local error: message too long, mtu=1420
""",
        [],
    ),
    (
        "iputils: no answer",
        FAR,
        """\
PING 198.51.100.77 (198.51.100.77) 56(84) bytes of data.

--- 198.51.100.77 ping statistics ---
1 packets transmitted, 0 received, 100% packet loss, time 0ms

""",
        [],
    ),
    (
        "iputils: prohibited",
        FAR,
        "From 192.0.2.1 icmp_seq=1 Packet filtered\n",
        [("unreachable", 13, "192.0.2.1", None, None, None)],
    ),
    (
        "iputils: no such host",
        FAR,
        "From 192.0.2.1 icmp_seq=1 Destination Host Unreachable\n",
        [("unreachable", 1, "192.0.2.1", None, None, None)],
    ),
    (
        "iputils: IPv6",
        FAR6,
        """\
PING 2001:db8:3::2(2001:db8:3::2) 56 data bytes
64 bytes from 2001:db8:3::2: icmp_seq=1 ttl=62 time=0.133 ms
""",
        [("echo-reply", 0, "2001:db8:3::2", 62, 0.000133, None)],
    ),
    (
        "iputils: IPv6, time exceeded",
        FAR6,
        "From 2001:db8:1::1 icmp_seq=1 Time exceeded: Hop limit\n",
        [("time-exceeded", 0, "2001:db8:1::1", None, None, None)],
    ),
    (
        "iputils: IPv6, packet too big",
        FAR6,
        "From 2001:db8:2::2 icmp_seq=1 Packet too big: mtu=1420\n",
        [("fragmentation-needed", 0, "2001:db8:2::2", None, None, 1420)],
    ),
    (
        "iputils: IPv6, prohibited",
        FAR6,
        "From 2001:db8:1::1 icmp_seq=1 Destination unreachable: Administratively prohibited\n",
        [("unreachable", 1, "2001:db8:1::1", None, None, None)],
    ),
    (
        "iputils: IPv6, no route, by a router with a zone",
        FAR6,
        "From fe80::1%e1 icmp_seq=1 Destination unreachable: No route\n",
        [("unreachable", 0, "fe80::1", None, None, None)],
    ),
    (
        "iputils: a redirect, then the answer",
        FAR,
        """\
From 192.0.2.1: icmp_seq=1 Redirect Host(New nexthop: 192.0.2.9)
64 bytes from 198.51.100.2: icmp_seq=1 ttl=63 time=12.5 ms
""",
        [
            ("redirect", 0, "192.0.2.1", None, None, None),
            ("echo-reply", 0, "198.51.100.2", 63, 0.0125, None),
        ],
    ),
    (
        "busybox: an echo reply",
        FAR,
        """\
PING 198.51.100.2 (198.51.100.2): 56 data bytes
64 bytes from 198.51.100.2: seq=0 ttl=62 time=0.060 ms

--- 198.51.100.2 ping statistics ---
1 packets transmitted, 1 packets received, 0% packet loss
round-trip min/avg/max = 0.060/0.060/0.060 ms
""",
        [("echo-reply", 0, "198.51.100.2", 62, 0.00006, None)],
    ),
    (
        "BSD: time exceeded",
        FAR,
        """\
PING 198.51.100.2 (198.51.100.2): 56 data bytes
36 bytes from 192.0.2.1: Time to live exceeded
Vr HL TOS  Len   ID Flg  off TTL Pro  cks      Src      Dst
 4  5  00 5400 8c1d   0 0000  01  01 0a8b 192.0.2.2  198.51.100.2
""",
        [("time-exceeded", 0, "192.0.2.1", None, None, None)],
    ),
    (
        "BSD: fragmentation needed",
        LARGE,
        "36 bytes from 192.0.2.6: frag needed and DF set (MTU 1420)\n",
        [("fragmentation-needed", 4, "192.0.2.6", None, None, 1420)],
    ),
    (
        "BSD: IPv6",
        FAR6,
        "16 bytes from 2001:db8:3::2, icmp_seq=0 hlim=62 time=0.133 ms\n",
        [("echo-reply", 0, "2001:db8:3::2", 62, 0.000133, None)],
    ),
    (
        "somebody else answers",
        FAR,
        "64 bytes from 198.51.100.9: icmp_seq=1 ttl=62 time=0.1 ms (DIFFERENT ADDRESS!)\n",
        [],
    ),
    ("a router of the other family", FAR, "From fe80::1 icmp_seq=1 Time to live exceeded\n", []),
    ("words nobody knows", FAR, "From 192.0.2.1 icmp_seq=1 Have a nice day\n", []),
    ("no address", FAR, "From mars icmp_seq=1 Time to live exceeded\n", []),
    ("no hop limit", FAR, "64 bytes from 198.51.100.2: icmp_seq=1 ttl=999 time=0.1 ms\n", []),
    ("in the middle of a line", FAR, "x From 192.0.2.1 icmp_seq=1 Time to live exceeded\n", []),
]

TRACES: list[tuple[str, Probe, str, list[Said]]] = [
    (
        "a router",
        FAR,
        """\
traceroute to 198.51.100.2 (198.51.100.2), 4 hops max, 60 byte packets
 3  192.0.2.6  0.021 ms
 4  198.51.100.2  0.013 ms
""",
        [("time-exceeded", 0, "192.0.2.6", None, 0.000021, None)],
    ),
    (
        "the end",
        FAR,
        """\
traceroute to 198.51.100.2 (198.51.100.2), 4 hops max, 60 byte packets
 3  198.51.100.2  0.016 ms
""",
        [("echo-reply", 0, "198.51.100.2", None, 0.000016, None)],
    ),
    (
        "a router that hides behind the target's address",
        FAR,
        """\
traceroute to 198.51.100.2 (198.51.100.2), 4 hops max, 60 byte packets
 3  198.51.100.2  0.016 ms
 4  198.51.100.2  0.120 ms
""",
        [("time-exceeded", 0, "198.51.100.2", None, 0.000016, None)],
    ),
    ("the end, by UDP", UDP, " 3  198.51.100.2  0.018 ms\n", [
        ("port-unreachable", 3, "198.51.100.2", None, 0.000018, None),
    ]),
    ("the end, by UDP on IPv6", UDP6, " 3  2001:db8:3::2  0.028 ms\n", [
        ("port-unreachable", 4, "2001:db8:3::2", None, 0.000028, None),
    ]),
    ("no answer", FAR, " 3  *\n 4  *\n", []),
    ("an answer at the next hop only", FAR, " 3  *\n 4  198.51.100.2  0.008 ms\n", []),
    (
        "prohibited",
        FAR,
        " 3  192.0.2.1  0.013 ms !X\n",
        [("unreachable", 13, "192.0.2.1", None, 0.000013, None)],
    ),
    (
        "busybox: prohibited",
        FAR,
        """\
traceroute to 203.0.113.5 (203.0.113.5), 4 hops max, 46 byte packets
 3  192.0.2.1  0.003 ms !A
""",
        [("unreachable", 13, "192.0.2.1", None, 0.000003, None)],
    ),
    (
        "fragmentation needed",
        LARGE,
        " 9  192.0.2.6  0.038 ms !F-1420\n",
        [("fragmentation-needed", 4, "192.0.2.6", None, 0.000038, 1420)],
    ),
    ("a mark nobody knows", FAR, " 3  192.0.2.1  0.013 ms !?\n", []),
    ("two-digit hops", Probe(target=FAR.target, ttl=12), "12  192.0.2.6  1.5 ms\n", [
        ("time-exceeded", 0, "192.0.2.6", None, 0.0015, None),
    ]),
]  # fmt: skip


def said(replies: Iterable[HopReply]) -> list[Said]:
    return [(r.kind, r.code, str(r.source), r.reply_ttl, r.rtt, r.mtu) for r in replies]


@pytest.mark.parametrize(
    ("probe", "text", "expected"), [row[1:] for row in PINGS], ids=[row[0] for row in PINGS]
)
def test_what_ping_prints_is_understood(probe: Probe, text: str, expected: list[Said]) -> None:
    assert said(ping_replies(probe, text.splitlines())) == [
        (*row[:4], None if row[4] is None else pytest.approx(row[4]), row[5]) for row in expected
    ]


@pytest.mark.parametrize(
    ("probe", "text", "expected"), [row[1:] for row in TRACES], ids=[row[0] for row in TRACES]
)
def test_what_traceroute_prints_is_understood(
    probe: Probe, text: str, expected: list[Said]
) -> None:
    assert said(traceroute_replies(probe, text.splitlines())) == [
        (*row[:4], None if row[4] is None else pytest.approx(row[4]), row[5]) for row in expected
    ]


def test_a_reply_bears_what_was_asked() -> None:
    (reply,) = ping_replies(FAR, PINGS[0][2].splitlines())
    assert (reply.target, reply.ttl, reply.method) == (IPv4Address("198.51.100.2"), 3, "icmp")
    assert (reply.large, reply.attempt) == (False, 5)


PIECES = st.sampled_from(
    (
        *("64 bytes from ", "From ", "198.51.100.2", "fe80::1%", ": ", " icmp_seq=", "1", " ttl="),
        *("62", " time=", "0.1", " ms", " Packet too big: mtu=", "!F-", " 3  ", "  ", "9" * 400),
    )
)


@given(st.lists(st.text() | st.lists(PIECES).map("".join)))
def test_no_line_whatever_raises_anything(lines: list[str]) -> None:
    for probe in (FAR, FAR6, LARGE, UDP):
        kinds = {r.kind for read in (ping_replies, traceroute_replies) for r in read(probe, lines)}
        assert len(kinds) < 8
    assert complaint(lines).isprintable()


@pytest.mark.parametrize(
    "line",
    [
        "ping: connect: Network is unreachable",
        "connect: Network is unreachable",
        "ping: socket: Operation not permitted",
        "traceroute: unknown host",
        "/bin/ping: Operation not permitted",
        "sh: 5: ping: not found",
    ],
)
def test_a_tool_that_could_not_ask_says_so(line: str) -> None:
    assert complaint(["PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.", line]) == line


def test_a_packet_too_long_for_the_path_as_known_there_is_no_complaint() -> None:
    assert complaint(PINGS[3][2].splitlines()) == ""
    assert complaint(PINGS[4][2].splitlines()) == ""
