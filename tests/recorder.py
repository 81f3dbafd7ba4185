"""Another process that writes to the store: `python -m tests.recorder URL [WHAT] [STATEMENT]`.

WHAT is the number of bindings in a sweep, or the step of a port action. It dies by SIGKILL just
before the STATEMENTth statement it sends, COMMIT being one, where one is given.
"""

import os
import signal
import sys
from ipaddress import ip_address
from itertools import count

import sqlalchemy as sa

from netguard.cli import complain
from netguard.errors import NetguardError
from netguard.store import Store, open_store
from tests.remembering import action, binding, finding, order, remember, said

FIRST = int(ip_address("198.18.0.0"))


def die_before(statement: int) -> None:
    """Kill this process, as the kernel would, before it sends so many statements."""
    sent = count(1)

    def watch(*_: object) -> None:
        if next(sent) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "before_cursor_execute", watch)
    sa.event.listen(sa.Engine, "commit", watch)


def sweep(store: Store, bindings: int) -> None:
    """Record a sweep at minute 1."""
    remember(
        store,
        [finding("198.51.100.9", minute=1)],
        minute=1,
        bindings=(binding(str(ip_address(FIRST + n))) for n in range(bindings)),
        identities=[said(1)],
    )


def act(store: Store, step: str) -> None:
    """Write one step of an action of this process's own, once it has said that it is about to."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    mine = f"a{os.getpid()}"
    if step == "intent":
        store.begin(action("intent", mine, order=order(who="jon"), pid=os.getpid()))
    else:
        store.append(action("outcome", mine))


def main(url: str, what: str = "1", statement: str = "0") -> int:
    """Write to the store, and say in one line what prevents it."""
    die_before(int(statement))
    try:
        with open_store(url) as store:
            if what.isdecimal():
                sweep(store, int(what))
            else:
                act(store, what)
    except NetguardError as error:
        complain(error.message, error.remedy)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
