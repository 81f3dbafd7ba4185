"""Which addresses of a block are asked: all, or so many of a large one that they speak for it."""

import random
from collections.abc import Iterator

from netguard.inventory import IPNetwork, Server
from probes.records import IPAddress

MOST = 1024  # addresses of one block that are all asked
_FIRST = 32  # of a larger block: where people begin to count,
_ANYWHERE = 96  # and these wherever chance has it, so that nobody can prepare for them


def targets(server: Server, chance: random.Random) -> tuple[IPAddress, ...]:
    """Return the addresses to ask about, each once."""
    asked = (target for block in server.blocks for target in addresses_of(block, chance))
    return tuple(dict.fromkeys(asked))


def addresses_of(block: IPNetwork, chance: random.Random) -> Iterator[IPAddress]:
    """Yield the addresses of a block, or a sample of one that is too large."""
    numbers = range(block.num_addresses)
    if not is_sampled(block):
        yield from block
        return
    first = block.network_address
    chosen = {*numbers[:_FIRST], *(chance.randrange(block.num_addresses) for _ in range(_ANYWHERE))}
    for number in sorted(chosen):
        yield first + number


def is_sampled(block: IPNetwork) -> bool:
    """Tell whether a block is too large for all of its addresses to be asked."""
    return block.num_addresses > MOST
