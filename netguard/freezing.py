"""The kill switch of unattended action: a file that any shell can make, beside the store.

A store that is no file may have several machines, and users with folders of their own: there it
stands in the store itself. A file where this process keeps its state freezes it all the same.
"""

import os
from pathlib import Path

from netguard.config.places import sqlite_file, state_folder
from netguard.errors import NetguardError, StoreError
from netguard.store import open_store

NAME = "frozen"


def freeze_file(store: str) -> Path | None:
    """Return the file that freezes, in the folder of the store; None where that is no file."""
    file = sqlite_file(store)
    return file.parent / NAME if file else None


def why_frozen(store: str) -> str:
    """Return why nothing may be done unattended, empty where it may; in doubt it is frozen."""
    path = freeze_file(store)
    return _in_file(_beside()) or _in_store(store) if path is None else _in_file(path)


def _beside() -> Path:
    return state_folder(os.environ) / NAME


def _in_file(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        return f"{path}: {error.strerror}"
    first = text.partition("\n")[0][:200]
    return f"{path} exists{f': {first}' if first else ''}"


def _in_store(url: str) -> str:
    try:
        with open_store(url) as store:
            said = store.frozen()
    except StoreError as error:
        return f"whether it is frozen cannot be read: {error.message}"
    return f"the store says so: {said[0][:200]}" if said else ""


def freeze(store: str, said: str) -> None:
    """Freeze it; what was said already stays. Raises NetguardError where that is not possible."""
    path = freeze_file(store)
    if path is None:
        with open_store(store) as opened:
            opened.freeze(said)
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{said}\n")
    except OSError as error:
        raise _not_possible(path, error) from None


def thaw(store: str) -> bool:
    """Allow it again; return whether it was frozen."""
    path = freeze_file(store)
    if path is None:
        with open_store(store) as opened:
            return opened.thaw() | _removed(_beside())
    return _removed(path)


def _removed(path: Path) -> bool:
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
