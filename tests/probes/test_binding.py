"""Sockets that others can reach, and what is to be done where there can be none."""

import socket
from contextlib import closing

import pytest

from probes.binding import CLOSED, TAKEN, bound
from probes.errors import LinkError

LOOPBACK = "127.0.0.1"
KINDS = (socket.SOCK_DGRAM, socket.SOCK_STREAM)


@pytest.mark.parametrize("kind", KINDS)
def test_a_port_that_is_taken_is_a_clear_error_that_says_how_to_see_by_whom(
    kind: socket.SocketKind,
) -> None:
    with bound(LOOPBACK, 0, kind) as first:
        port = first.getsockname()[1]
        with pytest.raises(LinkError, match=f"{LOOPBACK} port {port}: cannot listen") as caught:
            bound(LOOPBACK, port, kind)
    assert caught.value.kind == TAKEN
    assert f"'sport = :{port}'" in caught.value.remedy


@pytest.mark.parametrize(
    ("address", "remedy"),
    [
        ("192.0.2.77", "use an address of this machine (`ip address`)"),
        ("2001:db8::77", "use an address of this machine (`ip address`)"),
        ("nobody.invalid", "correct the address and the port"),
    ],
)
def test_an_address_that_is_not_ours_or_none_is_a_clear_error(address: str, remedy: str) -> None:
    with pytest.raises(LinkError, match="cannot listen") as caught:
        bound(address, 5514, socket.SOCK_DGRAM)
    assert (caught.value.kind, caught.value.remedy) == (CLOSED, remedy)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_closed_can_be_had_again_at_once(kind: socket.SocketKind) -> None:
    with bound(LOOPBACK, 0, kind) as first:
        port = first.getsockname()[1]
    with bound(LOOPBACK, port, kind):
        pass


def test_no_address_means_all_of_either_family() -> None:
    with bound("", 0, socket.SOCK_STREAM) as listener:
        port = listener.getsockname()[1]
        for address in (LOOPBACK, "::1"):
            with closing(socket.create_connection((address, port))):
                pass


def test_an_address_of_ipv6_leaves_the_port_of_ipv4_alone() -> None:
    with (
        bound("::1", 0, socket.SOCK_DGRAM) as one,
        bound(LOOPBACK, one.getsockname()[1], socket.SOCK_DGRAM),
    ):
        pass
