"""Which segments a command is about: the named ones, or all."""

from netguard.config import Config
from netguard.errors import ConfigError
from netguard.inventory import Segment
from netguard.suggest import did_you_mean


def named(config: Config, names: tuple[str, ...]) -> tuple[Segment, ...]:
    """Return the segments of these names; raises ConfigError for a name that is none's."""
    known = {segment.name: segment for segment in config.inventory.segments}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise ConfigError(f"no segment is named {name!r} in {config.path}", remedy=hint)
    return tuple(known[name] for name in dict.fromkeys(names))


def chosen(config: Config, names: tuple[str, ...]) -> tuple[Segment, ...]:
    """Return the named segments, or all of them."""
    if not config.inventory.segments:
        raise ConfigError(
            f"{config.path} has no [[segment]]: there is nothing to sweep",
            remedy="Add one; `netguard config init` prints an example.",
        )
    return named(config, names) or config.inventory.segments
