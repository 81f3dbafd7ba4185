"""What the lab says of itself: the records that go over the control socket, and out as JSON."""

from typing import Literal

import msgspec


class InterfaceStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An interface now; `wire` is what it hangs on, such as `cat1 Fa0/3`."""

    name: str
    mac: str
    addresses: tuple[str, ...]
    up: bool
    wire: str | None


class HostStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A host now."""

    name: str
    role: str
    interfaces: tuple[InterfaceStatus, ...]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The lab now."""

    pid: int
    config: str
    hosts: tuple[HostStatus, ...]
    broken: tuple[str, ...]


class Request(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line to the holder; `name` is a scenario's or a host's."""

    do: Literal["status", "break", "mend", "enter"]
    name: str | None = None


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line back. With `enter` come the namespaces' open files."""

    status: Status | None = None
    mended: tuple[str, ...] = ()
    error: str = ""
    remedy: str = ""
