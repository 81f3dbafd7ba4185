"""The practice network's devices tell what changes in their tables, and the daemon reads them."""

import subprocess
from pathlib import Path
from time import sleep

import pytest

from netguard.lab.control import Lab
from tests.station import Edit
from tests.watching import watching

pytestmark = [pytest.mark.packets, pytest.mark.slow]

SELDOM: Edit = ("[watch]", '[watch]\nsegments = "5s"\ndevices = "1h"')
PORTS = {
    "fake-neighbor": ("neighbor-unconfirmed", ["cat1 Fa0/3"]),
    "flapping-mac": ("mac-flapping", ["cat1 Fa0/2", "cat2 Fa0/2"]),
}
MOVED = (
    *("1.3.6.1.4.1.9.9.215.2.0.2", "1.3.6.1.4.1.9.9.215.1.3.3.0", "x", "00005e005324"),
    *("1.3.6.1.4.1.9.9.215.1.3.4.0", "u", "226"),
)
CHANGED = ("1.0.8802.1.1.2.0.0.1",)


@pytest.mark.parametrize("trouble", PORTS)
def test_what_only_tables_show_is_said_once_with_its_ports_and_then_that_it_is_over(
    lab: Lab, tmp_path: Path, trouble: str
) -> None:
    kind, ports = PORTS[trouble]
    with watching(lab, tmp_path, (SELDOM,)) as daemon:
        daemon.swept()
        lab.break_(trouble)
        finding = daemon.turn("opened")
        assert finding["kind"] == kind
        places = [c["location"] for c in finding["claimants"]]
        assert [f"{place['device']} {place['port']}" for place in places] == ports
        lab.mend(trouble)
        assert daemon.turn("resolved")["id"] == finding["id"]
        sleep(3)
        assert daemon.turns() == [("opened", finding["id"]), ("resolved", finding["id"])]
        assert not [said for said in daemon.said if said["event"] == "gap"]
        assert daemon.end() == 0
        assert daemon.complaints() == ""


def test_forged_notifications_accuse_nobody(lab: Lab, tmp_path: Path) -> None:
    """They come from a device's own address: no community and no address keeps them out."""
    with watching(lab, tmp_path, (SELDOM,)) as daemon:
        daemon.swept()
        for number in range(40):
            trap = MOVED if number % 2 else CHANGED
            forged = ("snmptrap", "-v2c", "-c", "public", "-Ln", "192.0.2.10:5162", "", *trap)
            subprocess.run(lab.command("cat1", forged), check=True)
        daemon.until(lambda s: s["event"] == "notice" and s["notice"]["source"] == "192.0.2.11")
        sleep(3)
        assert daemon.turns() == []
        lab.break_("gateway-hijack")
        assert daemon.turn("opened")["kind"] == "gateway-hijack"
