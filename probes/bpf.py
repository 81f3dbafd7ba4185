"""Classic BPF: which frames the kernel keeps for a socket, in steps whose jumps go by name."""

from typing import NamedTuple

import msgspec

SET_X, TO_X, ADD_X, AND, SHIFT = 0x01, 0x07, 0x0C, 0x54, 0x64
BYTE, HALF, WORD, LENGTH = 0x30, 0x28, 0x20, 0x80  # loads, from [k], and of the frame's length
BYTE_X, HALF_X, WORD_X = 0x50, 0x48, 0x40  # from [x + k]
EQUAL, GREATER, AT_LEAST = 0x15, 0x25, 0x35
_RETURN = 0x06


class Step(NamedTuple):
    """An instruction, or a comparison: where it leads to if it holds, and `otherwise`.

    That is the step of this `name`, the next one where nothing is said.
    """

    code: int
    operand: int = 0
    then: str = ""
    otherwise: str = ""
    name: str = ""


# The kernel takes the 802.1Q tag off before a filter sees the frame; what another VLAN says on a
# trunk is another segment's, so only VLAN 0 (untagged, or priority-tagged) passes.
UNTAGGED = (
    Step(WORD, 0xFFFFF000 + 44, name="VLAN"),  # vlan_tci
    Step(AND, 0x0FFF),  # VLAN identifier
    Step(EQUAL, 0, otherwise="drop"),
)


class Filter(msgspec.Struct, frozen=True):
    """A program, and how many octets of a frame there is room for."""

    program: tuple[tuple[int, int, int, int], ...]
    slot: int


def keeping(*steps: Step, slot: int) -> Filter:
    """Return the filter that keeps what gets past the last step, or to "keep", and not to "drop".

    Of each frame `slot` octets.
    """
    steps = (*steps, Step(_RETURN, slot, name="keep"), Step(_RETURN, 0, name="drop"))
    places = {step.name: place for place, step in enumerate(steps) if step.name}
    program = tuple(
        (
            step.code,
            places.get(step.then, place + 1) - place - 1,
            places.get(step.otherwise, place + 1) - place - 1,
            step.operand,
        )
        for place, step in enumerate(steps)
    )
    return Filter(program, slot)
