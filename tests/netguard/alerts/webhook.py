"""A web service on the loopback that takes messages, or refuses, hangs, trickles or breaks off."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Manner = Literal["take", "refuse", "hang", "trickle", "reset"]


class Webhook(ThreadingHTTPServer):
    """`/slow` answers at the end of the test, `/broken` with 500; `manners` are by first name.

    One that hangs or trickles an endless header does so until it is to behave in another manner.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[dict[str, object]] = []
        self.manners: dict[str, Manner] = {"slow": "hang", "broken": "refuse"}
        self.asked: list[str] = []  # the first name of every request, taken or not
        self.ended = threading.Event()

    def url(self, path: str = "", query: str = "") -> str:
        return f"json://127.0.0.1:{self.server_port}/{path}/s3cret{query}"

    @property
    def titles(self) -> list[object]:
        return [message["title"] for message in self.received]


class Handler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path.split("/")[1]
        manner = self.server.manners.get(name, "take")
        if manner in {"take", "hang", "trickle"}:
            self.server.received.append(message)
        self.server.asked.append(name)
        if manner in {"hang", "trickle"}:
            self._stay(name, manner)
            return
        if manner == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(500 if manner == "refuse" else 200)
        self.end_headers()

    def _stay(self, name: str, manner: Manner) -> None:
        """Answer nothing, or never to the end, and hang up then."""
        self.close_connection = True
        if manner == "trickle":
            self.wfile.write(b"HTTP/1.0 200 OK\r\nX-Endless: ")
        while self.server.manners[name] == manner and not self.server.ended.wait(0.02):
            if manner == "trickle":
                self.wfile.write(b"x")

    def log_message(self, *_: object) -> None:
        """Keep the test's own output empty."""


def under_way() -> list[threading.Thread]:
    """Return the threads of attempts to deliver something that go on."""
    return [thread for thread in threading.enumerate() if thread.name == "alert"]


@contextmanager
def running() -> Iterator[Webhook]:
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.ended.set()
            server.shutdown()
            thread.join()
