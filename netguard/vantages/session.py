"""A shell on another host over SSH: the only importer of asyncssh.

A host key that nobody has noted is refused, and so is one that differs from the note. The user's
ssh_config is not read: what holds stands in netguard.toml.
"""

import asyncio
import logging
import os
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncssh

from netguard.vantages.opening import Target
from probes.errors import ProbeError

_SYSTEM_KNOWN_HOSTS = Path("/etc/ssh/ssh_known_hosts")
_NEVER = logging.CRITICAL + 1
_SSH = 22
_TIMEOUT = 10.0  # seconds to connect and log in, where no login says otherwise
_KEEPALIVE = 5.0  # seconds; a host that misses two is gone
_MISSED = 2
_SCRIPT_TIME = 20.0  # seconds; a script takes two, and a slow host some more
_FAREWELL = 2.0
_MOST = 1 << 18  # characters of a script's output
_CHUNK = 1 << 14
_KINDS = {  # of host keys, the best first, each with the name that known_hosts has for it
    "ssh-ed25519": "ssh-ed25519",
    "ecdsa-sha2-nistp256": "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384": "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521": "ecdsa-sha2-nistp521",
    "rsa-sha2-512": "ssh-rsa",
    "rsa-sha2-256": "ssh-rsa",
}
_BROKEN = (asyncssh.Error, OSError, TimeoutError)


class Session:
    """A connection on which scripts are run, several at a time if need be."""

    def __init__(self, target: Target, connection: asyncssh.SSHClientConnection) -> None:
        self._target = target
        self._connection = connection

    async def run(self, script: str) -> str:
        """Run a script in a POSIX shell and return what it printed, up to 262,144 characters.

        Raises ProbeError where the connection breaks or the script takes too long. A script that
        is called off is ended on the host, too, if its SSH server can do that.
        """
        try:
            async with asyncio.timeout(_SCRIPT_TIME):
                return await self._ran(script)
        except TimeoutError:
            raise self._broken(f"a script took more than {_SCRIPT_TIME:g} s there") from None
        except (asyncssh.Error, OSError) as error:
            raise self._broken(f"the connection broke off: {_words(error)}") from None

    async def _ran(self, script: str) -> str:
        process = await self._connection.create_process(
            "sh", encoding="utf-8", errors="replace", stderr=asyncssh.DEVNULL
        )
        try:
            process.stdin.write(script)  # so that the login shell has nothing to understand
            process.stdin.write_eof()
            output = ""
            while len(output) < _MOST and (some := await process.stdout.read(_CHUNK)):
                output += some
            return output
        finally:
            with suppress(*_BROKEN):
                process.terminate()
                process.close()

    def _broken(self, detail: str) -> ProbeError:
        remedy = f"Look whether it is well: {_by_hand(self._target)}"
        return ProbeError(self._target.name, detail, kind="vantage-unreachable", remedy=remedy)


@asynccontextmanager
async def connected(target: Target) -> AsyncIterator[Session]:
    """Log in to a vantage, and log out whatever happens; raises ProbeError."""
    logging.getLogger("asyncssh").setLevel(_NEVER)
    connection = await _connection(target)
    try:
        yield Session(target, connection)
    finally:
        connection.close()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(connection.wait_closed(), _FAREWELL)
        finally:
            connection.abort()


class _Client(asyncssh.SSHClient):
    """Refuses a host key that the notes do not have, and keeps its fingerprint."""

    fingerprint = ""

    def validate_host_public_key(
        self,
        host: str,  # noqa: ARG002 - asyncssh's signature
        addr: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        key: asyncssh.SSHKey,
    ) -> bool:
        self.fingerprint = key.get_fingerprint()
        return False


async def _connection(target: Target) -> asyncssh.SSHClientConnection:
    known = _known(target)
    client = _Client()
    seconds = target.login.timeout if target.login else _TIMEOUT
    try:
        async with asyncio.timeout(seconds):
            return await asyncssh.connect(
                target.host,
                target.port,
                username=target.user,
                known_hosts=known,
                server_host_key_algs=_kinds(target, known),
                client_factory=lambda: client,
                config=None,
                login_timeout=seconds,
                keepalive_interval=_KEEPALIVE,
                keepalive_count_max=_MISSED,
                **_keys(target),
            )
    except asyncssh.HostKeyNotVerifiable as error:
        raise _distrusted(target, known, client.fingerprint or _words(error)) from None
    except asyncssh.PermissionDenied:
        raise _refused(target) from None
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise _bad_key(target, error) from None
    except TimeoutError:
        raise _unreachable(target, f"no login within {seconds:g} s") from None
    except (asyncssh.Error, OSError) as error:
        raise _unreachable(target, _words(error)) from None


def _keys(target: Target) -> Mapping[str, object]:
    """Return what to log in with; asyncssh's own choice is the agent, and the keys in ~/.ssh."""
    login = target.login
    if login is None:
        return {}
    return {
        "agent_path": None,
        "client_keys": [login.key_file] if login.key_file else None,
        "passphrase": login.passphrase or None,
        "password": login.password or None,
    }


def _known_hosts(target: Target) -> list[Path]:
    if target.login and target.login.known_hosts:
        return [Path(target.login.known_hosts)]
    return [Path.home() / ".ssh" / "known_hosts", _SYSTEM_KNOWN_HOSTS]


def _known(target: Target) -> asyncssh.SSHKnownHosts:
    """Read the notes. A line that nobody can read notes nothing, as for OpenSSH."""
    known = asyncssh.SSHKnownHosts()
    for path in _known_hosts(target):
        try:
            lines = path.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ProbeError(
                target.name,
                f"the host keys in {path} cannot be read: {error.strerror}",
                kind="host-key-unknown",
                remedy="Make it readable to this user.",
            ) from None
        for line in lines:
            with suppress(ValueError):
                known.load(line)
    return known


def _noted(target: Target, known: asyncssh.SSHKnownHosts) -> tuple[set[str], bool]:
    """Return the kinds of key that are noted for the host, and whether an authority is."""
    keys, authorities, *_ = known.match(
        target.host, "", None if target.port == _SSH else target.port
    )
    return {key.get_algorithm() for key in keys}, bool(authorities)


def _kinds(target: Target, known: asyncssh.SSHKnownHosts) -> Sequence[str]:
    """Return the kinds of host key to ask for: the noted ones first, but not only those.

    A server that has none of the noted ones would hang up without showing what it has.
    """
    noted, authority = _noted(target, known)
    if authority:
        return ()  # asyncssh's own choice, which has certificates
    return sorted(_KINDS, key=lambda kind: _KINDS[kind] not in noted)


def _distrusted(target: Target, known: asyncssh.SSHKnownHosts, seen: str) -> ProbeError:
    file = shlex.quote(str(_known_hosts(target)[0]))
    host = target.host if target.port == _SSH else f"[{target.host}]:{target.port}"
    scan = f"ssh-keyscan -p {target.port} {shlex.quote(target.host)} >> {file}"
    if not any(_noted(target, known)):
        return ProbeError(
            target.name,
            f"its SSH host key is not known here: {seen}",
            kind="host-key-unknown",
            remedy=f"Compare that on the host's console, then add it: {scan}",
        )
    return ProbeError(
        target.name,
        f"its SSH host key is not the one noted here: {seen}",
        kind="host-key-changed",
        remedy=(
            "Somebody may stand in between. Only if the host's console shows the same, replace it:"
            f" ssh-keygen -f {file} -R {shlex.quote(host)} && {scan}"
        ),
    )


def _refused(target: Target) -> ProbeError:
    keys = "the agent and the keys in ~/.ssh are tried, or name a login"
    return ProbeError(
        target.name,
        f"it does not let {target.user} log in by SSH",
        kind="login-refused",
        remedy=(
            f"Check user, password and key_file in {target.table}."
            if target.table
            else f"Let this user's key in ({keys}): {_by_hand(target)}"
        ),
    )


def _bad_key(target: Target, error: Exception) -> ProbeError:
    file = target.login.key_file if target.login else None
    return ProbeError(
        target.name,
        f"the key {file} cannot be used: {_words(error)}" if file else _words(error),
        kind="login-refused",
        remedy=f"Check key_file and passphrase in {target.table or '~/.ssh'}.",
    )


def _unreachable(target: Target, why: str) -> ProbeError:
    return ProbeError(
        target.name,
        f"no SSH on {target.host} port {target.port}: {why}",
        kind="vantage-unreachable",
        remedy=f"Check its address and access lists: {_by_hand(target)}",
    )


def _by_hand(target: Target) -> str:
    return f"ssh -v -p {target.port} {shlex.quote(f'{target.user}@{target.host}')}"


def _words(error: BaseException) -> str:
    """Return an error in one line: some of it is the other side's words."""
    text = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        text = os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    return "".join(c if c.isprintable() else " " for c in text)[:200]
