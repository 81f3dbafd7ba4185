"""A socket at which others reach us, or why there can be none and what to do about that."""

import errno
import socket
from typing import Any

from probes.errors import LinkError

TAKEN = "port-taken"  # the kind of gap; all others are CLOSED
CLOSED = "cannot-listen"
_REMEDIES = {
    errno.EADDRINUSE: "another program has it (`ss -lnp 'sport = :{port}'`): choose another port",
    errno.EACCES: "use a port from 1024 on, or add CAP_NET_BIND_SERVICE to the unit",
    errno.EADDRNOTAVAIL: "use an address of this machine (`ip address`)",
}


def bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """Return a socket at this address, a stream's listening already; no address means every one.

    One for every address takes IPv4 too, where there is IPv6 at all. Raises LinkError.
    """
    try:
        return _bound(address, port, kind)
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "correct the address and the port")
        raise LinkError(
            f"{address or '*'} port {port}",
            f"cannot listen: {error.strerror}",
            remedy=remedy.format(port=port),
            kind=TAKEN if error.errno == errno.EADDRINUSE else CLOSED,
        ) from None


def _bound(address: str, port: int, kind: socket.SocketKind) -> socket.socket:
    family, where = _family(address, port, kind)
    made = socket.socket(family, kind)
    try:
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, where[0] != "::")
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(where)
        if kind == socket.SOCK_STREAM:
            made.listen()
    except OSError:
        made.close()
        raise
    return made


def _family(
    address: str, port: int, kind: socket.SocketKind
) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    if not address:
        six = socket.has_dualstack_ipv6()
        return (socket.AF_INET6, ("::", port)) if six else (socket.AF_INET, ("", port))
    family, *_, where = socket.getaddrinfo(address, port, type=kind, flags=socket.AI_NUMERICHOST)[0]
    return family, where
