"""The tables agree with each other, and with the configuration that the lab writes."""

import re
import tomllib
from importlib import resources
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from netguard.lab.actions import TakeAddress
from netguard.lab.faces import FACES, port_name
from netguard.lab.onward import BindAddresses
from netguard.lab.scenarios import SCENARIOS
from netguard.lab.topology import AGENTS, BLOCKS, CABLES, HOSTS, STATION, VLAN, End

CONFIG: dict[str, Any] = tomllib.loads(
    resources.files("netguard.lab").joinpath("netguard.toml").read_text("utf-8")
)
SEGMENT: dict[str, Any] = CONFIG["segment"][0]
NETWORK = IPv4Network(SEGMENT["networks"][0])
CARDS = {End(host.name, card.name): card for host in HOSTS for card in host.interfaces}


def addresses_on_the_segment() -> dict[IPv4Address, End]:
    return {
        IPv4Interface(address).ip: end
        for end, card in CARDS.items()
        for address in card.addresses
        if IPv4Interface(address).ip in NETWORK
    }


def port_of(end: End) -> str:
    (other,) = [set(cable) - {end} for cable in CABLES if end in cable]
    (switch,) = other
    return f"{switch.host} {port_name(*switch)}"


def assigned() -> list[IPv4Network]:
    return [
        IPv4Network(text)
        for server in CONFIG["server"]
        for text in (server["address"], *server.get("blocks", ()))
    ]


def gateways() -> list[str]:
    return [g if isinstance(g, str) else g["address"] for g in SEGMENT["gateways"]]


def test_every_cable_joins_two_interfaces_that_exist_and_none_is_used_twice() -> None:
    ends = [end for cable in CABLES for end in cable]
    assert set(ends) <= set(CARDS)
    assert len(ends) == len(set(ends))
    assert set(CARDS) - set(ends) == {end for end, card in CARDS.items() if card.over}


def test_a_card_that_stands_on_another_stands_on_one_that_exists_before_it() -> None:
    names = [host.name for host in HOSTS]
    for end, card in CARDS.items():
        if card.over:
            assert card.over in CARDS
            assert names.index(card.over.host) <= names.index(end.host)


def test_macs_are_unique_but_for_the_virtual_routers() -> None:
    macs = [card.mac for card in CARDS.values() if card.mac]
    assert sorted(mac for mac in set(macs) if macs.count(mac) > 1) == ["00:00:5e:00:01:06"]


def test_every_address_on_the_healthy_segment_is_assigned_or_a_gateway() -> None:
    for address in addresses_on_the_segment():
        assert str(address) in gateways() or any(address in block for block in assigned())


def test_what_the_edge_routes_to_a_server_is_assigned_to_it() -> None:
    assigned = {
        (block, server["address"])
        for server in CONFIG["server"]
        for block in server.get("blocks", ())
    }
    assert set(BLOCKS) <= assigned


def test_look_alikes_use_only_addresses_that_are_assigned() -> None:
    for scenario in SCENARIOS.values():
        for action in scenario.actions:
            if scenario.kind == "look-alike" and isinstance(action, TakeAddress):
                address = IPv4Interface(action.address).ip
                assert any(address in block for block in assigned()), scenario.name


def test_the_configuration_says_the_ports_and_macs_that_the_cables_and_cards_have() -> None:
    where = addresses_on_the_segment()
    for server in CONFIG["server"]:
        end = where[IPv4Address(server["address"])]
        assert server.get("port", port_of(end)) == port_of(end)
        assert server.get("mac", CARDS[end].mac) == CARDS[end].mac


def test_the_configuration_names_the_devices_that_run_agents() -> None:
    assert {d["name"]: d["address"] for d in CONFIG["device"]} == AGENTS
    assert set(AGENTS) == set(FACES)
    assert SEGMENT["vlan"] == VLAN


def test_the_station_touches_the_segment_where_the_configuration_says() -> None:
    card = CARDS[End(STATION, SEGMENT["interface"])]
    assert IPv4Interface(card.addresses[0]).network == NETWORK


def test_only_documentation_addresses_and_macs_are_used() -> None:
    networks = [IPv4Network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
    bound = [
        address
        for scenario in SCENARIOS.values()
        for action in scenario.actions
        if isinstance(action, BindAddresses)
        for address in action.addresses
    ]
    for card in CARDS.values():
        assert card.mac is None or re.match(r"00:00:5e:00:(53|01):", card.mac)
    for address in (*bound, *(a for card in CARDS.values() for a in card.addresses)):
        assert any(IPv4Interface(address).ip in network for network in networks)
