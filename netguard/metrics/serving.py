"""The HTTP endpoint that Prometheus reads, in a thread of its own; it closes without a trace."""

import errno
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import make_wsgi_app

from netguard.errors import NetguardError
from netguard.metrics.families import registry
from netguard.metrics.numbers import Numbers

_PATIENCE = 10.0  # seconds that a client may say nothing
_MOST = 16  # clients at a time: a scraper needs one
_REMEDIES = {
    errno.EADDRINUSE: "Another program listens there (`ss -ltnp` says which): choose another port.",
    errno.EADDRNOTAVAIL: "No interface of this machine has that address (`ip address`).",
    errno.EACCES: "Ports below 1024 need a right of their own: choose a higher one.",
}


@contextmanager
def serve(address: str, port: int, source: Callable[[], Numbers]) -> Iterator[int]:
    """Serve what the source returns at http://ADDRESS:PORT/metrics, and yield the port.

    Port 0 is any free one. The source is called in other threads, once for each look: it returns
    what stands ready and waits for nobody. Raises NetguardError where nobody can listen there; no
    thread and no connection is left at the end.
    """
    server = _listening(address, port)
    server.set_app(make_wsgi_app(registry(source)))
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _listening(address: str, port: int) -> "_Server":
    try:
        family, *_, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        return _Server(family, place)
    except OSError as error:
        host = f"[{address}]" if ":" in address else address
        raise NetguardError(
            f"metrics cannot be served at {host}:{port}: {error.strerror}",
            remedy=_REMEDIES.get(error.errno or 0, "Look at `metrics` in [watch]."),
        ) from error


class _Handler(WSGIRequestHandler):
    """Answers one request, and logs none."""

    timeout = _PATIENCE

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - its signature
        """Log nothing: a scraper comes every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    """A thread for each client, all of which end with the server."""

    daemon_threads = False  # only then does closing wait for them

    def __init__(self, family: socket.AddressFamily, place: Any) -> None:  # noqa: ANN401 - by family
        self.address_family = family
        self._clients: set[socket.socket] = set()
        super().__init__(place, _Handler)

    def server_bind(self) -> None:
        """Bind, without HTTPServer's question to DNS for our name: it may be what is broken."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
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
