"""What nobody should send to the daemon's receivers: it counts it, says nothing, and goes on."""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest
from prometheus_client.parser import text_string_to_metric_families

from netguard.lab.control import Lab
from tests.snmp_agent import dotted, integer, object_id, octets, tlv
from tests.station import Edit
from tests.station_sockets import send_datagrams, send_stream
from tests.watching import PATIENCE, Said, watching

pytestmark = [pytest.mark.packets, pytest.mark.slow]
UDP, TCP, TRAPS, METRICS = 5514, 5515, 5162, 9477
RECEIVING: Edit = (
    '[watch]\ntraps = "udp:0.0.0.0:5162"',
    f"""[watch]
segments = "1h"
devices = "1h"
syslog = ["udp:127.0.0.1:{UDP}", "tcp:127.0.0.1:{TCP}"]
traps = "udp:127.0.0.1:{TRAPS}"
metrics = "127.0.0.1:{METRICS}"
""",
)
ASK = f"""
from urllib.request import urlopen
print(urlopen("http://127.0.0.1:{METRICS}/metrics").read().decode())
"""
RANDOM = random.Random(20261126)  # noqa: S311 - damage, not secrets
LONG = 64 << 10
TEXT = b"Duplicate address 198.51.100.%d on Vlan226, sourced by 0000.5e00.53%d"
TRUE = b"<188>%IP-4-DUPADDR: " + TEXT % (22, 23)
FALSE = b"<188>%IP-4-DUPADDR: " + TEXT % (23, 24)
MOVED = b"Host 0000.5e00.5323 in vlan 226 is flapping between port Fa0/3 and port Fa0/4"

DATAGRAMS = (
    b"",
    b"<188>",
    b"\0" * 512,
    b"<188>%IP-4-DUPADDR: \x1b[2J\x1b]0;netguard\x07\x9b31m\r\n\x7f",
    b"<188>%IP-4-DUPADDR: Duplicate address 198.51.100.23\0 on \x1b[31mVlan226",
    FALSE.decode().encode("utf-16"),
    b"<188>%IP-4-DUPADDR: " + "Dupliqu\u00e9e \u202e 198.51.100.23".encode(),
    b"<188>%IP-4-DUPADDR: Dupliqu\xe9e adresse 198.51.100.23",
    b"<188>%IP-4-DUPADDR: \xff\xfe\xc0\xaf\xed\xa0\x80",
    b"<999999999>1 " + b"- " * 30000,
    b"<188>" + b"Nov 26 12:00:00 " * 4000,
    b"<188>%IP-4-DUPADDR: Duplicate address 198.51.100.23 on " + b"V" * 65000,
    *(RANDOM.randbytes(RANDOM.randrange(1, 1400)) for _ in range(200)),
)
FORGED = (
    b"<188>Nov 26 12:00:00 edge1 " + FALSE[5:],
    b"<188>1 2026-11-26T12:00:00Z cat1 - - - - " + FALSE[5:],
    b"<188>Nov 26 12:00:00 cat1 %SW_MATM-4-MACFLAP_NOTIF: " + MOVED,
)
STREAMS = (
    b"A" * (3 * LONG) + b"\n" + b"\0\n\n",
    b"99999 <188>" + b"B" * LONG + b"C" * LONG,
    b"9999999999 <188>nonsense\n-1 <188>nonsense\n",
    FALSE[:-20],  # and then the connection is closed
    RANDOM.randbytes(100_000),
)


def trap() -> bytes:
    """Return an SNMPv2c notification of a duplicate address, whole."""
    ours = object_id(dotted("1.3.6.1.6.3.1.1.4.1.0")) + object_id(dotted("1.3.6.1.4.1.1991.0.56"))
    time = object_id(dotted("1.3.6.1.2.1.1.3.0")) + tlv(0x43, b"\x01")
    text = object_id(dotted("1.3.6.1.4.1.1991.1.1.2.1.44.0")) + octets(TEXT % (23, 24))
    bindings = b"".join(tlv(0x30, each) for each in (time, ours, text))
    pdu = integer(1) + integer(0) + integer(0) + tlv(0x30, bindings)
    return tlv(0x30, integer(1) + octets(b"public") + tlv(0xA7, pdu))


def bad_traps() -> Iterator[bytes]:
    """Yield what is not BER, or not all of it, or says that it is longer or deeper than it is."""
    whole = trap()
    yield from (whole[:length] for length in range(len(whole)))
    yield b"\x30\x84\xff\xff\xff\xff" + whole
    yield b"\x30\x80" * 10_000
    yield b"\x30\x82\x10\x00" * 4_000
    yield b"\x9f" + b"\xff" * 60_000
    yield whole.replace(b"public", b"secret")


def received(lab: Lab) -> dict[str, float]:
    """Return what the daemon has received, as its metrics have it: by what it was."""
    ask = lab.command("mon", [sys.executable, "-c", ASK])
    text = subprocess.run(ask, check=True, capture_output=True, text=True).stdout
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert all(family.documentation and family.type for family in families.values())
    return {s.labels["what"]: s.value for s in families["netguard_received"].samples}


def wait_for(lab: Lab, what: Callable[[dict[str, float]], bool]) -> dict[str, float]:
    """Return what the daemon has received once it is what is wanted."""
    deadline = monotonic() + PATIENCE
    while not what(counted := received(lab)):
        assert monotonic() < deadline, counted
        sleep(0.2)
    return counted


def test_bad_input_is_counted_and_means_nothing_and_a_true_notice_after_it_does(
    lab: Lab, tmp_path: Path
) -> None:
    bad = [*bad_traps()]
    with watching(lab, tmp_path, (RECEIVING,)) as daemon:
        daemon.swept()
        send_datagrams(lab, UDP, *DATAGRAMS)
        for stream in STREAMS:
            send_stream(lab, TCP, stream)
        lines = wait_for(lab, lambda now: now["cut"] == 2 and now["lines"] > len(DATAGRAMS))
        send_datagrams(lab, TRAPS, *bad)
        counted = wait_for(lab, lambda now: now["refused"] == 1)
        assert lines["malformed"] > 0
        assert counted["malformed"] - lines["malformed"] >= len(bad) - 1
        assert counted["traps"] == 0
        send_datagrams(lab, UDP, *FORGED)

        def told(said: Said) -> bool:
            return bool(said["event"] == "notice" and said["notice"]["kind"] == "mac-moved")

        daemon.until(told)
        daemon.swept()  # which is what a station that moves has done
        assert daemon.turns() == []
        lab.break_("duplicate-address-quiet")
        send_datagrams(lab, UDP, TRUE)
        assert daemon.turn("opened")["address"] == "198.51.100.22"
        assert not [said for said in daemon.said if said["event"] == "gap"]
        assert daemon.end() == 0
        assert daemon.complaints() == ""
