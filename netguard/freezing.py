"""The kill switch of unattended action: a file that any shell can make, beside the store."""

import os
from collections.abc import Mapping
from pathlib import Path

from netguard.config.places import default_store, sqlite_file
from netguard.errors import NetguardError

NAME = "frozen"


def freeze_file(store: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the file that freezes: in the folder of the store, or of the default one."""
    file = sqlite_file(store) or sqlite_file(default_store(environ)) or Path("/var/lib/netguard")
    return file.parent / NAME


def why_frozen(store: str) -> str:
    """Return why nothing may be done unattended, empty where it may; in doubt it is frozen."""
    path = freeze_file(store)
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path}: {error.strerror}"
    first = text.partition("\n")[0][:200]
    return f"{path} exists{f': {first}' if first else ''}"


def freeze(store: str, said: str) -> Path:
    """Make the file; what was said already stays."""
    path = freeze_file(store)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{said}\n")
    except OSError as error:
        raise _not_possible(path, error) from None
    return path


def thaw(store: str) -> bool:
    """Remove the file; return whether there was one."""
    path = freeze_file(store)
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _not_possible(path, error) from None
    return True


def _not_possible(path: Path, error: OSError) -> NetguardError:
    return NetguardError(
        f"{path}: {error.strerror}", remedy="Run as the user that owns the folder, or with sudo."
    )
