"""The agents, asked by net-snmp's own tools from the monitoring station."""

import re
import subprocess
import time
from collections.abc import Iterator

import pytest

from netguard.lab.control import Lab
from tests.netguard.lab.asking import arp_answers, run, walk

pytestmark = pytest.mark.packets

EDGE1, CAT1, CAT2 = "192.0.2.1", "192.0.2.11", "192.0.2.12"
FDB_PORT = "1.3.6.1.2.1.17.4.3.1.2"
BASE_PORT_IF_INDEX = "1.3.6.1.2.1.17.1.4.1.2"
IF_NAME = "1.3.6.1.2.1.31.1.1.1.1"
ADMIN_STATUS = "1.3.6.1.2.1.2.2.1.7"
OPER_STATUS = "1.3.6.1.2.1.2.2.1.8"
ARP_MAC = "1.3.6.1.2.1.4.22.1.2"
TRUNK_STATE = "1.3.6.1.4.1.9.9.46.1.6.1.1.13"
TRUNK_STATUS = "1.3.6.1.4.1.9.9.46.1.6.1.1.14"
LAG_SELECTED = "1.2.840.10006.300.43.1.2.1.1.12"
LAG_ATTACHED = "1.2.840.10006.300.43.1.2.1.1.13"
TAG_MODE = "1.3.6.1.4.1.1991.1.1.3.3.5.1.4"
LLDP_SYS_NAME = "1.0.8802.1.1.2.1.4.1.1.9"
FA0_3 = 10003
DS0003 = "00:00:5e:00:53:23"


def snmp_set(lab: Lab, community: str, oid: str, *value: str) -> subprocess.CompletedProcess[str]:
    return run(lab, "mon", "snmpset", "-v2c", "-c", community, "-r0", CAT1, oid, *value)


def mac(index: str) -> str:
    return ":".join(f"{int(octet):02x}" for octet in index.split("."))


@pytest.fixture
def closed_port(lab: Lab) -> Iterator[Lab]:
    done = snmp_set(lab, "private", f"{ADMIN_STATUS}.{FA0_3}", "i", "2")
    assert done.returncode == 0, done.stderr
    yield lab
    lab.mend()


def test_the_fdb_of_the_vlan_names_the_port_of_every_server(lab: Lab) -> None:
    arp_answers(lab, "198.51.100.23", "198.51.100.25")
    fdb = {mac(index): port for index, port in walk(lab, CAT1, FDB_PORT, "public@226").items()}
    if_index = walk(lab, CAT1, BASE_PORT_IF_INDEX, "public@226")
    names = walk(lab, CAT1, IF_NAME)
    assert names[if_index[fdb[DS0003]]] == "Fa0/3"
    assert names[if_index[fdb["00:00:5e:00:53:25"]]] == "Gi0/2"  # behind the trunk to cat2
    assert all(port != index for port, index in if_index.items())


def test_the_plain_community_of_a_catalyst_shows_vlan_1_which_is_empty(lab: Lab) -> None:
    assert walk(lab, CAT1, FDB_PORT) == {}


@pytest.mark.parametrize("community", ["public", "public@226"])
def test_a_catalyst_says_which_ports_are_trunks_and_that_none_is_aggregated(
    lab: Lab, community: str
) -> None:
    names = walk(lab, CAT1, IF_NAME)
    bridged = walk(lab, CAT1, BASE_PORT_IF_INDEX, "public@226").values()
    for column in (TRUNK_STATE, TRUNK_STATUS):
        said = walk(lab, CAT1, column, community)
        assert {names[port] for port, value in said.items() if value == "1"} == {"Gi0/1", "Gi0/2"}
        assert {names[port] for port, value in said.items() if value == "2"} == {
            names[port] for port in bridged if names[port].startswith("Fa0/")
        }
    for column in (LAG_SELECTED, LAG_ATTACHED):
        assert walk(lab, CAT1, column, community) == dict.fromkeys(sorted(bridged), "0")


def test_the_router_says_that_its_ports_are_untagged(lab: Lab) -> None:
    assert walk(lab, EDGE1, TAG_MODE) == {"1": "2", "2": "2", "49": "2"}
    assert walk(lab, EDGE1, TRUNK_STATE) == {}


@pytest.mark.parametrize("community", ["public@300", "wrong"])
def test_an_unknown_vlan_or_community_is_met_with_silence(lab: Lab, community: str) -> None:
    command = ("snmpget", "-v2c", "-c", community, "-r0", "-t0.3", CAT1, "1.3.6.1.2.1.1.5.0")
    assert "Timeout" in run(lab, "mon", *command).stderr


def test_the_router_shows_who_it_has_spoken_with(lab: Lab) -> None:
    expected = {f"198.51.100.{last}" for last in range(21, 31)}
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        arp = {index.split(".", 1)[1]: value for index, value in walk(lab, EDGE1, ARP_MAC).items()}
        if expected <= set(arp):
            break
    assert arp["198.51.100.23"].replace(" ", ":").lower() == DS0003
    assert expected <= set(arp)


def test_neighbours_are_devices_only_and_both_ends_agree(lab: Lab) -> None:
    names = {
        address: sorted(walk(lab, address, LLDP_SYS_NAME).values())
        for address in (EDGE1, CAT1, CAT2)
    }
    assert names == {EDGE1: ["cat1"], CAT1: ["cat2", "edge1"], CAT2: ["cat1"]}


def test_closing_a_port_really_cuts_the_server_off(closed_port: Lab) -> None:
    status = walk(closed_port, CAT1, ADMIN_STATUS), walk(closed_port, CAT1, OPER_STATUS)
    assert [table[str(FA0_3)] for table in status] == ["2", "2"]
    answers = arp_answers(closed_port, "198.51.100.23", "198.51.100.24")
    assert answers == {("198.51.100.24", "00:00:5e:00:53:24")}


def test_opening_it_again_brings_the_server_back(closed_port: Lab) -> None:
    snmp_set(closed_port, "private", f"{ADMIN_STATUS}.{FA0_3}", "i", "1")
    assert ("198.51.100.23", DS0003) in arp_answers(closed_port, "198.51.100.23", "198.51.100.99")


def test_mend_opens_every_closed_port(closed_port: Lab) -> None:
    assert closed_port.mend() == ("cat1 Fa0/3",)
    assert walk(closed_port, CAT1, ADMIN_STATUS)[str(FA0_3)] == "1"


@pytest.mark.parametrize(
    ("community", "oid", "value", "reason"),
    [
        ("public", f"{ADMIN_STATUS}.{FA0_3}", ("i", "2"), "noAccess"),
        ("private", f"{ADMIN_STATUS}.{FA0_3}", ("i", "3"), "wrongValue"),
        ("private", f"{ADMIN_STATUS}.{FA0_3}", ("s", "down"), "wrongType"),
        ("private", f"{ADMIN_STATUS}.4711", ("i", "2"), "notWritable"),
        ("private", "1.3.6.1.2.1.1.5.0", ("s", "mine"), "noAccess"),
    ],
)
def test_every_other_set_is_refused_and_changes_nothing(
    lab: Lab, community: str, oid: str, value: tuple[str, str], reason: str
) -> None:
    before = walk(lab, CAT1, ADMIN_STATUS)
    assert reason in snmp_set(lab, community, oid, *value).stderr
    assert walk(lab, CAT1, ADMIN_STATUS) == before


def test_version_1_walks_the_same_table_to_its_end(lab: Lab) -> None:
    assert walk(lab, CAT2, IF_NAME, version="1") == walk(lab, CAT2, IF_NAME)
    assert "Gi0/1" in walk(lab, CAT2, IF_NAME).values()


def test_a_whole_device_is_read_in_well_under_a_second(lab: Lab) -> None:
    walk(lab, CAT1, "1")  # the first walk pays for the tool's own start
    started = time.monotonic()
    rows = walk(lab, CAT1, "1", "public@226")
    assert len(rows) > 150
    assert time.monotonic() - started < 1


def test_a_walk_is_in_lexicographic_order(lab: Lab) -> None:
    command = ("snmpbulkwalk", "-v2c", "-c", "public@226", "-On", CAT1, "1")
    names = re.findall(r"^\.([\d.]+) = (?!No )", run(lab, "mon", *command).stdout, re.MULTILINE)
    oids = [tuple(map(int, name.split("."))) for name in names]
    assert oids == sorted(set(oids))
