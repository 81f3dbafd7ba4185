import contextlib
import os
import socket
from pathlib import Path

import pytest

from netguard.lab import namespaces

pytestmark = pytest.mark.packets


def inode_of_this_thread() -> int:
    return Path("/proc/thread-self/ns/net").stat().st_ino


def test_a_namespace_is_new_and_the_thread_stays_where_it_was() -> None:
    before = inode_of_this_thread()
    fd = namespaces.create()
    try:
        assert os.fstat(fd).st_ino != before
        assert inode_of_this_thread() == before
    finally:
        os.close(fd)


def test_the_body_runs_inside_and_the_thread_comes_back_even_after_an_error() -> None:
    before = inode_of_this_thread()
    fd = namespaces.create()
    try:
        with contextlib.suppress(ZeroDivisionError), namespaces.entered(fd):
            assert inode_of_this_thread() == os.fstat(fd).st_ino
            raise ZeroDivisionError
        assert inode_of_this_thread() == before
    finally:
        os.close(fd)


def test_a_socket_belongs_to_the_namespace_that_it_was_opened_in() -> None:
    fd = namespaces.create()
    try:
        with namespaces.entered(fd):
            inside = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with inside, pytest.raises(OSError, match="unreachable"):
            inside.sendto(b"", ("127.0.0.1", 9))  # its loopback was never taken up
    finally:
        os.close(fd)
