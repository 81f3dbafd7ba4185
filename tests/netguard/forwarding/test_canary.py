"""What becomes of a packet to ourselves says whether and how a server routes."""

import pytest

from netguard.forwarding.canary import meaning
from probes.records import CanaryReply
from tests.netguard.forwarding.script import WHO

TTLS = (1, 2, 64)
SERVER, EDGE = WHO["server"], WHO["edge"]

# What came back for hop limits 1, 2 and 64: with which hop limit, who said time exceeded, redirect.
ROWS = [
    ("nothing", [(None, None, False)] * 3, "does-not-route"),
    (
        "it says time exceeded at first, then the packet comes back",
        [(None, SERVER, False), (1, None, False), (63, None, False)],
        "routes",
    ),
    (
        "... with redirects",
        [(None, SERVER, True), (1, None, True), (63, None, True)],
        "routes",
    ),
    (
        "it keeps silent at first, then the packet comes back",
        [(None, None, False), (None, EDGE, False), (63, None, False)],
        "routes-hidden",
    ),
    (
        "the packet comes back with the hop limit that it was sent with",
        [(1, None, False), (2, None, False), (64, None, False)],
        "routes-undecremented",
    ),
    (
        "it says time exceeded, and then there are but redirects",
        [(None, SERVER, False), (None, None, True), (None, None, True)],
        "filtered",
    ),
    (
        "it says time exceeded, and then nothing",
        [(None, SERVER, False), (None, None, False), (None, None, False)],
        "filtered",
    ),
    (
        "there are but redirects",
        [(None, None, True), (None, None, True), (None, None, True)],
        "filtered",
    ),
]


@pytest.mark.parametrize(("said", "expected"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])
def test_what_comes_back_says_whether_it_routes(said: list[tuple], expected: str) -> None:  # type: ignore[type-arg]
    replies = [
        CanaryReply(ttl=ttl, returned_ttl=returned, exceeded_by=who, redirected=redirected)
        for ttl, (returned, who, redirected) in zip(TTLS, said, strict=True)
    ]
    assert meaning(replies) == expected
