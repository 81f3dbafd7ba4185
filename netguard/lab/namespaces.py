"""Network namespaces without names: each lives as long as an open file or a process in it.

Nothing is written under /run/netns, so nothing can be left behind: when the holder ends, even by
kill -9, the kernel takes its namespaces, links and bridges down with it.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000

# os.setns and os.unshare arrived in Python 3.12; this runs on 3.11 too.
_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _unshare(flags: int) -> None:
    _check(_libc.unshare(flags), "unshare")


def _setns(fd: int, kind: int = CLONE_NEWNET) -> None:
    _check(_libc.setns(fd, kind), "setns")


def current() -> int:
    """Return an open file that stands for the calling thread's network namespace."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def create() -> int:
    """Make a network namespace and return the open file that keeps it alive; the caller closes it.

    Raises PermissionError without CAP_SYS_ADMIN (see `become_root_in_user_namespace`).
    """
    home = current()
    try:
        _unshare(CLONE_NEWNET)
        try:
            return current()
        finally:
            _setns(home)
    finally:
        os.close(home)


@contextmanager
def entered(fd: int) -> Iterator[None]:
    """Run the body, in this thread, inside the network namespace that `fd` stands for.

    Sockets opened in the body belong to that namespace for good, wherever they are used later.
    """
    home = current()
    try:
        _setns(fd)
        try:
            yield
        finally:
            _setns(home)
    finally:
        os.close(home)


def join(user: int, network: int) -> None:
    """Move this single-threaded process into another's user and network namespace, for good."""
    if os.fstat(user).st_ino != Path("/proc/self/ns/user").stat().st_ino:
        _setns(user, CLONE_NEWUSER)
    _setns(network)


def become_root_in_user_namespace() -> None:
    """Move this single-threaded process into a user namespace of its own, as its root.

    Raises OSError where the kernel or its policy forbids it.
    """
    uid, gid = os.getuid(), os.getgid()
    _unshare(CLONE_NEWUSER | CLONE_NEWNET)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {gid} 1", encoding="ascii")
