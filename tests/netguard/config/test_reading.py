import os
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from netguard.config import credentials, load, read, secret_problems
from netguard.config.places import SYSTEM_CONFIG, default_store, state_folder
from netguard.config.settings import LogSource, Watch
from netguard.errors import ConfigError
from netguard.inventory import Device, Gateway, SwitchPort
from probes.snmp import Credentials
from tests.config_files import GOOD, write

WHOLE = """
store = "postgresql+psycopg://netguard@db.example.net/netguard"
retention = "90d"

[snmp.edge]
read = "env:NG_READ"
write = "file:/etc/netguard/write"
timeout = 3
retries = 1

[snmp.access]
version = "3"
user = "netguard"
auth_protocol = "SHA256"
auth_key = "env:NG_AUTH"
priv_protocol = "AES"
priv_key = "env:NG_PRIV"
context_prefix = "vlan_"

[[device]]
name = "edge1"
address = "[2001:db8::1]:1161"
role = "router"
snmp = "edge"
platform = "foundry"
uplinks = ["1/1"]

[[device]]
name = "cat1"
address = "sw1.example.net"
role = "switch"
snmp = "access"

[[segment]]
name = "web-226"
networks = ["198.51.100.0/25", "2001:db8:226::/64"]
gateways = [{ address = "198.51.100.1", macs = ["0000.5E00.5301"] }, "fe80::1"]
interface = "eth1.226"
vlan = 226
pace = 15
routers = ["edge1"]
switches = ["cat1"]

[[server]]
name = "ds0142"
customer = "C-20931"
address = "198.51.100.20"
blocks = ["203.0.113.64/26", "2001:db8:64::/48"]
segment = "web-226"
mac = "00-00-5E-00-53-20"
port = "cat1 Fa0/3"

[[vantage]]
name = "probe-osaka"
ssh = "netguard@192.0.2.77"

[shutdown]
automatic = ["gateway-hijack"]
confirmations = 3
per_hour = 1
max_stations = 2
protected = ["cat1 Gi0/1", "198.51.100.1", "00:00:5E:00:53:01"]
restore_after = "30m"

[watch]
gateways = "2s"
segments = "30s"
devices = "10m"
servers = "1d"
syslog = ["udp:0.0.0.0:5514", "tcp:[::]:5514", "file:/var/log/messages"]
traps = "udp:[::1]:5162"
metrics = "127.0.0.1:9477"

[[alert]]
url = "syslog://"
severity = "critical"
"""


def fault(path: Path) -> str:
    """Return the one line that load() refuses the file with."""
    with pytest.raises(ConfigError) as refused:
        load(path, environ={})
    message = refused.value.message
    assert "\n" not in message
    return message.removeprefix(f"{path.parent}/")


def test_every_key_of_every_section_is_understood(tmp_path: Path) -> None:
    path = tmp_path / "netguard.toml"
    path.write_text(WHOLE)
    config = load(path, environ={})
    edge1, cat1 = config.inventory.devices
    (segment,) = config.inventory.segments
    (server,) = config.inventory.servers

    assert config.path == path
    assert config.store == "postgresql+psycopg://netguard@db.example.net/netguard"
    assert (config.snmp["edge"].timeout, config.snmp["edge"].retries) == (3, 1)
    assert config.snmp["access"].auth_protocol == "SHA256"
    assert (edge1.host, edge1.port, edge1.platform) == ("2001:db8::1", 1161, "foundry")
    assert edge1.uplinks == ("1/1",)
    assert (cat1.host, cat1.port, cat1.platform) == ("sw1.example.net", 161, "auto")
    assert segment.networks == (ip_network("198.51.100.0/25"), ip_network("2001:db8:226::/64"))
    assert segment.gateways == (
        Gateway(address=ip_address("198.51.100.1"), macs=("00:00:5e:00:53:01",)),
        Gateway(address=ip_address("fe80::1")),
    )
    assert (segment.interface, segment.vlan, segment.pace) == ("eth1.226", 226, 15)
    assert (segment.routers, segment.switches) == (("edge1",), ("cat1",))
    assert (server.customer, server.segment) == ("C-20931", "web-226")
    assert (server.mac, server.port) == ("00:00:5e:00:53:20", SwitchPort("cat1", "Fa0/3"))
    assert server.blocks == (ip_network("203.0.113.64/26"), ip_network("2001:db8:64::/48"))
    assert config.vantages[0].ssh == "netguard@192.0.2.77"
    assert config.shutdown.automatic == ("gateway-hijack",)
    assert config.shutdown.protected == (
        SwitchPort("cat1", "Gi0/1"),
        ip_address("198.51.100.1"),
        "00:00:5e:00:53:01",
    )
    assert config.shutdown.restore_after == 1800
    assert (config.watch.segments, config.watch.devices, config.watch.servers) == (30, 600, 86400)
    assert (config.watch.gateways, config.retention) == (2, 90 * 86400)
    assert config.watch.syslog == (
        LogSource("udp", "0.0.0.0", 5514),  # noqa: S104 - only read
        LogSource("tcp", "::", 5514),
        LogSource("file", "/var/log/messages"),
    )
    assert (config.watch.traps, config.watch.metrics) == (("::1", 5162), ("127.0.0.1", 9477))
    assert (config.alerts[0].url, config.alerts[0].severity) == ("syslog://", "critical")


def test_what_is_left_out_stands_at_its_default(tmp_path: Path) -> None:
    config = load(write(tmp_path), environ={})
    assert (config.snmp["edge"].timeout, config.snmp["edge"].retries) == (1.5, 2)
    assert config.inventory.segments[0].pace == 500
    assert (config.shutdown.automatic, config.shutdown.per_hour) == ((), 3)
    assert config.retention == 365 * 86400
    assert config.watch == Watch(gateways=1, segments=60, devices=300, servers=86400)
    assert (config.vantages, config.alerts) == ((), ())


def test_an_empty_file_is_a_configuration_without_inventory(tmp_path: Path) -> None:
    path = tmp_path / "netguard.toml"
    path.touch()
    assert load(path, environ={}).inventory.servers == ()


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "netguard.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert len(load(path, environ={}).inventory.devices) == 2


# What stands in the good file, what is written instead (at its end, where nothing stands), and
# the line that refuses it.
FAULTS = [
    ('store = "sqlite', 'stor = "sqlite', "stor: unknown key. Did you mean 'store'?"),
    ("", "[watches]", "watches: unknown key. Did you mean 'watch'?"),
    ('role = "router"', 'role = "router"\nrol = 1', "[[device]] 'edge1': rol: unknown key. Did"),
    ("", "[[device]]\n", "[[device]] #3: name: missing key."),
    ("", "[watch]\nsegment = '1m'", "[watch]: segment: unknown key. Did you mean 'segments'?"),
    ("[[segment]]", "[segment]", "segment: wrong kind of table. Its heading is [[segment]]."),
    ("", "[[watch]]", "watch: wrong kind of table. Its heading is [watch]."),
    (
        '"sqlite:////var',
        '"sqlite:///var',
        "store = 'sqlite:///var/lib/netguard/netguard.db': a path",
    ),
    ('"sqlite:////var', '"mysql://var', "store = 'mysql://var/lib/netguard/netguard.db': not the"),
    ('"2c"', '"2"', "[snmp.edge]: version = '2': not one of the choices. Did you mean '2c'?"),
    ('"2c"\nread = "public"', '"3"', "[snmp.edge]: user: missing key. Version 3 needs it."),
    ('read = "public"', "", "[snmp.edge]: read: missing key. Version 2c needs it."),
    (
        'read = "public"',
        'read = "public"\nuser = "u"',
        "[snmp.edge]: user: means nothing in version",
    ),
    (
        '"2c"',
        '"2c"\ntimeout = 0',
        "[snmp.edge]: timeout = 0: wrong kind of value. Write a number >",
    ),
    (
        '"2c"\nread = "public"',
        '"3"\nuser = "u"\nauth_key = "env:A"',
        "[snmp.edge]: auth_key: needs auth_protocol. Add auth_protocol.",
    ),
    (
        '"2c"\nread = "public"',
        '"3"\nuser = "u"\npriv_protocol = "AES"\npriv_key = "env:A"',
        "[snmp.edge]: priv_key: needs auth_key. Add auth_key.",
    ),
    ('"router"', '"ruter"', "[[device]] 'edge1': role = 'ruter': not one of the choices. Did you"),
    ('snmp = "edge"', 'snmp = "egde"', "[[device]] 'edge1': snmp = 'egde': nothing has this name."),
    ('"edge1"', '"edge 1"', "[[device]] 'edge 1': name = 'edge 1': wrong kind of value. Write a"),
    ('"192.0.2.1"', '"192.0.2.1:70000"', "[[device]] 'edge1': address = '192.0.2.1:70000': port"),
    ('"192.0.2.1"', '"[2001:db8::1"', "[[device]] 'edge1': address = '[2001:db8::1': not host or"),
    (
        '"192.0.2.1"',
        '"2001:db8::g:161"',
        "[[device]] 'edge1': address = '2001:db8::g:161': not host",
    ),
    (
        "",
        '[[device]]\nname = "cat1"\naddress = "192.0.2.12"\nrole = "switch"\nsnmp = "edge"',
        "[[device]] 'cat1': name = 'cat1': 2 entries have this name.",
    ),
    (
        "100.0/25",
        "100.7/25",
        "[[segment]] 'web-226': networks = '198.51.100.7/25': has host bits set",
    ),
    ("100.0/25", "100.0/33", "[[segment]] 'web-226': networks = '198.51.100.0/33': not a network."),
    ('["198.51.100.0/25"]', "[]", "[[segment]] 'web-226': networks = []: wrong kind of value."),
    ('["198.51.100.0/25"]', '"x"', "[[segment]] 'web-226': networks = 'x': wrong kind of value."),
    (
        '"198.51.100.1"]',
        '"198.51.101.1"]',
        "[[segment]] 'web-226': gateways = '198.51.101.1': outside",
    ),
    (
        '"198.51.100.1"]',
        '"198.51.100.1/25"]',
        "[[segment]] 'web-226': gateways = '198.51.100.1/25': not",
    ),
    (
        '["198.51.100.1"]',
        '[{ address = "198.51.100.1", macs = ["x"] }]',
        "[[segment]] 'web-226': macs = 'x': not a MAC address.",
    ),
    (
        '["198.51.100.1"]',
        '[{ address = "198.51.100.1", mac = "x" }]',
        "[[segment]] 'web-226': gateways[0].mac: unknown key.",
    ),
    (
        '"198.51.100.1"]',
        '"198.51.100.20"]',
        "[[segment]] 'web-226': gateways = '198.51.100.20': also",
    ),
    (
        'routers = ["edge1"]',
        'routers = ["edg1"]',
        "[[segment]] 'web-226': routers = 'edg1': nothing",
    ),
    (
        'switches = ["cat1"]',
        'switches = ["cat2"]',
        "[[segment]] 'web-226': switches = 'cat2': nothing",
    ),
    (
        "routers",
        "pace = 0\nrouters",
        "[[segment]] 'web-226': pace = 0: wrong kind of value. Write a",
    ),
    ("routers", "pace = nan\nrouters", "[[segment]] 'web-226': pace = nan: wrong kind of value."),
    ("routers", "pace = inf\nrouters", "[[segment]] 'web-226': pace = inf: wrong kind of value."),
    ("routers", "vlan = 4095\nrouters", "[[segment]] 'web-226': vlan = 4095: wrong kind of value."),
    (
        "[[server]]",
        '[[segment]]\nname = "b"\nnetworks = ["198.51.100.64/26"]\n[[server]]',
        "[[segment]] 'b': networks = '198.51.100.64/26': overlaps 198.51.100.0/25 of segment",
    ),
    ('"198.51.100.20"', '"192.0.2.20"', "[[server]] 'ds0142': address = '192.0.2.20': lies in no"),
    ("blocks", 'segment = "web"\nblocks', "[[server]] 'ds0142': segment = 'web': nothing has this"),
    ('"cat1 Fa0/3"', '"cat9 Fa0/3"', "[[server]] 'ds0142': port = 'cat9': nothing has this name."),
    ('"cat1 Fa0/3"', '"Fa0/3"', "[[server]] 'ds0142': port = 'Fa0/3': not a device and a port."),
    (
        '"cat1 Fa0/3"',
        '"cat1 Fa0/3"\nmac = "00:00"',
        "[[server]] 'ds0142': mac = '00:00': not a MAC",
    ),
    (
        "203.0.113.64/26",
        "203.0.113.65/26",
        "[[server]] 'ds0142': blocks = '203.0.113.65/26': has host",
    ),
    (
        "",
        '[[server]]\nname = "b"\naddress = "198.51.100.20"',
        "[[server]] 'b': address = '198.51.100.20': also assigned to server 'ds0142'",
    ),
    (
        "",
        '[[server]]\nname = "b"\naddress = "198.51.100.21"\nblocks = ["203.0.113.0/24"]',
        "[[server]] 'ds0142': blocks = '203.0.113.64/26': also assigned to server 'b', as",
    ),
    ("", "[watch]\nsegments = '0'", "[watch]: segments = '0': not an interval. Write e.g. 1m."),
    ("", "[watch]\nsegments = '5'", "[watch]: segments = '5': not a duration. Write e.g. 30s,"),
    ("", "[watch]\ngateways = '100ms'", "[watch]: gateways = '100ms': not a duration. Write e.g."),
    ("", "[watch]\ndevices = '0'", "[watch]: devices = '0': not an interval. Write e.g. 1m."),
    ("", "[watch]\nservers = '0d'", "[watch]: servers = '0d': not an interval. Write e.g. 1m."),
    ("", "[watch]\nservers = 24", "[watch]: servers = 24: wrong kind of value. Write a string."),
    ("", "[watch]\nsyslog = '5514'", "[watch]: syslog = '5514': not udp:ADDRESS:PORT, tcp:ADDR"),
    ("", "[watch]\nsyslog = ''", "[watch]: syslog = '': not udp:ADDRESS:PORT, tcp:ADDRESS:PORT or"),
    (
        "",
        "[watch]\nsyslog = 5514",
        "[watch]: syslog = 5514: wrong kind of value. Write a string or",
    ),
    ("", "[watch]\nsyslog = ['file:/a', 1]", "[watch]: syslog[1] = 1: wrong kind of value. Write"),
    (
        "",
        "[watch]\nsyslog = ['udp:0.0.0.0:5514', 'tls:0.0.0.0:6514']",
        "[watch]: syslog = 'tls:0.0.0.0:6514': not udp:ADDRESS:PORT, tcp:ADDRESS:PORT or file:/",
    ),
    ("", "[watch]\nsyslog = 'file:messages'", "[watch]: syslog = 'file:messages': not udp:ADDRES"),
    ("", "[watch]\nsyslog = 'udp:0.0.0.0:0'", "[watch]: syslog = 'udp:0.0.0.0:0': port 0 does not"),
    ("", "[watch]\ntraps = '0.0.0.0:5162'", "[watch]: traps = '0.0.0.0:5162': not udp:ADDRESS:PO"),
    ("", "[watch]\ntraps = 'udp:noc:5162'", "[watch]: traps = 'udp:noc:5162': not an IP address."),
    ("", "[watch]\ntraps = ['udp:0.0.0.0:1']", "[watch]: traps = ['udp:0.0.0.0:1']: wrong kind"),
    (
        "",
        "[watch]\nmetrics = 9477",
        "[watch]: metrics = 9477: wrong kind of value. Write a string.",
    ),
    ("", "[watch]\nmetrics = '9477'", "[watch]: metrics = '9477': not ADDRESS:PORT. Write e.g. 12"),
    ("", "[watch]\nmetrics = '::1'", "[watch]: metrics = '::1': not ADDRESS:PORT. Write e.g. 127."),
    (
        "",
        "[watch]\nsyslog = 'udp:192.0.2.9:5162'\ntraps = 'udp:0.0.0.0:5162'",
        "[watch]: traps = 'udp:0.0.0.0:5162': syslog = 'udp:192.0.2.9:5162' takes it already. L",
    ),
    (
        "",
        "[watch]\nsyslog = ['tcp:[::]:9477']\nmetrics = '127.0.0.1:9477'",
        "[watch]: metrics = '127.0.0.1:9477': syslog = 'tcp:[::]:9477' takes it already.",
    ),
    (
        "",
        "[watch]\nsyslog = ['file:/var/log/messages', 'file:/var/log/messages']",
        "[watch]: syslog = 'file:/var/log/messages': syslog = 'file:/var/log/messages' takes it",
    ),
    ("store", "retention = '0'\nstore", "retention = '0': not an interval. Write e.g. 1m."),
    ("store", "retention = '1y'\nstore", "retention = '1y': not a duration. Write e.g. 30s, 5m,"),
    ("store", "retention = 365\nstore", "retention = 365: wrong kind of value. Write a string."),
    ("store", "retention = ['1d']\nstore", "retention = ['1d']: wrong kind of value. Write a st"),
    (
        "store",
        "retention = '999999d'\nstore",
        "retention = '999999d': longer than a hundred years. Write at most 36500d.",
    ),
    (
        "",
        "[shutdown]\nautomatic = ['x']",
        "[shutdown]: automatic[0] = 'x': not one of the choices.",
    ),
    (
        "",
        "[shutdown]\nprotected = ['x']",
        "[shutdown]: protected = 'x': not a port, address or MAC.",
    ),
    ("", "[[alert]]\nurl = 'x'", "[[alert]] #1: url: neither a URL nor a reference."),
    ("", "[[vantage]]\nssh = 'x'", "[[vantage]] #1: name: missing key."),
    ("2c", '2c"\n[snmp.edge', "Cannot declare ('snmp', 'edge') twice (at line 5, column 11)"),
    ('store = "', "store = ", "Invalid value (at line 1, column 9). Texts stand in double quotes"),
]


@pytest.mark.parametrize(("old", "new", "line"), FAULTS, ids=[line for _, _, line in FAULTS])
def test_one_fault_is_refused_with_one_line(tmp_path: Path, old: str, new: str, line: str) -> None:
    said = fault(write(tmp_path, old=old, new=new))
    assert said.startswith(f"netguard.toml: {line}")
    assert said[-1] in ".?"  # the remedy closes it


def test_all_faults_are_told_at_once_and_many_are_counted(tmp_path: Path) -> None:
    servers = "".join(f'[[server]]\nname = "s{n}"\naddress = "{n}"\n' for n in range(30))
    with pytest.raises(ConfigError) as refused:
        load(write(tmp_path, new=servers), environ={})
    lines = refused.value.message.splitlines()
    assert lines[0].startswith(f"{tmp_path}/netguard.toml: [[server]] 's0': address = '0': not an")
    assert lines[-1] == "and 20 more: `netguard config check` lists them all"
    assert len(lines) == 11


def test_a_missing_entry_is_not_held_against_those_that_name_it(tmp_path: Path) -> None:
    path = write(tmp_path, old='role = "switch"', new='role = "swich"')
    assert [p.name for p in read(path, environ={}).problems] == ["cat1"]


def test_a_sweep_that_takes_minutes_is_a_warning_and_not_refused(tmp_path: Path) -> None:
    segment = '[[segment]]\nname = "b"\nnetworks = ["10.0.0.0/14"]\ninterface = "eth1"'
    path = write(tmp_path, new=segment)
    (problem,) = read(path, environ={}).problems
    assert problem.severity == "warning"
    assert problem.detail == "one ARP sweep of it takes 9 minutes"
    assert len(load(path, environ={}).inventory.segments) == 2


# --- what is odd, and not refused ---


def warned(path: Path) -> list[str]:
    """Return the warnings about a file without errors."""
    assert load(path, environ={}).path == path
    problems = read(path, environ={}).problems
    return [f"{p.table}: {p.key} = {p.value}: {p.detail}".removeprefix(": ") for p in problems]


@pytest.mark.parametrize(
    ("new", "warning"),
    [
        ("syslog = 'udp:0.0.0.0:514'", "syslog = 'udp:0.0.0.0:514': ports below 1024 need CAP_NET"),
        (
            "traps = 'udp:[::1]:162'",
            "traps = 'udp:[::1]:162': ports below 1024 need CAP_NET_BIND_S",
        ),
        ("metrics = '127.0.0.1:80'", "metrics = '127.0.0.1:80': ports below 1024 need CAP_NET_BIN"),
        (
            "metrics = '0.0.0.0:9477'",
            "metrics = '0.0.0.0:9477': everybody who reaches this address",
        ),
        ("metrics = '[::]:9477'", "metrics = '[::]:9477': everybody who reaches this address can "),
    ],
)
def test_where_it_listens_may_deserve_a_warning(tmp_path: Path, new: str, warning: str) -> None:
    (said,) = warned(write(tmp_path, new=f"[watch]\n{new}"))
    assert said.startswith(f"[watch]: {warning}")


def test_a_retention_under_two_days_deserves_a_warning(tmp_path: Path) -> None:
    (said,) = warned(write(tmp_path, old="store", new="retention = '47h'\nstore"))
    assert said == "retention = '47h': what is over, and where stations were, is soon forgotten"


@pytest.mark.parametrize(
    "good",
    [
        "[watch]\ngateways = '0'\nsyslog = []",
        "[watch]\nsyslog = 'udp:0.0.0.0:1024'\nmetrics = '[::1]:9477'",
        "[watch]\nsyslog = ['udp:0.0.0.0:5514', 'tcp:0.0.0.0:5514']\ntraps = 'udp:0.0.0.0:5162'",
        "[watch]\nsyslog = ['udp:192.0.2.9:5514', 'udp:192.0.2.10:5514']",
        "[watch]\nsyslog = ['udp:0.0.0.0:5514', 'udp:[2001:db8::9]:5514']",
        "[watch]\nsyslog = ['file:/var/log/messages', 'file:/var/log/kern.log']",
        "[watch]\nmetrics = '127.0.0.9:9477'",
    ],
)
def test_what_is_usual_deserves_none(tmp_path: Path, good: str) -> None:
    path = write(tmp_path, new=good)
    path.write_text(f"retention = '2d'\n{path.read_text()}")
    assert warned(path) == []


# --- which file ---


def test_the_named_file_wins_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    named, other = write(tmp_path), write(tmp_path / "other")
    assert load(named, environ={"NETGUARD_CONFIG": str(other)}).path == named
    assert load(environ={"NETGUARD_CONFIG": str(other)}).path == other


def test_the_users_file_is_found_where_xdg_says(tmp_path: Path) -> None:
    (tmp_path / "netguard").mkdir()
    path = write(tmp_path / "netguard")
    assert load(environ={"XDG_CONFIG_HOME": str(tmp_path)}).path == path
    (tmp_path / ".config").symlink_to(tmp_path)
    assert load(environ={"HOME": str(tmp_path)}).path == tmp_path / ".config/netguard/netguard.toml"


@pytest.mark.parametrize("named", ["option", "environment"])
def test_a_named_file_that_is_missing_is_not_replaced_by_another(
    tmp_path: Path, named: str
) -> None:
    (tmp_path / "netguard").mkdir()
    write(tmp_path / "netguard")
    missing = tmp_path / "missing.toml"
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    if named == "environment":
        environ["NETGUARD_CONFIG"] = str(missing)
    with pytest.raises(ConfigError, match=r"missing\.toml: no such file"):
        load(missing if named == "option" else None, environ=environ)


@pytest.mark.skipif(SYSTEM_CONFIG.exists(), reason="this machine has a configuration of its own")
def test_the_current_directory_is_never_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as refused:
        load(environ={"HOME": "/nonexistent"})
    for place in (
        "--config",
        "$NETGUARD_CONFIG",
        "/nonexistent/.config/netguard/netguard.toml",
        str(SYSTEM_CONFIG),
    ):
        assert place in refused.value.message
    assert "netguard config init" in refused.value.remedy


def test_a_directory_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a folder"):
        load(tmp_path, environ={})


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "netguard.toml"
    path.write_bytes(b"store = '\xff'")
    assert fault(path) == "netguard.toml: not UTF-8. Save it as UTF-8."


def test_a_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^/proc/self/mem: Input/output error"):
        load(Path("/proc/self/mem"), environ={})


# --- the store ---


def test_the_store_of_the_environment_wins_and_its_password_shows_nowhere(tmp_path: Path) -> None:
    url = "postgresql+psycopg://netguard:s3cret@db/netguard"
    config = load(write(tmp_path), environ={"NETGUARD_STORE": url})
    assert config.store == url
    assert "s3cret" not in repr(config)


def test_a_bad_store_in_the_environment_is_said_to_stand_there(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"^\$NETGUARD_STORE: store = 'netguard\.db': not the URL"
    ):
        load(write(tmp_path), environ={"NETGUARD_STORE": "netguard.db"})


def test_a_store_left_out_is_a_file_in_the_state_folder(tmp_path: Path) -> None:
    path = write(tmp_path, old='store = "sqlite:////var/lib/netguard/netguard.db"')
    config = load(path, environ={"XDG_STATE_HOME": "/home/noc/state"})
    assert config.store == "sqlite:////home/noc/state/netguard/netguard.db"
    root = "/var/lib/netguard" if os.geteuid() == 0 else "/home/noc/.local/state/netguard"
    assert load(path, environ={"HOME": "/home/noc"}).store == f"sqlite:///{root}/netguard.db"


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"STATE_DIRECTORY": "/var/lib/netguard"}, "/var/lib/netguard"),
        ({"STATE_DIRECTORY": "/var/lib/private/a:/var/lib/b"}, "/var/lib/private/a"),
        ({"STATE_DIRECTORY": "/var/lib/a", "XDG_STATE_HOME": "/home/noc"}, "/var/lib/a"),
        ({"STATE_DIRECTORY": "", "XDG_STATE_HOME": "/home/noc/state"}, "/home/noc/state/netguard"),
    ],
)
def test_the_state_is_kept_where_systemd_says(environ: dict[str, str], folder: str) -> None:
    assert state_folder(environ) == Path(folder)
    assert default_store(environ) == f"sqlite:///{folder}/netguard.db"


def test_the_store_of_a_service_is_in_the_folder_that_systemd_gives(tmp_path: Path) -> None:
    path = write(tmp_path, old='store = "sqlite:////var/lib/netguard/netguard.db"')
    config = load(path, environ={"STATE_DIRECTORY": f"{tmp_path}/state"})
    assert config.store == f"sqlite:///{tmp_path}/state/netguard.db"


# --- secrets ---

PASTED = [
    ('"public"', '"s3cret"'),
    ('read = "public"', 'raed = "s3cret"'),
    ('read = "public"', "read = ['s3cret']"),
    ("[snmp.edge]", 'snmp = "s3cret"\n[edge]'),
    ("[snmp.edge]", '[snmp]\nread = "s3cret"\n[snmp.edge]'),
    ("[snmp.edge]", '[[snmp]]\nread = "s3cret"\n[edge]'),
    ('version = "2c"', 'version = "3"\nuser = "u"\nauth_protocol = "MD5"\nauth_key = "s3cret"'),
    ('version = "2c"', 'auth_protocol = "s3cret"'),
    ('"sqlite:////var', '"postgresql://u:s3cret@h/n'),
    ('"sqlite:////var', '"postgres://u:s3cret@h/n'),
    ("", '[[alert]]\nurl = "mailto://u:s3cret@example.net"'),
    ("", '[alert]\nurl = "mailto://u:s3cret@example.net"'),
    ("", '[[alert]]\nurl = "s3cret"'),
    ("", '[[alert]]\nlur = "s3cret"'),
]


@pytest.mark.parametrize(("old", "new"), PASTED)
def test_a_secret_that_was_pasted_is_refused_and_never_repeated(
    tmp_path: Path, old: str, new: str
) -> None:
    path = write(tmp_path, old=old, new=new)
    with pytest.raises(ConfigError) as refused:
        load(path, environ={})
    assert "s3cret" not in str(refused.value) + refused.value.remedy
    assert "s3cret" not in repr(read(path, environ={}))


def with_secrets(folder: Path, read: str, write_: str = "env:NG_WRITE") -> Path:
    return write(folder, old='read = "public"', new=f'read = "{read}"\nwrite = "{write_}"')


def test_secrets_are_looked_for_by_the_check_and_not_by_loading(tmp_path: Path) -> None:
    config = load(with_secrets(tmp_path, "env:NG_READ"), environ={})
    missing, unwritable = secret_problems(config, environ={})
    assert str(missing) == (
        f"{tmp_path}/netguard.toml: [snmp.edge]: read:"
        " env:NG_READ is not set or empty. Set $NG_READ."
    )
    assert (missing.severity, unwritable.key, unwritable.severity) == ("error", "write", "warning")
    assert not [*secret_problems(config, environ={"NG_READ": "a", "NG_WRITE": "b"})]


def test_a_world_readable_secret_file_is_an_error_even_for_writing(tmp_path: Path) -> None:
    secret = tmp_path / "write"
    secret.write_text("s3cret\n")
    secret.chmod(0o644)
    config = load(with_secrets(tmp_path, "public", f"file:{secret}"), environ={})
    (problem,) = secret_problems(config, environ={})
    assert (problem.key, problem.severity) == ("write", "error")
    assert problem.remedy == f"Run: chmod 600 {secret}"
    assert "s3cret" not in str(problem)


def test_an_alerts_secret_is_looked_for_too(tmp_path: Path) -> None:
    config = load(write(tmp_path, new="[[alert]]\nurl = 'env:NG_ALERT'"), environ={})
    (problem,) = secret_problems(config, environ={})
    assert str(problem).endswith(
        "[[alert]] #1: url: env:NG_ALERT is not set or empty. Set $NG_ALERT."
    )


def test_credentials_are_resolved_when_they_are_needed(tmp_path: Path) -> None:
    path = tmp_path / "netguard.toml"
    path.write_text(WHOLE)
    config = load(path, environ={})
    edge1, cat1 = config.inventory.devices
    environ = {"NG_READ": "community", "NG_AUTH": "authkey8", "NG_PRIV": "privkey8"}
    assert credentials(config, edge1, environ=environ) == Credentials(
        version="2c", community="community"
    )
    assert credentials(config, cat1, environ=environ) == Credentials(
        version="3",
        user="netguard",
        auth_protocol="SHA256",
        auth_key="authkey8",
        priv_protocol="AES",
        priv_key="privkey8",
        context_prefix="vlan_",
    )


def test_a_device_whose_secret_is_missing_is_refused_by_name(tmp_path: Path) -> None:
    config = load(with_secrets(tmp_path, "env:NG_READ"), environ={})
    device: Device = config.inventory.devices[0]
    with pytest.raises(
        ConfigError, match=r"\[snmp\.edge\]: read: env:NG_READ is not set"
    ) as refused:
        credentials(config, device, environ={})
    assert refused.value.remedy == "Set $NG_READ."
