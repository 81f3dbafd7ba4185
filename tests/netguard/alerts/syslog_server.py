"""Syslog servers on the loopback, and the grammar of RFC 5424, section 6."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

GRAMMAR = re.compile(
    rb"<(?P<pri>0|[1-9]\d{0,2})>1"
    rb" (?P<stamp>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))"
    rb" (?P<host>[!-~]{1,255}) (?P<app>[!-~]{1,48}) (?P<proc>[!-~]{1,128}) (?P<msgid>[!-~]{1,32})"
    rb" (?P<sd>-|(?:\[(?P<sdid>[!#-<>-\\^-~]{1,32})"
    rb'(?: [!#-<>-\\^-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\])+)'
    rb" \xef\xbb\xbf(?P<msg>.*)",
    re.DOTALL,
)
PARAM = re.compile(r'([a-z]+)="((?:[^"\\\]]|\\["\\\]])*)"')


class Record:
    """One message that keeps to the grammar."""

    def __init__(self, octets: bytes) -> None:
        found = GRAMMAR.fullmatch(octets)
        assert found, octets
        self.facility, self.severity = divmod(int(found["pri"]), 8)
        self.stamp, self.host, self.app, self.proc, self.msgid, self.sdid = (
            (found[name] or b"").decode("ascii")
            for name in ("stamp", "host", "app", "proc", "msgid", "sdid")
        )
        self.params = {
            name: re.sub(r"\\(.)", r"\1", value)
            for name, value in PARAM.findall(found["sd"].decode())
        }
        self.text = found["msg"].decode()
        self.length = len(octets)


class Udp:
    """A server whose datagrams are read when they are asked for."""

    def __init__(self, socket_: socket.socket) -> None:
        self._socket = socket_
        self.port: int = socket_.getsockname()[1]

    def record(self) -> Record:
        return Record(self._socket.recv(65536))

    def nothing(self) -> bool:
        self._socket.settimeout(0)
        try:
            return not self._socket.recv(65536)
        except BlockingIOError:
            return True
        finally:
            self._socket.settimeout(30)


@contextmanager
def udp(host: str = "127.0.0.1") -> Iterator[Udp]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as bound:
        bound.bind((host, 0))
        bound.settimeout(30)
        yield Udp(bound)


class Tcp:
    """A server that reads one connection to its end, or only so many octets of it."""

    def __init__(self, listening: socket.socket, most: int | None) -> None:
        self.port: int = listening.getsockname()[1]
        self._octets = b""
        self._listening = listening
        self._most = most
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            if self._most is not None:
                connection.recv(self._most)
                return  # with octets unread, which resets the connection
            while chunk := connection.recv(4096):
                self._octets += chunk

    def records(self) -> list[Record]:
        """Take the octets that were counted: RFC 6587, section 3.4.1."""
        self._thread.join(30)
        rest, found = self._octets, []
        while rest:
            counted, _, rest = rest.partition(b" ")
            assert re.fullmatch(rb"[1-9]\d*", counted)
            length = int(counted)
            assert len(rest) >= length
            found.append(Record(rest[:length]))
            rest = rest[length:]
        return found


@contextmanager
def tcp(*, most: int | None = None) -> Iterator[Tcp]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Tcp(listening, most)
        yield server
        server._thread.join(30)
