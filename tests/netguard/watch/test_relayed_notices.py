"""What devices log reaches the daemon through a real rsyslogd, in each form in which that sends."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from time import monotonic, sleep

import pytest

from netguard.lab.control import Lab
from tests.station import Edit
from tests.station_sockets import send_datagrams
from tests.watching import PATIENCE, Said, watching

pytestmark = [
    pytest.mark.packets,
    pytest.mark.slow,
    pytest.mark.skipif(not which("rsyslogd"), reason="NOT TESTED: apt-get install rsyslog"),
]
UDP, TCP, RELAY = 5514, 5515, 5516
RECEIVING: Edit = (
    "[watch]",
    f"""[watch]
segments = "1h"
devices = "1h"
syslog = ["udp:127.0.0.1:{UDP}", "tcp:127.0.0.1:{TCP}"]""",
)
# As IOS writes it: a sequence number, and a clock that is not set.
LINE = (
    b"<188>45: *Mar  1 00:01:02.003: %IP-4-DUPADDR:"
    b" Duplicate address 198.51.100.22 on Vlan226, sourced by 0000.5e00.5323"
)
CONFIG = """
global(workDirectory="{folder}")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="{relay}")
action(type="omfile" file="{folder}/log")
action(type="omfwd" target="127.0.0.1" port="{udp}" protocol="udp"
       template="RSYSLOG_TraditionalForwardFormat")
action(type="omfwd" target="127.0.0.1" port="{tcp}" protocol="tcp"
       template="RSYSLOG_ForwardFormat")
action(type="omfwd" target="127.0.0.1" port="{tcp}" protocol="tcp"
       template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted")
"""
WAYS = CONFIG.count("omfwd")


def is_notice(said: Said) -> bool:
    return bool(said["event"] == "notice")


@contextmanager
def relaying(lab: Lab, folder: Path) -> Iterator[None]:
    """Run rsyslogd on the station; it forwards in every way that there is."""
    config = folder / "rsyslog.conf"
    config.write_text(CONFIG.format(folder=folder, relay=RELAY, udp=UDP, tcp=TCP))
    words = ("rsyslogd", "-n", "-f", str(config), "-i", str(folder / "rsyslogd.pid"))
    process = subprocess.Popen(lab.command("mon", words))
    try:
        deadline, log = monotonic() + PATIENCE, folder / "log"
        while not (log.exists() and "good morning" in log.read_text()):
            assert process.poll() is None
            assert monotonic() < deadline
            send_datagrams(lab, RELAY, b"<13>Nov 26 12:00:00 edge1 test: good morning")
            sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def test_what_rsyslogd_forwards_has_the_address_asked_about(lab: Lab, tmp_path: Path) -> None:
    with watching(lab, tmp_path, (RECEIVING,)) as daemon:
        daemon.swept()
        with relaying(lab, tmp_path):
            lab.break_("duplicate-address-quiet")
            send_datagrams(lab, RELAY, LINE)
            notices = [daemon.until(is_notice)["notice"] for _ in range(WAYS)]
        assert daemon.turn("opened")["address"] == "198.51.100.22"
    for notice in notices:
        assert (notice["kind"], notice["ip"]) == ("duplicate-address", "198.51.100.22")
        assert notice["mac"] == "00:00:5e:00:53:23"
