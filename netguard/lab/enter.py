"""Runs a program inside one of the lab's hosts: `python -m netguard.lab.enter DIRECTORY HOST ...`.

The holder hands over open files that stand for its namespaces; who can reach the lab's directory,
which is this user alone, may have them.
"""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from netguard.errors import NetguardError
from netguard.lab import control, namespaces, state
from netguard.lab.report import Reply, Request

_LEAST = 4


def run(directory: Path, host: str, argv: Sequence[str]) -> NoReturn:
    """Become the program `argv` inside a host, with the lab's configuration as its own.

    Raises NetguardError where there is no such lab, host or program.
    """
    namespaces.join(*_namespaces(directory, host))
    os.environ["NETGUARD_CONFIG"] = str(directory / state.CONFIG)
    # `netguard` lies beside the interpreter, whose environment may not be active
    paths = (os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent))
    os.environ["PATH"] = os.pathsep.join(paths)
    try:
        os.execvp(argv[0], list(argv))  # noqa: S606 - running what the user asked for is the purpose
    except OSError as error:
        raise NetguardError(
            f"{argv[0]}: {error.strerror}", remedy="Give a program that is installed here."
        ) from None


def _namespaces(directory: Path, host: str) -> list[int]:
    with control.connect(directory) as sock:
        sock.sendall(msgspec.json.encode(Request("enter", host)) + b"\n")
        first, files, _, _ = socket.recv_fds(sock, 1, 2)
        if not files:
            reply = msgspec.json.decode(first + sock.makefile("rb").readline(), type=Reply)
            raise NetguardError(reply.error, remedy=reply.remedy)
    return files


def main() -> None:
    """Run from a command line."""
    if len(sys.argv) < _LEAST:
        sys.exit("usage: python -m netguard.lab.enter DIRECTORY HOST PROGRAM [ARGUMENT]...")
    directory, host, *argv = sys.argv[1:]
    try:
        run(Path(directory), host, argv)
    except NetguardError as error:
        sys.exit(f"netguard: {error.message}\n  {error.remedy}")


if __name__ == "__main__":
    main()
