"""Programs, their limits, and opening a port again."""

import msgspec

from netguard.findings import incident
from netguard.guards import UNATTENDED
from netguard.situation import Shutdown
from tests.building import ROUTER
from tests.deciding import (
    CULPRIT,
    VICTIM,
    Passed,
    Refused,
    answering,
    closed,
    closing,
    hijack,
    opening,
    unattended,
)

REFUSED: list[Refused] = [
    ("no-write-credential", "none is configured", closing(no_write="no `write`"), "no `write`"),
    ("per-hour", "three were closed", closing(recent=3), "3 ports were closed"),
    ("per-hour", "the history is gone and nobody watches", unattended(recent=None), "history"),
    ("frozen", "somebody froze it", unattended(frozen="frozen by noc"), "frozen by noc"),
    ("policy", "the kind is not listed", unattended(settings=Shutdown()), "does not list gateway"),
    ("policy", "there is no finding", unattended(finding=None), "does not list no finding"),
    ("unproven", "nobody could be asked", unattended(claims=None), "could not be asked"),
    (
        "unproven",
        "no station is meant",
        unattended(target=None),
        "nothing proves that anybody",
    ),
    (
        "unproven",
        "another is proven to be in the wrong",
        unattended(claims=answering(CULPRIT, impostors=frozenset({VICTIM}))),
        f"nothing proves that {CULPRIT}",
    ),
    (
        "unproven",
        "the station may have the address",
        unattended(claims=answering(CULPRIT, rightful=frozenset({CULPRIT}))),
        "may have",
    ),
    (
        "unproven",
        "nobody says whose the address is",
        unattended(claims=answering(CULPRIT, rightful=frozenset())),
        "neither a pin nor the inventory",
    ),
    (
        "too-few-sightings",
        "it was seen once",
        unattended(claims=answering(CULPRIT, sightings=1)),
        "seen 1 times",
    ),
    ("too-few-sightings", "nobody could be asked", unattended(claims=None), "seen 0 times"),
    (
        "already-handled",
        "it was acted upon",
        unattended(handled=frozenset({incident(hijack())})),
        "closed for this incident before",
    ),
    ("already-handled", "the history is gone", unattended(handled=None), "cannot be read"),
    (
        "already-up",
        "it is open",
        msgspec.structs.replace(opening(), interface=closing().interface),
        "is up",
    ),
    ("already-up", "nobody knows whether", opening(interface=None), "unknown"),
    ("not-ours", "somebody else closed it", opening(closing=None), "did not close it"),
    (
        "still-in-trouble",
        "another answers",
        opening(claims=answering(ROUTER, VICTIM)),
        f"{VICTIM} answers",
    ),
    (
        "still-in-trouble",
        "nobody could be asked",
        opening(claims=None, asked=False),
        "nobody could be asked",
    ),
    (
        "still-in-trouble",
        "the finding is not known any more",
        opening(claims=None, asked=False, finding=None),
        "nobody could be asked",
    ),
    ("no-write-credential", "none on opening", opening(no_write="no `write`"), "no `write`"),
    (
        "frozen",
        "somebody froze the opening",
        opening(automatic=True, frozen="frozen by noc"),
        "frozen by noc",
    ),
]

PASSED: list[Passed] = [
    ("per-hour", "two were closed", closing(recent=2)),
    ("per-hour", "the history is gone, but a person acts", closing(recent=None)),
    *(
        (name, "a person acts", closing(frozen="frozen by noc", handled=None))
        for name in sorted(UNATTENDED)
    ),
    (
        "already-handled",
        "the same trouble has come again",
        unattended(
            handled=frozenset({"gateway-hijack/web-226/198.51.100.1@2026-02-01T00:00:00+00:00"})
        ),
    ),
    ("still-in-trouble", "only the gateway answers", opening()),
    (
        "still-in-trouble",
        "it was closed for no finding",
        opening(
            claims=None,
            finding=None,
            closing=msgspec.structs.replace(
                closed(), order=msgspec.structs.replace(closed().order, finding=None)
            ),
        ),
    ),
    ("frozen", "a person opens it", opening(frozen="frozen by noc")),
]
