"""What `ping` and `traceroute` print, in every usual dialect, as replies. Never raises.

The text comes from another host, and part of it from whoever answered: a line that is not exactly
what such a tool writes about this probe is passed over.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from probes.records import HopReply, IPAddress, Probe, ReplyKind

_Meaning = tuple[ReplyKind, int]

_TIME = r"(?P<time>\d{1,9}(?:\.\d{1,9})?) ms"
_LONGEST = 300  # characters of a line that are looked at

# "64 bytes from 198.51.100.2: icmp_seq=1 ttl=62 time=0.1 ms"; busybox: seq=, BSD on IPv6: hlim=
_ECHO_REPLY = re.compile(
    r"\d{1,5} bytes from (?P<source>[0-9A-Fa-f.:]+)[:,] "
    rf"(?:icmp_)?[sr]eq=\d{{1,5}} (?:ttl|hlim)=(?P<ttl>\d{{1,3}}) time[=<]{_TIME}",
    re.ASCII,
)
# iputils begins with "From 192.0.2.1 icmp_seq=1 ", BSD with "36 bytes from 192.0.2.1: ".
_ERROR = re.compile(
    r"(?:From (?P<iputils>\S+?):? icmp_[sr]eq=\d{1,5}|\d{1,5} bytes from (?P<bsd>\S+):)"
    r" (?P<words>\D.*)",
    re.ASCII,
)
_MTU = re.compile(
    r"(?:frag needed and df set|packet too big)\D{1,3}mtu\D{1,3}(\d{2,5})\b",
    re.ASCII | re.IGNORECASE,
)
_WORDS: tuple[tuple[str, _Meaning], ...] = (
    ("time to live exceeded", ("time-exceeded", 0)),
    ("time exceeded: hop limit", ("time-exceeded", 0)),
    ("redirect", ("redirect", 0)),
    ("destination net unreachable", ("unreachable", 0)),
    ("destination host unreachable", ("unreachable", 1)),
    ("destination protocol unreachable", ("unreachable", 2)),
    ("destination port unreachable", ("unreachable", 3)),
    ("source route failed", ("unreachable", 5)),
    ("destination net unknown", ("unreachable", 6)),
    ("destination host unknown", ("unreachable", 7)),
    ("destination net prohibited", ("unreachable", 9)),
    ("destination host prohibited", ("unreachable", 10)),
    ("packet filtered", ("unreachable", 13)),
    ("communication prohibited by filter", ("unreachable", 13)),
    ("destination unreachable: no route", ("unreachable", 0)),
    ("destination unreachable: administratively prohibited", ("unreachable", 1)),
    ("destination unreachable: beyond scope", ("unreachable", 2)),
    ("destination unreachable: address unreachable", ("unreachable", 3)),
    ("destination unreachable: port unreachable", ("unreachable", 4)),
)

# " 3  192.0.2.6  0.038 ms !F-1420", " 4  *"
_HOP = re.compile(
    rf" {{0,2}}(?P<ttl>\d{{1,3}})  ?(?:\*|(?P<source>[0-9A-Fa-f.:]+)  {_TIME}(?: !(?P<mark>\S+))?)",
    re.ASCII,
)
_MARKS = {
    4: {"N": 0, "H": 1, "P": 2, "S": 5, "X": 13, "A": 13, "V": 14, "C": 15},
    6: {"N": 0, "X": 1, "A": 1, "S": 2, "H": 3, "P": 4},
}
_TOO_BIG = {4: 4, 6: 0}  # the code of fragmentation-needed, and of packet-too-big
_COMPLAINT = re.compile(r"(?:\S*/)?(?:ping|ping6|traceroute|connect|socket|sendto|sendmsg|sh): ?\S")


def ping_replies(probe: Probe, lines: Iterable[str]) -> Iterator[HopReply]:
    """Yield what the output of one `ping -c1` for the probe says."""
    for line in lines:
        if match := _ECHO_REPLY.match(line[:_LONGEST]):
            yield from _echo_reply(probe, match)
        elif match := _ERROR.match(line[:_LONGEST]):
            yield from _error(probe, match["iputils"] or match["bsd"], match["words"])


def traceroute_replies(probe: Probe, lines: Iterable[str]) -> Iterator[HopReply]:
    """Yield what a `traceroute -q1` of two hops, the probe's and the next, says of the first.

    A traceroute does not print whether the target itself ended it, or a time-exceeded that bears
    the target's address (NAT): but only in the second case does it go on to the next hop.
    """
    hops = [match for line in lines if (match := _HOP.fullmatch(line[:_LONGEST].rstrip()))]
    here = next((hop for hop in hops if int(hop["ttl"]) == probe.ttl and hop["source"]), None)
    source = _address(here["source"], probe) if here else None
    if here is None or source is None:
        return
    goes_on = any(int(hop["ttl"]) == probe.ttl + 1 for hop in hops)
    kind, code, mtu = _hop_meaning(probe, source, here["mark"], goes_on=goes_on)
    if kind is not None:
        yield _reply(probe, source, kind, code=code, mtu=mtu, rtt=float(here["time"]) / 1000)


def complaint(lines: Iterable[str]) -> str:
    """Return what a tool says that it could not do, "" where it just had no answer."""
    said = (line[:_LONGEST].rstrip() for line in lines if _COMPLAINT.match(line))
    own = (
        line for line in said if "message too long" not in line.lower()
    )  # of the path, as known there
    return "".join(c for c in next(own, "") if c.isprintable())


def _echo_reply(probe: Probe, match: re.Match[str]) -> Iterator[HopReply]:
    ttl = int(match["ttl"])
    if _address(match["source"], probe) == probe.target and ttl <= 255:  # noqa: PLR2004 - an octet
        rtt = float(match["time"]) / 1000
        yield _reply(probe, probe.target, "echo-reply", reply_ttl=ttl, rtt=rtt)


def _error(probe: Probe, said_by: str, words: str) -> Iterator[HopReply]:
    source = _address(said_by, probe)
    if source is None:
        return
    if match := _MTU.match(words):
        code, mtu = _TOO_BIG[probe.target.version], int(match[1])
        yield _reply(probe, source, "fragmentation-needed", code=code, mtu=mtu)
        return
    for known, (kind, code) in _WORDS:
        if words.lower().startswith(known):
            yield _reply(probe, source, kind, code=code)
            return


def _hop_meaning(
    probe: Probe, source: IPAddress, mark: str | None, *, goes_on: bool
) -> tuple[ReplyKind | None, int, int | None]:
    version = probe.target.version
    if mark is not None:
        if match := re.fullmatch(r"F-(\d{2,5})", mark, re.ASCII):
            return "fragmentation-needed", _TOO_BIG[version], int(match[1])
        code = _MARKS[version].get(mark)
        return (None, 0, None) if code is None else ("unreachable", code, None)
    if source != probe.target or goes_on:
        return "time-exceeded", 0, None
    if probe.method == "udp":
        return "port-unreachable", 3 if version == 4 else 4, None  # noqa: PLR2004 - IPv4
    return "echo-reply", 0, None


def _address(text: str, probe: Probe) -> IPAddress | None:
    """Return the address, without its zone, if it is one of the target's family."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return address if address.version == probe.target.version else None


def _reply(
    probe: Probe,
    source: IPAddress,
    kind: ReplyKind,
    *,
    code: int = 0,
    reply_ttl: int | None = None,
    rtt: float | None = None,
    mtu: int | None = None,
) -> HopReply:
    return HopReply(
        target=probe.target,
        ttl=probe.ttl,
        method=probe.method,
        large=probe.large,
        attempt=probe.attempt,
        kind=kind,
        code=code,
        source=source,
        reply_ttl=reply_ttl,
        rtt=rtt,
        mtu=mtu,
    )
