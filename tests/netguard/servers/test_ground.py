"""Who has the servers' addresses, where the segment itself is asked."""

import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest

from netguard.inventory import Segment
from netguard.servers.ground import _hear
from probes import arp
from probes.heard import ArpClaim, ArpSweep

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERVER, OTHER = IPv4Address("198.51.100.25"), IPv4Address("198.51.100.26")
OLD, NEW, THIRD = (f"00:00:5e:00:53:{number}" for number in (25, 35, 26))
SEGMENT = Segment(name="web-226", networks=(), interface="eth1")

Said = dict[IPv4Address, list[str]]


def swept(said: Said, asked: Iterable[IPv4Address]) -> ArpSweep:
    claims = tuple(
        ArpClaim(
            interface="eth1",
            sender_ip=address,
            sender_hw=mac,
            frame_source=mac,
            kind="reply",
            seen=NOW,
        )
        for address in asked
        for mac in said.get(address, [])
    )
    return ArpSweep(
        interface="eth1", started=NOW, duration=1.3, probed=1, answered=1, claims=claims
    )


@pytest.mark.parametrize(
    ("later", "macs"),
    [
        ([{SERVER: [NEW]}], {NEW}),
        ([{SERVER: [OLD, NEW]}, {SERVER: [NEW]}], {NEW}),
        ([{SERVER: [OLD, NEW]}, {SERVER: [OLD, NEW]}], {OLD, NEW}),
        ([{}, {}], {OLD, NEW}),
    ],
)
def test_an_address_that_several_have_is_asked_about_again(
    monkeypatch: pytest.MonkeyPatch, later: list[Said], macs: set[str]
) -> None:
    """A card is changed, or an address handed over, while it is asked about."""
    said: list[Said] = [{SERVER: [OLD, NEW], OTHER: [THIRD]}, *later]
    asked: list[Sequence[IPv4Address]] = []

    def sweep(*_: object, extra: Sequence[IPv4Address], **_more: object) -> ArpSweep:
        asked.append(extra)
        return swept(said.pop(0), extra)

    monkeypatch.setattr(arp, "sweep", sweep)
    heard = _hear(
        SEGMENT,
        (SERVER, OTHER),
        clock=lambda: NOW,
        stop=threading.Event(),
        progress=lambda _done, _total: None,
    )
    assert heard.stations == {SERVER: macs, OTHER: {THIRD}}
    assert asked == [[SERVER, OTHER], *[[SERVER]] * len(later)]
