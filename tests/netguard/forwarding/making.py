"""Random worlds: servers of every kind, ways of every kind, and what chance and malice add."""

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from tests.netguard.forwarding.world import End, Lie, Policy, Talk, Version, World

T = TypeVar("T")
Kind = str

LIES: tuple[Lie, ...] = (
    "exceeded-by-edge",
    "exceeded-by-neighbour",
    "exceeded-by-stranger",
    "exceeded-by-target",
    "no-route-by-edge",
    "nobody-there-by-edge",
    "nobody-there-by-neighbour",
    "prohibited-by-neighbour",
    "echo-at-the-door",
    "redirects",
)
_ON_ANY: tuple[End, ...] = (
    "bound",
    "dropped",
    "vacant",
    "neighbour",
    "unrouted",
    "astray",
    "router",
)
_ON_ROUTING: tuple[End, ...] = ("live", "live", "dead", "loop", "refused")
_TALKS: tuple[Talk, ...] = ("talks", "talks", "rationed", "silent")


class _Dice(random.Random):
    def one(self, of: Sequence[T]) -> T:
        return self.choice(of)

    def rarely(self, share: float = 0.2) -> bool:
        return self.random() < share


def _gateway(dice: _Dice) -> Policy:
    return Policy(
        routes=True,
        exceeded=dice.one(("rationed", "rationed", "talks", "silent")),
        decrements=not dice.rarely(),
        mtu=dice.one((None, 1420)),
        far=dice.one((0.0002, 0.03)),
        ethernet=dice.rarely(0.4),
        inner=dice.rarely(),
        translates=dice.rarely(),
        feigns=dice.rarely(),
        shy=dice.rarely(0.15),
        hushed=dice.rarely(0.4),
    )


def _container_host(dice: _Dice) -> Policy:
    return Policy(routes=True, filtered=True, hushed=dice.rarely(0.4))


def _plain(dice: _Dice) -> Policy:
    return Policy(hushed=dice.rarely(0.4), shy=dice.rarely(0.15))


def _router(dice: _Dice) -> Policy:
    """Return a server that would route, and behind which there is nothing."""
    return Policy(routes=True, decrements=not dice.rarely(), exceeded=dice.one(_TALKS))


_KINDS: dict[str, tuple[Callable[[_Dice], Policy], tuple[End, ...]]] = {
    "plain": (_plain, _ON_ANY),
    "containers": (_container_host, _ON_ANY),
    "router": (_router, (*_ON_ANY, "loop", "refused")),
    "gateway": (_gateway, (*_ON_ANY, *_ON_ROUTING)),
}


def _ends(dice: _Dice, possible: Sequence[End]) -> tuple[End, ...]:
    """Return what stands in a block: mostly a few kinds, often many of one."""
    some = [dice.one(possible) for _ in range(dice.randint(1, 4))]
    if dice.rarely(0.7):
        some.append(dice.one(("bound", "live" if "live" in possible else "bound")))
    ends: list[End] = [dice.one(some) for _ in range(dice.randint(1, 24))]
    return tuple(ends)


def world(seed: int, kind: str) -> World:
    """Return a world without loss and without lies whose edge talks."""
    dice = _Dice(seed)
    policy, possible = _KINDS[kind]
    routers = dice.randint(0, 3)
    on_segment = dice.rarely(0.3)
    versions: tuple[Version, ...] = (4, 4, 6)
    version = dice.one(versions)
    return World(
        ends=_ends(dice, possible),
        policy=policy(dice),
        version=version,
        dual=version == 6 and not on_segment and dice.rarely(0.5),
        routers=routers,
        detours=dice.one(((0,), (0,), (0, 1), (0, 2), (0, 1, 3))) if routers else (0,),
        returns=dice.one(((0,), (0,), (0, 1))),
        core="silent" if dice.rarely() else "talks",
        on_segment=on_segment,
        by_gateway=on_segment and dice.rarely(),
        informed=dice.rarely(0.6),
        sources=dice.one((0, 0, 3)),
        methods=frozenset({"icmp"} if dice.rarely() else {"icmp", "udp"}),
        seed=seed,
    )


def noisy(seed: int, kind: str) -> World:
    """Return a world where answers are lost, late and doubled, and the edge need not talk."""
    dice = _Dice(f"{seed} noise")
    return msgspec.structs.replace(
        world(seed, kind),
        edge=dice.one(_TALKS),
        loss=dice.one((0.0, 0.02, 0.05)),
        late=dice.one((0.0, 0.0, 0.03)),
        twice=dice.one((0.0, 0.2)),
    )


def lying(seed: int) -> World:
    """Return a gateway that lies about what is behind it, and has its time exceeded to lie with."""
    dice = _Dice(f"{seed} lies")
    honest = world(seed, "gateway")
    lies = frozenset(dice.one(LIES) for _ in range(dice.randint(1, 3)))
    policy = msgspec.structs.replace(honest.policy, lies=lies)
    return msgspec.structs.replace(honest, policy=policy)
