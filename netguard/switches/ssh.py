"""The driver that changes ports on a command line over SSH, where SNMP may not write.

It needs netmiko, which is an extra. What a device says is told and never believed: whether the
port is as wanted is read back, and only that counts.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from netguard.config.settings import SshLogin
from netguard.errors import ConfigError
from netguard.inventory import Device
from netguard.switches.command_lines import COMMAND_LINES, argument, complaint, states, words
from netguard.switches.switch import NoSuchPort, PortState
from probes.errors import Malformed, NoAnswer, ProbeError

if TYPE_CHECKING:
    from netguard.switches.ssh_session import Answer, Shell

T = TypeVar("T")

_SAVES_WITHIN = 60.0  # seconds; an old flash takes half of that
_CONFIGURE = "configure terminal"
_NOTHING = "nothing"  # which is what a device says to an order that it takes


class SshSwitch:
    """One device, logged in to when it is first needed, over one connection."""

    def __init__(self, device: Device, login: SshLogin, platform: str) -> None:
        make = COMMAND_LINES.get(platform)
        if make is None:
            raise ConfigError(
                f"{device.name}: netguard does not know the command line of platform {platform!r}",
                remedy=(
                    f'Set platform = "catalyst" or "foundry" for {device.name} if it is one,'
                    " or leave out its ssh and let SNMP write."
                ),
            )
        self._device = device
        self._login = login
        self._make = make
        self._shell: Shell | None = None
        self._lock = threading.Lock()  # a call that was given up may still be running

    async def prepare(self) -> None:
        """Log in ahead of the first order; changes nothing, and may be left out."""
        await self._in_turn(self._open)

    async def find(self, name: str) -> PortState:
        """Look a port up by its if_name, on the device, now."""
        return await self._in_turn(partial(self._find, name))

    async def again(self, port: PortState) -> PortState:
        """Read the same port once more, on a new connection if the old one is lost."""
        return await self._in_turn(partial(self._find, port.name))

    async def set_admin_status(self, port: PortState, *, up: bool) -> str:
        """Send the order once and return the device's words; raises only where it was not sent."""
        return await self._in_turn(partial(self._order, port.name, up=up))

    async def save(self) -> str:
        """Save the running configuration and return what the device said to that."""
        return await self._in_turn(self._save)

    async def close(self) -> None:
        """Give the connection back."""
        await self._in_turn(self._drop)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        def locked() -> T:
            with self._lock:
                return work()

        return await asyncio.to_thread(locked)

    def _open(self) -> "Shell":
        if self._shell is not None and self._shell.gone:
            self._drop()
        if self._shell is None:
            self._shell = self._opened()
        return self._shell

    def _opened(self) -> "Shell":
        try:
            from netguard.switches.ssh_session import open_shell  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise ProbeError(
                self._device.name,
                f"changing it over SSH needs {error.name}, which is not installed",
                remedy="pip install 'netguard[cli]'",
            ) from None
        return open_shell(self._device, self._login, self._make.no_paging)

    def _drop(self) -> None:
        shell, self._shell = self._shell, None
        if shell is not None:
            shell.disconnect()

    def _ask(self, shell: "Shell", command: str, *, timeout: float | None = None) -> "Answer":
        """Return the answer to a command; raises NoAnswer, and then the connection is given up."""
        from netguard.switches.ssh_session import Silence  # noqa: PLC0415 - an extra

        try:
            return shell.ask(command, timeout=timeout)
        except Silence as silence:
            self._drop()
            raise NoAnswer(self._device.name, str(silence)) from None

    def _begin(self, command: str) -> "tuple[Shell, Answer]":
        """Return the answer to a first command, and the shell that it was given in.

        A session that was left idle may have ended without a sign: then it is asked in a new one.
        """
        was_idle = self._shell is not None
        shell = self._open()
        try:
            return shell, self._ask(shell, command)
        except NoAnswer:
            if not was_idle:
                raise
        shell = self._open()
        return shell, self._ask(shell, command)

    def _find(self, name: str) -> PortState:
        show = self._make.show.format(self._argument(name))
        said = self._begin(show)[1].text
        found = states(self._make, name, said)
        if len(found) == 1 and found[0] is not None:
            return PortState(name=name, if_index=None, status=found[0])
        if not found and (why := complaint(said)):
            raise NoSuchPort(self._device.name, f"the device has no port {name!r}: {why}")
        raise Malformed(
            self._device.name,
            f"the answer to `{show}` does not say whether {name} is up: {words(said)!r}",
            remedy="Look at the port on the device.",
        )

    def _order(self, name: str, *, up: bool) -> str:
        interface = self._make.interface.format(self._argument(name))
        shell, answer = self._begin(_CONFIGURE)
        if "(config" not in answer.prompt:
            return f"to `{_CONFIGURE}`: {words(answer.text) or _NOTHING}"
        answer = self._ask(shell, interface)  # in this shell only: another is not in that mode
        if "(config-if" not in answer.prompt:
            self._leave(shell)
            return f"to `{interface}`: {words(answer.text) or _NOTHING}"
        order = self._make.up if up else self._make.down
        try:
            said = words(self._ask(shell, order).text)
        except NoAnswer as lost:
            return f"no answer to `{order}`, which may have arrived: {lost.detail}"
        self._leave(shell)
        return said or _NOTHING

    def _leave(self, shell: "Shell") -> None:
        """Leave the configuration mode, if only by closing the connection."""
        with suppress(NoAnswer):
            self._ask(shell, "end")

    def _save(self) -> str:
        try:
            answer = self._ask(self._open(), self._make.save, timeout=_SAVES_WITHIN)
        except NoAnswer as lost:
            return f"no answer to `{self._make.save}`: {lost.detail}"
        return words(answer.text) or _NOTHING

    def _argument(self, name: str) -> str:
        """Return what a command takes for the port; nothing else ever gets into one."""
        found = argument(self._make, name)
        if found is None:
            raise NoSuchPort(
                self._device.name,
                f"{name!r} is not the name of a port as its command line takes it",
                remedy="Change the port on the device.",
            )
        return found
