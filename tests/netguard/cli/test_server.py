"""`netguard server` as an operator runs it: asked, interrupted, mistyped, on a screen and piped."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

import pytest

from netguard.cli import run
from netguard.lab import namespaces
from netguard.lab.control import Lab
from tests.config_files import write
from tests.netguard.cli.screens import on_terminal
from tests.sshd import USER, Sshd, sshd
from tests.station import Edit, Run, command, configured, report_of

Captured = pytest.CaptureFixture[str]

NETGUARD = (sys.executable, "-P", "-m", "netguard")
UNPRIVILEGED = ("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw")
LIVE = "ASKED FROM"  # heads the table that shows how far it is


# --- what is told ---


@pytest.mark.packets
def test_a_gateway_is_told_in_the_order_in_which_a_person_reads(netguard: Run, lab: Lab) -> None:
    lab.break_("vpn-gateway")
    done = netguard("server", "check", "ds0002", "--path")
    assert (done.returncode, done.stderr) == (0, "")
    order = (
        "VPN-GATEWAY  ds0002  198.51.100.22  cat1 Fa0/2\n",
        "ds0002 (customer C-20944) passes 8 of 16 addresses on",
        "here, segment --> ds0002 ==> 8 addresses behind it (5 answer, ",
        "The way to 198.51.100.22 (icmp)\n",
        "203.0.113.144/28\t0\t8\t8\t0\t0\t0\n",
        "203.0.113.144\tforwarded\tno\t198.51.100.22\t\there: forwarded, segment: forwarded\n",
        "203.0.113.146\tforwarded\tyes\t",
        "\nWhy\n",
        "a tunnel\n",
        "It would be overturned by ",
        "Tell the customer ",
        "next: netguard port show cat1 Fa0/2\n",
        "if agreed: netguard findings ack forwarding-server/web-226/ds0002 --note TEXT\n",
        "every packet: netguard server check ds0002 -v\n",
    )
    places = [done.stdout.index(words) for words in order]
    assert places == sorted(places)
    assert "\x1b" not in done.stdout


@pytest.mark.packets
@pytest.mark.parametrize("columns", [80, 100])
def test_on_a_terminal_it_shows_how_far_it_is_and_then_whole_lines(
    lab: Lab, tmp_path: Path, columns: int
) -> None:
    lab.break_("vpn-gateway")
    argv = command(lab, configured(lab, tmp_path), "server", "check", "ds0002")
    screen = on_terminal(argv, columns=columns)
    assert screen.code == 0
    assert LIVE in screen.text
    assert "asking addresses: " in screen.text
    report = screen.lines[next(n for n, x in enumerate(screen.lines) if "VPN-GATEWAY" in x) :]
    assert [line for line in report if len(line) > columns] == []
    (row,) = (line for line in report if re.match(r"forwarded +5 +yes ", line))
    assert row.endswith("everywhere  203.0.113.145-148, .150")
    assert restored(screen.raw)


@pytest.mark.packets
def test_verbose_tells_every_packet_behind_it(netguard: Run, lab: Lab) -> None:
    lab.break_("vpn-gateway")
    done = netguard("server", "check", "ds0002", "-v", "--vantage", "here")
    assert "here: the server sends it into a tunnel. hop limit 1: time-exceeded" in done.stdout
    assert "  - here: the server itself: " in done.stdout
    assert "every packet: " not in done.stdout


@pytest.mark.packets
def test_a_quiet_server_is_plain_also_by_its_exit_code(netguard: Run) -> None:
    done = netguard("server", "check", "ds0001", "--exit-code")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("PLAIN  ds0001  ")
    assert "Nothing to do.\n" in done.stdout
    assert "next: " not in done.stdout


@pytest.mark.packets
def test_the_json_has_the_promised_values_and_the_exit_code_tells_a_gateway(
    netguard: Run, lab: Lab
) -> None:
    lab.break_("vpn-gateway")
    done = netguard("server", "check", "198.51.100.22", "--json", "--exit-code")
    report = report_of(done)
    assert done.returncode == 1
    assert (report["server"], report["verdict"]) == ("ds0002", "vpn-gateway")
    assert (report["paths"], report["gaps"]) == ([], [])
    (block,) = report["blocks"]
    assert (block["block"], block["forwarded"], block["looped"]) == ("203.0.113.144/28", 8, 8)
    times = [report["started"]]
    times += [e["seen"] for a in report["addresses"] for e in a["evidence"]]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", each) for each in times)
    assert all(datetime.fromisoformat(each).tzinfo for each in times)
    (finding,) = report["findings"]
    assert finding["id"] == "forwarding-server/web-226/ds0002"


@pytest.mark.packets
def test_by_alone_asks_for_the_way_to_the_address_that_was_given(netguard: Run, lab: Lab) -> None:
    lab.break_("vpn-gateway")
    done = netguard(
        *("server", "check", "203.0.113.146", "--by", "tcp", "--vantage", "here", "--json")
    )
    report = report_of(done)
    assert (done.returncode, report["server"]) == (0, "ds0002")
    (path,) = report["paths"]
    assert (path["address"], path["method"], path["arrived"]) == ("203.0.113.146", "tcp", True)
    assert [hop["name"] for hop in path["hops"]] == ["the gateway", "ds0002", None]


@pytest.mark.packets
def test_what_could_not_be_asked_is_said_at_once_and_told_last(netguard: Run) -> None:
    done = netguard("server", "check", "ds0002", "--by", "tcp", prefix=UNPRIVILEGED)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("UNDECIDED  ds0002  ")
    number = done.stderr.count("gap: ")
    assert number > 1
    assert lines[2] == f"Not everything could be asked: {number} gaps, told last."
    assert "CAP_NET_RAW" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.packets
def test_the_json_of_a_check_with_gaps_has_their_remedies(netguard: Run) -> None:
    done = netguard("server", "check", "ds0002", "--json", prefix=UNPRIVILEGED)
    report = report_of(done)
    assert (done.returncode, report["verdict"]) == (1, "undecided")
    assert {address["state"] for address in report["addresses"]} == {"undecided"}
    assert report["gaps"]
    assert all(gap["subject"] and gap["detail"] and gap["remedy"] for gap in report["gaps"])


# --- mistyped ---


@pytest.mark.packets
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ds002",), "no server is named 'ds002' in {config}\n  Did you mean 'ds0002'?"),
        (("10.9.9.9",), "10.9.9.9 is assigned to no server in {config}\n  Give it to "),
        (("203.0.113.146/32",), "no server is named '203.0.113.146/32' in {config}\n"),
        (("",), "no server is named '' in {config}\n"),
        (
            ("ds0002", "--vantage", "sgment"),
            "no vantage is named 'sgment' in {config}\n  Did you mean 'segment'?",
        ),
        (("ds0002", "--by", "ping"), "'ping' is not one of 'icmp', 'udp', 'tcp'"),
        ((), "Missing argument 'NAME|IP'"),
    ],
    ids=["name", "address", "network", "nothing", "vantage", "method", "missing"],
)
def test_wrong_input_is_named_and_nothing_is_asked(
    netguard: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = netguard("server", "check", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said.format(config=tmp_path / "netguard.toml") in done.stderr
    assert not (tmp_path / "netguard.db").exists()


@pytest.mark.parametrize("words", [("check", "x"), ("list",)], ids=" ".join)
def test_without_a_configuration_it_says_so(words: tuple[str, ...], capsys: Captured) -> None:
    assert run(["server", *words, "--config", "/nonexistent/netguard.toml"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "/nonexistent/netguard.toml: no such file" in said.err


def test_a_configuration_without_servers_knows_none(tmp_path: Path, capsys: Captured) -> None:
    path = without_servers(tmp_path)
    assert run(["server", "check", "ds0001", "--config", str(path)]) == 2
    assert "None is configured." in capsys.readouterr().err
    assert run(["server", "list", "--config", str(path)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert f"No [[server]] is in {path}" in said.err


def without_servers(folder: Path) -> Path:
    path = folder / "netguard.toml"
    path.write_text(f'store = "sqlite:///{folder}/netguard.db"\n')
    return path


# --- the list ---


def stored(folder: Path) -> Path:
    """Return a configuration of one server, with a store of its own that is not yet there."""
    return write(folder, old="/var/lib/netguard", new=f"{folder}/state")


def test_without_a_store_the_list_has_every_server_as_never_checked(
    tmp_path: Path, capsys: Captured
) -> None:
    path = stored(tmp_path)
    assert run(["server", "list", "--config", str(path)]) == 0
    said = capsys.readouterr()
    assert said.out == "ds0142\t\tnever checked\t64\t\t\t\n"
    assert said.err == "1 server, none of them ever checked; next: netguard sweep --servers\n"
    assert run(["server", "list", "--json", "--config", str(path)]) == 0
    said = capsys.readouterr()
    assert '"verdict": null' in said.out
    assert '"checked": null' in said.out
    assert said.err == ""
    assert not (tmp_path / "state").exists()


def test_a_store_that_cannot_be_read_is_told(tmp_path: Path, capsys: Captured) -> None:
    path = stored(tmp_path)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "netguard.db").write_bytes(b"this is no database" * 300)
    assert run(["server", "list", "--config", str(path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "store" in said.err


@pytest.mark.packets
def test_the_list_puts_first_what_deserves_a_look(netguard: Run, lab: Lab, tmp_path: Path) -> None:
    lab.break_("vpn-gateway")
    assert netguard("server", "check", "ds0002").returncode == 0
    done = netguard("server", "list")
    assert done.returncode == 0
    first, second = (line.split("\t") for line in done.stdout.splitlines()[:2])
    assert first[:6] == ["ds0002", "C-20944", "vpn-gateway", "16", "0", "8"]
    assert datetime.fromisoformat(first[6]).tzinfo
    assert second[:4] == ["ds0010", "C-20990", "never checked", "64"]
    assert done.stderr == "14 servers, 1 gateway; next: netguard server check ds0002\n"
    argv = command(lab, configured(lab, tmp_path), "server", "list")
    screen = on_terminal(argv, columns=80)
    assert screen.lines[0].startswith("SERVER ")
    assert [line for line in screen.lines if len(line) > 80 or not line] == []
    assert re.match(r"ds0002 .* vpn-gateway .* (ago|just now)$", screen.lines[1])


def test_no_colour_is_none_at_all(tmp_path: Path) -> None:
    argv = [*NETGUARD, "server", "list", "--config", str(stored(tmp_path))]
    assert "\x1b[" in on_terminal(argv).raw
    assert "\x1b[" not in on_terminal(argv, NO_COLOR="1").raw


def test_a_reader_that_has_gone_is_no_traceback(tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    argv = [*NETGUARD, "server", "list", "--config", str(stored(tmp_path))]
    try:
        done = subprocess.run(argv, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(theirs)
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


# --- Ctrl-C ---


def restored(raw: str) -> bool:
    """Tell whether a cursor that was hidden is shown again."""
    return raw.rfind("\x1b[?25h") >= raw.rfind("\x1b[?25l")


@pytest.mark.packets
def test_ctrl_c_ends_a_check_in_one_line_and_gives_the_terminal_back(
    lab: Lab, tmp_path: Path
) -> None:
    argv = command(lab, configured(lab, tmp_path), "server", "check", "ds0002")
    screen = on_terminal(argv, stop_when=lambda seen: LIVE in seen)
    assert screen.code == 1
    assert "\x1b[?25l" in screen.raw
    assert restored(screen.raw)
    assert screen.lines[-1] == "netguard: interrupted"
    assert "Traceback" not in screen.text
    assert not (tmp_path / "netguard.db").exists()


@contextmanager
def within(lab: Lab) -> Iterator[int]:
    """Give the network namespace of the station, as a process there sees it."""
    waiting = lab.command("mon", ["sh", "-c", "echo ready && exec sleep 600"])
    with subprocess.Popen(waiting, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        fd = os.open(f"/proc/{process.pid}/ns/net", os.O_RDONLY)
        try:
            yield fd
        finally:
            os.close(fd)
            process.send_signal(signal.SIGKILL)


def vantage(server: Sshd) -> Edit:
    """Return the edit that makes the server a vantage."""
    lines = (
        "[ssh.probe]",
        f'user = "{USER}"',
        f'key_file = "{server.user_key}"',
        f'known_hosts = "{server.known_hosts}"',
        "[[vantage]]",
        'name = "probe"',
        f'ssh = "{server.target}"',
        'login = "probe"',
        "[[segment]]",
    )
    return "[[segment]]", "\n".join(lines)


@pytest.fixture
def server(lab: Lab, tmp_path: Path) -> Iterator[Sshd]:
    """A real SSH server on the station's loopback address."""
    (tmp_path / "ssh").mkdir()
    with within(lab) as network, namespaces.entered(network), sshd(tmp_path / "ssh") as running:
        yield running


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: the lab's namespace is root's")


@AS_ROOT
@pytest.mark.packets
def test_a_vantage_over_ssh_says_the_same(lab: Lab, netguard: Run, server: Sshd) -> None:
    lab.break_("vpn-gateway")
    done = netguard(
        *("server", "check", "ds0002", "--vantage", "probe", "--json"), edits=(vantage(server),)
    )
    report = report_of(done)
    assert (done.returncode, report["gaps"], report["vantages"]) == (0, [], ["probe"])
    assert report["verdict"] == "vpn-gateway"
    assert {a["address"] for a in report["addresses"] if a["state"] == "forwarded"} >= {
        f"203.0.113.{number}" for number in (145, 146, 147, 148, 150)
    }


@AS_ROOT
@pytest.mark.packets
def test_ctrl_c_leaves_nothing_on_a_vantage(lab: Lab, tmp_path: Path, server: Sshd) -> None:
    config = configured(lab, tmp_path, (vantage(server),))
    argv = command(lab, config, "server", "check", "ds0002", "--vantage", "probe")
    screen = on_terminal(argv, stop_when=lambda seen: LIVE in seen)
    assert screen.code == 1
    assert screen.lines[-1] == "netguard: interrupted"
    assert "Traceback" not in screen.text
    deadline = monotonic() + 30
    while server.sessions():
        assert monotonic() < deadline, "a login is still open"
        sleep(0.02)


@AS_ROOT
@pytest.mark.packets
def test_a_vantage_that_is_away_is_a_gap_and_the_rest_is_told(
    lab: Lab, netguard: Run, server: Sshd
) -> None:
    lab.break_("vpn-gateway")
    server.process.terminate()
    server.process.wait()
    done = netguard("server", "check", "ds0002", "--json", edits=(vantage(server),))
    report = report_of(done)
    assert (done.returncode, report["verdict"]) == (1, "vpn-gateway")
    (gap,) = report["gaps"]
    assert (gap["subject"], gap["kind"]) == ("probe", "vantage-unreachable")
