"""Vantages over a real OpenSSH server, on the first host of a way of real routers."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from netguard.config import Config, load
from netguard.lab import namespaces
from netguard.vantages import session, vantage_wire
from probes.errors import ProbeError
from probes.records import IPAddress, Probe
from probes.trace.wire import Wire
from tests import hops
from tests.config_files import write
from tests.sshd import ADDRESS, USER, Sshd, key, public, sshd

pytestmark = pytest.mark.packets

PASSPHRASE = "a pass phrase"  # noqa: S105 - of a key that this test makes
ASKED = [Probe(target=target, ttl=ttl) for target in (hops.FAR, hops.FAR6) for ttl in (1, 2, 3)]


@pytest.fixture(scope="module")
def way() -> Iterator[hops.Way]:
    with hops.way() as made:
        yield made


@pytest.fixture
def server(way: hops.Way, tmp_path: Path) -> Iterator[Sshd]:
    with namespaces.entered(way.near), sshd(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let nothing of the user's own SSH matter."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return home


def configured(server: Sshd, *lines: str, ssh: str = "") -> Config:
    """Return a configuration whose one vantage is the server, by the login `noc`."""
    login = {
        "user": f'user = "{USER}"',
        "key_file": f'key_file = "{server.user_key}"',
        "known_hosts": f'known_hosts = "{server.known_hosts}"',
        "timeout": "timeout = 20",
    }
    login.update((line.partition(" =")[0], line) for line in lines)
    text = (
        f'[[vantage]]\nname = "osaka"\nssh = "{ssh or server.target}"\nlogin = "noc"\n[ssh.noc]\n'
    )
    return load(write(server.folder, new=text + "\n".join(login.values())), environ={})


@asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Wire]:
    environ = {"NG_KEY": PASSPHRASE, "NG_WRONG": "another"}
    async with vantage_wire(config, config.vantages[0], environ=environ) as wire:
        yield wire


def use(config: Config, scenario: Callable[[Wire], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(config) as wire:
            await scenario(wire)

    asyncio.run(run())


async def right_answers(wire: Wire) -> None:
    await wire.send(ASKED)
    seen: set[tuple[IPAddress, int, str, IPAddress]] = set()
    while len(seen) < len(ASKED):
        some = await wire.receive(30)
        assert some
        seen |= {(r.target, r.ttl, r.kind, r.source) for r in some}
    assert seen == {
        (hops.FAR, 1, "time-exceeded", hops.FIRST),
        (hops.FAR, 2, "time-exceeded", hops.SECOND),
        (hops.FAR, 3, "echo-reply", hops.FAR),
        (hops.FAR6, 1, "time-exceeded", hops.FIRST6),
        (hops.FAR6, 2, "time-exceeded", hops.SECOND6),
        (hops.FAR6, 3, "echo-reply", hops.FAR6),
    }


async def nothing(wire: Wire) -> None:
    """Fail: the vantage should not have been opened."""
    pytest.fail(f"opened: {wire}")


def refusal(config: Config) -> ProbeError:
    with pytest.raises(ProbeError) as refused:
        use(config, nothing)
    assert refused.value.subject == "osaka"
    assert "\n" not in refused.value.detail
    return refused.value


# --- it works ---


def test_a_vantage_sees_every_hop_as_it_is(server: Sshd) -> None:
    use(configured(server), right_answers)


def test_a_key_may_have_a_pass_phrase(server: Sshd) -> None:
    key(server.user_key, passphrase=PASSPHRASE)
    (server.folder / "authorized_keys").write_text(public(server.user_key))
    use(configured(server, 'passphrase = "env:NG_KEY"'), right_answers)


def test_without_a_login_the_user_s_own_keys_and_known_hosts_count(
    server: Sshd, home: Path
) -> None:
    server.user_key.rename(home / ".ssh" / "id_ed25519")
    server.known_hosts.rename(home / ".ssh" / "known_hosts")
    text = f'[[vantage]]\nname = "osaka"\nssh = "{server.target}"\n'
    use(load(write(server.folder, new=text), environ={}), right_answers)


def test_the_login_says_what_the_vantage_leaves_out(server: Sshd) -> None:
    use(configured(server, f"port = {server.port}", ssh=ADDRESS), right_answers)


def test_a_line_of_known_hosts_that_nobody_can_read_does_no_harm(server: Sshd) -> None:
    notes = server.known_hosts.read_text()
    server.known_hosts.write_bytes(
        b"\xff\xfe\n@what is this\n|9|x|y ssh-rsa AAAA\n" + notes.encode()
    )
    use(configured(server), right_answers)


def test_what_a_host_says_to_everybody_who_logs_in_is_no_answer(
    way: hops.Way, tmp_path: Path
) -> None:
    greeting = "echo Welcome; echo 3 updates wait; exec $SSH_ORIGINAL_COMMAND"
    with namespaces.entered(way.near), sshd(tmp_path, f"ForceCommand {greeting}") as server:
        use(configured(server), right_answers)


# --- who is it? ---


def test_an_unknown_host_key_is_refused_with_what_to_do(server: Sshd) -> None:
    server.known_hosts.write_text("")
    error = refusal(configured(server))
    scan = f"ssh-keyscan -p {server.port} {ADDRESS} >> {server.known_hosts}"
    assert error.kind == "host-key-unknown"
    assert error.detail == f"its SSH host key is not known here: {fingerprint(server)}"
    assert error.remedy == f"Compare that on the host's console, then add it: {scan}"


def test_the_remedy_for_an_unknown_host_key_helps(server: Sshd) -> None:
    server.known_hosts.unlink()
    command = refusal(configured(server)).remedy.partition("then add it: ")[2]
    subprocess.run(["sh", "-c", command], check=True, stderr=subprocess.DEVNULL)
    use(configured(server), right_answers)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_changed_host_key_is_refused_and_the_remedy_helps(server: Sshd, kind: str) -> None:
    another = key(server.folder / "another", kind)
    server.known_hosts.write_text(f"[{ADDRESS}]:{server.port} {public(another)}\n")
    error = refusal(configured(server))
    assert error.kind == "host-key-changed"
    assert error.detail == (f"its SSH host key is not the one noted here: {fingerprint(server)}")
    command = error.remedy.partition("replace it: ")[2]
    subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    use(configured(server), right_answers)


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_of_several_host_keys_any_noted_one_will_do(
    way: hops.Way, tmp_path: Path, kind: str
) -> None:
    other = key(tmp_path / "other", kind)
    with namespaces.entered(way.near), sshd(tmp_path, f"HostKey {other}") as server:
        server.known_hosts.write_text(f"[{ADDRESS}]:{server.port} {public(other)}\n")
        use(configured(server), right_answers)


def test_a_host_key_may_be_vouched_for_by_an_authority(way: hops.Way, tmp_path: Path) -> None:
    authority = key(tmp_path / "authority")
    lines = f"HostCertificate {tmp_path}/host_key-cert.pub"
    with namespaces.entered(way.near), sshd(tmp_path, lines, signed_by=authority) as server:
        server.known_hosts.write_text(
            f"@cert-authority [{ADDRESS}]:{server.port} {public(authority)}\n"
        )
        use(configured(server), right_answers)


def test_a_revoked_host_key_is_refused(server: Sshd) -> None:
    notes = server.known_hosts.read_text()
    server.known_hosts.write_text(f"{notes}@revoked {notes}")
    error = refusal(configured(server))
    assert error.kind == "host-key-changed"
    assert "Host key is revoked" in error.detail


def fingerprint(server: Sshd) -> str:
    command = ["ssh-keygen", "-lf", f"{server.folder}/host_key.pub"]
    return subprocess.check_output(command, text=True).split()[1]


# --- may we? ---


def test_a_refused_key_is_told_with_its_login(server: Sshd) -> None:
    (server.folder / "authorized_keys").write_text("")
    error = refusal(configured(server))
    assert error.kind == "login-refused"
    assert error.detail == f"it does not let {USER} log in by SSH"
    assert error.remedy == "Check user, password and key_file in [ssh.noc]."


def test_a_refused_user_without_a_login_is_told_which_keys_were_tried(
    server: Sshd, home: Path
) -> None:
    server.known_hosts.rename(home / ".ssh" / "known_hosts")
    text = f'[[vantage]]\nname = "osaka"\nssh = "{server.target}"\n'
    error = refusal(load(write(server.folder, new=text), environ={}))
    assert error.kind == "login-refused"
    assert error.remedy.endswith(f"ssh -v -p {server.port} {USER}@{ADDRESS}")


@pytest.mark.parametrize("line", ["", 'passphrase = "env:NG_WRONG"'], ids=["none", "wrong"])
def test_a_key_that_cannot_be_opened_is_told(server: Sshd, line: str) -> None:
    key(server.user_key, passphrase=PASSPHRASE)
    error = refusal(configured(server, *filter(None, [line])))
    assert error.kind == "login-refused"
    assert error.detail.startswith(f"the key {server.user_key} cannot be used: ")
    assert error.remedy == "Check key_file and passphrase in [ssh.noc]."


def test_a_secret_that_is_not_there_is_told(server: Sshd) -> None:
    error = refusal(configured(server, 'password = "env:NG_ABSENT"'))
    assert error.kind == "no-secret"
    assert "NG_ABSENT" in error.detail


def test_an_account_without_a_shell_is_told_by_its_own_words(way: hops.Way, tmp_path: Path) -> None:
    command = "ForceCommand echo This account is currently not available."
    with namespaces.entered(way.near), sshd(tmp_path, command) as server:
        error = refusal(configured(server))
    assert error.kind == "vantage-unreachable"
    assert "This account is currently not available." in error.detail


# --- is it there? ---


def test_a_port_that_nobody_listens_on_is_told(server: Sshd) -> None:
    config = configured(server)
    server.process.terminate()
    server.process.wait()
    error = refusal(config)
    assert error.kind == "vantage-unreachable"
    assert error.detail == f"no SSH on {ADDRESS} port {server.port}: Connection refused"
    assert error.remedy.endswith(f"ssh -v -p {server.port} {USER}@{ADDRESS}")


def test_a_host_that_does_not_speak_is_given_up(server: Sshd) -> None:
    with socket.create_server((ADDRESS, 0)) as mute:
        port = mute.getsockname()[1]
        error = refusal(configured(server, "timeout = 0.3", ssh=f"{ADDRESS}:{port}"))
    assert error.kind == "vantage-unreachable"
    assert error.detail == f"no SSH on {ADDRESS} port {port}: no login within 0.3 s"


# --- in the middle of it ---


def test_a_connection_that_breaks_is_told_and_never_waited_for(server: Sshd) -> None:
    async def scenario(wire: Wire) -> None:
        await right_answers(wire)
        await wire.send([Probe(target=hops.NOBODY, ttl=9)])
        for pid in server.sessions():
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(ProbeError) as failed:
            await wire.receive(60)
        assert failed.value.kind == "vantage-unreachable"
        assert failed.value.subject == "osaka"
        with pytest.raises(ProbeError):
            await wire.send(ASKED)

    use(configured(server), scenario)


def test_a_host_that_falls_silent_is_given_up(
    server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_KEEPALIVE", 0.2)
    stopped = []

    async def scenario(wire: Wire) -> None:
        await wire.send(ASKED)
        stopped.extend(server.sessions())
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        with pytest.raises(ProbeError, match="the connection broke off") as failed:
            await wire.receive(60)
        assert failed.value.kind == "vantage-unreachable"

    try:
        use(configured(server), scenario)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGKILL)


def test_a_script_that_takes_too_long_is_called_off(
    server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(wire: Wire) -> None:
        monkeypatch.setattr(session, "_SCRIPT_TIME", 0.01)
        await wire.send([Probe(target=hops.NOBODY, ttl=9)])
        with pytest.raises(ProbeError, match="a script took more than") as failed:
            await wire.receive(60)
        assert failed.value.kind == "vantage-unreachable"

    use(configured(server), scenario)


def test_an_interruption_closes_the_connection_and_leaves_nothing_there(
    server: Sshd, way: hops.Way
) -> None:
    async def scenario() -> None:
        async with opened(configured(server)) as wire:
            await wire.send([Probe(target=hops.NOBODY, ttl=9)] * 8)
            while not pings(way):  # noqa: ASYNC110 - another host's processes tell no event
                await asyncio.sleep(0.02)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(scenario())
    deadline = monotonic() + 30
    while server.sessions() or pings(way):
        assert monotonic() < deadline, "something still runs there"
        sleep(0.02)


def pings(way: hops.Way) -> list[str]:
    """Return the pings that run on the near host."""
    there = os.fstat(way.near).st_ino
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "ns/net").stat().st_ino == there:
                found += [n for n in [(process / "comm").read_text().strip()] if n == "ping"]
        except OSError:  # it has ended meanwhile
            continue
    return found


# --- manners ---


def test_this_machine_is_no_vantage_to_log_in_to(server: Sshd) -> None:
    config = load(write(server.folder, new='[[vantage]]\nname = "here"\n'), environ={})
    with pytest.raises(ValueError, match="here is this machine"):
        use(config, nothing)


def test_the_library_says_nothing_itself(server: Sshd, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    use(configured(server), right_answers)
    assert [r.name for r in caplog.records if r.name.startswith("asyncssh")] == []


def test_the_library_is_loaded_only_when_it_is_needed() -> None:
    code = "import netguard.vantages, sys; print('asyncssh' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
