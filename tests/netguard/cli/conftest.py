"""What the tests of several commands share."""

from pathlib import Path

import pytest

from netguard.lab.control import Lab
from tests.station import Run, station


@pytest.fixture
def netguard(lab: Lab, tmp_path: Path) -> Run:
    """Run netguard on the lab's station with its configuration, edited."""
    return station(lab, tmp_path)
