"""What the kernel keeps for a listener: all that may hold ARP, NDP, VRRP or HSRP."""

from probes.bpf import (
    ADD_X,
    AND,
    AT_LEAST,
    BYTE_X,
    EQUAL,
    GREATER,
    HALF,
    HALF_X,
    SET_X,
    SHIFT,
    TO_X,
    WORD_X,
    Step,
    keeping,
)
from probes.link import IP_FRAME

# The kernel takes the outermost tag off before a filter sees the frame. Where a second one is left
# everything stands four octets further on, which is what X holds.
HEARD = keeping(
    Step(SET_X, 0),
    Step(HALF, 12),  # EtherType
    Step(EQUAL, 0x8100, then="tagged"),
    Step(EQUAL, 0x88A8, then="tagged"),
    Step(EQUAL, 0x9100, "tagged", "untagged"),
    Step(SET_X, 4, name="tagged"),
    Step(HALF_X, 12, name="untagged"),
    Step(EQUAL, 0x0806, then="keep"),
    Step(EQUAL, 0x0800, then="IPv4"),
    Step(EQUAL, 0x86DD, then="IPv6"),
    Step(GREATER, 0x05DC, then="drop"),  # no length of a frame with LLC
    Step(WORD_X, 14),
    Step(EQUAL, 0xAAAA0300, otherwise="drop"),  # SNAP
    Step(HALF_X, 20),  # its EtherType: of IP in SNAP nothing is heard live
    Step(EQUAL, 0x0806, "keep", "drop"),
    Step(WORD_X, 30, name="IPv4"),  # destination
    Step(EQUAL, 0xE0000012, then="keep"),  # 224.0.0.18: VRRP
    Step(EQUAL, 0xE0000002, then="UDP"),  # 224.0.0.2
    Step(EQUAL, 0xE0000066, otherwise="drop"),  # 224.0.0.102
    Step(BYTE_X, 23, name="UDP"),  # protocol
    Step(EQUAL, 17, otherwise="drop"),
    Step(BYTE_X, 14),
    Step(AND, 0x0F),
    Step(SHIFT, 2),  # octets of the header
    Step(ADD_X),
    Step(TO_X),
    Step(HALF_X, 16),  # destination port
    Step(EQUAL, 1985, "keep", "drop"),  # HSRP
    Step(BYTE_X, 20, name="IPv6"),  # next header
    Step(EQUAL, 58, then="ICMPv6"),
    Step(EQUAL, 112, then="keep"),  # VRRP
    Step(EQUAL, 0, then="keep"),  # hop-by-hop options, routing, destination options: behind
    Step(EQUAL, 43, then="keep"),  # these may stand NDP, which only the parser finds
    Step(EQUAL, 60, then="keep"),
    Step(EQUAL, 17, otherwise="drop"),
    Step(HALF_X, 56),  # destination port
    Step(EQUAL, 2029, "keep", "drop"),  # HSRP for IPv6
    Step(BYTE_X, 54, name="ICMPv6"),  # type
    Step(AT_LEAST, 133, otherwise="drop"),
    Step(GREATER, 137, "drop", "keep"),
    slot=IP_FRAME + 4,  # with a second tag
)
