"""The whole report about a server, from what all places saw of it."""

from ipaddress import IPv6Address, ip_network

import msgspec

from probes.records import Gap
from tests.building import NOW
from tests.netguard.forwarding.places import BLOCK, FIRST, LARGE, Judgements, case, judgement, seen
from tests.netguard.forwarding.script import SERVER

BOUND = judgement("bound", rtt=0.0005, hops=3)
BEHIND = judgement("forwarded", rtt=0.0305)
# What others read in the JSON of `server check`, and of its blocks and addresses.
PROMISED = "server address verdict blocks addresses probes_sent duration_s findings gaps"
OF_BLOCKS = "block bound forwarded looped elsewhere silent undecided"
OF_ADDRESSES = "address state alive via hops rtt_ms evidence"


def test_the_json_has_what_is_promised() -> None:
    written = msgspec.json.encode(case(seen("here", {FIRST: BOUND})), enc_hook=str)
    report = msgspec.json.decode(written)
    assert report.keys() >= set(PROMISED.split())
    assert report["blocks"][0].keys() >= set(OF_BLOCKS.split())
    assert report["addresses"][0].keys() >= set(OF_ADDRESSES.split())
    assert (report["address"], report["blocks"][0]["block"]) == ("198.51.100.20", "203.0.113.0/28")


def test_a_plain_server_is_reported_with_its_block_counted() -> None:
    told = {BLOCK[0]: BOUND, BLOCK[1]: BOUND, BLOCK[2]: judgement("silent")}
    report = case(seen("here", told, rtt=0.0004))
    assert report.verdict == "plain"
    assert report.summary == "ds1 passes nothing on: 2 of 3 addresses are on it."
    (block,) = report.blocks
    assert (block.bound, block.silent, block.asked, block.sampled) == (2, 1, 3, False)
    assert (report.probes_sent, report.duration_s, report.started) == (7, 1.235, NOW)


def test_a_vpn_gateway_is_told_by_its_delay_and_the_customer_is_named() -> None:
    told = {BLOCK[0]: BEHIND, BLOCK[1]: BEHIND, BLOCK[2]: judgement("forwarded", alive=False)}
    server = msgspec.structs.replace(SERVER, customer="example")
    report = case(seen("here", told, rtt=0.0005), server=server)
    assert report.verdict == "vpn-gateway"
    assert report.summary == (
        "ds1 (customer example) passes 3 of 3 addresses on (2 answer): it is a VPN gateway."
    )
    assert "contract" in report.advice
    assert any("30.0 ms later" in evidence.detail for evidence in report.evidence)


def test_the_tunnel_that_any_place_was_told_of_counts_with_its_least_mtu() -> None:
    told = {FIRST: judgement("forwarded", alive=False)}
    report = case(seen("here", told, tunnel=1420), seen("osaka", told, tunnel=1400))
    assert report.verdict == "vpn-gateway"
    assert any("over 1400 octets" in evidence.detail for evidence in report.evidence)


def test_detours_are_measured_against_the_server_as_seen_from_the_same_place() -> None:
    far = {FIRST: judgement("forwarded", rtt=0.2004)}
    report = case(
        seen("here", {FIRST: judgement("forwarded", rtt=0.0006)}, rtt=0.0005),
        seen("osaka", far, rtt=0.2003),
    )
    assert report.verdict == "colocation-gateway"


def test_disagreement_is_counted_and_shown_for_every_address() -> None:
    here = seen("here", {BLOCK[0]: BOUND, BLOCK[1]: BOUND})
    segment = seen("segment", {BLOCK[0]: BEHIND, BLOCK[1]: BOUND}, on_segment=True)
    report = case(here, segment)
    assert report.disagreements == 1
    assert report.addresses[0].seen_from == {"here": "bound", "segment": "forwarded"}
    assert report.vantages == ("here", "segment")


def test_proxy_arp_is_told_where_the_server_answers_arp_for_what_is_behind_it() -> None:
    place = seen("here", {FIRST: BEHIND}, stations={FIRST: frozenset({"00:00:5e:00:53:20"})})
    assert any("proxy ARP" in evidence.detail for evidence in case(place).evidence)


def test_a_server_without_blocks_says_so() -> None:
    bare = msgspec.structs.replace(SERVER, blocks=())
    report = case(seen("here", {}, rtt=0.0004), server=bare)
    assert report.summary == "ds1 has no blocks: only its own address was asked."
    assert (report.verdict, report.blocks, report.addresses) == ("plain", (), ())


def test_a_block_too_large_to_ask_is_sampled_and_says_so() -> None:
    server = msgspec.structs.replace(SERVER, blocks=(LARGE,))
    told: Judgements = {IPv6Address(f"2001:db8::{n}"): BOUND for n in (1, 2)}
    report = case(seen("here", told), server=server)
    (block,) = report.blocks
    assert (block.sampled, block.asked, block.bound) == (True, 2, 2)
    assert any("too large to ask: a sample" in evidence.detail for evidence in report.evidence)


def test_two_blocks_of_two_families_are_counted_each_by_itself() -> None:
    blocks = (*SERVER.blocks, ip_network("2001:db8::/124"))
    server = msgspec.structs.replace(SERVER, blocks=blocks)
    report = case(seen("here", {FIRST: BOUND, IPv6Address("2001:db8::1"): BEHIND}), server=server)
    four, six = report.blocks
    assert (four.bound, four.forwarded, six.bound, six.forwarded) == (1, 0, 0, 1)


def test_where_nothing_comes_to_the_server_the_summary_says_so() -> None:
    report = case(seen("here", {FIRST: judgement("elsewhere")}))
    assert report.summary.endswith("and none of its addresses comes to it.")
    assert case(seen("here", {FIRST: judgement("silent")})).summary.endswith("what it does.")


def test_what_could_not_be_measured_stays_in_the_report() -> None:
    gap = Gap(subject="osaka", kind="vantage-unreachable", detail="no answer")
    assert case(seen("here", {FIRST: BOUND}), gaps=(gap,)).gaps == (gap,)


def test_an_address_that_no_place_asked_about_is_in_the_report_all_the_same() -> None:
    report = case(seen("here", {FIRST: BOUND}), asked=(FIRST, BLOCK[1]))
    assert [each.state for each in report.addresses] == ["bound", "undecided"]
    assert report.verdict == "undecided"
