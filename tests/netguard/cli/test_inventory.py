"""`netguard inventory` as an operator runs it."""

from pathlib import Path

import msgspec
import pytest

from netguard.cli import run
from tests.config_files import HEAD, write

Captured = pytest.CaptureFixture[str]
ROW = "ds0200,C-1,198.51.100.30,203.0.113.0/28 2001:db8:1::/48,,0000.5e00.5330,\n"


def test_a_good_inventory_is_counted(tmp_path: Path, capsys: Captured) -> None:
    path = write(tmp_path, servers=HEAD + ROW)
    assert run(["inventory", "check", "--config", str(path)]) == 0
    assert capsys.readouterr() == ("good; devices: 2, segments: 1, servers: 2\n", "")


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ("a,,198.51.100.300,,,,\n", "address = '198.51.100.300': not an IP address. Write e.g."),
        ("a,,192.0.2.9,,,,\n", "address = '192.0.2.9': lies in no segment's networks. Correct it,"),
        ("a,,198.51.100.20,,,,\n", "address = '198.51.100.20': also assigned to server 'ds0142'"),
    ],
)
def test_a_fault_in_the_servers_file_is_one_line_and_exits_2(
    tmp_path: Path, capsys: Captured, row: str, line: str
) -> None:
    path = write(tmp_path, servers=HEAD + ROW + row)
    assert run(["inventory", "check", "--config", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out.startswith(f"{tmp_path}/servers.csv, line 3: [[server]] 'a': {line}")
    assert (out.count("\n"), err) == (1, "")


def test_the_inventorys_check_leaves_other_sections_to_the_configurations(
    tmp_path: Path, capsys: Captured
) -> None:
    path = write(tmp_path, new="[watch]\nsegments = 'x'")
    assert run(["inventory", "check", "--config", str(path)]) == 0
    assert run(["config", "check", "--config", str(path)]) == 2
    assert "[watch]: segments = 'x'" in capsys.readouterr().out


def test_a_file_that_is_no_toml_fails_the_inventorys_check_too(
    tmp_path: Path, capsys: Captured
) -> None:
    path = write(tmp_path, old='store = "', new="store = ")
    assert run(["inventory", "check", "--json", "--config", str(path)]) == 2
    (problem,) = msgspec.json.decode(capsys.readouterr().out)
    assert problem["detail"] == "Invalid value (at line 1, column 9)"


def test_the_list_tells_what_each_server_has_and_where(tmp_path: Path, capsys: Captured) -> None:
    path = write(tmp_path, servers=HEAD + ROW)
    assert run(["inventory", "list", "--config", str(path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "ds0142\t\t198.51.100.20\t203.0.113.64/26\tweb-226\tcat1 Fa0/3\t",
        "ds0200\tC-1\t198.51.100.30\t203.0.113.0/28 2001:db8:1::/48\tweb-226\t\t00:00:5e:00:53:30",
    ]


def test_the_list_speaks_json(tmp_path: Path, capsys: Captured) -> None:
    assert run(["inventory", "list", "--json", "--config", str(write(tmp_path))]) == 0
    assert msgspec.json.decode(capsys.readouterr().out) == [
        {
            "name": "ds0142",
            "customer": "",
            "address": "198.51.100.20",
            "blocks": ["203.0.113.64/26"],
            "segment": "web-226",
            "port": "cat1 Fa0/3",
            "mac": None,
        }
    ]
