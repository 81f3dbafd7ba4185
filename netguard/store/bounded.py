"""A connection to PostgreSQL on which nobody waits for ever for a server that hangs.

Such a server keeps its sockets, and its kernel goes on acknowledging what arrives: no setting of
libpq or of the server ends that wait.
"""

from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
import sqlalchemy as sa
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

ANSWER = 7.0  # seconds without a word; more than the server itself waits for a lock
LOOK_UP = 0.1  # seconds after which the driver looks up from waiting (psycopg 3.2.12 and later)

R = TypeVar("R")


class NoAnswer(psycopg.OperationalError):
    """The server has said nothing for too long; its connection is closed."""


class Bounded(psycopg.Connection[Any]):
    """A connection that is closed where a statement gets no answer for `patience` seconds."""

    patience = ANSWER

    def wait(self, gen: PQGen[R], interval: float = LOOK_UP, timeout: float | None = None) -> R:
        """See a statement through, as the driver does; raises NoAnswer."""
        try:
            return super().wait(_hurried(gen, timeout or self.patience), interval)
        except NoAnswer:
            self.close()  # what was asked may come to pass yet; nobody will hear of it
            raise


def _hurried(work: PQGen[R], patience: float) -> Generator[Wait, Ready | int, R]:
    """Go on with the work while the server says something."""
    try:
        wanted = next(work)
        last = monotonic()
        while True:
            ready = yield wanted
            if ready:
                last = monotonic()
            elif monotonic() - last > patience:
                raise NoAnswer(f"it has not answered for {patience:g} s")
            wanted = work.send(ready)
    except StopIteration as done:
        result: R = done.value
        return result


def connect(_dialect: object, _record: object, args: list[str], options: dict[str, Any]) -> Bounded:
    """Connect, for an engine's `do_connect`."""
    return Bounded.connect(*args, **options)


def give_up(failure: sa.ExceptionContext) -> None:
    """Make no new connection where an old one got no answer, for an engine's `handle_error`."""
    if failure.is_pre_ping and isinstance(failure.original_exception, NoAnswer):
        failure.is_disconnect = False
