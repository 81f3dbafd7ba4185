"""Sockets of the practice network's monitoring station, and what is sent from there as it is."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import sleep

from netguard.lab import namespaces
from netguard.lab.control import Lab
from tests.benchmarks.hijack import inside

LONGEST = 65507  # octets of a datagram


@contextmanager
def socket_there(lab: Lab, kind: socket.SocketKind) -> Iterator[socket.socket]:
    """Give a socket of the station's own, for the length of the `with`."""
    with inside(lab, "mon") as station:
        with namespaces.entered(station):
            made = socket.socket(socket.AF_INET, kind)
        with made:
            yield made


def send_datagrams(lab: Lab, port: int, *datagrams: bytes) -> None:
    """Send datagrams to a port of the station, no faster than a busy receiver has room for."""
    with socket_there(lab, socket.SOCK_DGRAM) as sender:
        for datagram in datagrams:
            sender.sendto(datagram[:LONGEST], ("127.0.0.1", port))
            sleep(0.002)


def send_stream(lab: Lab, port: int, stream: bytes) -> None:
    """Send all of it over one connection to a port of the station."""
    with socket_there(lab, socket.SOCK_STREAM) as sender:
        sender.connect(("127.0.0.1", port))
        sender.sendall(stream)
