"""What of a server is different from last time, as far as a person wants to know."""

import pytest

from netguard.forwarding.changes import change
from netguard.forwarding.records import AddressState
from tests.netguard.forwarding.places import BLOCK, FIRST, case, judgement, seen


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("bound", "forwarded", True),
        ("forwarded", "bound", True),
        ("bound", "looped", True),
        ("silent", "forwarded", True),
        ("silent", "bound", True),
        ("bound", "elsewhere", True),
        ("bound", "bound", False),
        ("bound", "silent", False),
        ("bound", "undecided", False),
        ("silent", "elsewhere", False),
        ("undecided", "silent", False),
        (None, "forwarded", False),  # a sample asks others each time
    ],
)
def test_an_address_that_went_somewhere_else_is_told(
    before: str | None, after: AddressState, *, told: bool
) -> None:
    report = case(seen("here", {FIRST: judgement(after), BLOCK[1]: judgement("bound")}))
    states = {str(BLOCK[1]): "bound"} | ({str(FIRST): before} if before else {})
    moved = change(report.verdict, states, report)
    assert (moved is not None) == told
    if moved:
        (address,) = moved.addresses
        assert (address.address, address.before, address.after) == (FIRST, before, after)


def test_another_verdict_is_told_though_no_address_moved() -> None:
    report = case(seen("here", "bound"))
    moved = change("undecided", {str(FIRST): "bound"}, report)
    assert moved is not None
    assert (moved.before, moved.after, moved.addresses) == ("undecided", "plain", ())


def test_a_server_checked_for_the_first_time_is_told_only_if_it_is_not_plain() -> None:
    assert change(None, {}, case(seen("here", "bound"))) is None
    moved = change(None, {}, case(seen("here", "forwarded")))
    assert moved is not None
    assert (moved.before, moved.addresses) == (None, ())
