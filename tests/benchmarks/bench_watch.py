"""From the first forged frame to the daemon's word, on the practice network: prints a table.

    python -m tests.benchmarks.bench_watch [RUNS [TROUBLE...]]

As root; ten minutes for 50 runs of one trouble, longer of those that nobody announces: they are
heard when next somebody asks. The daemon runs on the monitoring station, as its configuration
comes. The clock starts with the first forged frame that the station's card receives (AF_PACKET,
the kernel's own time stamp). Said is when another process has read the line of `watch --json`,
told when a webhook on the same host has received the alert.
"""

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import TCPServer
from tempfile import TemporaryDirectory
from time import sleep
from typing import NamedTuple

from rich.console import Console

from netguard import clock
from netguard.lab import namespaces
from netguard.lab.control import Lab, up
from tests.benchmarks.figures import milliseconds, new_table
from tests.benchmarks.hijack import inside
from tests.segment import Tap
from tests.watching import watching

RUNS = 50
SETTLED = 1.0  # seconds after the first look


class Trouble(NamedTuple):
    """What is done, the forged frames by which it begins, and the finding that is expected."""

    name: str
    address: str
    mac: str
    kind: str


def _trouble(name: str, address: str, number: str, kind: str) -> Trouble:
    return Trouble(name, f"198.51.100.{address}", f"00:00:5e:00:53:{number}", kind)


TROUBLES = (
    _trouble("gateway-hijack", "1", "24", "gateway-hijack"),
    _trouble("gateway-hijack-quiet", "1", "24", "gateway-hijack"),
    _trouble("gateway-silent-and-taken", "1", "25", "gateway-hijack"),
    _trouble("duplicate-address", "22", "23", "address-conflict"),
    _trouble("duplicate-address-quiet", "22", "23", "address-conflict"),
    _trouble("duplicate-address-other-switch", "22", "26", "address-conflict"),
    _trouble("address-squatting", "90", "27", "unassigned-address"),
)


class Run(NamedTuple):
    """Seconds from the first forged frame; None for what did not come."""

    said: float
    told: float | None
    port: str | None


class Webhook(HTTPServer):
    """Takes alerts, and notes when each came."""

    def __init__(self) -> None:
        self.came: list[tuple[float, str]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                at = clock.now().timestamp()
                length = int(self.headers["Content-Length"])
                hook.came.append((at, self.rfile.read(length).decode()))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    def server_bind(self) -> None:
        """Bind, without HTTPServer's question to DNS for our name: nobody answers in there."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]


@contextmanager
def webhook(namespace: int) -> Iterator[Webhook]:
    with namespaces.entered(namespace):
        server = Webhook()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def first_forged(tap: Tap, trouble: Trouble) -> float:
    return tap._began + min(
        seconds
        for seconds, frame in tap.frames()
        if (str(frame.sender_ip), frame.sender_hw) == (trouble.address, trouble.mac)
    )


def run(lab: Lab, mon: int, trouble: Trouble) -> Run:
    """Break one thing before a daemon with a store of its own: come again it might be held back."""
    with TemporaryDirectory() as folder, webhook(mon) as hook:
        url = f'url = "json://127.0.0.1:{hook.server_port}/"'
        alert = f'[[alert]]\n{url}\nseverity = "notice"\n\n[snmp.lab]'
        with watching(lab, Path(folder), (("[snmp.lab]", alert),)) as daemon:
            daemon.swept()
            sleep(SETTLED + random.random())  # noqa: S311 - any phase will do
            with Tap(mon, "eth1") as tap:
                lab.break_(trouble.name)
                said = daemon.turned("opened", trouble.kind)
                sleep(1)
                began = first_forged(tap, trouble)
            daemon.end()
    lab.mend(trouble.name)
    told = next((at for at, text in hook.came if trouble.kind in text), None)
    places = [c["location"] for c in said["finding"]["claimants"] if c["mac"] == trouble.mac]
    port = f"{places[0]['device']} {places[0]['port']}" if places and places[0] else None
    return Run(said["read"] - began, told - began if told else None, port)


def main() -> None:
    runs, wanted = int(sys.argv[1] if sys.argv[1:] else RUNS), sys.argv[2:]
    console = Console(width=100)
    columns = ("said ms", "worst", "told ms", "worst", "with the port")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        lab = stack.enter_context(up(folder / "lab"))
        mon = stack.enter_context(inside(lab, "mon"))
        for trouble in TROUBLES:
            if wanted and trouble.name not in wanted:
                continue
            table = new_table(f"From the first forged frame, {runs} runs", columns)
            seen = [run(lab, mon, trouble) for _ in range(runs)]
            told = [each.told for each in seen if each.told is not None]
            table.add_row(
                trouble.name,
                *milliseconds([each.said for each in seen]),
                *milliseconds(told),
                f"{sum(each.port is not None for each in seen)} of {len(seen)}",
            )
            console.print(table)


if __name__ == "__main__":
    main()
