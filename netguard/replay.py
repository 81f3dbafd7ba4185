"""Listens to a capture file as to a segment: the same ears, and the times of the capture."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from netguard.errors import Exit, NetguardError
from netguard.findings import Finding
from netguard.hearing.ear import Ear, Ground
from probes.errors import Malformed
from probes.listen import Counters, captures, heard
from probes.records import Gap


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a capture (DESIGN: stable JSON); `started` is its first frame that matters.

    `segments` is empty: a capture is none of the configured ones.
    """

    started: datetime | None
    duration_s: float
    segments: tuple[str, ...]
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...]


class NoCapture(NetguardError):
    """The file cannot be read, or is no capture."""

    exit_code = Exit.USAGE


def replay(path: Path | None, ground: Ground) -> ReplayReport:
    """Hear a capture from its first frame to its last, or standard input where the path is None.

    One that is cut off or broken in the middle is heard up to there, and is a gap.

    Raises NoCapture.
    """
    counters, ear = Counters(), Ear(ground)
    first = last = None
    gaps = []
    try:
        for one in heard(captures.read(path), counters):
            first, last = first or one.seen, max(last or one.seen, one.seen)
            ear.hear(one)
    except (OSError, Malformed) as error:
        gap = _broken_off(error, path)
        if not counters.frames:
            message = f"{gap.subject}: {gap.detail}"
            raise NoCapture(message, remedy="Name a pcap or pcapng file.") from None
        gaps.append(gap)
    return ReplayReport(
        started=first,
        duration_s=(last - first).total_seconds() if first and last else 0.0,
        segments=(),
        counts=_counts(counters, ear),
        findings=ear.findings(last) if last else (),
        gaps=(*gaps, *_unheard(counters, ear)),
    )


def _counts(counters: Counters, ear: Ear) -> dict[str, int]:
    return {
        "addresses_probed": 0,
        "addresses_answered": ear.addresses + ear.forgotten,
        "devices_read": 0,
        "frames": counters.frames,
        "claims": ear.claims,
        "malformed": counters.malformed,
    }


def _broken_off(error: OSError | Malformed, path: Path | None) -> Gap:
    return Gap(
        subject="standard input" if path is None else str(path),
        kind="capture-broken-off",
        detail=error.detail if isinstance(error, Malformed) else error.strerror or str(error),
        remedy="what stands behind that place was not heard: repair the capture, or take another",
    )


def _unheard(counters: Counters, ear: Ear) -> Iterator[Gap]:
    """Yield what was in the capture, and could not be heard."""
    if counters.unread:
        yield Gap(
            subject="capture",
            kind="link-type-unknown",
            detail=f"of {counters.frames} frames, {counters.unread} are not Ethernet's",
            remedy="capture on an Ethernet interface, or on Linux with `-i any`",
        )
    if counters.cut:
        yield Gap(
            subject="capture",
            kind="frames-cut",
            detail=f"of {counters.frames} frames, {counters.cut} that might matter were captured"
            " too short to tell",
            remedy="capture whole frames: tcpdump -s 0",
        )
    if ear.forgotten:
        yield Gap(
            subject="capture",
            kind="addresses-forgotten",
            detail=f"there was no room for {ear.forgotten} of the addresses that were claimed",
            remedy="name the networks that matter (--network)",
        )
    if ear.untold:
        yield Gap(
            subject="capture",
            kind="findings-forgotten",
            detail=f"there was no room for {ear.untold} of the troubles that were heard",
            remedy="name the networks that matter (--network)",
        )
