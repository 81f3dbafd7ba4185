"""What is counted of what arrives."""

import pytest

from tests.probes.notices.hearing_there import Ear
from tests.probes.notices.test_traps import FOUNDRY, objects

TEXT = f"{FOUNDRY}.1.1.2.1.44.0"


@pytest.mark.parametrize(
    ("text", "countable"),
    [
        (b"Dup IP 192.0.2.1 detected, sent from MAC 0000.5e00.5301 interface 1/1", 0),
        (b"Somebody else has your address", 1),
        (b"", 1),
    ],
)
def test_a_duplicate_address_that_is_not_named_is_told_and_counted(
    text: bytes, countable: int
) -> None:
    ear = Ear()
    ear.hearing.objects("192.0.2.11", objects(f"{FOUNDRY}.0.56", (TEXT, text)))
    assert [notice.kind for notice in ear.told] == ["duplicate-address"]
    assert (ear.counters.notices, ear.counters.countable) == (1, countable)
