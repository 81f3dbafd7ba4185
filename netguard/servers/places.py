"""Where servers are asked from: this machine, their own segment, and other hosts over SSH."""

from collections.abc import Sequence

import msgspec

from netguard.config import Config
from netguard.config.settings import Vantage
from netguard.errors import ConfigError
from netguard.suggest import did_you_mean
from probes.interfaces import local_interfaces, source_address
from probes.records import IPAddress

HERE = "here"
SEGMENT = "segment"
_DISCARD = 9


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen places: `here` is this machine's name as a vantage, None where it is not asked."""

    here: str | None = HERE
    segment: bool = True
    remote: tuple[Vantage, ...] = ()

    @property
    def count(self) -> int:
        """How many places there can be for one server."""
        return (self.here is not None) + self.segment + len(self.remote)


def places(config: Config, names: Sequence[str] = ()) -> Places:
    """Return the named places, or all. Raises ConfigError for a name that is none."""
    here = next((v.name for v in config.vantages if v.ssh is None), HERE)
    remote = {v.name: v for v in config.vantages if v.ssh is not None}
    known = (here, SEGMENT, *remote)
    for name in names:
        if name not in known:
            raise ConfigError(
                f"no vantage is named {name!r} in {config.path}", remedy=did_you_mean(name, known)
            )
    chosen = names or known
    return Places(
        here=here if here in chosen else None,
        segment=SEGMENT in chosen,
        remote=tuple(vantage for name, vantage in remote.items() if name in chosen),
    )


def own_sources(target: IPAddress) -> tuple[IPAddress, ...]:
    """Return this machine's addresses to ask from: those beside the one the kernel would choose.

    Addresses in the same network of the same interface are routed alike, so any may ask.
    """
    usual = source_address(str(target), _DISCARD)
    for interface in local_interfaces().values():
        for own in interface.addresses:
            if own.ip == usual:
                return tuple(o.ip for o in interface.addresses if o.network == own.network)
    return ()
