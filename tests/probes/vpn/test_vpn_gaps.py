import asyncio
import resource
import ssl
from contextlib import suppress
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from netguard.lab import namespaces
from probes.records import Table
from probes.vpn import VpnPort, ike, vpn_ports
from tests.probes.vpn import answers
from tests.probes.vpn.fakes import silence, silent, tcp, udp
from tests.probes.vpn.place import Place, said

pytestmark = pytest.mark.packets

SHORT = 0.3  # seconds, where nothing is to be heard


def test_whoever_loses_patience_leaves_nothing_open(server: Place, tls: ssl.SSLContext) -> None:
    server.run("nft", "add table ip t; add chain ip t i { type filter hook input priority 0; }")
    server.run("nft", "add rule ip t i tcp dport 1723 drop")

    async def impatient() -> None:
        async with tcp(443, silent, tls), tcp(1194, silent), udp(500, silence):
            before = open_files()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await vpn_ports(IPv4Address("127.0.0.1"), timeout=30.0)
            async with asyncio.timeout(10.0):
                while open_files() - before:  # noqa: ASYNC110 - no event tells of it
                    await asyncio.sleep(0.02)

    with namespaces.entered(server.fd):
        asyncio.run(impatient())


def open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir() if path.exists()}


def test_an_address_without_a_route_is_a_gap_and_nothing_is_asked(server: Place) -> None:
    table = server.ask(address="192.0.2.1")
    assert table.rows == ()
    assert [(gap.subject, gap.kind, gap.remedy) for gap in table.gaps] == [
        ("192.0.2.1", "no-route", "ip route get 192.0.2.1")
    ]


def test_an_ipv6_address_without_a_route_is_a_gap(server: Place) -> None:
    assert [gap.kind for gap in server.ask(address="2001:db8::1").gaps] == ["no-route"]


def test_what_our_own_firewall_forbids_is_a_gap_and_the_rest_is_asked(server: Place) -> None:
    server.run("nft", "add table ip t; add chain ip t o { type filter hook output priority 0; }")
    server.run("nft", "add rule ip t o udp dport 500 drop")
    table = server.ask(
        udp(4500, lambda asked: [ike.NON_ESP + answers.ike_message(asked[4:12])]), timeout=1.0
    )
    assert [(gap.kind, "port 500 " in gap.detail) for gap in table.gaps] == [
        ("not-permitted", True)
    ]
    assert said(table) == {("ike", "udp", 4500)}


@pytest.mark.parametrize("reason", ["admin-prohibited", "host-unreachable", "no-route"])
def test_a_port_that_the_server_rejects_is_no_answer_and_no_gap(server: Place, reason: str) -> None:
    server.run("nft", "add table inet t; add chain inet t i { type filter hook input priority 0; }")
    for port in ("udp dport 500", "tcp dport 443"):
        server.run("nft", f"add rule inet t i {port} reject with icmpx type {reason}")
    for address in ("127.0.0.1", "::1"):
        table = server.ask(address=address, timeout=SHORT)
        assert (table.rows, table.gaps) == ((), ())


def test_a_machine_out_of_files_could_not_ask(server: Place) -> None:
    async def asked() -> Table[VpnPort]:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
        try:
            return await vpn_ports(IPv4Address("127.0.0.1"))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    with namespaces.entered(server.fd):
        table = asyncio.run(asked())
    assert table.rows == ()
    assert [gap.kind for gap in table.gaps] == ["no-resources"]
