"""The objects of SNMP notifications, as agents of Cisco, Foundry and VRRP send them."""

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.heard import Notice
from probes.notices import traps
from probes.snmp_link import Value

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
MAC = "00:00:5e:00:53:01"
OCTETS = bytes.fromhex("00005e005301")
CISCO, FOUNDRY = "1.3.6.1.4.1.9.9", "1.3.6.1.4.1.1991"
TEXT = f"{FOUNDRY}.1.1.2.1.44.0"
DUPLICATE = "Dup IP 192.0.2.1 detected, sent from MAC 0000.5e00.5301 interface 1/1"
UP_TIME: tuple[str, Value] = ("1.3.6.1.2.1.1.3.0", 4711)


def objects(trap_oid: str, *more: tuple[str, Value]) -> list[tuple[str, Value]]:
    return [UP_TIME, ("1.3.6.1.6.3.1.1.4.1.0", trap_oid), *more]


def read(trap_oid: str, *more: tuple[str, Value]) -> Notice:
    notice = traps.notice(objects(trap_oid, *more), source="192.0.2.254", seen=SEEN)
    assert notice is not None
    return notice


def log_message(name: bytes, text: bytes, severity: int = 5) -> list[tuple[str, Value]]:
    values: tuple[Value, ...] = (b"IP", severity, name, text, 4711)
    entry = f"{CISCO}.41.1.2.3.1"
    parts = [(f"{entry}.{column}.99", value) for column, value in enumerate(values, 2)]
    return objects(f"{CISCO}.41.2.0.1", *parts)


def test_a_duplicate_address_is_read_from_foundry_s_text() -> None:
    notice = read(f"{FOUNDRY}.0.56", (TEXT, DUPLICATE.encode()))
    assert notice == Notice(
        source="192.0.2.254",
        kind="duplicate-address",
        message=DUPLICATE,
        seen=SEEN,
        ip=ip_address("192.0.2.1"),
        mac=MAC,
        port="1/1",
    )


def test_a_duplicate_address_without_a_text_is_told_all_the_same() -> None:
    notice = read(f"{FOUNDRY}.0.56")
    assert (notice.kind, notice.message, notice.ip) == (
        "duplicate-address",
        "snTrapDuplicateIp",
        None,
    )


def test_a_duplicate_address_in_unknown_words_keeps_them() -> None:
    notice = read(f"{FOUNDRY}.0.56", (TEXT, b"somebody has 192.0.2.1"))
    assert (notice.kind, notice.message) == ("duplicate-address", "somebody has 192.0.2.1")


@pytest.mark.parametrize("oid", [f"{FOUNDRY}.56", f"{FOUNDRY}.0.0.56", "1.3.6.1.4.1.11.0.56"])
def test_a_name_that_v1_or_a_converter_made_is_known_too(oid: str) -> None:
    assert read(oid).kind == "duplicate-address"


def test_who_told_it_first_is_the_host() -> None:
    agent = "1.3.6.1.6.3.18.1.3.0"
    assert read(f"{FOUNDRY}.0.56", (agent, "192.0.2.9")).host == "192.0.2.9"
    assert read(f"{FOUNDRY}.0.56", (agent, bytes([192, 0, 2, 9]))).host == "192.0.2.9"
    assert read(f"{FOUNDRY}.0.56", (agent, "0.0.0.0")).host == ""  # noqa: S104


def test_a_mac_that_moved_on_a_cisco_is_told_without_ports_that_have_no_name() -> None:
    base = f"{CISCO}.215.1.3"
    notice = read(
        f"{CISCO}.215.2.0.2",
        (f"{base}.3.0", OCTETS),
        (f"{base}.4.0", 10),
        (f"{base}.5.0", 3),
        (f"{base}.6.0", 7),
    )
    assert (notice.kind, notice.mac, notice.vlan) == ("mac-moved", MAC, 10)
    assert (notice.port, notice.other_port) == (None, None)
    assert notice.message == (
        f"cmnMacMoveNotification cmnMACMoveAddress={MAC} cmnMACMoveVlanNumber=10"
        " cmnMACMoveFromPortId=3 cmnMACMoveToPortId=7"
    )


def test_a_mac_of_the_wrong_length_and_a_vlan_that_cannot_be_are_left_out() -> None:
    base = f"{CISCO}.215.1.3"
    notice = read(f"{CISCO}.215.2.0.2", (f"{base}.3.0", OCTETS[1:]), (f"{base}.4.0", 4095))
    assert (notice.mac, notice.vlan) == (None, None)


def test_a_cisco_log_message_is_put_together_again() -> None:
    text = b"Duplicate address 192.0.2.1 on Vlan10, sourced by 0000.5e00.5301"
    notice = traps.notice(log_message(b"DUPADDR", text), source="192.0.2.254", seen=SEEN)
    assert notice is not None
    assert notice.message == f"%IP-4-DUPADDR: {text.decode()}"
    assert (notice.kind, notice.mac, notice.vlan) == ("duplicate-address", MAC, 10)


def test_a_cisco_log_message_of_another_kind_is_no_notice() -> None:
    assert traps.notice(log_message(b"UPDOWN", b"up"), source="", seen=SEEN) is None
    assert not traps.countable(log_message(b"UPDOWN", b"up"))
    assert traps.countable(log_message(b"IPDUP", b"duplicate of something"))


def test_an_hsrp_state_is_told() -> None:
    notice = read(f"{CISCO}.106.2.0.1", (f"{CISCO}.106.1.2.1.1.15.10.1", 6))
    assert notice.kind == "virtual-router"
    assert notice.message == f"cHsrpStateChange {CISCO}.106.1.2.1.1.15.10.1=6"


@pytest.mark.parametrize("oid", ["1.0.8802.1.1.2.0.0.1", "1.3.111.2.802.1.1.13.0.0.1"])
def test_neighbours_that_changed_are_told_with_the_agents_count_of_them(oid: str) -> None:
    inserts = "1.0.8802.1.1.2.1.2.2.0"
    notice = read(oid, (inserts, 7))
    assert (notice.kind, notice.ip, notice.mac, notice.port) == (
        "neighbors-changed",
        None,
        None,
        None,
    )
    assert notice.message.endswith("RemTablesChange lldpStatsRemTablesInserts=7")


@pytest.mark.parametrize(
    "oid",
    [
        "1.3.6.1.2.1.68.0.1",
        "1.3.6.1.2.1.207.0.1",
        f"{FOUNDRY}.0.34",
        f"{FOUNDRY}.0.82",
    ],
)
def test_a_new_master_is_told(oid: str) -> None:
    assert read(oid).kind == "virtual-router"


def test_foundry_s_vrrp_text_names_the_port() -> None:
    text = b"VRRP intf state changed, intf 1/1, vrid 1, state master"
    notice = read(f"{FOUNDRY}.0.34", (TEXT, text))
    assert (notice.kind, notice.port) == ("virtual-router", "1/1")


def test_the_index_of_the_cause_tells_which_vlan_of_a_port_was_closed() -> None:
    cause = f"{CISCO}.548.1.3.1.1.2"
    names = (
        ("1.3.6.1.2.1.2.2.1.2.10101", b"GigabitEthernet1/0/1"),
        ("1.3.6.1.2.1.31.1.1.1.1.10101", b"Gi1/0/1"),
    )
    notice = read(f"{CISCO}.548.0.2", (f"{cause}.10101.10", 16), *names)
    assert (notice.kind, notice.port, notice.vlan) == ("port-closed", "Gi1/0/1", 10)
    whole = read(f"{CISCO}.548.0.2", (f"{cause}.10101.0", 16))
    assert (whole.port, whole.vlan) == (None, None)
    assert read(f"{CISCO}.548.0.2", (f"{cause}.10", 16)).vlan is None


def test_a_port_security_violation_names_port_and_mac() -> None:
    notice = read(
        f"{CISCO}.315.0.0.1",
        ("1.3.6.1.2.1.31.1.1.1.1.10101", b"Gi1/0/1"),
        (f"{CISCO}.315.1.2.1.1.10.10101", OCTETS),
    )
    assert (notice.kind, notice.port, notice.mac) == ("port-closed", "Gi1/0/1", MAC)


@pytest.mark.parametrize(
    "oid", ["1.3.6.1.6.3.1.1.5.3", "1.3.6.1.6.3.1.1.5.4", f"{FOUNDRY}.0.73", ""]
)
def test_a_link_that_goes_down_and_other_notifications_are_no_notice(oid: str) -> None:
    assert traps.notice(objects(oid), source="192.0.2.254", seen=SEEN) is None


def test_objects_without_a_notification_s_name_are_no_notice() -> None:
    assert traps.notice([UP_TIME], source="192.0.2.254", seen=SEEN) is None


NAMES = [
    "1.3.6.1.6.3.18.1.3.0",
    TEXT,
    f"{CISCO}.215.1.3.3.0",
    f"{CISCO}.215.1.3.4.0",
    f"{CISCO}.548.1.3.1.1.2.1.2",
    f"{CISCO}.548.1.3.1.1.2",
    f"{CISCO}.41.1.2.3.1.3.1",
    f"{CISCO}.41.1.2.3.1.5.1",
    "1.3.6.1.2.1.31.1.1.1.1.1",
]
VALUES = st.one_of(st.binary(max_size=40), st.integers(), st.text(max_size=10), st.floats())


@given(
    st.sampled_from([*traps._NAMED, "1.3.6.1.6.3.1.1.5.3"]),
    st.lists(st.tuples(st.sampled_from(NAMES), VALUES)),
)
def test_no_values_raise(oid: str, more: list[tuple[str, Value]]) -> None:
    traps.notice(objects(oid, *more), source="192.0.2.254", seen=SEEN)
    traps.countable(objects(oid, *more))
