from datetime import UTC, datetime, timedelta

from probes.arp import craft
from probes.heard import ArpClaim
from probes.listen import Counters, Packet, heard
from probes.listen.captures import packets
from tests.probes.listen.crafting import address_probe, neighbor_advertisement, vrrp_v2
from tests.probes.listen.files import SECOND, TIME, enhanced, interface, pcap, section
from tests.segment import address, mac, request

CLAIM = craft(request(mac(1), address(1), address(2)))


def packet(octets: bytes, *, time: int = TIME, link_type: int = 1, length: int = 0) -> Packet:
    return time, link_type, "eth0", octets, length or len(octets)


def test_what_is_heard_is_counted_by_what_became_of_it() -> None:
    counters = Counters()
    said = [
        packet(CLAIM),
        packet(neighbor_advertisement()),
        packet(address_probe()),
        packet(vrrp_v2("192.0.2.1")),
        packet(CLAIM[:12] + b"\x88\xcc" + bytes(46)),
        packet(CLAIM[:20] + b"\x00\x09" + CLAIM[22:]),
        packet(CLAIM[:40], length=60),
        packet(CLAIM, link_type=105),
    ]
    assert len(list(heard(said, counters))) == 4
    assert counters == Counters(frames=8, claims=2, malformed=1, cut=1, unread=1)


def test_a_frame_that_was_cut_behind_its_arp_packet_is_heard() -> None:
    counters = Counters()
    assert len(list(heard([packet(CLAIM, length=60)], counters))) == 1
    assert counters == Counters(frames=1, claims=1)


def test_the_time_is_the_packet_s_to_the_microsecond() -> None:
    (claim,) = heard([packet(CLAIM)], Counters())
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert claim.seen == epoch + timedelta(seconds=TIME // SECOND, microseconds=123_456)


def test_a_time_past_all_calendars_is_malformed() -> None:
    counters = Counters()
    capture = section("<") + interface("<", (9, b"\x00")) + enhanced("<", 0, 2**64 - 1, CLAIM)
    assert list(heard(packets([capture], "a capture"), counters)) == []
    assert counters == Counters(frames=1, malformed=1)


def test_packets_are_heard_in_their_order_whatever_their_times() -> None:
    times = [TIME, TIME - 3600 * SECOND, 0, TIME + 1]
    records = heard([packet(CLAIM, time=time) for time in times], Counters())
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert [record.seen for record in records] == [
        epoch + timedelta(microseconds=time // 1000) for time in times
    ]


def test_a_capture_is_heard_while_it_still_comes() -> None:
    counters = Counters()
    capture = pcap(packet(CLAIM), packet(CLAIM))
    records = heard(packets(iter([capture[:100], capture[100:]]), "a capture"), counters)
    assert isinstance(next(records), ArpClaim)
    assert counters.frames == 1
    assert len(list(records)) == 1
