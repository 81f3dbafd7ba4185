"""Captures, heard as a segment is: recorded ones, and some written here."""

import errno
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest

from netguard.hearing.ear import Ground
from netguard.replay import NoCapture, ReplayReport, replay
from probes.arp.frames import ArpFrame, craft
from tests.building import mac

CORPUS = Path(os.environ.get("NETGUARD_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
PCAPS = CORPUS / "pcaps"
recorded = pytest.mark.skipif(
    not PCAPS.is_dir(), reason=f"NO CAPTURES at {PCAPS}: set NETGUARD_CORPUS"
)
HARMLESS = {"benign", "fhrp", "mismatch", "scan"}
EPOCH = 1_764_129_600
ADDRESS, OWNER, OTHER = "198.51.100.22", mac(0x22), mac(0x26)


def announcement(station: str, ip: str = ADDRESS, vlan: int | None = None) -> bytes:
    return craft(
        ArpFrame(
            frame_destination="ff:ff:ff:ff:ff:ff",
            frame_source=station,
            operation=1,
            sender_hw=station,
            sender_ip=IPv4Address(ip),
            target_hw="00:00:00:00:00:00",
            target_ip=IPv4Address(ip),
            vlan=vlan,
        )
    )


def capture(path: Path, frames: Iterable[tuple[float, bytes]]) -> Path:
    """Write a pcap file: microseconds, Ethernet."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for at, frame in frames:
            stamp = int(at), int(at % 1 * 1e6)
            file.write(struct.pack("<IIII", *stamp, len(frame), len(frame)) + frame)
    return path


def quarrel(path: Path) -> Path:
    who = (OWNER, OTHER)
    return capture(path, ((EPOCH + n, announcement(who[n % 2])) for n in range(6)))


def run(*arguments: str, stdin: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "netguard", "replay", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
    )


def recordings(*classes: str) -> list[str]:
    if not PCAPS.is_dir():
        return []
    lines = (PCAPS / "MANIFEST.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [line.split("\t")[0] for line in lines if line.split("\t")[1] in classes]


def kinds(report: ReplayReport) -> list[tuple[str, str]]:
    return sorted((f.kind, str(f.address)) for f in report.findings)


# --- recorded


@recorded
@pytest.mark.parametrize("name", recordings(*HARMLESS))
def test_nothing_is_found_in_a_harmless_capture(name: str) -> None:
    report = replay(PCAPS / name, Ground())
    assert report.findings == ()
    assert report.counts["frames"] > 0


@recorded
def test_a_recorded_poisoner_is_found_at_both_its_victims() -> None:
    report = replay(PCAPS / "rj_arp_spoof_mitm_v2.pcap", Ground())
    assert kinds(report) == [
        ("address-conflict", "192.168.6.1"),
        ("address-conflict", "192.168.6.113"),
    ]
    assert {f.advice for f in report.findings} == {"netguard host locate 00:0c:29:f1:1a:95"}


@recorded
@pytest.mark.parametrize(
    ("name", "gateway", "router", "impostor"),
    [
        ("rj_arp_spoof_mitm_v2.pcap", "192.168.6.1", "bc:d1:77:09:14:15", "00:0c:29:f1:1a:95"),
        ("cs_arppoison.pcapng", "172.16.0.1", mac(1), "00:25:b3:bf:91:ee"),
        ("pl_ipv6_neighbor_spoofing.pcap", "fe80::1", "00:00:00:00:00:0a", "00:00:00:00:00:0c"),
    ],
)
def test_whoever_takes_a_pinned_gateway_in_a_recording_is_the_impostor(
    name: str, gateway: str, router: str, impostor: str
) -> None:
    ground = Ground(gateways={ip_address(gateway): frozenset({router})})
    report = replay(PCAPS / name, ground)
    finding = next(f for f in report.findings if f.kind == "gateway-hijack")
    assert str(finding.address) == gateway
    assert {c.mac for c in finding.claimants if c.role == "impostor"} == {impostor}


@recorded
def test_a_recorded_router_killer_is_found() -> None:
    report = replay(PCAPS / "sv_kill_router6_ra_spoof.pcap", Ground())
    (finding,) = report.findings
    assert finding.kind == "rogue-router"
    assert "00:50:b6:19:e6:50" in {c.mac for c in finding.claimants}


@recorded
def test_a_fuzzed_capture_is_heard_to_its_end() -> None:
    report = replay(PCAPS / "td_arp-oobr_fuzzed.pcap", Ground())
    assert report.counts["frames"] == 2282
    assert report.counts["malformed"] > 0


# --- the command


def test_the_json_has_what_a_sweep_s_has_with_times_from_the_capture(tmp_path: Path) -> None:
    done = run(str(quarrel(tmp_path / "quarrel.pcap")), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert {"started", "duration_s", "segments", "counts", "findings", "gaps"} <= told.keys()
    assert (told["segments"], told["gaps"], told["duration_s"]) == ([], [], 5.0)
    assert told["started"] == datetime.fromtimestamp(EPOCH, UTC).isoformat().replace("+00:00", "Z")
    assert told["counts"] == {
        "addresses_probed": 0,
        "addresses_answered": 1,
        "devices_read": 0,
        "frames": 6,
        "claims": 6,
        "malformed": 0,
    }
    (finding,) = told["findings"]
    assert (finding["id"], finding["state"]) == (f"address-conflict/-/{ADDRESS}", "open")


def test_it_reads_from_standard_input_too(tmp_path: Path) -> None:
    octets = quarrel(tmp_path / "quarrel.pcap").read_bytes()
    done = run("-", stdin=octets)
    assert done.returncode == 0, done.stderr
    assert b"is claimed by 2 stations in turns" in done.stdout


def test_exit_code_tells_whether_something_was_found(tmp_path: Path) -> None:
    path = str(quarrel(tmp_path / "quarrel.pcap"))
    assert run(path, "--exit-code").returncode == 1
    assert run(path, "--exit-code", "--network", "192.0.2.0/24").returncode == 0


def test_a_gateway_may_have_several_macs(tmp_path: Path) -> None:
    path = str(quarrel(tmp_path / "quarrel.pcap"))
    one = f"--gateway={ADDRESS}={OWNER}"
    assert b"is not it" in run(path, one).stdout
    assert b"Nothing found" in run(path, one, f"--gateway={ADDRESS}={OTHER}").stdout


def test_the_vlan_of_a_tagged_frame_is_in_the_finding_s_name(tmp_path: Path) -> None:
    who = (OWNER, OTHER)
    path = capture(
        tmp_path / "tagged.pcap",
        ((EPOCH + n, announcement(who[n % 2], vlan=226)) for n in range(6)),
    )
    (finding,) = replay(path, Ground()).findings
    assert finding.id == f"address-conflict/vlan-226/{ADDRESS}"


def test_a_capture_that_is_cut_off_is_heard_up_to_there_and_a_gap(tmp_path: Path) -> None:
    path = quarrel(tmp_path / "quarrel.pcap")
    path.write_bytes(path.read_bytes()[:-10])
    done = run(str(path), "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    assert [gap["kind"] for gap in told["gaps"]] == ["capture-broken-off"]
    assert told["counts"]["frames"] == 5
    assert len(told["findings"]) == 1


@pytest.mark.parametrize(
    "content", [None, b"", b"hello", b"\xa1\xb2\xc3", b"PK\x03\x04" + bytes(100)]
)
def test_what_is_no_capture_gets_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "no.pcap"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NoCapture):
        replay(path, Ground())
    done = run(str(path))
    assert done.returncode == 2
    assert done.stdout == b""
    assert str(path) in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_capture_that_cannot_be_read_on_is_heard_up_to_there_and_a_gap(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reader = socket.create_connection(server.getsockname())
        writer, _ = server.accept()
    with reader, writer:
        writer.sendall(quarrel(tmp_path / "quarrel.pcap").read_bytes())
        writer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()  # which resets the connection
        command = [sys.executable, "-m", "netguard", "replay", "-", "--json"]
        done = subprocess.run(command, stdin=reader.fileno(), capture_output=True, check=False)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert [finding["kind"] for finding in told["findings"]] == ["address-conflict"]
    (gap,) = told["gaps"]
    assert (gap["subject"], gap["kind"]) == ("standard input", "capture-broken-off")
    assert gap["detail"] == os.strerror(errno.ECONNRESET)


def test_standard_input_that_is_closed_gets_one_line() -> None:
    closed = 'exec 0<&-; exec "$0" -m netguard replay -'
    done = subprocess.run(
        ["sh", "-c", closed, sys.executable], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("netguard: standard input: ")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--gateway=198.51.100.1=router", "is no gateway; write it as"),
        ("--gateway=router", "is no gateway; write it as"),
        ("--gateway=fe80::1%eth1=00:00:5e:00:53:01", "is no gateway; write it as"),
        ("--network=198.51.100.1/24", "is no network; write it as"),
    ],
)
def test_a_wrong_option_is_told_with_the_right_spelling(option: str, said: str) -> None:
    done = run("-", option, stdin=b"")
    assert done.returncode == 2
    assert said in done.stderr.decode()
