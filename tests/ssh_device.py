"""A switch or router on the end of an SSH connection: real SSH, two vendors' words, loopback only.

What it does wrong is said when it is made: see `Manners`.
"""

import re
import socket
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED

USER = "netguard"
PASSWORD = "s3cret for login"  # noqa: S105 - of this device only
ENABLE = "s3cret for enable"
OLD = {
    "kex": ("diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1"),
    "key_types": ("ssh-rsa",),
    "ciphers": ("aes128-cbc", "3des-cbc"),
    "digests": ("hmac-sha1",),
}
_PAGE = 2


class Gone(Exception):
    """The session is over."""


class Manners(NamedTuple):
    """How a device is set up, and what it does wrong."""

    enable: str | None = ENABLE  # None: no password is asked for
    privileged: bool = False  # a login begins in privileged mode
    asks_user: bool = False  # `enable` asks for a user name, too
    banner: str = ""
    log: str = ""  # written into the middle of every answer
    says: tuple[tuple[str, str], ...] = ()  # (command, what is said instead of doing it)
    deaf: tuple[str, ...] = ()  # commands that are taken, and do nothing
    hangs_up_before: str = ""  # the command at which the connection is closed, before or
    hangs_up_after: str = ""  # after it is done
    mute: str = ""  # the command that is never answered
    asks: tuple[str, str] = ("", "")  # (command, question that has to be answered first)
    hesitates: bool = False  # never says whether the password is right
    wordless: bool = False  # not even a prompt comes
    old: bool = False  # speaks only what was usual in 2009


class Vendor(NamedTuple):
    """A vendor's words. `port` and `prompt` are patterns of names: see where they are used."""

    hostname: str
    full: str
    interface_mode: str
    no_paging: str
    down: str
    up: str
    closed: str
    open: str
    wrong: str
    written: str


CATALYST = Vendor(
    hostname="cat1",
    full="FastEthernet{}",
    interface_mode="config-if",
    no_paging="terminal length 0",
    down="shutdown",
    up="no shutdown",
    closed="is administratively down, line protocol is down (disabled) ",
    open="is up, line protocol is up (connected) ",
    wrong="                ^\r\n% Invalid input detected at '^' marker.\r\n",
    written="Building configuration...\r\n[OK]",
)
FOUNDRY = Vendor(
    hostname="SSH@edge1",
    full="GigabitEthernet{}",
    interface_mode="config-if-e1000-{}",
    no_paging="skip-page-display",
    down="disable",
    up="enable",
    closed="is disabled, line protocol is down ",
    open="is up, line protocol is up ",
    wrong="Invalid input -> {}\r\nType ? for a list",
    written="Write startup-config done.",
)
VENDORS = {"catalyst": CATALYST, "foundry": FOUNDRY}


class SshDevice:
    """Listens while it is entered; `ports` are numbers, and whether each is enabled."""

    def __init__(
        self,
        platform: str,
        manners: Manners,
        *,
        host_key: paramiko.PKey | None = None,
        user_key: paramiko.PKey | None = None,
        address: str = "127.0.0.1",
    ) -> None:
        self.vendor = VENDORS[platform]
        self.manners = manners
        self.host_key = host_key or paramiko.ECDSAKey.generate()
        self.user_key = user_key
        self.ports: MutableMapping[str, bool] = {"0/3": True, "1/3": True}
        self.commands: list[str] = []
        self.logins = 0
        self.leaving = threading.Event()
        self._address = address
        self._listener = socket.create_server((address, 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._transports: list[paramiko.Transport] = []

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.leaving.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def hang_up(self) -> None:
        """Close every session, as a device that restarts does."""
        for transport in self._transports:
            transport.close()

    def known_hosts_line(self, key: paramiko.PKey | None = None) -> str:
        """Return the line by which a client knows this device."""
        key = key or self.host_key
        return f"[{self._address}]:{self.port} {key.get_name()} {key.get_base64()}\n"

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        transport = paramiko.Transport(connection)
        self._transports.append(transport)
        transport.add_server_key(self.host_key)
        if self.manners.old:
            options = transport.get_security_options()
            for name, algorithms in OLD.items():
                setattr(options, name, algorithms)
        with suppress(Gone, OSError, EOFError, paramiko.SSHException):
            door = _Door(self)
            transport.start_server(server=door)
            channel = None
            while channel is None and transport.is_active():
                channel = transport.accept(0.02)
            if channel is not None and door.shell.wait(5):
                self.logins += 1
                _Session(self, channel).run()
        transport.close()
        connection.close()


class _Door(paramiko.ServerInterface):
    """Who may come in: the user, with the password or the key."""

    def __init__(self, device: SshDevice) -> None:
        self.shell = threading.Event()
        self._device = device

    def check_auth_password(self, username: str, password: str) -> int:
        if self._device.manners.hesitates:
            self._device.leaving.wait(20)
        return _answer(good=(username, password) == (USER, PASSWORD))

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return _answer(good=username == USER and key == self._device.user_key)

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002 - paramiko's signature
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        return OPEN_SUCCEEDED

    def check_channel_pty_request(self, *_: object) -> bool:
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:  # noqa: ARG002
        self.shell.set()
        return True


def _answer(*, good: bool) -> int:
    return AUTH_SUCCESSFUL if good else AUTH_FAILED


class _Session:
    """One shell: its mode, and the interface that it is about."""

    def __init__(self, device: SshDevice, channel: paramiko.Channel) -> None:
        self._device = device
        self._vendor = device.vendor
        self._manners = device.manners
        self._channel = channel
        self._mode = "privileged" if device.manners.privileged else "user"
        self._port = ""
        self._paging = True

    def run(self) -> None:
        """Answer one line after the other until the client goes."""
        while self._manners.wordless:
            self._line(echo=False)
        self._say(self._manners.banner)
        while True:
            self._channel.sendall(self._prompt().encode())
            command = self._line()
            if not command:
                continue
            self._device.commands.append(command)
            if command == self._manners.hangs_up_before:
                raise Gone
            self._do(command)
            if command == self._manners.hangs_up_after:
                raise Gone

    def _prompt(self) -> str:
        modes = {
            "user": ">",
            "privileged": "#",
            "config": "(config)#",
            "interface": f"({self._vendor.interface_mode.format(self._port)})#",
        }
        return self._vendor.hostname + modes[self._mode]

    def _do(self, command: str) -> None:
        if command == self._manners.mute:
            self._line()
            raise Gone
        if command == self._manners.asks[0]:
            self._channel.sendall(self._manners.asks[1].encode())
            self._device.commands.append(f"answer: {self._line()}")
        instead = dict(self._manners.says)
        if command in instead:
            self._say(instead[command])
        elif command not in self._manners.deaf:
            self._say(self._answered(command))

    def _answered(self, command: str) -> str:
        for pattern, mode, action in self._actions():
            if mode in {self._mode, "any"} and (match := re.fullmatch(pattern, command)):
                return action(*match.groups())
        return self._wrong(command)

    def _wrong(self, command: str) -> str:
        return self._vendor.wrong.format(command.rsplit(maxsplit=1)[-1])

    def _actions(self) -> Iterator[tuple[str, str, Callable[..., str]]]:
        vendor = self._vendor
        port = r"(?:Fa|FastEthernet)([0-9/]+)" if vendor is CATALYST else r"ethernet ([0-9/]+)"
        yield "enable", "user", self._enable
        yield vendor.no_paging, "user" if vendor is CATALYST else "privileged", self._unpaged
        yield vendor.no_paging, "privileged", self._unpaged
        yield "write memory", "privileged", lambda: vendor.written
        yield "configure terminal", "privileged", lambda: self._to("config")
        yield f"interface {port}", "config", self._enter
        yield vendor.down, "interface", lambda: self._set(up=False)
        yield vendor.up, "interface", lambda: self._set(up=True)
        yield "end", "any", lambda: self._to("privileged")
        yield f"show interfaces {port}", "any", self._show

    def _to(self, mode: str) -> str:
        self._mode = mode
        return ""

    def _unpaged(self) -> str:
        self._paging = False
        return ""

    def _enter(self, number: str) -> str:
        if number not in self._device.ports:
            return self._wrong(f"interface {number}")
        self._port = number
        return self._to("interface")

    def _set(self, *, up: bool) -> str:
        self._device.ports[self._port] = up
        return ""

    def _show(self, number: str) -> str:
        if number not in self._device.ports:
            return self._wrong(f"show {number}")
        state = self._vendor.open if self._device.ports[number] else self._vendor.closed
        name = self._vendor.full.format(number)
        more = ("  Hardware is Ethernet, address is 0000.5e00.5303", "  5 minute input rate 0")
        return "\r\n".join((f"{name} {state}", *more, *more))

    def _enable(self) -> str:
        if self._manners.enable is None:
            return self._to("privileged")
        user = USER
        if self._manners.asks_user:
            self._channel.sendall(b"User Name:")
            user = self._line()
        for _ in range(3 if self._vendor is CATALYST else 1):
            self._channel.sendall(b"Password: ")
            if (user, self._line(echo=False)) == (USER, self._manners.enable):
                return self._to("privileged")
        return "% Bad secrets" if self._vendor is CATALYST else "Error - incorrect password."

    def _say(self, text: str) -> None:
        lines = text.splitlines()
        if self._manners.log and lines:
            lines.insert(1, self._manners.log)
        for number, line in enumerate(lines):
            if self._paging and number >= _PAGE and not self._manners.banner:
                self._channel.sendall(b"--More--")
                self._line()
            self._channel.sendall(f"{line}\r\n".encode())

    def _line(self, *, echo: bool = True) -> str:
        """Return the next line, echoed as it comes."""
        typed = b""
        while not typed.endswith((b"\r", b"\n")):
            byte = self._channel.recv(1)
            if not byte:
                raise Gone
            typed += byte
            if echo:
                self._channel.sendall(byte.replace(b"\n", b"\r\n"))
        if not echo and not self._manners.wordless:
            self._channel.sendall(b"\r\n")
        return typed.decode().strip()
