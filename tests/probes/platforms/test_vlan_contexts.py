"""A bridge for each VLAN: which contexts are asked, and what silence in them means."""

from collections.abc import Mapping

from probes.mibs import bridge_mib
from probes.platforms.vlan_contexts import base_ports, fdb
from probes.records import BasePort, FdbEntry, Table
from tests.snmp_agent import GEN_ERR, Mib, Oid, Request, ask, dotted, failure, integer

STATION = (0x00, 0x00, 0x5E, 0x00, 0x53)
# One request without a repetition: what is silent here is silent for good.
TIMEOUT, RETRIES = 0.25, 0


def port(base_port: int, if_index: int) -> dict[Oid, bytes]:
    return {(*dotted(bridge_mib.BASE_PORT_IF_INDEX), base_port): integer(if_index)}


def seen(station: int, base_port: int) -> dict[Oid, bytes]:
    return {
        (*dotted(bridge_mib.TP_FDB_PORT), *STATION, station): integer(base_port),
        (*dotted(bridge_mib.TP_FDB_STATUS), *STATION, station): integer(3),
    }


def entry(vlan: int, station: int, base_port: int, if_index: int | None) -> FdbEntry:
    return FdbEntry(
        vlan=vlan,
        mac=f"00:00:5e:00:53:{station:02x}",
        base_port=base_port,
        if_index=if_index,
        status="learned",
    )


class Catalyst:
    """Answers in the contexts that it has, and notes in which it was asked."""

    def __init__(self, contexts: Mapping[str, Mapping[Oid, bytes]]) -> None:
        self._mibs = {community.encode(): Mib(objects) for community, objects in contexts.items()}
        self.asked: dict[str, None] = {}

    def __call__(self, request: Request) -> list[bytes]:
        self.asked[request.community.decode()] = None
        mib = self._mibs.get(request.community)
        return mib(request) if mib else []


def fdb_of(catalyst: Catalyst, *vlans: int) -> Table[FdbEntry]:
    return ask(catalyst, lambda session: fdb(session, vlans, {}), timeout=TIMEOUT, retries=RETRIES)


def ports_of(catalyst: Catalyst, *vlans: int) -> Table[BasePort]:
    return ask(
        catalyst, lambda session: base_ports(session, vlans), timeout=TIMEOUT, retries=RETRIES
    )


def test_the_same_bridge_port_is_another_interface_in_another_vlan() -> None:
    catalyst = Catalyst(
        {
            "public@24": seen(1, 3) | port(3, 10103),
            "public@25": seen(1, 3) | seen(2, 3) | port(3, 10107),
        }
    )
    table = fdb_of(catalyst, 24, 25)
    assert table.rows == (
        entry(24, 1, 3, 10103),
        entry(25, 1, 3, 10107),
        entry(25, 2, 3, 10107),
    )
    assert table.gaps == ()
    assert list(catalyst.asked) == ["public@24", "public@25"]


def test_vlan_1_is_the_bare_community_and_never_asked_as_a_context() -> None:
    catalyst = Catalyst(
        {"public": seen(1, 9) | port(9, 10109), "public@24": seen(2, 3) | port(3, 10103)}
    )
    table = fdb_of(catalyst, 1, 24)
    assert table == Table((entry(1, 1, 9, 10109), entry(24, 2, 3, 10103)))
    assert list(catalyst.asked) == ["public", "public@24"]


def test_without_a_vlan_nothing_is_asked() -> None:
    catalyst = Catalyst({})
    assert fdb_of(catalyst) == Table(())
    assert catalyst.asked == {}


def test_two_silent_contexts_at_the_start_are_enough_to_give_up() -> None:
    catalyst = Catalyst({"public": seen(1, 9) | port(9, 10109)})
    table = fdb_of(catalyst, 1, 24, 25, 26, 27, 28)
    assert table.rows == (entry(1, 1, 9, 10109),)
    assert list(catalyst.asked) == ["public", "public@24", "public@25"]
    silent, unasked = table.gaps
    assert (silent.kind, unasked.kind) == ("snmp-timeout", "snmp-timeout")
    assert silent.detail.startswith("in VLAN 24, 25: ")
    assert "3 more VLANs were not asked for" in unasked.detail
    assert "community@vlan" in unasked.remedy


def test_a_silent_context_among_answering_ones_costs_only_its_own_gap() -> None:
    answering = seen(1, 3) | port(3, 10103)
    catalyst = Catalyst({"public@24": answering, "public@27": answering})
    table = fdb_of(catalyst, 24, 25, 26, 27)
    assert [row.vlan for row in table.rows] == [24, 27]
    (gap,) = table.gaps
    assert (gap.subject, gap.kind) == ("cat1", "snmp-timeout")
    assert gap.detail.startswith("in VLAN 25, 26: ")
    assert list(catalyst.asked) == ["public@24", "public@25", "public@26", "public@27"]


def test_one_silent_context_at_the_start_does_not_end_the_reading() -> None:
    catalyst = Catalyst({"public@25": seen(1, 3) | port(3, 10103)})
    table = fdb_of(catalyst, 24, 25)
    assert table.rows == (entry(25, 1, 3, 10103),)
    assert [gap.detail.partition(":")[0] for gap in table.gaps] == ["in VLAN 24"]


def test_a_context_that_falls_silent_behind_its_rows_has_answered() -> None:
    base = dotted(bridge_mib.BASE_PORT_IF_INDEX)
    honest = Mib(seen(1, 3) | port(3, 10103))

    def handler(request: Request) -> list[bytes]:
        is_dark = request.community != b"public@26" and request.oids[0][: len(base)] == base
        return [] if is_dark else honest(request)

    vlans = (24, 25, 26)
    table = ask(handler, lambda session: fdb(session, vlans, {}), timeout=TIMEOUT, retries=RETRIES)
    assert table.rows == (
        entry(24, 1, 3, None),
        entry(25, 1, 3, None),
        entry(26, 1, 3, 10103),
    )
    (gap,) = table.gaps
    assert gap.detail.startswith("in VLAN 24, 25: ")


def test_contexts_that_are_empty_or_refused_do_not_end_the_reading() -> None:
    honest = Mib(seen(1, 3) | port(3, 10103))

    def handler(request: Request) -> list[bytes]:
        answers = {b"public@24": Mib({}), b"public@27": honest}
        mib = answers.get(request.community)
        return mib(request) if mib else [failure(request, GEN_ERR)]

    table = ask(handler, lambda session: fdb(session, (24, 25, 26, 27), {}))
    assert table.rows == (entry(27, 1, 3, 10103),)
    (gap,) = table.gaps
    assert gap.kind == "snmp-error"
    assert gap.detail.startswith("in VLAN 25, 26: ")


def test_a_gap_of_many_vlans_names_some_of_them() -> None:
    def handler(request: Request) -> list[bytes]:
        return [failure(request, GEN_ERR)]

    table = ask(handler, lambda session: fdb(session, range(24, 34), {}))
    (gap,) = table.gaps
    assert gap.detail.startswith("in VLAN 24, 25, 26, 27, 28, ...: ")


def test_no_gap_holds_the_community() -> None:
    for table in (fdb_of(Catalyst({}), 24, 25, 26), ports_of(Catalyst({}), 24, 25, 26)):
        assert table.gaps
        assert not any("public" in f"{gap.detail}{gap.remedy}" for gap in table.gaps)


def test_the_bridge_ports_of_all_contexts_are_those_that_differ() -> None:
    trunk = port(1, 10101)
    catalyst = Catalyst(
        {
            "public": trunk | port(9, 10109),
            "public@24": trunk | port(3, 10103),
            "public@25": trunk | port(3, 10107),
        }
    )
    table = ports_of(catalyst, 1, 24, 25)
    assert table.rows == (
        BasePort(base_port=1, if_index=10101),
        BasePort(base_port=9, if_index=10109),
        BasePort(base_port=3, if_index=10103),
        BasePort(base_port=3, if_index=10107),
    )
    assert table.gaps == ()
    assert "public@1" not in catalyst.asked
