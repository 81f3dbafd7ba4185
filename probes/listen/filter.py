"""What the kernel keeps for a listener: a classic BPF program, its jumps by name."""

from typing import NamedTuple

from probes.link import IP_FRAME, Filter


class _Step(NamedTuple):
    code: int
    operand: int = 0
    then: str = ""  # where a comparison that holds leads to; the next step where it says nothing
    otherwise: str = ""
    name: str = ""


_SET_X, _TO_X, _ADD_X, _AND, _SHIFT = 0x01, 0x07, 0x0C, 0x54, 0x64
_HALF, _HALF_X, _WORD_X, _BYTE_X = 0x28, 0x48, 0x40, 0x50  # loads, from [k] or [x + k]
_EQUAL, _GREATER, _AT_LEAST, _RETURN = 0x15, 0x25, 0x35, 0x06

# The kernel takes the outermost tag off before a filter sees the frame. Where a second one is left
# everything stands four octets further on, which is what X holds.
_STEPS = (
    _Step(_SET_X, 0),
    _Step(_HALF, 12),  # EtherType
    _Step(_EQUAL, 0x8100, then="tagged"),
    _Step(_EQUAL, 0x88A8, then="tagged"),
    _Step(_EQUAL, 0x9100, "tagged", "untagged"),
    _Step(_SET_X, 4, name="tagged"),
    _Step(_HALF_X, 12, name="untagged"),
    _Step(_EQUAL, 0x0806, then="keep"),
    _Step(_EQUAL, 0x0800, then="IPv4"),
    _Step(_EQUAL, 0x86DD, then="IPv6"),
    _Step(_GREATER, 0x05DC, then="drop"),  # no length of a frame with LLC
    _Step(_WORD_X, 14),
    _Step(_EQUAL, 0xAAAA0300, otherwise="drop"),  # SNAP
    _Step(_HALF_X, 20),  # its EtherType: of IP in SNAP nothing is heard live
    _Step(_EQUAL, 0x0806, "keep", "drop"),
    _Step(_WORD_X, 30, name="IPv4"),  # destination
    _Step(_EQUAL, 0xE0000012, then="keep"),  # 224.0.0.18: VRRP
    _Step(_EQUAL, 0xE0000002, then="UDP"),  # 224.0.0.2
    _Step(_EQUAL, 0xE0000066, otherwise="drop"),  # 224.0.0.102
    _Step(_BYTE_X, 23, name="UDP"),  # protocol
    _Step(_EQUAL, 17, otherwise="drop"),
    _Step(_BYTE_X, 14),
    _Step(_AND, 0x0F),
    _Step(_SHIFT, 2),  # octets of the header
    _Step(_ADD_X),
    _Step(_TO_X),
    _Step(_HALF_X, 16),  # destination port
    _Step(_EQUAL, 1985, "keep", "drop"),  # HSRP
    _Step(_BYTE_X, 20, name="IPv6"),  # next header
    _Step(_EQUAL, 58, then="ICMPv6"),
    _Step(_EQUAL, 112, then="keep"),  # VRRP
    _Step(_EQUAL, 0, then="keep"),  # hop-by-hop options, routing, destination options: behind
    _Step(_EQUAL, 43, then="keep"),  # these may stand NDP, which only the parser finds
    _Step(_EQUAL, 60, then="keep"),
    _Step(_EQUAL, 17, otherwise="drop"),
    _Step(_HALF_X, 56),  # destination port
    _Step(_EQUAL, 2029, "keep", "drop"),  # HSRP for IPv6
    _Step(_BYTE_X, 54, name="ICMPv6"),  # type
    _Step(_AT_LEAST, 133, otherwise="drop"),
    _Step(_GREATER, 137, "drop", "keep"),
    _Step(_RETURN, 0x40000, name="keep"),
    _Step(_RETURN, 0, name="drop"),
)


def _assembled(steps: tuple[_Step, ...]) -> tuple[tuple[int, int, int, int], ...]:
    places = {step.name: place for place, step in enumerate(steps) if step.name}
    return tuple(
        (
            step.code,
            places.get(step.then, place + 1) - place - 1,
            places.get(step.otherwise, place + 1) - place - 1,
            step.operand,
        )
        for place, step in enumerate(steps)
    )


HEARD = Filter(_assembled(_STEPS), IP_FRAME + 4)  # the slot: with a second tag
