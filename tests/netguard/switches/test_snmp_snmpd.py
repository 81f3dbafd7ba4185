"""The SNMP driver against snmpd, which takes real links down: every version, every refusal."""

import asyncio
import json
import os
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from pyroute2 import IPRoute

from netguard.history import PortStatus
from netguard.lab import namespaces
from netguard.switches.snmp import SnmpSwitch
from netguard.switches.switch import PortState
from probes.errors import NoAnswer, ProbeError, Refused
from probes.snmp import Credentials, open_session
from probes.snmp_link import Target
from tests.snmpd import free_port, snmpd
from tests.switch_agent import Relay, unknown_user

pytestmark = [pytest.mark.packets, pytest.mark.usefixtures("namespace")]

Answer = TypeVar("Answer")
READ = Credentials(version="2c", community="public")
V1 = Credentials(version="1", community="private")
V2C = Credentials(version="2c", community="private")
RW = Credentials(
    version="3",
    user="rw",
    auth_protocol="SHA",
    auth_key="authauth1",
    priv_protocol="AES",
    priv_key="privpriv1",
)
STRONG = msgspec.structs.replace(RW, user="strong", auth_protocol="SHA512", priv_protocol="AES256")
RULES = (
    "rocommunity public",
    "rocommunity6 public",
    "rwcommunity private",
    "rwcommunity6 private",
    "createUser rw SHA authauth1 AES privpriv1",
    "rwuser rw priv",
    "createUser strong SHA-512 authauth1 AES256 privpriv1",
    "rwuser strong priv",
    "createUser ro SHA authauth1 AES privpriv1",
    "rouser ro priv",
    "createUser plain SHA authauth1",
    "rwuser plain auth",
    "createUser stranger SHA authauth1 AES privpriv1",
)
ENGINE = "exactEngineID 0x80001f888000005e005302"


def with_user(**changed: str | None) -> Credentials:
    return msgspec.structs.replace(RW, **changed)


@pytest.fixture
def namespace() -> Iterator[None]:
    """A network namespace with two cables in it, port1 and port2; the test runs inside."""
    fd = namespaces.create()
    with namespaces.entered(fd):
        with IPRoute() as ip:
            ip.link("set", index=1, state="up")
            for name, peer in (("port1", "host1"), ("port2", "host2")):
                ip.link("add", ifname=name, kind="veth", peer={"ifname": peer})
                for end in (name, peer):
                    ip.link("set", index=ip.link_lookup(ifname=end)[0], state="up")
        yield
    os.close(fd)


@contextmanager
def device(folder: Path, *rules: str) -> Iterator[int]:
    with snmpd(folder, *RULES, *rules) as port:
        yield port


def links() -> dict[str, bool]:
    """Return which ports the kernel has up."""
    command = ["ip", "-json", "link", "show", "type", "veth"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {one["ifname"]: "UP" in one["flags"] for one in found if "port" in one["ifname"]}


def driver(port: int, write: Credentials, host: str = "127.0.0.1") -> SnmpSwitch:
    session = open_session("cat1", host, port, READ, timeout=0.5, retries=1)
    return SnmpSwitch(session, Target("cat1", host, port, 0.5, 1), write, "generic")


def use(
    port: int, write: Credentials, question: Callable[[SnmpSwitch], Awaitable[Answer]]
) -> Answer:
    async def put() -> Answer:
        return await question(driver(port, write))

    return asyncio.run(put())


async def shut(switch: SnmpSwitch) -> str:
    return await switch.set_admin_status(await switch.find("port1"), up=False)


async def settled(switch: SnmpSwitch, port: PortState, oper: str) -> PortStatus:
    """Read until ifOperStatus follows: snmpd looks at the kernel's links every three seconds."""
    async with asyncio.timeout(10):
        while True:
            status = (await switch.again(port)).status
            if status.oper == oper:
                return status
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "write", [V1, V2C, RW, STRONG], ids=["v1", "v2c", "SHA-AES", "SHA512-AES256"]
)
def test_a_real_link_goes_down_and_comes_up_again(tmp_path: Path, write: Credentials) -> None:
    seen = []

    async def down_and_up(switch: SnmpSwitch) -> None:
        port = await switch.find("port1")
        for up in (False, True):
            said = await switch.set_admin_status(port, up=up)
            seen.append((said, (await switch.again(port)).status.admin, links()))

    with device(tmp_path) as port:
        use(port, write, down_and_up)
    assert seen == [
        ("noError", "down", {"port1": False, "port2": True}),
        ("noError", "up", {"port1": True, "port2": True}),
    ]


def test_what_a_port_carries_is_seen_to_stop_and_to_go_on(tmp_path: Path) -> None:
    async def down_and_up(switch: SnmpSwitch) -> list[PortStatus]:
        port = await switch.find("port1")
        found = [port.status]
        for up, oper in ((False, "down"), (True, "up")):
            await switch.set_admin_status(port, up=up)
            found.append(await settled(switch, port, oper))
        return found

    with device(tmp_path) as port:
        assert use(port, RW, down_and_up) == [
            PortStatus("up", "up"),
            PortStatus("down", "down"),
            PortStatus("up", "up"),
        ]


def test_a_device_with_an_ipv6_address_is_changed_alike(tmp_path: Path) -> None:
    async def put(port: int) -> str:
        return await shut(driver(port, RW, "::1"))

    with snmpd(tmp_path, *RULES, address="::1", port=free_port("::1")) as port:
        assert asyncio.run(put(port)) == "noError"
    assert links() == {"port1": False, "port2": True}


@pytest.mark.parametrize(
    "write",
    [
        with_user(auth_key="not-the-s3cret"),
        with_user(auth_protocol="SHA256"),
        with_user(user="nobody"),
        with_user(user="plain", auth_key="authauth1"),
        with_user(auth_key="s3cret"),
        with_user(priv_key="s3cret"),
    ],
    ids=["wrong key", "wrong protocol", "unknown user", "no privacy", "short", "short privacy"],
)
def test_a_user_that_is_not_accepted_is_refused_before_any_order(
    tmp_path: Path, write: Credentials
) -> None:
    with device(tmp_path) as port, pytest.raises(Refused) as caught:
        use(port, write, shut)
    assert "key" in caught.value.remedy
    assert "s3cret" not in f"{caught.value} {caught.value.remedy}"
    assert links() == {"port1": True, "port2": True}


def test_a_wrong_privacy_key_is_met_before_any_order(tmp_path: Path) -> None:
    with device(tmp_path) as port, pytest.raises(ProbeError) as caught:
        use(port, with_user(priv_key="not-the-s3cret"), shut)
    assert isinstance(caught.value, NoAnswer | Refused)
    assert "s3cret" not in f"{caught.value} {caught.value.remedy}"
    assert links() == {"port1": True, "port2": True}


@pytest.mark.parametrize(
    ("write", "word"),
    [
        (Credentials(version="1", community="public"), "noSuchName"),
        (READ, "noAccess"),
        (with_user(user="ro"), "noAccess"),
        (with_user(user="stranger"), "authorizationError"),
        (with_user(priv_protocol=None, priv_key=""), "authorizationError"),
    ],
    ids=["v1", "v2c", "read-only user", "user without rights", "level too low"],
)
def test_credentials_that_may_not_write_are_told_so_by_the_device(
    tmp_path: Path, write: Credentials, word: str
) -> None:
    with device(tmp_path) as port:
        said = use(port, write, shut)
    assert said == f"the device answered {word}; may these credentials write?"
    assert links() == {"port1": True, "port2": True}


@pytest.mark.parametrize("boots", [9, 1], ids=["rebooted", "forgot its boots"])
def test_an_engine_s_clock_that_jumps_before_the_order_is_learnt_again(
    tmp_path: Path, boots: int
) -> None:
    async def put() -> str:
        with device(tmp_path, ENGINE, "engineBoots 5") as port:
            switch = driver(port, RW)
            found = await switch.find("port1")
            await switch.prepare()
        with snmpd(tmp_path, *RULES, ENGINE, f"engineBoots {boots}", port=port):
            return await switch.set_admin_status(found, up=False)

    assert asyncio.run(put()) == "noError"
    assert links() == {"port1": False, "port2": True}


def test_an_agent_in_another_s_place_is_learnt_at_the_second_order(tmp_path: Path) -> None:
    async def put() -> list[tuple[str, bool]]:
        with device(tmp_path) as port:
            switch = driver(port, RW)
            found = await switch.find("port1")
            await switch.prepare()
        with snmpd(tmp_path, *RULES, ENGINE, port=port):
            return [
                (await switch.set_admin_status(found, up=False), links()["port1"]) for _ in range(2)
            ]

    assert asyncio.run(put()) == [("no answer within 0.5 s", True), ("noError", False)]


def test_a_new_driver_knows_nothing_of_the_agent_that_was_there_before(tmp_path: Path) -> None:
    async def put() -> str:
        with device(tmp_path) as port:
            await driver(port, RW).prepare()
        with snmpd(tmp_path, *RULES, ENGINE, port=port):
            return await shut(driver(port, RW))

    assert asyncio.run(put()) == "noError"
    assert links() == {"port1": False, "port2": True}


def test_an_order_whose_answer_is_lost_is_not_sent_again(tmp_path: Path) -> None:
    async def put(switch: SnmpSwitch, relay: Relay) -> str:
        found = await switch.find("port1")
        await switch.prepare()
        relay.heard.clear()
        relay.answer = lambda _request, _said: None
        return await switch.set_admin_status(found, up=False)

    with device(tmp_path) as port, Relay(port) as relay:
        assert asyncio.run(put(driver(relay.port, RW), relay)) == "no answer within 0.5 s"
    assert len(relay.heard) == 1
    assert links() == {"port1": False, "port2": True}


def test_a_report_in_answer_to_the_order_proves_nothing(tmp_path: Path) -> None:
    async def put(switch: SnmpSwitch, relay: Relay) -> tuple[str, str]:
        found = await switch.find("port1")
        await switch.prepare()
        relay.heard.clear()
        relay.answer = lambda request, _said: unknown_user(request)
        said = await switch.set_admin_status(found, up=False)
        assert len(relay.heard) == 1
        relay.answer = lambda _request, said: said
        return said, (await switch.again(found)).status.admin

    with device(tmp_path) as port, Relay(port) as relay:
        said, admin = asyncio.run(put(driver(relay.port, RW), relay))
    assert said.startswith("no usable answer: ")
    assert admin == "down"
    assert links() == {"port1": False, "port2": True}
