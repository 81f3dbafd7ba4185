"""`netguard sweep --textfile`: what one sweep leaves for Prometheus."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from netguard.lab.control import Lab
from tests.station import Run

pytestmark = pytest.mark.packets

HIJACK = {"kind": "gateway-hijack", "severity": "critical", "state": "open", "segment": "web-226"}


def shown(path: Path) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return the samples of a textfile, by name."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(path.read_text()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def test_a_sweep_leaves_what_it_found_and_how_it_went(
    netguard: Run, lab: Lab, tmp_path: Path
) -> None:
    path = tmp_path / "netguard.prom"
    assert netguard("sweep", "--textfile", str(path)).returncode == 0
    healthy = shown(path)
    assert "netguard_findings" not in healthy
    assert healthy["netguard_sweep_gaps"] == [({"segment": "web-226"}, 0)]
    assert healthy["netguard_store_up"] == [({}, 1)]
    assert healthy["netguard_devices_read"] == [({}, 3)]
    lab.break_("gateway-hijack")
    done = netguard("sweep", "--json", "--textfile", str(path))
    assert done.returncode == 0
    broken = shown(path)
    assert broken["netguard_findings"] == [(HIJACK, 1)]
    ((_, before),) = healthy["netguard_sweep_last_timestamp_seconds"]
    ((_, after),) = broken["netguard_sweep_last_timestamp_seconds"]
    assert after > before
    assert not re.search(r"\d+\.\d+\.\d+\.\d+|([0-9a-f]{2}:){5}", path.read_text())


def test_a_store_that_is_gone_does_not_make_a_finding_vanish(
    netguard: Run, lab: Lab, tmp_path: Path
) -> None:
    (tmp_path / "netguard.db").write_bytes(b"this is no database" * 300)
    lab.break_("gateway-hijack")
    path = tmp_path / "netguard.prom"
    assert netguard("sweep", "--textfile", str(path)).returncode == 1
    told = shown(path)
    assert told["netguard_store_up"] == [({}, 0)]
    assert told["netguard_findings"] == [(HIJACK, 1)]
    assert told["netguard_sweep_gaps"] == [({"segment": "web-226"}, 1)]


def test_a_file_that_cannot_be_written_fails_after_the_report(
    netguard: Run, tmp_path: Path
) -> None:
    done = netguard("sweep", "--textfile", str(tmp_path / "missing" / "netguard.prom"))
    assert done.returncode == 1
    assert "Nothing found." in done.stdout
    complaint, remedy = done.stderr.splitlines()
    assert "cannot be written: No such file or directory" in complaint
    assert "node_exporter" in remedy


@pytest.mark.parametrize("other", ["--gateways", "--servers"])
def test_only_a_whole_sweep_leaves_a_file(netguard: Run, tmp_path: Path, other: str) -> None:
    path = tmp_path / "netguard.prom"
    done = netguard("sweep", other, "--textfile", str(path))
    assert done.returncode == 2
    assert "exclude each other" in done.stderr
    assert not path.exists()
