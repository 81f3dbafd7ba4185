from datetime import timedelta

import msgspec
import pytest

from netguard.coverage import covered
from netguard.findings import Finding
from netguard.remember import Remembered
from netguard.store import SweepRecord
from netguard.sweep import counts, gaps_of, report
from netguard.view import View
from probes.records import Gap
from tests.building import (
    GATEWAY,
    NOW,
    ROUTER,
    claim,
    mac,
    router,
    seen,
    switch,
    view,
)

HOST = mac(0x22)
SILENT = Gap(subject="cat2", kind="snmp-timeout", detail="no answer in 4.5 s")


def look(**gaps: tuple[Gap, ...]) -> View:
    return view(
        seen(
            [claim(GATEWAY, ROUTER), claim("198.51.100.22", HOST)],
            gaps=gaps.get("segment", ()),
        ),
        (
            router(gaps=gaps.get("edge1", ())),
            switch("cat1", {HOST: "Fa0/2"}),
            switch("cat2", gaps=gaps.get("cat2", ())),
        ),
    )


def finding(segment: str = "web-226", kind: str = "address-conflict") -> Finding:
    return Finding(
        id=f"{kind}/{segment}/198.51.100.22",
        kind=kind,  # type: ignore[arg-type]
        severity="warning",
        first_seen=NOW,
        last_seen=NOW,
        segment=segment,
        summary="",
        advice="",
    )


@pytest.mark.parametrize(
    ("gaps", "would_have_been_seen"),
    [
        ({}, True),
        ({"segment": (SILENT,)}, False),
        ({"edge1": (SILENT,)}, False),
        ({"cat2": (SILENT,)}, False),
    ],
)
def test_nothing_ends_across_a_gap(
    gaps: dict[str, tuple[Gap, ...]], *, would_have_been_seen: bool
) -> None:
    assert covered(look(**gaps))(finding()) is would_have_been_seen


def test_a_sweep_says_nothing_of_other_segments_or_of_what_it_cannot_see() -> None:
    assert not covered(look())(finding(segment="web-227"))
    assert not covered(look())(finding(kind="forwarding-server"))


def flapping() -> Finding:
    return finding(kind="mac-flapping")


def passing(device: str = "cat1") -> Finding:
    """Somebody passes as another device on a port of this one."""
    told = finding(kind="neighbor-unconfirmed")
    return msgspec.structs.replace(told, id=f"neighbor-unconfirmed/{device}/Fa0/2", segment=None)


def test_a_station_that_moved_is_known_to_rest_only_where_the_last_looks_are_known() -> None:
    swept = look()
    assert not covered(swept)(flapping())
    known = msgspec.structs.replace(swept, flights={})
    assert covered(known)(flapping())
    blind = msgspec.structs.replace(known.segments[0], sweep=None)
    assert covered(msgspec.structs.replace(known, segments=(blind,)))(flapping())
    unread = msgspec.structs.replace(look(cat2=(SILENT,)), flights={})
    assert not covered(unread)(flapping())


def fresh(swept: View) -> View:
    """Return a look in which the devices were read, and which knows the last ones."""
    return msgspec.structs.replace(swept, flights={})


def test_a_false_neighbour_is_gone_only_where_its_switch_was_read() -> None:
    assert covered(fresh(look()))(passing("cat1"))
    assert covered(fresh(look(segment=(SILENT,))))(passing("cat1"))
    assert not covered(fresh(look(cat2=(SILENT,))))(passing("cat2"))
    assert not covered(fresh(look()))(passing("cat3"))


def test_a_false_neighbour_is_not_gone_because_old_tables_or_other_devices_say_nothing() -> None:
    assert not covered(look())(passing("cat1"))
    swept = fresh(look())
    devices = {name: read for name, read in swept.devices.items() if name != "cat2"}
    assert not covered(msgspec.structs.replace(swept, devices=devices))(passing("cat1"))


def test_a_neighbour_whose_word_nobody_can_check_now_is_not_gone() -> None:
    near = switch("cat1", neighbors={"Fa0/2": ("cat2", "Gi0/1")})
    unread = switch("cat2", gaps=(SILENT,))
    known = view(seen(), (near, unread, router()), flights={})
    assert not covered(known)(passing("cat1"))


def test_a_segment_that_was_not_swept_ends_nothing() -> None:
    swept = look()
    blind = msgspec.structs.replace(swept.segments[0], sweep=None)
    assert not covered(msgspec.structs.replace(swept, segments=(blind,)))(finding())


def test_a_device_that_is_not_in_the_view_ends_nothing() -> None:
    swept = look()
    devices = {name: d for name, d in swept.devices.items() if name != "cat2"}
    assert not covered(msgspec.structs.replace(swept, devices=devices))(finding())


def test_a_report_counts_what_was_measured_and_names_what_was_not() -> None:
    swept = look(cat2=(SILENT,))
    assert counts(swept) == {
        "addresses_probed": 126,
        "addresses_answered": 2,
        "devices_read": 3,
    }
    assert gaps_of(swept) == (SILENT,)


def test_a_report_speaks_of_its_own_segments_only() -> None:
    record = SweepRecord(started=NOW, duration=1.0, segments=("web-226",), counts={}, gaps=())
    other = finding("web-227")
    told = report(record, Remembered(findings=(finding(), other), resolved=(other,)))
    assert [f.segment for f in told.findings] == ["web-226"]
    assert told.resolved == ()
    assert report(record, Remembered(findings=(passing(),))).findings == (passing(),)
    assert told.started + timedelta(seconds=told.duration_s) > NOW
