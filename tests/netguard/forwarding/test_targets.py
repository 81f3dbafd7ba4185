"""Which addresses of a server's blocks are asked about."""

import random
from ipaddress import ip_address, ip_network

import msgspec
import pytest

from netguard.forwarding.targets import MOST, addresses_of, is_sampled, targets
from netguard.inventory import IPNetwork, Server

ONE = Server(name="ds1", address=ip_address("198.51.100.20"))


def of(*blocks: str, seed: int = 1) -> list[str]:
    server = msgspec.structs.replace(ONE, blocks=tuple(ip_network(block) for block in blocks))
    return [str(address) for address in targets(server, random.Random(seed))]  # noqa: S311


def test_every_address_of_a_block_is_asked_the_first_and_the_last_too() -> None:
    assert of("203.0.113.4/30") == [f"203.0.113.{n}" for n in range(4, 8)]


def test_an_address_in_two_blocks_is_asked_once() -> None:
    assert of("203.0.113.4/30", "203.0.113.4/31") == of("203.0.113.4/30")


def test_a_server_without_blocks_has_nothing_to_ask() -> None:
    assert of() == []


def test_a_block_of_a_thousand_and_a_few_is_asked_whole() -> None:
    assert len(of("203.0.112.0/22")) == MOST == 1024
    assert not is_sampled(ip_network("203.0.112.0/22"))
    assert is_sampled(ip_network("203.0.112.0/21"))


@pytest.mark.parametrize("block", ["2001:db8::/116", "2001:db8:1::/64", "2001:db8::/32", "::/0"])
def test_of_a_large_block_the_beginning_is_asked_and_some_that_nobody_can_foresee(
    block: str,
) -> None:
    network: IPNetwork = ip_network(block)
    asked = of(block)
    first = int(network.network_address)
    assert asked[:32] == [str(ip_address(first + n)) for n in range(32)] or first == 0
    assert 100 < len(asked) <= 128
    assert len(set(asked)) == len(asked)
    assert all(ip_address(address) in network for address in asked)
    assert set(of(block, seed=2)[32:]) != set(asked[32:])


def test_the_sample_is_spread_over_the_whole_block() -> None:
    network = ip_network("2001:db8::/64")
    middle = int(network.network_address) + network.num_addresses // 2
    upper = [a for a in addresses_of(network, random.Random(1)) if int(a) > middle]  # noqa: S311
    assert 30 < len(upper) < 70
