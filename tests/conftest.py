"""What tests of several parts share: the practice network, if this machine can hold one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from netguard.lab import namespaces
from netguard.lab.control import Lab, up


def _namespaces_refused() -> str:
    """Return why this machine cannot make network namespaces, or nothing."""
    try:
        os.close(namespaces.create())
    except OSError as error:
        return f"NOT TESTED: no network namespaces here ({error}); run as root"
    return ""


REFUSED = _namespaces_refused()
SAMPLES = 5


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sample",
        type=int,
        choices=range(SAMPLES),
        help=f"of the slow tests only one in {SAMPLES}: those of this number",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip, loudly, what needs packets where there can be none; leave out what is not sampled."""
    for item in items:
        if REFUSED and item.get_closest_marker("packets"):
            item.add_marker(pytest.mark.skip(reason=REFUSED))
    sample = config.getoption("sample")
    if sample is not None:
        slow = [item for item in items if item.get_closest_marker("slow")]
        left_out = {item for at, item in enumerate(slow) if at % SAMPLES != sample}
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One practice network for the whole run; use `lab`, which gives it back mended."""
    directory: Path = tmp_path_factory.mktemp("lab") / "state"
    with up(directory) as lab:
        yield lab


@pytest.fixture
def lab(practice: Lab) -> Iterator[Lab]:
    """A healthy practice network that remembers nothing; what the test breaks is mended after it.

    A trouble that had come and gone in an earlier test would be held to be flapping.
    """
    practice.mend()
    for file in practice.directory.glob("netguard.db*"):
        file.unlink()
    yield practice
    practice.mend()
