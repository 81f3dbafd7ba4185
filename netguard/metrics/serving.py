"""The HTTP endpoint that Prometheus reads, in a thread of its own; it closes without a trace."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app

from netguard.metrics.families import registry
from netguard.metrics.numbers import Numbers
from probes.binding import bound

_PATIENCE = 10.0  # seconds that a client may say nothing
_MOST = 16  # clients at a time: a scraper needs one


@contextmanager
def serve(address: str, port: int, source: Callable[[], Numbers]) -> Iterator[int]:
    """Serve what the source returns at http://ADDRESS:PORT/metrics, and yield the port.

    Port 0 is any free one. The source is called in other threads, once for each look: it returns
    what stands ready and waits for nobody. Raises LinkError where nobody can listen there; no
    thread and no connection is left at the end.
    """
    server = _Server(bound(address, port, socket.SOCK_STREAM))
    server.set_app(make_wsgi_app(registry(source)))
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(WSGIRequestHandler):
    """Answers one request, and logs none."""

    timeout = _PATIENCE

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - its signature
        """Log nothing: a scraper comes every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each client, all of which end with the server."""

    daemon_threads = False  # only then does closing wait for them

    def __init__(self, link: socket.socket) -> None:
        self._clients: set[socket.socket] = set()
        address, port, *_ = link.getsockname()
        super().__init__((address, port), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = link
        # As HTTPServer does it, without its question to DNS: that may be what is broken.
        self.server_name, self.server_port = address, port
        self.setup_environ()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401, ARG002 - same
        """Turn a client away while there are too many."""
        if len(self._clients) >= _MOST:
            return False
        self._clients.add(request)
        return True

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - its signature
        """Let go of a client."""
        self._clients.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - same
        """Say nothing of clients that are slow or gone."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Hang up on the clients, and wait for their threads."""
        for client in tuple(self._clients):
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        super().server_close()
