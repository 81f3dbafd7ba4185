"""The doctor on real interfaces, real stores and real agents, healthy and ill."""

import asyncio
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest

from netguard.config import Config, load, read
from netguard.config.settings import Vantage
from netguard.doctor import machine, tracing
from netguard.doctor.check import Check
from netguard.doctor.devices import devices
from netguard.doctor.listening import listening
from netguard.inventory import Segment
from netguard.lab import namespaces
from netguard.store import open_store
from netguard.vantages import vantage_wire
from probes.trace.wire import Wire as Opened
from tests.config_files import write
from tests.segment import Segment as Wire
from tests.snmp_agent import Mib, agent, dotted, integer, object_id, octets
from tests.snmpd import snmpd
from tests.sshd import USER, Sshd, sshd

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can drop a right")


# --- configuration, clock ---


def test_a_sound_configuration_with_its_secrets_is_ok(tmp_path: Path) -> None:
    checks = [*machine.configuration(read(write(tmp_path), environ={}), environ={})]
    assert [(c.subject, c.status) for c in checks] == [("configuration", "ok"), ("secrets", "ok")]
    assert "devices 2, segments 1, servers 1" in checks[0].detail


def test_every_problem_is_a_check_of_its_own(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        old='read = "public"',
        new='read = "env:NG_READ"\nwrite = "env:NG_WRITE"\ntimout = 1',
    )
    checks = [*machine.configuration(read(path, environ={}), environ={})]
    assert [(c.subject, c.status, c.remedy) for c in checks] == [
        ("configuration", "failed", "Did you mean 'timeout'?"),
        ("secrets", "failed", "Set $NG_READ."),
        ("secrets", "warning", "Set $NG_WRITE."),
    ]


def test_a_clock_before_the_release_cannot_be_right() -> None:
    check = machine.system_clock(datetime(1970, 1, 1, tzinfo=UTC))
    assert (check.status, check.detail) == ("failed", "1970-01-01 is before netguard was written")


def test_the_kernel_is_asked_whether_the_clock_is_synchronised() -> None:
    told = subprocess.run(
        [sys.executable, "-c", KERNEL], capture_output=True, text=True, check=True
    )
    check = machine.system_clock(NOW)
    assert check.status == ("warning" if told.stdout.strip() == "5" else "ok")


KERNEL = "import ctypes; print(ctypes.CDLL(None).ntp_adjtime(ctypes.create_string_buffer(208)))"


# --- raw sockets and interfaces ---


def with_interface(folder: Path) -> Config:
    path = write(folder, old="gateways", new='interface = "eth1"\ngateways')
    return load(path, environ={})


def test_raw_sockets_are_not_asked_for_where_no_segment_has_an_interface(tmp_path: Path) -> None:
    check = machine.raw_sockets(load(write(tmp_path), environ={}))
    assert (check.status, check.detail) == ("ok", "not needed: no segment has an interface")


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can drop a capability")
@pytest.mark.parametrize(("drop", "status"), [("-net_raw", "failed"), ("-sys_time", "ok")])
def test_a_process_without_cap_net_raw_is_told_so(tmp_path: Path, drop: str, status: str) -> None:
    with_interface(tmp_path)
    program = (
        "import sys; from pathlib import Path; from netguard.config import load;"
        "from netguard.doctor.machine import raw_sockets;"
        "check = raw_sockets(load(Path(sys.argv[1]), environ={}));"
        "print(check.status, check.remedy)"
    )
    done = subprocess.run(
        [
            "setpriv",
            *("--inh-caps", drop, "--bounding-set", drop),
            *(sys.executable, "-c", program, str(tmp_path / "netguard.toml")),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    told, _, remedy = done.stdout.strip().partition(" ")
    assert told == status
    assert ("CAP_NET_RAW" in remedy) is (status == "failed")


WEB = Segment(name="web", networks=(ip_network("198.51.100.0/27"),), interface="eth1")


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as wire:
        yield wire


def seen(wire: Wire, one: Segment, state: str = "up") -> Check:
    """Check a segment from a machine whose eth1, 198.51.100.30, touches the wire."""
    fd = wire.prober()
    with wire.ip(fd) as ip:
        ip.link("set", index=ip.link_lookup(ifname="eth1")[0], state=state)
    with namespaces.entered(fd):
        return machine.segment(one)


@pytest.mark.packets
def test_an_interface_that_is_up_with_an_address_in_the_segment_is_ok(wire: Wire) -> None:
    check = seen(wire, WEB)
    assert (check.subject, check.status) == ("segment web", "ok")
    assert check.detail == "eth1 is up, with 198.51.100.30/27"


@pytest.mark.packets
def test_an_interface_that_is_down_is_told_with_the_command(wire: Wire) -> None:
    check = seen(wire, WEB, state="down")
    assert (check.status, check.remedy) == ("failed", "ip link set eth1 up")


@pytest.mark.packets
def test_an_interface_that_does_not_exist_is_told_with_those_that_do(wire: Wire) -> None:
    check = seen(wire, Segment(name="web", networks=WEB.networks, interface="eth9"))
    assert (check.status, check.detail) == ("failed", "eth9: no such interface here")
    assert "eth1" in check.remedy


@pytest.mark.packets
def test_an_interface_without_an_address_in_the_network_is_told(wire: Wire) -> None:
    other = Segment(name="web", networks=(ip_network("203.0.113.0/24"),), interface="eth1")
    check = seen(wire, other)
    assert check.status == "failed"
    assert "203.0.113.0/24" in check.detail
    assert check.remedy.startswith("ip address add")


def test_a_segment_that_only_snmp_reaches_needs_devices() -> None:
    alone = Segment(name="web", networks=WEB.networks)
    assert machine.segment(alone).status == "warning"
    by_devices = Segment(name="web", networks=WEB.networks, routers=("edge1",), switches=("cat1",))
    check = machine.segment(by_devices)
    assert (check.status, check.detail) == ("ok", "by SNMP alone, from edge1, cat1")


# --- the store ---


def test_a_store_that_is_still_to_be_made_is_not_made_by_the_doctor(tmp_path: Path) -> None:
    path = tmp_path / "state" / "netguard.db"
    check = machine.store(f"sqlite:///{path}")
    assert (check.status, check.detail) == ("ok", f"{path}: the first sweep makes it")
    assert not path.parent.exists()


def test_a_store_that_can_never_be_made_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    check = machine.store(f"sqlite:///{blocked}/such/netguard.db")
    assert check.status == "failed"
    assert check.remedy


def test_a_store_that_opens_is_ok(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/netguard.db"
    with open_store(url):
        pass
    check = machine.store(url)
    assert (check.status, check.detail) == ("ok", "opened, its schema is current; no sweep yet")


def test_a_file_that_is_no_store_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "netguard.db"
    path.write_bytes(b"not a database" * 100)
    assert machine.store(f"sqlite:///{path}").status == "failed"
    assert path.read_bytes() == b"not a database" * 100
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    check = machine.store(f"sqlite:///{path}")
    assert check.status == "failed"
    assert "something else" in check.detail


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: only root can become another user")
def test_a_store_that_may_only_be_read_is_told() -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are closed to others
        path = Path(folder, "netguard.db")
        with open_store(f"sqlite:///{path}"):
            pass
        path.chmod(0o444)
        Path(folder).chmod(0o777)
        os.seteuid(65534)
        try:
            check = machine.store(f"sqlite:///{path}")
        finally:
            os.seteuid(0)
    assert check.status == "failed"
    assert str(path) in check.detail
    assert "writ" in check.remedy


def test_a_database_server_that_is_away_is_told() -> None:
    pytest.importorskip("psycopg")
    check = machine.store("postgresql+psycopg://netguard@127.0.0.1:1/netguard")
    assert check.status == "failed"
    assert check.remedy


# --- where the daemon listens ---


def heard(folder: Path, watch: str) -> list[Check]:
    return [*listening(load(write(folder, new=f"[watch]\n{watch}"), environ={}).watch)]


def test_nothing_is_said_of_a_daemon_that_listens_nowhere(tmp_path: Path) -> None:
    assert heard(tmp_path, "") == []


def test_every_place_where_the_daemon_listens_is_tried_and_left_free(tmp_path: Path) -> None:
    log = tmp_path / "messages"
    log.touch()
    port = free_port()
    watch = (
        f'syslog = ["udp:127.0.0.1:{port}", "tcp:[::]:{port}", "file:{log}"]\n'
        f'traps = "udp:[::1]:{port}"\nmetrics = "127.0.0.1:{free_port()}"\n'
    )
    for _ in range(2):
        checks = heard(tmp_path, watch)
        assert [check.status for check in checks] == ["ok"] * 5
    assert [check.subject.rpartition(":")[0] for check in checks] == [
        "syslog udp:127.0.0.1",
        "syslog tcp:[::]",
        "syslog file",
        "traps udp:[::1]",
        "metrics 127.0.0.1",
    ]


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_port_in_use_is_a_warning_since_the_daemon_itself_may_have_it(
    tmp_path: Path, transport: str
) -> None:
    kind = socket.SOCK_DGRAM if transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if transport == "tcp":
            other.listen()
        port = other.getsockname()[1]
        (check,) = heard(tmp_path, f'syslog = "{transport}:127.0.0.1:{port}"')
    assert (check.status, check.detail) == ("warning", "in use")
    assert check.remedy.startswith("By `netguard watch`? Else another program has it")
    assert f"ss -lnp 'sport = :{port}'" in check.remedy


def test_an_address_of_another_machine_cannot_be_listened_at(tmp_path: Path) -> None:
    (check,) = heard(tmp_path, 'traps = "udp:192.0.2.9:5162"')
    assert (check.subject, check.status) == ("traps udp:192.0.2.9:5162", "failed")
    assert (check.detail, check.remedy) == (
        "cannot listen: Cannot assign requested address",
        "use an address of this machine (`ip address`)",
    )


@ROOT
def test_a_low_port_needs_a_right_that_the_unit_has_to_give(tmp_path: Path) -> None:
    path = write(tmp_path, new='[watch]\nsyslog = "udp:127.0.0.1:514"')
    program = (
        "import sys; from pathlib import Path; from netguard.config import load;"
        "from netguard.doctor.listening import listening;"
        "(check,) = listening(load(Path(sys.argv[1]), environ={}).watch);"
        "print(check.status, check.remedy)"
    )
    unprivileged = ("--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")
    done = subprocess.run(
        ["setpriv", *unprivileged, sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("failed use a port from 1024 on, or add CAP_NET_BIND_SERVICE")


def test_a_log_file_that_is_still_to_come_is_a_warning(tmp_path: Path) -> None:
    (check,) = heard(tmp_path, f'syslog = "file:{tmp_path}/none"')
    assert (check.status, check.detail) == ("warning", "not there yet")


def test_a_log_file_that_is_none_or_leads_nowhere_has_failed(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    paths = (tmp_path, tmp_path / "pipe", tmp_path / "loop")
    checks = [check for path in paths for check in heard(tmp_path, f'syslog = "file:{path}"')]
    assert [check.status for check in checks] == ["failed"] * 3
    assert [(check.detail.rpartition(": ")[2], check.remedy) for check in checks] == [
        ("it is no regular file", "name the log itself"),
        ("it is no regular file", "name the log itself"),
        ("Too many levels of symbolic links", "correct the path"),
    ]


def free_port() -> int:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as trying:
        trying.bind(("::", 0))
        port: int = trying.getsockname()[1]
        return port


# --- devices ---

SYS_DESCR, SYS_OBJECT_ID, BRIDGE = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0", "1.3.6.1.2.1.17.1.1.0"
CATALYST, FOUNDRY = "1.3.6.1.4.1.9.1.516", "1.3.6.1.4.1.1991.1.3.51.7"


def mib(sys_object_id: str, **more: bytes) -> Mib:
    return Mib(
        {
            dotted(SYS_DESCR): octets(b"Cisco IOS Software,\r\nC3750 Software"),
            dotted(SYS_OBJECT_ID): object_id(dotted(sys_object_id)),
            dotted("1.3.6.1.2.1.1.5.0"): octets(b"sw"),
            dotted("1.3.6.1.2.1.1.3.0"): integer(100, tag=0x43),
            **{dotted(oid): value for oid, value in more.items()},
        }
    )


def asked(folder: Path, port: int, *, platform: str = "auto", role: str = "switch") -> Check:
    """Check the one device that answers, or does not, on a port of the loopback."""
    path = folder / "netguard.toml"
    path.write_text(
        '[snmp.a]\nread = "public"\ntimeout = 0.2\nretries = 1\n'
        f'[[device]]\nname = "sw"\naddress = "127.0.0.1:{port}"\nsnmp = "a"\n'
        f'role = "{role}"\nplatform = "{platform}"\n'
    )
    told: list[tuple[str, int, int]] = []
    config = load(path, environ={})
    (check,) = asyncio.run(
        devices(config, environ={}, progress=lambda *progress: told.append(progress))
    )
    assert told == [("asking devices", 1, 1)]
    return check


def test_a_switch_that_answers_as_one_is_ok(tmp_path: Path) -> None:
    bridge = {BRIDGE: octets(bytes.fromhex("00005e005301"))}
    with agent(mib(CATALYST, **bridge)) as port:
        check = asked(tmp_path, port, platform="catalyst")
    assert (check.subject, check.status) == ("switch sw", "ok")
    assert check.detail.startswith("answered in ")
    assert check.detail.endswith(" ms: Cisco IOS Software, C3750 Software")


def test_a_device_of_another_platform_than_configured_is_a_warning(tmp_path: Path) -> None:
    with agent(mib(FOUNDRY)) as port:
        check = asked(tmp_path, port, platform="catalyst")
    assert check.status == "warning"
    assert f"its sysObjectID {FOUNDRY} is of platform foundry" in check.detail
    assert check.remedy == 'Write platform = "foundry" or "auto" for sw.'


@pytest.mark.parametrize(
    ("role", "missing"), [("switch", "it shows no BRIDGE-MIB"), ("router", "it shows no addresses")]
)
def test_a_device_that_is_not_what_its_role_says_is_a_warning(
    tmp_path: Path, role: str, missing: str
) -> None:
    with agent(mib(CATALYST)) as port:
        check = asked(tmp_path, port, role=role)
    assert check.status == "warning"
    assert check.detail.endswith(f"but {missing}")


def test_snmpd_is_a_router_with_addresses(tmp_path: Path) -> None:
    with snmpd(tmp_path, "rocommunity public") as port:
        check = asked(tmp_path, port, role="router")
    assert check.status == "ok"
    assert "Linux" in check.detail


def test_a_wrong_community_is_one_failed_check_with_a_remedy(tmp_path: Path) -> None:
    with snmpd(tmp_path, "rocommunity another") as port:
        check = asked(tmp_path, port)
    assert check.status == "failed"
    assert check.detail == "no SNMP answer to 2 requests, 0.2 s each"
    assert "wrong community" in check.remedy


def test_a_device_whose_secret_is_missing_fails_alone(tmp_path: Path) -> None:
    path = write(tmp_path, old='read = "public"', new='read = "env:NG_READ"\ntimeout = 0.1')
    config = load(path, environ={})
    checks = asyncio.run(devices(config, environ={}, progress=lambda *_: None))
    assert [(c.subject, c.status, c.remedy) for c in checks] == [
        ("router edge1", "failed", "Set $NG_READ."),
        ("switch cat1", "failed", "Set $NG_READ."),
    ]


# --- tracing, from here and from elsewhere ---

TRACING = (
    "import asyncio, sys; from pathlib import Path; from netguard.config import load;"
    "from netguard.doctor.tracing import tracing;"
    "check = asyncio.run(tracing(load(Path(sys.argv[1]), environ={})));"
    "print(check.status, check.detail, check.remedy, sep='|')"
)


def traced(folder: Path, *prefix: str, groups: str = "1 0", more: str = "") -> list[str]:
    """Return status, detail and remedy of tracing from a host where these groups may ping."""
    config = write(folder, new=more)
    command = [*prefix, sys.executable, "-c", TRACING, str(config)]
    allow = (
        f"ip link set lo up && echo '{groups}' > /proc/sys/net/ipv4/ping_group_range && exec \"$@\""
    )
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", allow, "sh", *command],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip().split("|")


UNPRIVILEGED = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")


@ROOT
def test_raw_sockets_trace_by_every_method(tmp_path: Path) -> None:
    assert traced(tmp_path) == ["ok", "raw sockets: icmp, tcp, udp", ""]


@ROOT
def test_pings_alone_do_but_what_they_do_not_show_is_told(tmp_path: Path) -> None:
    status, detail, remedy = traced(tmp_path, *UNPRIVILEGED, groups="0 2147483647")
    assert (status, detail.partition(":")[0]) == ("warning", "ping sockets only")
    assert "CAP_NET_RAW" in remedy


@ROOT
def test_with_no_right_at_all_both_ways_out_are_named(tmp_path: Path) -> None:
    status, detail, remedy = traced(tmp_path, *UNPRIVILEGED)
    assert status == "failed"
    assert "CAP_NET_RAW" in detail
    assert "AmbientCapabilities" in remedy
    assert "ping_group_range" in remedy


@ROOT
def test_a_source_that_is_not_this_machine_s_is_told(tmp_path: Path) -> None:
    own = '[[vantage]]\nname = "noc"\nsources = ["192.0.2.77"]\n'
    status, detail, remedy = traced(tmp_path, more=own)
    assert status == "failed"
    assert "192.0.2.77" in detail
    assert "ip address" in remedy


def test_tracing_is_not_asked_for_where_no_server_has_blocks(tmp_path: Path) -> None:
    path = write(tmp_path, old='blocks = ["203.0.113.64/26"]\n')
    check = asyncio.run(tracing.tracing(load(path, environ={})))
    assert (check.status, check.detail) == ("ok", "not needed: no server has blocks")


def vantage(server: Sshd, name: str = "osaka", **other: str) -> str:
    """Return the configuration of a vantage with a login of its own."""
    login = {"key_file": f"{server.user_key}", "known_hosts": f"{server.known_hosts}", **other}
    lines = "".join(f'{key} = "{value}"\n' for key, value in login.items())
    return (
        f'[ssh.{name}]\nuser = "{USER}"\n{lines}'
        f'[[vantage]]\nname = "{name}"\nssh = "{server.target}"\nlogin = "{name}"\n'
    )


def tried(folder: Path, *vantages: str) -> list[Check]:
    """Return what the doctor says of these vantages, and see that it tells how far it is."""
    config = load(write(folder, new="".join(vantages)), environ={})
    told: list[tuple[str, int, int]] = []
    checks = asyncio.run(
        tracing.vantages(config, environ={}, progress=lambda *progress: told.append(progress))
    )
    number = len(vantages)
    assert told == [("asking vantages", done, number) for done in range(1, number + 1)]
    return list(checks)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    with sshd(tmp_path) as running:
        yield running


@pytest.mark.packets
def test_a_vantage_that_lets_us_in_and_has_the_tools_is_ok(tmp_path: Path, server: Sshd) -> None:
    (check,) = tried(tmp_path, vantage(server))
    assert (check.subject, check.status) == ("vantage osaka", "ok")
    assert check.detail.startswith("logged in, and its tools work, in ")
    assert check.detail.endswith(" s: icmp, udp")


@ROOT
def test_a_vantage_without_traceroute_is_a_warning(tmp_path: Path) -> None:
    hidden = "mount --bind /bin/false $(readlink -f $(command -v traceroute)) && exec sh"
    with sshd(tmp_path, f"ForceCommand unshare --mount sh -c '{hidden}'") as server:
        (check,) = tried(tmp_path, vantage(server))
    assert check.status == "warning"
    assert check.detail.endswith(": icmp")
    assert check.remedy.startswith("Install traceroute there")


def test_a_vantage_whose_host_key_nobody_noted_fails_with_what_to_do(
    tmp_path: Path, server: Sshd
) -> None:
    (check,) = tried(tmp_path, vantage(server, known_hosts=f"{tmp_path}/none"))
    assert check.status == "failed"
    assert "host key is not known here" in check.detail
    assert "ssh-keyscan" in check.remedy


def test_a_vantage_that_refuses_the_key_fails_with_its_login(tmp_path: Path, server: Sshd) -> None:
    (server.folder / "authorized_keys").write_text("")
    (check,) = tried(tmp_path, vantage(server))
    assert (check.status, check.detail) == (
        "failed",
        f"it does not let {USER} log in by SSH",
    )
    assert "[ssh.osaka]" in check.remedy


def test_a_vantage_whose_secret_is_missing_fails_alone(tmp_path: Path, server: Sshd) -> None:
    absent = {"password": "env:NG_X"}
    poor, good = tried(tmp_path, vantage(server, "poor", **absent), vantage(server))
    assert (poor.status, poor.remedy) == ("failed", "Set $NG_X.")
    assert (good.subject, good.status) == ("vantage osaka", "ok")


def test_a_vantage_that_says_nothing_is_given_up(
    tmp_path: Path, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracing, "_PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        told = vantage(server).replace(server.target, f"{USER}@127.0.0.1:{port}")
        (check,) = tried(tmp_path, told)
    assert check.status == "failed"
    assert check.detail == "no login with working tools within 0.3 s"
    assert check.remedy == f"See what is slow: ssh -v ssh://{USER}@127.0.0.1:{port}"


def test_many_vantages_are_asked_side_by_side(
    tmp_path: Path, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = 4
    together = asyncio.Barrier(number)

    @asynccontextmanager
    async def waiting(
        config: Config, vantage: Vantage, *, environ: Mapping[str, str]
    ) -> AsyncIterator[Opened]:
        await together.wait()
        async with vantage_wire(config, vantage, environ=environ) as opened:
            yield opened

    monkeypatch.setattr(tracing, "vantage_wire", waiting)
    names = [f"v{each}" for each in range(number)]
    checks = tried(tmp_path, *(vantage(server, name) for name in names))
    assert [(check.subject, check.status) for check in checks] == [
        (f"vantage {name}", "ok") for name in names
    ]


# --- versions, and what may be done unattended ---


def test_the_versions_of_what_is_installed_are_named() -> None:
    named = {check.subject: check.detail for check in machine.versions()}
    assert {"Python", "netguard", "click", "pysnmp", "sqlalchemy"} <= named.keys()
    assert "psycopg" not in named  # an extra


def test_a_freeze_is_said_and_how_to_thaw_it(tmp_path: Path) -> None:
    policy = '\n[shutdown]\nautomatic = ["gateway-hijack"]\n'
    text = f'store = "sqlite:///{tmp_path}/netguard.db"\n{policy}'
    path = tmp_path / "netguard.toml"
    path.write_text(text)
    config = read(path).config
    assert machine.unattended(config).detail == "ports may be closed for gateway-hijack"
    (tmp_path / "frozen").write_text("maintenance until noon\n")
    check = machine.unattended(config)
    assert (check.status, "maintenance until noon" in check.detail) == ("warning", True)
    assert "netguard port thaw" in check.remedy
