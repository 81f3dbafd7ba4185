"""What a driver can do with one device: find a port, set its ifAdminStatus, save."""

from typing import Protocol

import msgspec

from netguard.history import PortStatus
from probes.errors import ProbeError


class NoSuchPort(ProbeError):
    """The device has no port of that name, or several."""

    kind = "no-such-port"


class PortState(msgspec.Struct, frozen=True, kw_only=True):
    """A port as the device has it now. `if_index` is None where the driver knows no numbers."""

    name: str
    if_index: int | None
    status: PortStatus


class Switch(Protocol):
    """One device that may be changed. Errors are `probes.errors`, never a library's own."""

    async def prepare(self) -> None:
        """Do ahead what takes time and changes nothing: connect, log in, learn the agent's clock.

        Raises NoAnswer or Refused.
        """

    async def find(self, name: str) -> PortState:
        """Look a port up by its if_name, on the device, now.

        Raises NoSuchPort, or NoAnswer, Refused or Malformed where the device could not be asked.
        """

    async def again(self, port: PortState) -> PortState:
        """Read the same port once more; raises NoSuchPort if its number means another one by now.

        Also raises as `find` does.
        """

    async def set_admin_status(self, port: PortState, *, up: bool) -> str:
        """Ask the device to take the port up or down, once; return what it said to that.

        The answer proves nothing, neither `done` nor an error. Raises Refused where the device
        would not even listen (a wrong user or key): then nothing was changed. Silence is told in
        the returned text: the order may have arrived.
        """

    async def save(self) -> str:
        """Make the running configuration the one the device starts with; return what it said."""

    async def close(self) -> None:
        """Give the connection back."""
