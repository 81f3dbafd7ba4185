"""The systemd unit of the daemon: its program, its configuration, and what may be in the way."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path

from netguard.config.places import SYSTEM_CONFIG, find_config

_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))  # what ProtectHome= hides
_PLAIN = re.compile(r"[\w@+=:,./%$-]+")


def unit(program: Sequence[str], config: Path) -> str:
    """Return netguard.service: it runs `netguard watch`, with nothing but the right to raw sockets.

    `program` is the command line of netguard itself, an absolute path first.
    """
    words = (*program[1:], "watch", "--config", str(config))
    command = [_word(program[0]), *(_word(word).replace("$", "$$") for word in words)]
    template = resources.files("netguard.config").joinpath("netguard.service").read_text("utf-8")
    return template.replace("{command}", " ".join(command))


def program(called: str, python: str) -> tuple[str, ...]:
    """Return the command line of netguard, from sys.argv[0] and sys.executable."""
    script = Path(called).absolute()
    if script.name == "netguard" and script.is_file():
        return (str(script),)
    return (python, "-m", "netguard")


def service_config(named: Path | None, environ: Mapping[str, str]) -> Path:
    """Return the file that a service reads: the named one, $NETGUARD_CONFIG, or the system's.

    Never a user's own. The system's may still be missing; for the others that is a ConfigError.
    """
    if named is not None or environ.get("NETGUARD_CONFIG"):
        return find_config(named, environ)
    return SYSTEM_CONFIG


def hidden(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield what lies in a home folder, or leads there: the unit does not let netguard see it."""
    for path in paths:
        ways = (path, path.resolve())
        if any(way.is_relative_to(home) for way in ways for home in _HOMES):
            yield path


def _word(text: str) -> str:
    """Return a word of a command line as systemd.service(5) has it quoted."""
    text = text.replace("%", "%%")
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
