import asyncio
import sys
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from netguard.lab import namespaces
from probes.errors import ProbeError
from probes.trace.opening import open_wire
from probes.trace.raw import RawWire
from tests import hops
from tests.probes.trace.asking_there import weak

pytestmark = pytest.mark.packets

OPEN = """
from probes.errors import ProbeError
from probes.trace.opening import open_wire
try:
    wire = open_wire()
    print(type(wire).__name__)
    wire.close()
except ProbeError as error:
    print(error.kind, error, error.remedy, sep=" | ")
"""


def opened(group_range: str) -> str:
    with hops.way() as way, namespaces.entered(way.near):
        Path("/proc/sys/net/ipv4/ping_group_range").write_text(group_range, encoding="ascii")
        return weak(sys.executable, "-c", OPEN).strip()


def test_who_may_open_raw_sockets_gets_them() -> None:
    async def kind() -> type:
        async with open_wire() as wire:
            return type(wire)

    assert asyncio.run(kind()) is RawWire


def test_who_may_not_gets_ping_sockets() -> None:
    assert opened("0 2147483647") == "PingWire"


def test_who_may_neither_is_told_both_remedies() -> None:
    kind, text, remedy = opened("1 0").split(" | ")
    assert kind == "no-sockets"
    assert "CAP_NET_RAW" in text
    assert "ping_group_range forbids" in text
    assert "setcap cap_net_raw+ep" in remedy
    assert "sysctl -w net.ipv4.ping_group_range" in remedy


def test_a_source_that_is_not_ours_is_no_question_of_rights() -> None:
    with pytest.raises(ProbeError, match="cannot be spoken from") as refusal:
        open_wire([IPv4Address("192.0.2.99")])
    assert refusal.value.kind == "no-such-source"
