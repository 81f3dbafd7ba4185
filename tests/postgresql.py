"""A PostgreSQL server of our own: on a socket in its own folder, and nowhere else."""

import glob
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

NOBODY = 65534


def _programs() -> Path | None:
    """Return the folder of initdb and pg_ctl; Debian keeps it off PATH."""
    debian = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))  # noqa: PTH207 - Path.glob needs a folder
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


PROGRAMS = _programs()
needed = pytest.mark.skipif(
    PROGRAMS is None, reason="NOT TESTED: no PostgreSQL here; apt-get install postgresql"
)


class Server:
    """A server that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAMS is not None
        self.folder = folder
        self._data = folder / "data"
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
        _run(PROGRAMS / "initdb", "-D", self._data, "-U", "netguard", "-A", "trust", "--no-sync")

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self._control("-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, as a crash would."""
        self._control("-m", "immediate", "stop")

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Have it do nothing, and close no socket, until the end of the `with`."""
        first = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(first, signal.SIGSTOP)  # before its children: it makes no more of them
        processes = [first, *_children(first)]
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in processes:
                os.kill(process, signal.SIGCONT)

    def _control(self, *words: object) -> None:
        assert PROGRAMS is not None
        _run(PROGRAMS / "pg_ctl", "-D", self._data, "-w", *words)

    def new_database(self) -> str:
        """Return the URL of a new, empty database."""
        base = f"postgresql+psycopg://netguard@/{{}}?host={self.folder}"
        name = f"t{uuid4().hex}"
        engine = sa.create_engine(base.format("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return base.format(name)


@contextmanager
def running() -> Iterator[Server]:
    """Give a server that runs, and end it."""
    with tempfile.TemporaryDirectory(prefix="netguard-pg-") as place:
        server = Server(Path(place))
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _children(parent: int) -> list[int]:
    task = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(child) for child in task.read_text().split()]


def _run(*command: object) -> None:
    """Run as an ordinary user: PostgreSQL refuses root."""
    as_nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    words = [*(as_nobody if os.geteuid() == 0 else ()), *map(str, command)]
    subprocess.run(words, check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60)
