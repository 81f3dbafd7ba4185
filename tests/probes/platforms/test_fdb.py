"""One forwarding database of several tables, and what it does not show."""

from collections.abc import Sequence

import pytest

from probes.platforms.fdb import both, missing, with_ports
from probes.platforms.generic import GENERIC
from probes.platforms.ios import IOS
from probes.platforms.iron_ware import IRON_WARE
from probes.platforms.net_iron import NET_IRON
from probes.platforms.platform import Platform
from probes.records import BasePort, FdbEntry, Gap, Table

SILENCE = Gap(subject="cat1", kind="snmp-timeout", detail="no SNMP answer")
ERROR = Gap(subject="cat1", kind="snmp-error", detail="the agent answered with an error")


def entry(
    station: int,
    base_port: int,
    if_index: int | None,
    *,
    vlan: int | None = None,
    status: str = "learned",
) -> FdbEntry:
    return FdbEntry(
        vlan=vlan,
        mac=f"00:00:5e:00:53:{station:02x}",
        base_port=base_port,
        if_index=if_index,
        status=status,
    )


# --- the same stations in two tables


def test_what_both_tables_have_is_the_one_that_knows_the_vlan() -> None:
    shared = Table((entry(1, 3, 103, vlan=226),))
    assert both(shared, Table((entry(1, 3, 103),))) == shared


def test_what_only_the_plain_table_has_is_kept_behind_the_other_s() -> None:
    shared, plain = entry(1, 3, 103, vlan=226), entry(2, 4, 104)
    assert both(Table((shared,)), Table((plain,))).rows == (shared, plain)
    assert both(Table(()), Table((plain,))).rows == (plain,)
    assert both(Table((shared,)), Table(())).rows == (shared,)


def test_a_station_on_another_port_in_the_plain_table_is_seen_twice() -> None:
    shared, plain = entry(1, 3, 103, vlan=226), entry(1, 4, 104)
    assert both(Table((shared,)), Table((plain,))).rows == (shared, plain)


def test_a_station_in_two_vlans_stays_in_both() -> None:
    rows = (entry(1, 3, 103, vlan=226), entry(1, 3, 103, vlan=227))
    assert both(Table(rows), Table((entry(1, 3, 103),))).rows == rows


def test_a_station_without_a_port_says_nothing_new_of_one_that_has_any() -> None:
    shared = Table((entry(1, 3, 103, vlan=226),))
    assert both(shared, Table((entry(1, 0, None, status="self"),))) == shared


def test_a_station_without_a_port_in_either_table_is_one() -> None:
    shared = Table((entry(1, 0, None, vlan=226),))
    assert both(shared, Table((entry(1, 0, None),))) == shared


def test_a_station_whose_port_only_the_plain_table_knows_is_found_on_it() -> None:
    shared, plain = entry(1, 0, None, vlan=226), entry(1, 3, 103)
    assert both(Table((shared,)), Table((plain,))).rows == (shared, plain)


def test_the_gaps_of_both_tables_stay_each_once() -> None:
    table = both(Table((), (ERROR, SILENCE)), Table((), (SILENCE,)))
    assert table.gaps == (ERROR, SILENCE)


# --- ports that the context does not list


def test_a_port_without_an_interface_gets_it_from_the_list() -> None:
    ports = [BasePort(base_port=3, if_index=103)]
    rows = with_ports([entry(1, 3, None, vlan=226), entry(2, 4, None)], ports)
    assert rows == (entry(1, 3, 103, vlan=226), entry(2, 4, None))


def test_the_interface_that_its_own_context_names_is_not_overruled() -> None:
    assert with_ports([entry(1, 3, 7)], [BasePort(base_port=3, if_index=103)]) == (entry(1, 3, 7),)


# --- what the table does not show


@pytest.mark.parametrize("platform", [GENERIC, IOS, IRON_WARE])
def test_an_empty_table_of_a_switch_is_no_gap(platform: Platform) -> None:
    assert missing("cat1", platform, Table(())) == ()


def test_an_empty_table_of_a_device_that_keeps_none_is_a_gap() -> None:
    (gap,) = missing("edge1", NET_IRON, Table(()))
    assert (gap.subject, gap.kind) == ("edge1", "no-fdb")
    assert "netiron" in gap.detail
    assert "switches" in gap.remedy


def test_a_table_that_could_not_be_read_is_not_said_to_be_missing() -> None:
    assert missing("edge1", NET_IRON, Table((), (SILENCE,))) == ()


def test_the_answer_is_believed_before_the_platform() -> None:
    assert missing("edge1", NET_IRON, Table((entry(1, 3, 103),))) == ()


def details(*rows: FdbEntry) -> Sequence[str]:
    gaps = missing("cat1", GENERIC, Table(rows))
    assert all((gap.subject, gap.kind) == ("cat1", "fdb-port-unknown") for gap in gaps)
    assert all(gap.remedy for gap in gaps)
    return [gap.detail for gap in gaps]


def test_stations_on_ports_without_an_interface_are_counted() -> None:
    (detail,) = details(entry(1, 3, 103), entry(2, 4, None), entry(3, 5, None))
    assert "of 3 stations, 2 " in detail


def test_only_learned_stations_have_to_be_on_a_port() -> None:
    own = (entry(1, 0, None, status="self"), entry(2, 9, None, status="mgmt"))
    assert details(*own, entry(3, 3, 103)) == []


def test_a_table_of_stations_all_without_a_port_says_so() -> None:
    (detail,) = details(entry(1, 0, None, status="other"), entry(2, 0, None, status="other"))
    assert "2 stations" in detail


def test_a_station_without_a_port_beside_others_is_no_gap() -> None:
    assert details(entry(1, 0, None, status="other"), entry(2, 3, 103)) == []


def test_stations_with_an_interface_need_no_bridge_port() -> None:
    assert details(entry(1, 0, 65, status="other"), entry(2, 0, 66, status="other")) == []
