"""Every server of the practice network, all scenarios at once, from here and from the segment."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from netguard.lab.control import Lab, up
from tests.forwarding_answers import ANSWERS
from tests.netguard.servers.checking import Report, checked
from tests.netguard.servers.matrix import (
    GATEWAYS,
    HONEST,
    SMALLER,
    break_all,
    reasons,
    unproven,
    wrong,
)
from tests.station import configured

pytestmark = [pytest.mark.packets, pytest.mark.slow]

PLACES = {"here": ("here",), "segment": ("segment",), "both": ("here", "segment")}
Look = Callable[[str], dict[str, Report]]

FROM_ALL = pytest.mark.parametrize("place", PLACES)
ON_LINK = pytest.mark.parametrize("place", ["segment", "both"])


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with up(tmp_path_factory.mktemp("matrix") / "lab") as lab:
        break_all(lab)
        yield lab


@pytest.fixture(scope="module")
def look(broken: Lab, tmp_path_factory: pytest.TempPathFactory) -> Look:
    """Check all servers from a place, once."""
    folder: Path = tmp_path_factory.mktemp("config")

    @cache
    def look(place: str) -> dict[str, Report]:
        return checked(broken, configured(broken, folder, (SMALLER,)), *PLACES[place])

    return look


def of(look: Look, place: str, scenario: str) -> Report:
    return look(place)[ANSWERS[scenario].server]


@FROM_ALL
@pytest.mark.parametrize("scenario", ANSWERS)
def test_every_address_and_the_verdict_are_true_or_honest(
    look: Look, place: str, scenario: str
) -> None:
    report = of(look, place, scenario)
    assert wrong(report, ANSWERS[scenario], on_link=place != "here") == []
    assert report["gaps"] == []
    assert set(report["vantages"]) == set(PLACES[place])


@FROM_ALL
def test_nobody_honest_is_called_a_gateway(look: Look, place: str) -> None:
    guilty = {answer.server for name, answer in ANSWERS.items() if name not in HONEST}
    verdicts = {name: report["verdict"] for name, report in look(place).items()}
    assert {name for name, verdict in verdicts.items() if verdict in GATEWAYS} <= guilty
    assert {verdicts[name] for name in verdicts if name not in guilty} <= {"plain", "undecided"}


@FROM_ALL
def test_whoever_is_said_to_be_behind_a_server_is_so_because_somebody_answered(
    look: Look, place: str
) -> None:
    reports = look(place).values()
    assert [address for report in reports for address in unproven(report)] == []
    passed = [a for r in reports for a in r["addresses"] if a["state"] == "forwarded"]
    assert len(passed) > 50


def test_what_places_say_by_themselves_is_shown_beside_what_they_say_together(look: Look) -> None:
    together = of(look, "both", "bridging")
    said = {a["address"]: (a["state"], a["seen_from"]) for a in together["addresses"]}
    state, seen_from = said["203.0.113.178"]
    assert state == seen_from["segment"] == "elsewhere"
    assert seen_from.keys() == {"segment", "here"}


# --- signs


@FROM_ALL
def test_a_tunnel_is_named_with_its_mtu_and_the_detour(look: Look, place: str) -> None:
    told = reasons(of(look, place, "vpn-gateway"))
    assert "over 1420 octets: a tunnel" in told
    later = re.search(r"answers ([0-9.]+) ms later than itself", told)
    assert later
    assert float(later[1]) >= 49  # 25 ms each way, and what this machine takes


@ON_LINK
@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        ("silent-hop", "sends no time exceeded: it hides"),
        ("hidden-hop", "without counting the hop: it hides"),
        ("container-host", "its filter lets nothing through"),
        ("aliases", "goes no further"),
        ("bridging", "goes no further"),
        ("vpn-gateway", "is passed on"),
        ("colocation", "is passed on"),
        ("proxy-arp", "is passed on"),
    ],
)
def test_a_packet_for_somebody_else_tells_how_a_server_routes(
    look: Look, place: str, scenario: str, says: str
) -> None:
    assert says in reasons(of(look, place, scenario))


@ON_LINK
def test_proxy_arp_is_named_and_only_where_it_is(look: Look, place: str) -> None:
    names = {n for n, report in look(place).items() if "proxy ARP" in reasons(report)}
    assert names == {ANSWERS["proxy-arp"].server}


@ON_LINK
def test_several_stations_on_one_port_are_counted_and_only_where_they_are(
    look: Look, place: str
) -> None:
    names = {n for n, report in look(place).items() if "it bridges" in reasons(report)}
    assert names == {ANSWERS["bridging"].server}
    assert "3 stations are on its switch port" in reasons(of(look, place, "bridging"))


@ON_LINK
def test_a_neighbour_that_has_an_address_is_named_by_its_mac(look: Look, place: str) -> None:
    (guest,) = (
        a for a in of(look, place, "bridging")["addresses"] if a["address"] == "203.0.113.180"
    )
    assert any("00:00:5e:00:53:42" in each["detail"] for each in guest["evidence"])


@FROM_ALL
def test_translation_is_named_at_every_address(look: Look, place: str) -> None:
    for address in of(look, place, "whole-block-nat")["addresses"]:
        assert "the server translates it" in str(address["evidence"]), address


@FROM_ALL
def test_a_server_that_answers_pings_for_others_is_told_on(look: Look, place: str) -> None:
    report = of(look, place, "echo-only")
    passed = [a for a in report["addresses"] if a["state"] == "forwarded"]
    assert passed
    for address in passed:
        assert "the server answers its pings, and passes on everything else" in str(address), (
            address
        )
    assert "over 1420 octets: a tunnel" in reasons(report)
    assert "what is behind it answers" not in reasons(report)  # its own pings tell of no detour


@FROM_ALL
def test_machines_behind_a_server_are_told_from_a_tunnel(look: Look, place: str) -> None:
    told = reasons(of(look, place, "colocation"))
    assert "it looks for addresses on a network behind itself" in told
    assert "tunnel:" not in told
