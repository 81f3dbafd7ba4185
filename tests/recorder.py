"""Another process that records a sweep: `python -m tests.recorder URL [BINDINGS] [STATEMENT]`.

It dies by SIGKILL just before the STATEMENTth statement it sends, where one is given.
"""

import os
import signal
import sys
from ipaddress import ip_address
from itertools import count

import sqlalchemy as sa

from netguard.cli import complain
from netguard.errors import StoreError
from netguard.store import open_store
from tests.remembering import binding, finding, remember, said

FIRST = int(ip_address("198.18.0.0"))


def die_before(statement: int) -> None:
    """Kill this process, as the kernel would, before it sends so many statements."""
    sent = count(1)

    def watch(*_: object) -> None:
        if next(sent) == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "before_cursor_execute", watch)


def main(url: str, bindings: str = "1", statement: str = "0") -> int:
    """Record a sweep at minute 1, and say in one line what prevents it."""
    die_before(int(statement))
    try:
        with open_store(url) as store:
            remember(
                store,
                [finding("198.51.100.9", minute=1)],
                minute=1,
                bindings=(binding(str(ip_address(FIRST + n))) for n in range(int(bindings))),
                identities=[said(1)],
            )
    except StoreError as error:
        complain(error.message, error.remedy)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
