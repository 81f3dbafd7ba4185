"""Whom an SNMPv3 message names, and octets that name nobody."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.notices.senders import sender
from tests.probes.notices.test_notifications import forged, trap_v2


@settings(deadline=None)
@given(st.binary(max_size=120))
def test_no_octets_make_the_search_for_a_signer_raise(datagram: bytes) -> None:
    sender(datagram)


@pytest.mark.parametrize(("flags", "level"), [(0, 1), (1, 2), (3, 3), (4, 1), (7, 3)])
def test_the_signer_of_a_v3_message_is_found(flags: int, level: int) -> None:
    claimed = (b"\x80\x00\x00\x00\x00\x00\x00\x07", "trapper", level, bytes(12))
    assert sender(forged(7, flags)) == claimed


def test_who_sends_by_another_version_is_nobody() -> None:
    assert sender(trap_v2()) is None
