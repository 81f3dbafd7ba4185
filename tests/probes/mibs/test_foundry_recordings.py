"""Recordings of real Foundry devices, read by the vendor's own tables."""

import pytest

from probes.mibs import (
    foundry_sn_ip_mib,
    foundry_sn_ip_vrrp_mib,
    foundry_sn_switch_group_fdb,
    foundry_sn_switch_group_fdp,
    foundry_sn_switch_group_mib,
    if_mib,
)
from probes.records import Tagging, Vlan
from tests.probes.mibs.test_recordings import CORPUS, agent_of, column, rows
from tests.snmp_agent import Mib, Oid, ask, dotted

ICX = "brocade-icx6430-24"
FRAGMENTS = ("foundryos", "ironware_stack-temp", "serveriron")
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"NO RECORDINGS at {CORPUS}: set NETGUARD_CORPUS"
)


def test_the_ports_of_the_recorded_icx_are_those_of_its_if_mib() -> None:
    mib = agent_of(ICX)
    table = ask(mib, foundry_sn_switch_group_mib.interfaces, deadline=20)
    standard = {row.if_index: row for row in ask(mib, if_mib.interfaces, deadline=20).rows}
    assert table.gaps == ()
    assert [row.if_index for row in table.rows] == [*range(1, 25), *range(65, 69)]
    for row in table.rows:
        known = standard[row.if_index]
        assert known.name == f"ethernet{row.name}"
        assert (row.alias, row.phys_address) == (known.alias, known.phys_address)
        assert (row.admin_status, row.oper_status) == (known.admin_status, known.oper_status)


def test_a_recorded_slot_and_port_is_an_interface_by_another_number() -> None:
    ports, gaps = ask(agent_of(ICX), foundry_sn_switch_group_mib.port_if_indexes, deadline=20)
    assert gaps == ()
    assert ports == {
        int(port): int(if_index)
        for port, if_index in column(ICX, "1.3.6.1.4.1.1991.1.1.3.3.1.1.38").items()
    }
    assert (ports[257], ports[258]) == (1, 2)


def test_the_recorded_icx_has_its_default_vlan() -> None:
    table = ask(agent_of(ICX), foundry_sn_switch_group_mib.vlans, deadline=20)
    assert (table.rows, table.gaps) == ((Vlan(vlan=1, name="DEFAULT-VLAN"),), ())


def test_the_recorded_vlan_members_say_of_tagging_what_the_ports_say() -> None:
    own = dotted(foundry_sn_switch_group_mib.SW_IF_INFO_TAG_MODE)
    members = dotted("1.3.6.1.4.1.1991.1.1.3.2.6")
    whole = ask(agent_of(ICX), foundry_sn_switch_group_mib.tagging, deadline=20)
    table = ask(_without(own), foundry_sn_switch_group_mib.tagging, deadline=20)
    assert table.gaps == ()
    assert sorted(table.rows, key=_if_index) == sorted(whole.rows, key=_if_index)
    silent = ask(_without(own, members), foundry_sn_switch_group_mib.tagging, deadline=20)
    assert (silent.rows, silent.gaps) == ((), ())


def _without(*columns: Oid) -> Mib:
    """The recorded ICX as if it did not have these columns."""
    return Mib(
        {
            oid: value
            for oid, value in rows(ICX)
            if not any(oid[: len(column)] == column for column in columns)
        }
    )


def _if_index(row: Tagging) -> int:
    return row.if_index


@pytest.mark.parametrize("name", [ICX, *FRAGMENTS])
def test_recorded_tables_without_rows_are_empty_without_a_gap(name: str) -> None:
    mib = agent_of(name)
    neighbors = ask(mib, foundry_sn_switch_group_fdp.neighbors, deadline=20)
    fdb = ask(mib, foundry_sn_switch_group_fdb.fdb, deadline=20)
    addresses = ask(mib, foundry_sn_ip_mib.addresses, deadline=20)
    gateways = ask(mib, foundry_sn_ip_vrrp_mib.virtual_gateways, deadline=20)
    for table in (neighbors, fdb, addresses, gateways):
        assert (table.rows, table.gaps) == ((), ())
    assert ask(mib, foundry_sn_switch_group_fdb.filtered, deadline=20) == ()
