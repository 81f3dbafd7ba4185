"""What is true of every block of the practice network while its scenario is on.

The states and verdicts are those of a decision; `off_link` and `on_link` hold what it is honest to
say from beyond the edge and from the segment: always the truth, and `undecided` or `silent` where
nothing that can be sent from there shows it.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network
from typing import Literal, NamedTuple

State = Literal["bound", "forwarded", "looped", "elsewhere", "silent", "undecided"]
Verdict = Literal["plain", "vpn-gateway", "colocation-gateway", "gateway", "undecided"]


class Place(NamedTuple):
    """What an address is; `live`: it answers an echo while the scenario is on."""

    state: State
    live: bool
    off_link: frozenset[State]
    on_link: frozenset[State]


class Answer(NamedTuple):
    """What is true of a server while a scenario is on, and what verdicts are honest from where."""

    scenario: str
    server: str
    own: IPv4Address
    block: IPv4Network
    places: dict[IPv4Address, Place]
    off_link: frozenset[Verdict]
    on_link: frozenset[Verdict]

    def of(self, state: State, *, live: bool | None = None) -> list[IPv4Address]:
        """Return the addresses in a state, in order."""
        return [
            address
            for address, place in self.places.items()
            if place.state == state and live in {None, place.live}
        ]


def _place(state: State, *also: State, live: bool = True, on_link: Iterable[State] = ()) -> Place:
    """Return a place; `also` is what it is honest to say of it from beyond the edge."""
    return Place(state, live, frozenset({state, *also}), frozenset({state, *on_link}))


_BOUND = _place("bound")
_FORWARDED = _place("forwarded")
_DEAD = _place("forwarded", live=False)  # the server's time exceeded still shows it
_LOOPED = _place("looped", live=False)
_ELSEWHERE = _place("elsewhere", "bound", "undecided")  # another MAC: beyond the edge nothing shows
_EDGE = _place("elsewhere")  # the edge's own address answers one hop too early
_SILENT = _place("silent", "undecided", live=False)
# The server says too little of what comes after it.
_RATIONED = _place("forwarded", "undecided", on_link=("undecided",))
_RATIONED_DEAD = _place(
    "forwarded", "silent", "undecided", live=False, on_link=("silent", "undecided")
)
_UNSEEN_DEAD = _RATIONED_DEAD
# No traceroute tells it from bound: it takes a large packet, its delay, or another protocol.
_HIDDEN = _place("forwarded", "undecided", on_link=("undecided",))
_HIDDEN_DEAD = _RATIONED_DEAD
# Time exceeded comes and nothing else: a filter and an empty tunnel look alike.
_FILTERED = _place("silent", "undecided", live=False, on_link=("undecided",))


def _answer(
    scenario: str,
    server: str,
    places: dict[range, Place],
    verdicts: tuple[Verdict, ...],
    off_link: tuple[Verdict, ...] = (),
) -> Answer:
    """Return an answer; `server` is its name, address and block, `places` go by last octets."""
    name, own, block = server.split()
    network = IPv4Network(block)
    by_number = {number: place for numbers, place in places.items() for number in numbers}
    return Answer(
        scenario,
        name,
        IPv4Address(own),
        network,
        {address: by_number[address.packed[-1]] for address in network},
        frozenset({*verdicts, *off_link}),
        frozenset(verdicts),
    )


def _one(number: int) -> range:
    return range(number, number + 1)


ANSWERS: dict[str, Answer] = {
    answer.scenario: answer
    for answer in (
        _answer(
            "aliases",
            "ds0001 198.51.100.21 203.0.113.128/28",
            {_one(128): _SILENT, range(129, 135): _BOUND, range(135, 144): _SILENT},
            ("plain",),
        ),
        _answer(
            "vpn-gateway",
            "ds0002 198.51.100.22 203.0.113.144/28",
            {
                _one(144): _DEAD,
                range(145, 149): _FORWARDED,
                _one(149): _DEAD,
                _one(150): _FORWARDED,
                _one(151): _DEAD,
                range(152, 160): _LOOPED,
            },
            ("vpn-gateway",),
        ),
        _answer(
            "colocation",
            "ds0003 198.51.100.23 203.0.113.160/28",
            {
                _one(160): _DEAD,
                _one(161): _BOUND,
                range(162, 167): _FORWARDED,
                range(167, 175): _DEAD,
                _one(175): _SILENT,  # the broadcast address of the network behind it
            },
            ("colocation-gateway",),
        ),
        _answer(
            "bridging",
            "ds0004 198.51.100.24 203.0.113.176/28",
            {
                _one(176): _SILENT,
                _one(177): _EDGE,
                range(178, 181): _ELSEWHERE,
                range(181, 192): _SILENT,
            },
            ("plain",),
        ),
        _answer(
            "hidden-hop",
            "ds0005 198.51.100.25 198.51.100.144/28",
            {_one(144): _HIDDEN_DEAD, range(145, 151): _HIDDEN, range(151, 160): _HIDDEN_DEAD},
            ("vpn-gateway",),
            ("gateway", "undecided"),
        ),
        _answer(
            "silent-hop",
            "ds0006 198.51.100.26 203.0.113.208/28",
            {_one(208): _UNSEEN_DEAD, range(209, 216): _FORWARDED, range(216, 224): _UNSEEN_DEAD},
            ("gateway", "colocation-gateway"),
            ("undecided",),
        ),
        _answer(
            "rationed-errors",
            "ds0007 198.51.100.27 203.0.113.224/28",
            {
                _one(224): _RATIONED_DEAD,
                range(225, 233): _RATIONED,
                range(233, 240): _RATIONED_DEAD,
            },
            ("gateway", "colocation-gateway"),
            ("undecided",),
        ),
        _answer(
            "whole-block-nat",
            "ds0008 198.51.100.28 203.0.113.240/28",
            {range(240, 256): _FORWARDED},
            ("gateway", "colocation-gateway"),
        ),
        _answer(
            "container-host",
            "ds0009 198.51.100.29 198.51.100.128/28",
            {_one(128): _FILTERED, range(129, 131): _BOUND, range(131, 144): _FILTERED},
            ("plain",),
            ("undecided",),
        ),
        _answer(
            "proxy-arp",
            "ds0010 198.51.100.30 203.0.113.64/26",
            {
                _one(64): _DEAD,
                _one(65): _BOUND,
                _one(66): _FORWARDED,
                range(67, 127): _DEAD,
                _one(127): _SILENT,
            },
            ("colocation-gateway", "gateway"),
        ),
        _answer(
            "echo-only",
            "vr2 198.51.100.5 198.51.100.160/28",
            # pings say bound; UDP and TCP go on, and are answered for the eight in the middle
            {range(160, 176): _HIDDEN},
            ("vpn-gateway", "gateway"),
            ("undecided",),
        ),
    )
}
