"""A shell on a device over SSH, in privileged mode: the only importer of netmiko and paramiko.

No word of the libraries' own reaches anybody: they log what is written, passwords too, and their
messages run over many lines. Whatever fails becomes one of `probes.errors` before the first
command, and `Silence` from then on.
"""

import logging
import re
import shlex
from pathlib import Path
from typing import NamedTuple

import paramiko
from netmiko.base_connection import BaseConnection
from netmiko.exceptions import (
    NetmikoAuthenticationException,
    NetmikoBaseException,
    NetmikoTimeoutException,
    ReadException,
    ReadTimeout,
)

from netguard.config.settings import SshLogin
from netguard.history import one_line
from netguard.inventory import Device
from netguard.switches.command_lines import words
from probes.errors import NoAnswer, ProbeError, Refused

_SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")
_SSH = 22
_SHORTENED = 16  # letters of its name that every prompt of a Catalyst begins with
_NEVER = logging.CRITICAL + 1
_BROKEN = (NetmikoBaseException, paramiko.SSHException, OSError, EOFError, ValueError)

# Read with re.MULTILINE. A prompt is a line of its own, and the first one the last thing said.
_FIRST_PROMPT = r"^[\w.@:/~-]+[>#] ?\Z"
_QUESTION = r"(?:\[confirm\]|\[?\(?(?:yes/no|y/n)\)?\]?|'y' or 'n'\)?)[:?]? ?\Z"
_USER = r"^[^\n]*(?:user ?name|login): ?\Z"
_PASSWORD = r"^[^\n]*password: ?\Z"  # noqa: S105 - how a device asks for one


class Silence(Exception):
    """The device did not answer a command to its end; the text says in what way."""


class _UnknownHostKey(paramiko.SSHException):
    """The device's host key is in no known_hosts file; the text is its fingerprint."""


class _RefuseUnknown(paramiko.MissingHostKeyPolicy):
    """Refuse a host key that nobody has noted, and say which one it was."""

    def missing_host_key(
        self,
        client: paramiko.SSHClient,  # noqa: ARG002 - paramiko's signature
        hostname: str,  # noqa: ARG002
        key: paramiko.PKey,
    ) -> None:
        raise _UnknownHostKey(key.fingerprint)


class Answer(NamedTuple):
    """What a device said to a command, and the prompt after it."""

    text: str
    prompt: str


def open_shell(device: Device, login: SshLogin, no_paging: str) -> "Shell":
    """Log in, enter privileged mode and turn paging off; raises `probes.errors`."""
    for name in ("netmiko", "paramiko"):
        logging.getLogger(name).setLevel(_NEVER)
    key = _private_key(device, login)
    try:
        shell = Shell(device, login, key)
    except NetmikoAuthenticationException as error:
        raise _not_admitted(device, login, error.__context__) from None
    except NetmikoTimeoutException as error:
        raise _not_connected(device, login, error.__context__) from None
    except _BROKEN:
        raise NoAnswer(
            device.name,
            f"logged in by SSH as {login.user}, but no prompt came within {login.timeout:g} s",
            remedy=f"Log in by hand and look: ssh {_target(device, login)}",
        ) from None
    try:
        shell.become_privileged()
        shell.ask(no_paging)
    except ProbeError:
        shell.disconnect()
        raise
    except (Silence, *_BROKEN) as error:
        shell.disconnect()
        why = error if isinstance(error, Silence) else "no answer to `enable`"
        raise NoAnswer(device.name, f"the SSH session broke off: {why}") from None
    return shell


class Shell(BaseConnection):
    """One session on a device's command line."""

    def __init__(self, device: Device, login: SshLogin, key: paramiko.PKey | None) -> None:
        self._device = device
        self._login = login
        self._at = ""  # the last prompt
        super().__init__(
            host=device.host,
            port=login.port,
            username=login.user,
            password=login.password or None,
            pkey=key,
            device_type="cisco_ios",
            ssh_strict=True,
            conn_timeout=login.timeout,
            auth_timeout=login.timeout,
            banner_timeout=login.timeout,
            blocking_timeout=login.timeout,
        )

    @property
    def gone(self) -> bool:
        """Tell whether the device has closed the session."""
        channel = self.remote_conn
        if not isinstance(channel, paramiko.Channel):
            return True
        return bool(channel.closed or channel.eof_received)

    def ask(self, command: str, *, timeout: float | None = None) -> Answer:
        """Send one command and return what was said up to the next prompt; raises Silence."""
        try:
            self.clear_buffer()  # what the device has logged meanwhile
            self.write_channel(f"{command}\n")
            self._until(re.escape(command))
            said = self._until(rf"{self._prompt}|{_QUESTION}", timeout)
        except ReadTimeout:
            raise Silence(f"no prompt came after `{command}`") from None
        except _BROKEN:
            raise Silence("the connection was lost") from None
        text, _, last = said.rpartition("\n")
        if not re.fullmatch(self._prompt, last):
            raise Silence(f"it asked {words(last)!r}, and was not answered")
        self._at = last.strip()
        return Answer(text, self._at)

    def become_privileged(self) -> None:
        """Enter privileged mode; raises Refused where the device does not let this user in."""
        if self._at.endswith("#"):
            return
        self.clear_buffer()
        self.write_channel("enable\n")
        asked = self._until(rf"{self._prompt}|{_USER}|{_PASSWORD}")
        if re.search(_USER, asked, re.MULTILINE | re.IGNORECASE):
            self.write_channel(f"{self._login.user}\n")
            asked = self._until(rf"{self._prompt}|{_PASSWORD}")
        if re.search(_PASSWORD, asked, re.MULTILINE | re.IGNORECASE):
            asked = self._enable_password()
        self._at = asked.rpartition("\n")[2].strip()
        if not self._at.endswith("#"):
            raise self._refused("it stays in user mode after `enable`")

    def session_preparation(self) -> None:
        """Learn the prompt, which netmiko calls the base prompt."""
        self._until(_FIRST_PROMPT)
        self.clear_buffer()
        self.write_channel("\n")
        self._at = self._until(_FIRST_PROMPT).rpartition("\n")[2].strip()
        self.base_prompt = self._at[:-1]

    def read_channel(self) -> str:
        """Return what has come; netmiko would wait on where nothing more can come."""
        gone = self.gone
        data = super().read_channel()
        if gone and not data:
            raise ReadException("closed")
        return data

    def _build_ssh_client(self) -> paramiko.SSHClient:
        client = super()._build_ssh_client()
        client.set_missing_host_key_policy(_RefuseUnknown())
        for path in _known_hosts(self._login):
            try:
                client.load_system_host_keys(str(path))
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else "not text"
                raise ProbeError(
                    self._device.name,
                    f"the host keys in {path} cannot be read: {reason}",
                    remedy="Make it readable to this user.",
                ) from None
        return client

    @property
    def _prompt(self) -> str:
        """The pattern of a prompt in any mode: a device shortens its name in some of them."""
        return rf"^{re.escape(self.base_prompt[:_SHORTENED])}[^\s#>]*[#>] ?$"

    def _until(self, pattern: str, timeout: float | None = None) -> str:
        seconds = timeout or self._login.timeout
        flags = re.MULTILINE | re.IGNORECASE
        return self.read_until_pattern(pattern, read_timeout=seconds, re_flags=flags)

    def _enable_password(self) -> str:
        if not self._login.enable:
            raise self._refused("it asks for an enable password, and none is configured")
        self.channel.write_channel(f"{self._login.enable}\n")  # past what netmiko would log
        asked = self._until(rf"{self._prompt}|{_PASSWORD}")
        if re.search(_PASSWORD, asked, re.MULTILINE | re.IGNORECASE):
            raise self._refused("it does not accept the enable password")
        return asked

    def _refused(self, why: str) -> Refused:
        return Refused(
            self._device.name,
            f"{self._login.user} may not enter privileged mode: {why}",
            remedy=f"Check `enable` in [ssh.{self._device.ssh}], and the user on the device.",
        )


def _private_key(device: Device, login: SshLogin) -> paramiko.PKey | None:
    if login.key_file is None:
        return None
    passphrase = login.passphrase.encode() or None
    try:
        return paramiko.PKey.from_path(login.key_file, passphrase)  # type: ignore[arg-type]  # takes bytes
    except OSError as error:
        reason = str(error.strerror)
    except TypeError:  # as cryptography calls a passphrase too many, or one too few
        reason = "it has no passphrase" if passphrase else "it is protected by a passphrase"
    except (ValueError, paramiko.SSHException):
        reason = "it is no private key, or its passphrase is another one"
    raise ProbeError(
        device.name,
        f"the key {login.key_file} cannot be used: {reason}",
        remedy=f"Check key_file and passphrase in [ssh.{device.ssh}].",
    )


def _known_hosts(login: SshLogin) -> list[Path]:
    if login.known_hosts is not None:
        return [Path(login.known_hosts)]
    return [Path.home() / ".ssh" / "known_hosts", _SYSTEM_KNOWN_HOSTS]


def _not_admitted(device: Device, login: SshLogin, error: BaseException | None) -> ProbeError:
    if "timeout" in str(error):
        return NoAnswer(
            device.name,
            f"it did not say within {login.timeout:g} s whether {login.user} may log in",
            remedy="Look whether the device reaches its authentication server.",
        )
    return Refused(
        device.name,
        f"it does not let {login.user} log in by SSH",
        remedy=f"Check user, password and key_file in [ssh.{device.ssh}].",
    )


def _not_connected(device: Device, login: SshLogin, error: BaseException | None) -> ProbeError:
    where = f"{device.host} port {login.port}"
    if isinstance(error, _UnknownHostKey | paramiko.BadHostKeyException):
        return _distrusted(device, login, error)
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return Refused(
            device.name,
            f"no algorithm of its SSH is accepted here: {one_line(str(error))}",
            remedy="Update its software, or give SNMP the right to write.",
        )
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        error = next(iter(error.errors.values()), error)
    if isinstance(error, OSError):
        return NoAnswer(
            device.name,
            f"no SSH on {where}: {error.strerror or 'timed out'}",
            remedy=f"Check the address, the port in [ssh.{device.ssh}], and its access lists.",
        )
    return NoAnswer(
        device.name,
        f"no SSH server answered on {where} within {login.timeout:g} s",
        remedy=f"Look what does: ssh -v {_target(device, login)}",
    )


def _distrusted(
    device: Device, login: SshLogin, error: _UnknownHostKey | paramiko.BadHostKeyException
) -> ProbeError:
    file = shlex.quote(str(_known_hosts(login)[0]))
    name = device.host if login.port == _SSH else f"[{device.host}]:{login.port}"
    scan = f"ssh-keyscan -p {login.port} {device.host} >> {file}"
    if isinstance(error, _UnknownHostKey):
        return Refused(
            device.name,
            f"its SSH host key is not known here: {error}",
            kind="host-key",
            remedy=f"Compare that on the device's console, then add it: {scan}",
        )
    return Refused(
        device.name,
        f"its SSH host key is not the one noted here, but {error.key.fingerprint}",
        kind="host-key",
        remedy=(
            "Somebody may stand in between. Only if the console shows the same, replace it:"
            f" ssh-keygen -f {file} -R {shlex.quote(name)} && {scan}"
        ),
    )


def _target(device: Device, login: SshLogin) -> str:
    return f"-p {login.port} {shlex.quote(login.user)}@{device.host}"
