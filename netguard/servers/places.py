"""Where servers are asked from: this machine, their own segment, and other hosts over SSH."""

from collections.abc import Sequence

import msgspec

from netguard.config import Config
from netguard.config.settings import Vantage
from netguard.errors import ConfigError
from netguard.suggest import did_you_mean
from probes.records import IPAddress

HERE = "here"
SEGMENT = "segment"


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The chosen places: `here` is this machine's name as a vantage, None where it is not asked.

    `sources` are this machine's addresses to ask from, () for the kernel's choice.
    """

    here: str | None = HERE
    sources: tuple[IPAddress, ...] = ()
    segment: bool = True
    remote: tuple[Vantage, ...] = ()


def places(config: Config, names: Sequence[str] = ()) -> Places:
    """Return the named places, or all. Raises ConfigError for a name that is none."""
    own = next((v for v in config.vantages if v.ssh is None), None)
    here = own.name if own else HERE
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
        sources=own.sources if own else (),
        segment=SEGMENT in chosen,
        remote=tuple(vantage for name, vantage in remote.items() if name in chosen),
    )
