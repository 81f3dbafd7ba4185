import asyncio
import io
import logging
import socket
import struct
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest

from netguard.config.settings import SshLogin
from netguard.errors import ConfigError
from netguard.history import PortStatus
from netguard.inventory import Device
from netguard.switches.ssh import SshSwitch
from netguard.switches.switch import NoSuchPort, PortState
from probes.errors import Malformed, NoAnswer, ProbeError, Refused
from tests.ssh_device import ENABLE, PASSWORD, USER, VENDORS, Manners, SshDevice

UP, CLOSED = PortStatus("up", "up"), PortStatus("down", "down")
PORTS = {"catalyst": "Fa0/3", "foundry": "ethernet1/3"}
NUMBERS = {"catalyst": "0/3", "foundry": "1/3"}
PLATFORMS = pytest.mark.parametrize("platform", PORTS)
PASSPHRASE = "s3cret of the key"  # noqa: S105 - of a key that the test makes

Work = Callable[[SshSwitch], Awaitable[Any]]


def login_to(device: SshDevice, folder: Path, **changes: object) -> SshLogin:
    known = folder / "known_hosts"
    if not known.exists():
        known.write_text(device.known_hosts_line())
    settings: dict[str, Any] = {
        "user": USER,
        "password": PASSWORD,
        "enable": ENABLE,
        "port": device.port,
        "known_hosts": str(known),
        "timeout": 5,
    }
    return SshLogin(**settings | changes)


def driver(login: SshLogin, platform: str = "catalyst") -> SshSwitch:
    device = Device(
        name="sw1", host="127.0.0.1", role="switch", snmp="edge", ssh="noc", platform="auto"
    )
    return SshSwitch(device, login, platform)


@asynccontextmanager
async def opened(login: SshLogin, platform: str) -> AsyncIterator[SshSwitch]:
    switch = driver(login, platform)
    try:
        yield switch
    finally:
        await switch.close()


def doing(work: Work, login: SshLogin, platform: str = "catalyst") -> Any:  # noqa: ANN401 - the work's own
    """Return what the work makes of a driver with this login."""

    async def whole() -> Any:  # noqa: ANN401
        async with opened(login, platform) as switch:
            return await work(switch)

    return asyncio.run(whole())


async def look(switch: SshSwitch) -> PortState:
    return await switch.find("Fa0/3")


async def close_it(switch: SshSwitch) -> tuple[str, PortState]:
    """Shut the port down; return what the device said, and the port as it is then."""
    port = await switch.find("Fa0/3")
    said = await switch.set_admin_status(port, up=False)
    return said, await switch.again(port)


def private_key(path: Path, passphrase: str | None = None) -> paramiko.PKey:
    key = paramiko.ECDSAKey.generate()
    key.write_private_key_file(str(path), passphrase)
    return key


# --- what it is for ---


@PLATFORMS
def test_a_port_is_found_closed_and_opened_again_on_one_connection(
    platform: str, tmp_path: Path
) -> None:
    name, number, vendor = PORTS[platform], NUMBERS[platform], VENDORS[platform]

    async def work(switch: SshSwitch) -> list[object]:
        port = await switch.find(name)
        seen: list[object] = [port, await switch.set_admin_status(port, up=False)]
        seen += [await switch.again(port), device.ports[number]]
        seen += [await switch.set_admin_status(port, up=True), await switch.again(port)]
        return seen

    with SshDevice(platform, Manners()) as device:
        seen = doing(work, login_to(device, tmp_path), platform)
    closed = PortState(name=name, if_index=None, status=CLOSED)
    open_ = PortState(name=name, if_index=None, status=UP)
    assert seen == [open_, "nothing", closed, False, "nothing", open_]
    assert device.logins == 1
    orders = [c for c in device.commands if c in {vendor.down, vendor.up}]
    assert orders[-2:] == [vendor.down, vendor.up]


def test_logging_in_ahead_changes_nothing_and_is_not_done_twice(tmp_path: Path) -> None:
    async def work(switch: SshSwitch) -> list[str]:
        await switch.prepare()
        await switch.prepare()
        return [*device.commands]

    with SshDevice("catalyst", Manners()) as device:
        assert doing(work, login_to(device, tmp_path)) == ["enable", "terminal length 0"]
    assert device.logins == 1


@PLATFORMS
@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_key_lets_in_without_a_password(
    platform: str, passphrase: str | None, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    key = private_key(file, passphrase)
    with SshDevice(platform, Manners(), user_key=key) as device:
        login = login_to(
            device, tmp_path, password="", key_file=str(file), passphrase=passphrase or ""
        )
        port = doing(lambda switch: switch.find(PORTS[platform]), login, platform)
    assert port.status == UP


@PLATFORMS
def test_a_banner_and_a_log_message_in_the_middle_disturb_nothing(
    platform: str, tmp_path: Path
) -> None:
    manners = Manners(
        banner="####### keep out! #######\n# this is > that # \n\n[yes/no]",
        log="*Mar  1 00:02:11: %LINK-5-CHANGED: Interface Fa0/7, changed state to up >#",
    )

    async def work(switch: SshSwitch) -> PortState:
        port = await switch.find(PORTS[platform])
        await switch.set_admin_status(port, up=False)
        return await switch.again(port)

    with SshDevice(platform, manners) as device:
        assert doing(work, login_to(device, tmp_path), platform).status == CLOSED


@PLATFORMS
@pytest.mark.parametrize(
    "manners",
    [Manners(enable=None), Manners(privileged=True)],
    ids=["no password", "already privileged"],
)
def test_an_enable_password_is_not_needed_where_none_is_asked_for(
    platform: str, manners: Manners, tmp_path: Path
) -> None:
    with SshDevice(platform, manners) as device:
        login = login_to(device, tmp_path, enable="")
        assert doing(lambda s: s.find(PORTS[platform]), login, platform).status == UP


def test_a_device_that_asks_for_the_user_again_gets_the_user(tmp_path: Path) -> None:
    with SshDevice("foundry", Manners(asks_user=True)) as device:
        login = login_to(device, tmp_path)
        assert doing(lambda s: s.find("ethernet1/3"), login, "foundry").status == UP


def test_a_device_that_speaks_only_what_was_usual_in_2009_can_be_changed(tmp_path: Path) -> None:
    with SshDevice(
        "catalyst", Manners(old=True), host_key=paramiko.RSAKey.generate(2048)
    ) as device:
        _, port = doing(close_it, login_to(device, tmp_path))
    assert port.status == CLOSED


@PLATFORMS
def test_saving_tells_what_the_device_said(platform: str, tmp_path: Path) -> None:
    with SshDevice(platform, Manners()) as device:
        said = doing(lambda switch: switch.save(), login_to(device, tmp_path), platform)
    assert said in {"Building configuration...; [OK]", "Write startup-config done."}
    assert device.commands[-1] == "write memory"


# --- what the device says is never believed ---


def test_an_order_that_does_nothing_is_seen_when_the_port_is_read_again(tmp_path: Path) -> None:
    with SshDevice("catalyst", Manners(deaf=("shutdown",))) as device:
        assert doing(close_it, login_to(device, tmp_path)) == (
            "nothing",
            PortState(name="Fa0/3", if_index=None, status=UP),
        )


@pytest.mark.parametrize(
    ("command", "said", "told"),
    [
        ("shutdown", "% Invalid input detected", "% Invalid input detected"),
        ("shutdown", "Error - not permitted\a", r"Error - not permitted\u0007"),
        ("configure terminal", "% Unauthorized", "to `configure terminal`: % Unauthorized"),
        ("configure terminal", "", "to `configure terminal`: nothing"),
        ("interface Fa0/3", "% Invalid input", "to `interface Fa0/3`: % Invalid input"),
    ],
)
def test_a_refusal_is_told_as_the_device_put_it(
    command: str, said: str, told: str, tmp_path: Path
) -> None:
    with SshDevice("catalyst", Manners(says=((command, said),))) as device:
        assert doing(close_it, login_to(device, tmp_path))[0] == told
    assert device.ports["0/3"]
    assert ("shutdown" in device.commands) == (command == "shutdown")


def test_the_order_is_never_sent_outside_the_ports_own_mode(tmp_path: Path) -> None:
    async def work(switch: SshSwitch) -> str:
        port = await switch.find("Fa0/3")
        del device.ports["0/3"]
        return await switch.set_admin_status(port, up=False)

    with SshDevice("catalyst", Manners()) as device:
        said = doing(work, login_to(device, tmp_path))
    assert said.startswith("to `interface Fa0/3`: ^; % Invalid input detected")
    assert "shutdown" not in device.commands


@pytest.mark.parametrize(
    ("manners", "status"),
    [(Manners(hangs_up_before="shutdown"), UP), (Manners(hangs_up_after="shutdown"), CLOSED)],
    ids=["before", "after"],
)
def test_a_connection_lost_over_the_order_is_told_and_the_port_read_on_a_new_one(
    manners: Manners, status: PortStatus, tmp_path: Path
) -> None:
    with SshDevice("catalyst", manners) as device:
        said, port = doing(close_it, login_to(device, tmp_path))
    assert said in {
        "no answer to `shutdown`, which may have arrived: the connection was lost",
        "nothing",  # the prompt still came
    }
    assert (port.status, device.logins) == (status, 2)


@pytest.mark.parametrize("command", ["configure terminal", "interface Fa0/3"])
def test_a_connection_lost_before_the_order_means_that_it_was_not_sent(
    command: str, tmp_path: Path
) -> None:
    with (
        SshDevice("catalyst", Manners(hangs_up_before=command)) as device,
        pytest.raises(NoAnswer, match=r"^sw1: the connection was lost$"),
    ):
        doing(close_it, login_to(device, tmp_path))
    assert device.ports["0/3"]
    assert device.commands[-1] == command


def test_a_device_that_falls_silent_over_the_order_is_told(tmp_path: Path) -> None:
    with SshDevice("catalyst", Manners(mute="shutdown")) as device:
        said, _ = doing(close_it, login_to(device, tmp_path, timeout=1))
    assert said == (
        "no answer to `shutdown`, which may have arrived: no prompt came after `shutdown`"
    )


@pytest.mark.parametrize(
    "question", ["Really? [confirm]", "Sure? (enter 'y' or 'n'): ", "[yes/no]: "]
)
def test_a_question_is_told_and_never_answered(question: str, tmp_path: Path) -> None:
    async def work(switch: SshSwitch) -> str:
        return await switch.save()

    with SshDevice("catalyst", Manners(asks=("write memory", question))) as device:
        said = doing(work, login_to(device, tmp_path))
    assert said.startswith("no answer to `write memory`: it asked ")
    assert question.strip() in said
    assert not [c for c in device.commands if c.startswith("answer:")]


@pytest.mark.parametrize("noticed", ["before the next command", "over the next command"])
def test_a_session_that_the_device_has_ended_meanwhile_is_replaced(
    noticed: str, tmp_path: Path
) -> None:
    async def work(switch: SshSwitch) -> PortState:
        port = await switch.find("Fa0/3")
        device.hang_up()
        if noticed == "before the next command":
            await asyncio.to_thread(_ended, switch)
        await switch.set_admin_status(port, up=False)
        return await switch.again(port)

    with SshDevice("catalyst", Manners()) as device:
        assert doing(work, login_to(device, tmp_path)).status == CLOSED
    assert device.logins == 2


def _ended(switch: SshSwitch) -> None:
    """Wait until the driver's own end of the connection has seen the end of it."""
    assert switch._shell is not None
    channel = switch._shell.remote_conn
    assert isinstance(channel, paramiko.Channel)
    channel.get_transport().join(5)
    assert switch._shell.gone


# --- ports ---


@PLATFORMS
def test_a_port_that_is_not_there_is_refused_in_the_devices_words(
    platform: str, tmp_path: Path
) -> None:
    name = PORTS[platform].replace("/3", "/99")
    with (
        SshDevice(platform, Manners()) as device,
        pytest.raises(NoSuchPort, match=rf"no port '{name}': .*[Ii]nvalid input"),
    ):
        doing(lambda switch: switch.find(name), login_to(device, tmp_path), platform)


@pytest.mark.parametrize("name", ["Fa0/3\nreload", "Fa0/3;x", "range Fa0/1", "", "Fa0/3\x1b"])
def test_a_name_that_is_no_ports_never_reaches_the_device(name: str, tmp_path: Path) -> None:
    port = PortState(name=name, if_index=None, status=UP)
    with SshDevice("catalyst", Manners()) as device:
        login = login_to(device, tmp_path)
        for work in (
            lambda switch: switch.find(name),
            lambda switch: switch.set_admin_status(port, up=False),
        ):
            with pytest.raises(NoSuchPort) as refused:
                doing(work, login)
            assert refused.value.detail.isprintable()
    assert device.logins == 0


@pytest.mark.parametrize(
    "answer",
    [
        "FastEthernet0/30 is up, line protocol is up",
        "FastEthernet0/3 is odd, line protocol is up",
        "",
    ],
)
def test_an_answer_that_does_not_say_how_the_port_is_is_not_guessed_at(
    answer: str, tmp_path: Path
) -> None:
    manners = Manners(says=(("show interfaces Fa0/3", answer),))
    with (
        SshDevice("catalyst", manners) as device,
        pytest.raises(Malformed, match="does not say whether Fa0/3 is up"),
    ):
        doing(look, login_to(device, tmp_path))


# --- getting in ---


def test_a_wrong_password_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    with SshDevice("catalyst", Manners()) as device:
        login = login_to(device, tmp_path, password="s3cret guess")  # noqa: S106 - it is none
        with pytest.raises(Refused) as refused:
            doing(look, login)
    assert str(refused.value) == "sw1: it does not let netguard log in by SSH"
    assert refused.value.remedy == "Check user, password and key_file in [ssh.noc]."
    assert device.commands == []


def test_a_key_that_the_device_does_not_know_is_refused(tmp_path: Path) -> None:
    private_key(tmp_path / "key")
    with SshDevice("catalyst", Manners()) as device:
        login = login_to(device, tmp_path, password="", key_file=str(tmp_path / "key"))
        with pytest.raises(Refused, match="does not let netguard log in"):
            doing(look, login)


@PLATFORMS
@pytest.mark.parametrize(
    ("enable", "why"),
    [("s3cret guess", "it "), ("", "it asks for an enable password, and none is configured")],
)
def test_who_may_not_enter_privileged_mode_is_refused_before_anything_is_sent(
    platform: str, enable: str, why: str, tmp_path: Path
) -> None:
    with SshDevice(platform, Manners()) as device:
        login = login_to(device, tmp_path, enable=enable)
        with pytest.raises(Refused, match="netguard may not enter privileged mode: ") as refused:
            doing(lambda switch: switch.find(PORTS[platform]), login, platform)
    assert why in refused.value.detail
    assert "s3cret" not in f"{refused.value!r} {refused.value.remedy}"
    assert refused.value.remedy.startswith("Check `enable` in [ssh.noc]")
    assert device.commands == ["enable"]


def test_an_unknown_host_key_is_refused_and_not_added(tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    with SshDevice("catalyst", Manners()) as device:
        for content in (None, "", "other.example ssh-rsa AAAA\n"):
            if content is not None:
                known.write_text(content)
            login = login_to(device, tmp_path, known_hosts=str(known))
            known.write_text(content or "")
            with pytest.raises(Refused) as refused:
                doing(look, login)
            assert known.read_text() == (content or "")
    assert refused.value.kind == "host-key"
    assert refused.value.detail == (
        f"its SSH host key is not known here: {device.host_key.fingerprint}"
    )
    scan = f"ssh-keyscan -p {device.port} 127.0.0.1 >> {known}"
    assert refused.value.remedy.endswith(f"then add it: {scan}")
    assert device.logins == 0


def test_a_changed_host_key_is_refused(tmp_path: Path) -> None:
    with SshDevice("catalyst", Manners()) as device:
        noted = device.known_hosts_line(paramiko.ECDSAKey.generate())
        (tmp_path / "known_hosts").write_text(noted)
        with pytest.raises(Refused) as refused:
            doing(look, login_to(device, tmp_path))
    assert refused.value.kind == "host-key"
    assert device.host_key.fingerprint in refused.value.detail
    assert f"ssh-keygen -f {tmp_path}/known_hosts -R '[127.0.0.1]:{device.port}'" in (
        refused.value.remedy
    )
    assert (tmp_path / "known_hosts").read_text() == noted
    assert device.logins == 0


def test_the_users_known_hosts_are_read_where_no_others_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    with SshDevice("catalyst", Manners()) as device:
        (tmp_path / ".ssh/known_hosts").write_text(device.known_hosts_line())
        port = doing(look, login_to(device, tmp_path, known_hosts=None))
    assert port.status == UP


@pytest.mark.parametrize("garbled", [b"\xff\xfe\n", None])
def test_known_hosts_that_cannot_be_read_are_named(garbled: bytes | None, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.mkdir() if garbled is None else known.write_bytes(garbled)
    with (
        SshDevice("catalyst", Manners()) as device,
        pytest.raises(ProbeError, match=f"the host keys in {known} cannot be read"),
    ):
        doing(look, login_to(device, tmp_path))


@pytest.mark.parametrize(
    ("made_with", "opened_with", "why"),
    [
        (None, "s3cret", "it has no passphrase"),
        ("s3cret", "", "it is protected by a passphrase"),
        ("s3cret", "s3cret guess", "it is no private key, or its passphrase is another one"),
    ],
)
def test_a_key_that_cannot_be_opened_is_said_to_be_so(
    made_with: str | None, opened_with: str, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    private_key(file, made_with)
    login = SshLogin(user=USER, key_file=str(file), passphrase=opened_with)
    with pytest.raises(ProbeError) as refused:
        doing(look, login)
    assert str(refused.value) == f"sw1: the key {file} cannot be used: {why}"
    assert "s3cret" not in repr(refused.value)


def test_a_key_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    login = SshLogin(user=USER, key_file=str(tmp_path / "key"))
    with pytest.raises(ProbeError, match="cannot be used: No such file or directory"):
        doing(look, login)


def test_a_port_where_nobody_listens_is_told_from_a_refusal(tmp_path: Path) -> None:
    with SshDevice("catalyst", Manners()) as device:
        login = login_to(device, tmp_path)
    with pytest.raises(NoAnswer) as silent:
        doing(look, login)
    assert silent.value.detail == f"no SSH on 127.0.0.1 port {device.port}: Connection refused"


def test_a_port_where_something_else_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        login = SshLogin(user=USER, password=PASSWORD, port=port, timeout=0.3)
        with pytest.raises(NoAnswer, match=f"no SSH server answered on 127.0.0.1 port {port}"):
            doing(look, login)


@pytest.mark.parametrize(
    ("manners", "why"),
    [
        (Manners(wordless=True), "logged in by SSH as netguard, but no prompt came within 1 s"),
        (Manners(mute="enable"), "the SSH session broke off: no answer to `enable`"),
        (Manners(hangs_up_before="enable"), "the SSH session broke off: no answer to `enable`"),
        (
            Manners(hangs_up_before="terminal length 0"),
            "the SSH session broke off: the connection was lost",
        ),
    ],
)
def test_a_session_that_never_comes_to_work_is_told(
    manners: Manners, why: str, tmp_path: Path
) -> None:
    with SshDevice("catalyst", manners) as device, pytest.raises(NoAnswer, match=why):
        doing(look, login_to(device, tmp_path, timeout=1))


def test_a_device_that_does_not_say_whether_the_password_is_right_is_told_from_a_refusal(
    tmp_path: Path,
) -> None:
    with SshDevice("catalyst", Manners(hesitates=True)) as device:
        with pytest.raises(NoAnswer) as silent:
            doing(look, login_to(device, tmp_path, timeout=0.5))
        device.leaving.set()
    assert silent.value.detail == "it did not say within 0.5 s whether netguard may log in"


def test_a_device_with_which_no_algorithm_is_shared_is_told() -> None:
    lists = [b"diffie-hellman-group1-md5", b"ssh-dss", *[b"blowfish-cbc"] * 2, *[b"hmac-md5"] * 2]
    lists += [b"none", b"none", b"", b""]
    offer = b"\x14" + bytes(16) + b"".join(struct.pack(">I", len(x)) + x for x in lists) + bytes(5)
    padding = 8 - (len(offer) + 5) % 8 + 8
    packet = struct.pack(">IB", len(offer) + padding + 1, padding) + offer + bytes(padding)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_offering, args=(listener, packet))
        thread.start()
        login = SshLogin(user=USER, password=PASSWORD, port=listener.getsockname()[1], timeout=5)
        with pytest.raises(Refused, match="no algorithm of its SSH is accepted here") as refused:
            doing(look, login)
        thread.join()
    assert refused.value.remedy == "Update its software, or give SNMP the right to write."


def _offering(listener: socket.socket, packet: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.sendall(b"SSH-2.0-RomSShell_4.50\r\n" + packet)
        while connection.recv(4096):
            pass


def test_a_platform_whose_command_line_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        driver(SshLogin(user=USER, password=PASSWORD), "generic")
    assert refused.value.message == (
        "sw1: netguard does not know the command line of platform 'generic'"
    )
    assert "\n" not in refused.value.message


def test_without_netmiko_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "netmiko.base_connection", None)
    monkeypatch.delitem(sys.modules, "netguard.switches.ssh_session", raising=False)
    with pytest.raises(ProbeError) as missing:
        doing(look, SshLogin(user=USER, password=PASSWORD))
    assert missing.value.remedy == "pip install 'netguard[cli]'"


# --- secrets, and calls that are given up ---


def test_no_secret_gets_into_a_log(tmp_path: Path) -> None:
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for name in ("netmiko", "paramiko"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    odd = 's3cret\\with "odd" \u2713'
    try:
        with SshDevice("catalyst", Manners(enable=odd)) as device:
            doing(close_it, login_to(device, tmp_path, enable=odd))
            with pytest.raises(Refused):
                doing(look, login_to(device, tmp_path, password="s3cret guess"))  # noqa: S106
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    assert "s3cret" not in out.getvalue()
    assert logging.getLogger("netmiko").filters == []  # they hold the password


def test_a_call_that_is_given_up_is_waited_for_before_the_connection_is_closed(
    tmp_path: Path,
) -> None:
    async def work(switch: SshSwitch) -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(switch.find("Fa0/3"), 0.5)

    with SshDevice("catalyst", Manners(mute="show interfaces Fa0/3")) as device:
        doing(work, login_to(device, tmp_path, timeout=1))
