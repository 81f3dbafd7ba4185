"""Which driver a device gets, and what is said of a device that cannot be changed."""

import asyncio
from pathlib import Path

import pytest

from netguard.config import Config, load
from netguard.errors import ConfigError
from netguard.inventory import Device
from netguard.switches.opening import no_write, open_switch
from netguard.switches.snmp import SnmpSwitch
from netguard.switches.ssh import SshSwitch
from netguard.switches.switch import Switch
from tests.config_files import write
from tests.snmp_agent import SET, Request, agent
from tests.switch_agent import DOWN, READ, WRITE, SwitchAgent

SECRET = "s3cret"  # noqa: S105 - that is what must not show
LOGIN = 'ssh = "noc"\n[ssh.noc]\nuser = "netguard"\npassword = "env:NG_SSH"'


def configured(folder: Path, *lines: str, device: str = "") -> tuple[Config, Device]:
    """Return the good configuration with more in [snmp.edge] and in its first device."""
    path = write(folder, old='read = "public"', new="\n".join(('read = "public"', *lines)))
    path.write_text(path.read_text().replace('snmp = "edge"', f'snmp = "edge"\n{device}', 1))
    config = load(path, environ={})
    return config, config.inventory.devices[0]


def opened(config: Config, device: Device, platform: str) -> Switch:
    async def now() -> Switch:
        switch = open_switch(config, device, platform)
        await switch.close()
        return switch

    return asyncio.run(now())


def test_a_device_with_a_write_community_is_changed_over_snmp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NG_WRITE", SECRET)
    config, device = configured(tmp_path, 'write = "env:NG_WRITE"')
    assert no_write(config, device) == ""
    assert isinstance(opened(config, device, "generic"), SnmpSwitch)


def test_a_device_with_a_login_is_changed_over_ssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NG_SSH", SECRET)
    config, device = configured(tmp_path, device=LOGIN)
    assert no_write(config, device) == ""
    assert isinstance(opened(config, device, "catalyst"), SshSwitch)


def test_a_login_is_no_use_where_the_command_line_is_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NG_SSH", SECRET)
    config, device = configured(tmp_path, device=LOGIN)
    assert no_write(config, device, "catalyst") == ""
    assert "command line" in no_write(config, device, "generic")
    with pytest.raises(ConfigError, match="command line"):
        open_switch(config, device, "generic")


def test_a_device_without_write_credentials_says_so_and_how_to_mend_it(tmp_path: Path) -> None:
    config, device = configured(tmp_path)
    reason = no_write(config, device)
    assert reason == (
        "edge1 cannot be changed: [snmp.edge] has no write credentials."
        " Set `write` in [snmp.edge], or `ssh` of edge1."
    )
    with pytest.raises(ConfigError, match="no write credentials"):
        open_switch(config, device, "generic")


def test_version_3_wants_a_user_that_writes(tmp_path: Path) -> None:
    path = write(tmp_path, old='version = "2c"\nread = "public"', new='version = "3"\nuser = "ro"')
    config = load(path, environ={})
    reason = no_write(config, config.inventory.devices[0])
    assert reason.endswith("Set `write_user` in [snmp.edge], or `ssh` of edge1.")


@pytest.mark.parametrize(
    ("line", "device"),
    [
        ('write = "env:NG_NOWHERE"', ""),
        ("", LOGIN),
    ],
    ids=["snmp", "ssh"],
)
def test_a_reference_that_leads_nowhere_is_named(tmp_path: Path, line: str, device: str) -> None:
    config, first = configured(tmp_path, line, device=device)
    reason = no_write(config, first)
    assert "env:NG_" in reason
    assert "is not set or empty" in reason
    assert "\n" not in reason
    with pytest.raises(ConfigError, match="is not set or empty"):
        open_switch(config, first, "generic")


def test_a_secret_that_others_can_read_is_not_used_and_not_told(tmp_path: Path) -> None:
    secret = tmp_path / "write"
    secret.write_text(SECRET)
    secret.chmod(0o644)
    config, device = configured(tmp_path, f'write = "file:{secret}"')
    reason = no_write(config, device)
    assert "open to others" in reason
    assert SECRET not in reason


def test_reading_and_writing_each_go_with_their_own_community(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NG_WRITE", WRITE)
    device = SwitchAgent({3: "Fa0/3"})
    heard = set()

    async def shut(config: Config) -> str:
        switch = open_switch(config, config.inventory.devices[0], "generic")
        said = await switch.set_admin_status(await switch.find("Fa0/3"), up=False)
        await switch.close()
        return said

    def listening(request: Request) -> list[bytes]:
        heard.add((request.pdu == SET, request.community.decode()))
        return list(device(request))

    with agent(listening) as port:
        config, _ = configured(tmp_path, 'write = "env:NG_WRITE"')
        path = config.path
        path.write_text(path.read_text().replace('"192.0.2.1"', f'"127.0.0.1:{port}"'))
        assert asyncio.run(shut(load(path, environ={}))) == "noError"
    assert device.admin == {3: DOWN}
    assert heard == {(False, READ), (True, WRITE)}
