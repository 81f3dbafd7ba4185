import time
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from netguard.config import load, read
from netguard.config.server_file import read_servers
from netguard.inventory import SwitchPort
from tests.config_files import HEAD, write


def problems(folder: Path, servers: str | bytes) -> list[str]:
    """Return what is said of a servers file, one line for each fault."""
    reading = read(write(folder, servers=servers), environ={})
    return [str(p).removeprefix(f"{folder}/") for p in reading.problems]


def test_servers_of_the_file_stand_beside_those_of_the_configuration(tmp_path: Path) -> None:
    row = (
        "ds0200,C-1,198.51.100.30,203.0.113.0/28 2001:db8:1::/48,web-226,0000.5e00.5330,cat1 Fa0/9"
    )
    servers = load(write(tmp_path, servers=HEAD + row), environ={}).inventory.servers
    assert [s.name for s in servers] == ["ds0142", "ds0200"]
    added = servers[1]
    assert (added.customer, added.address) == ("C-1", ip_address("198.51.100.30"))
    assert added.blocks == (ip_network("203.0.113.0/28"), ip_network("2001:db8:1::/48"))
    assert (added.segment, added.mac) == ("web-226", "00:00:5e:00:53:30")
    assert added.port == SwitchPort("cat1", "Fa0/9")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfname,address\r\nds1,198.51.100.30\r\n",  # as a spreadsheet saves it
        b'"name","address"\n"ds1","198.51.100.30"\n',
        b"address,name\n198.51.100.30,ds1",
        b"name , address \n ds1 , 198.51.100.30 \n",
        b"name,address,customer\nds1,198.51.100.30,\n\n,,\n",
    ],
)
def test_every_way_to_write_the_same_csv_is_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "servers.csv"
    path.write_bytes(content)
    file = read_servers(path)
    ((line, server),) = file.servers
    assert file.problems == ()
    assert (line, server.name, server.address) == (2, "ds1", ip_address("198.51.100.30"))
    assert (server.customer, server.blocks, server.port) == ("", (), None)


ROWS = [
    ("a,,198.51.100.300,,,,", "line 2: [[server]] 'a': address = '198.51.100.300': not an IP"),
    ("a,,198.51.100.9,x,,,", "line 2: [[server]] 'a': blocks = 'x': not a network."),
    ("a,,198.51.100.9,,,x,", "line 2: [[server]] 'a': mac = 'x': not a MAC address."),
    (
        "a,,198.51.100.9,,,,Fa0/1",
        "line 2: [[server]] 'a': port = 'Fa0/1': not a device and a port.",
    ),
    (",,198.51.100.9,,,,", "line 2: [[server]] #1: name: missing key."),
    ("a,,,,,,cat1 Fa0/1", "line 2: [[server]] 'a': address: missing key."),
    ("a,b,198.51.100.9", "line 2: 3 cells under 7 columns."),
    ('\n"a\nb",,x,,,,', "line 3: [[server]] 'a\\nb': address = 'x': not an IP address."),
    ('a,,"198.51.100.9"x,,,,', "line 2: ',' expected after '\"'. Close the quotes"),
    ('a,,"198.51.100.9,,,,\n', "line 2: unexpected end of data. Close the quotes"),
    # contradictions, found once every line by itself is sound
    ("a,,192.0.2.9,,,,", "line 2: [[server]] 'a': address = '192.0.2.9': lies in no segment's"),
    ("a,,198.51.100.9,,db,,", "line 2: [[server]] 'a': segment = 'db': nothing has this name."),
    ("a,,198.51.100.9,,,,cat2 Fa0/1", "line 2: [[server]] 'a': port = 'cat2': nothing has this"),
    ("a,,198.51.100.20,,,,", "line 2: [[server]] 'a': address = '198.51.100.20': also assigned to"),
    (
        "a,,198.51.100.9,203.0.113.96/27,,,",
        "line 2: [[server]] 'a': blocks = '203.0.113.96/27': also",
    ),
]


@pytest.mark.parametrize(("row", "line"), ROWS)
def test_a_faulty_line_is_named_with_its_column_and_value(
    tmp_path: Path, row: str, line: str
) -> None:
    (said,) = problems(tmp_path, HEAD + row)
    assert said.startswith(f"servers.csv, {line}")


HEADS = [
    ("name;address\na;198.51.100.9", "no columns. Separate them by commas. The first line names"),
    ("", "name: missing column. The first line names the columns"),
    ("name,adress\n", "adress: unknown column. Did you mean 'address'?"),
    ("name,address,name\n", "name: repeated column. Keep one."),
    ("address\n198.51.100.9", "name: missing column. The first line names the columns"),
]


@pytest.mark.parametrize(("content", "line"), HEADS)
def test_a_faulty_first_line_is_named(tmp_path: Path, content: str, line: str) -> None:
    assert problems(tmp_path, content)[0].startswith(f"servers.csv, line 1: {line}")


def test_a_file_that_is_missing_or_not_text_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, servers=HEAD + "caf\xe9".encode("latin-1").decode("latin-1"))
    (tmp_path / "servers.csv").write_bytes(HEAD.encode() + b"caf\xe9,,198.51.100.9,,,,\n")
    (garbled,) = read(path, environ={}).problems
    (tmp_path / "servers.csv").unlink()
    (missing,) = read(path, environ={}).problems
    assert str(garbled) == f"{tmp_path}/servers.csv, line 2: not UTF-8. Save it as UTF-8."
    assert str(missing).startswith(f"{tmp_path}/servers.csv: No such file or directory. Correct")


def test_all_faulty_lines_are_told(tmp_path: Path) -> None:
    rows = "".join(f"s{n},,{n},,,,\n" for n in range(50))
    assert len(problems(tmp_path, HEAD + rows)) == 50


def test_a_hundred_thousand_servers_load_and_check_in_seconds(tmp_path: Path) -> None:
    rows = [
        f"ds{n},C-{n % 977},{ip_address((10 << 24) + n)},"
        f"{ip_address((172 << 24) + (16 << 16) + n * 8)}/29,,,cat1 Fa{n // 48}/{n % 48}\n"
        for n in range(100_000)
    ]
    path = write(tmp_path, old="198.51.100.0/25", new='10.0.0.0/8", "198.51.100.0/25')
    path.write_text('servers = "servers.csv"\n' + path.read_text())
    (tmp_path / "servers.csv").write_text(HEAD + "".join(rows))
    began = time.process_time()
    config = load(path, environ={})
    assert len(config.inventory.servers) == 100_001
    assert time.process_time() - began < 15  # three seconds on the slowest machine tried
