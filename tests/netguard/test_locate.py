import msgspec
import pytest

from netguard.inventory import SwitchPort
from netguard.locate import confirmed_links, locate, topology
from netguard.view import DeviceView
from probes.records import Interface, LagMember
from tests.building import NOW, VLAN, mac, router, server, switch

HOST = mac(0x26)


def network(*, one_sided: bool = False, uplinks: tuple[str, ...] = ()) -> dict[str, DeviceView]:
    """edge1 - cat1 - cat2, and the host on cat2 Fa0/2."""
    views = (
        router(neighbors={"ethernet1/1": ("cat1", "Gi0/1")}),
        switch(
            "cat1",
            {HOST: "Gi0/2"},
            neighbors={"Gi0/1": ("edge1", "ethernet1/1"), "Gi0/2": ("cat2", "Gi0/1")},
            uplinks=uplinks,
        ),
        switch(
            "cat2",
            {HOST: "Fa0/2"},
            neighbors={} if one_sided else {"Gi0/1": ("cat1", "Gi0/2")},
        ),
    )
    return {v.device.name: v for v in views}


def test_a_station_is_on_the_one_port_that_is_no_uplink() -> None:
    where = locate(HOST, topology(network()), VLAN)
    assert where.answer == "port"
    assert where.location is not None
    assert (where.location.device, where.location.port) == ("cat2", "Fa0/2")


def test_the_path_leads_from_the_router_to_the_station() -> None:
    where = locate(HOST, topology(network()), VLAN)
    assert [str(p) for p in where.path] == ["edge1 ethernet1/1", "cat1 Gi0/2", "cat2 Fa0/2"]


def test_the_path_starts_at_the_router_whatever_else_saw_the_station() -> None:
    station = mac(0x22)
    devices = network()
    cat2 = switch("cat2", {station: "Gi0/1"}, neighbors={"Gi0/1": ("cat1", "Gi0/2")})
    cat1 = msgspec.structs.replace(devices["cat1"], fdb=switch("cat1", {station: "Fa0/2"}).fdb)
    where = locate(station, topology({**devices, "cat1": cat1, "cat2": cat2}), VLAN)
    assert [str(p) for p in where.path] == ["edge1 ethernet1/1", "cat1 Fa0/2"]


def test_a_neighbour_that_only_one_end_names_makes_no_uplink() -> None:
    where = locate(HOST, topology(network(one_sided=True)), VLAN)
    assert where.answer == "several-ports"
    assert where.location is None
    assert {f"{p.device} {p.port}" for p in where.locations} == {"cat1 Gi0/2", "cat2 Fa0/2"}


def test_a_configured_uplink_needs_no_neighbour() -> None:
    where = locate(HOST, topology(network(one_sided=True, uplinks=("Gi0/2",))), VLAN)
    assert where.answer == "port"


def test_a_customer_that_claims_to_be_a_switch_is_located_all_the_same() -> None:
    liar = switch("cat1", {HOST: "Fa0/3"}, neighbors={"Fa0/3": ("cat2", "Gi0/1")})
    honest = switch("cat2", {}, neighbors={"Gi0/1": ("cat1", "Gi0/2")})
    devices = {v.device.name: v for v in (liar, honest)}
    assert confirmed_links(devices) == {}
    assert locate(HOST, topology(devices)).answer == "port"


def test_a_station_seen_on_uplinks_only_hangs_on_a_switch_that_was_not_read() -> None:
    devices = network()
    del devices["cat2"]
    where = locate(HOST, topology({**devices, "cat1": network(uplinks=("Gi0/2",))["cat1"]}), VLAN)
    assert where.answer == "uplink-only"
    assert where.path == (SwitchPort("cat1", "Gi0/2"),)


def test_a_station_in_no_table_is_not_seen() -> None:
    assert locate(mac(0x99), topology(network()), VLAN).answer == "not-seen"


@pytest.mark.parametrize(("vlan", "answer"), [(VLAN, "port"), (99, "not-seen"), (None, "port")])
def test_another_vlan_s_entry_is_another_station_s_place(vlan: int | None, answer: str) -> None:
    assert locate(HOST, topology(network()), vlan).answer == answer


def test_two_devices_of_one_name_confirm_nothing_by_accident() -> None:
    near = switch("cat1", {}, neighbors={"Gi0/2": ("cat2", "Gi0/1")})
    impostor = switch("cat2", {}, neighbors={"Gi0/1": ("cat9", "Gi0/2")})
    assert confirmed_links({"cat1": near, "cat2": impostor}) == {}


def unread(name: str) -> DeviceView:
    """A device that does not answer."""
    return DeviceView(device=switch(name).device, seen=NOW)


def test_behind_a_port_that_names_a_device_we_cannot_read_nobody_is_located() -> None:
    devices = {**network(), "cat2": unread("cat2")}
    where = locate(HOST, topology(devices), VLAN)
    assert (where.answer, where.path) == ("uplink-only", (SwitchPort("cat1", "Gi0/2"),))


def test_a_domain_behind_the_name_does_not_make_another_device() -> None:
    far = switch("cat1", {HOST: "Gi0/2"}, neighbors={"Gi0/2": ("CAT2.example.net", "Gi0/1")})
    where = locate(HOST, topology({"cat1": far, "cat2": unread("cat2")}), VLAN)
    assert where.answer == "uplink-only"


def test_two_customers_that_name_each_other_make_no_uplink() -> None:
    one = switch("cat1", {HOST: "Fa0/3"}, neighbors={"Fa0/3": ("cat2", "Fa0/4")})
    two = switch("cat2", {}, neighbors={"Fa0/4": ("cat1", "Fa0/3")})
    devices = {v.device.name: v for v in (one, two)}
    assert locate(HOST, topology(devices)).answer == "uplink-only"
    ports = {SwitchPort("cat1", "Fa0/3"): server("ds0003", "198.51.100.23")}
    assert locate(HOST, topology(devices, ports)).answer == "port"


def test_a_port_named_by_its_description_confirms_a_link_too() -> None:
    devices = network()
    neighbors = tuple(
        msgspec.structs.replace(n, remote_port="00:00:5e:00:53:c2", remote_port_descr="Gi0/1")
        for n in devices["cat1"].neighbors
        if n.port == "Gi0/2"
    )
    cat1 = msgspec.structs.replace(devices["cat1"], neighbors=neighbors)
    assert locate(HOST, topology({**devices, "cat1": cat1}), VLAN).answer == "port"


BUNDLE = 5001


def bundled(device: DeviceView, *members: str) -> DeviceView:
    """Return the switch with these ports in Po1, which its FDB names wherever it names Gi0/1."""
    numbers = {i.name: i.if_index for i in device.interfaces}
    aggregate = Interface(if_index=BUNDLE, name="Po1", descr="Port-channel1")
    fdb = tuple(
        msgspec.structs.replace(row, if_index=BUNDLE)
        if row.if_index in {numbers[port] for port in members}
        else row
        for row in device.fdb
    )
    return msgspec.structs.replace(
        device,
        interfaces=(*device.interfaces, aggregate),
        lag_members=tuple(LagMember(if_index=numbers[p], aggregate=BUNDLE) for p in members),
        fdb=fdb,
    )


def aggregated() -> dict[str, DeviceView]:
    """edge1 - cat1 = cat2, by two ports on each side of which one has told its neighbour."""
    one = switch(
        "cat1",
        {HOST: "Fa0/1"},
        neighbors={"Gi0/1": ("edge1", "ethernet1/1"), "Fa0/1": ("cat2", "Gi0/1")},
    )
    two = switch("cat2", {HOST: "Fa0/2"}, neighbors={"Gi0/1": ("cat1", "Fa0/1")})
    edge = router(neighbors={"ethernet1/1": ("cat1", "Gi0/1")})
    bundles = bundled(one, "Fa0/1", "Fa0/2"), bundled(two, "Gi0/1", "Gi0/2")
    return {v.device.name: v for v in (edge, *bundles)}


def test_an_aggregate_whose_ports_are_linked_is_an_uplink_with_all_its_ports() -> None:
    ways = topology(aggregated())
    assert {str(p) for p in ways.uplinks if p.device == "cat2"} == {
        "cat2 Po1",
        "cat2 Gi0/1",
        "cat2 Gi0/2",
    }


def test_a_path_goes_over_the_aggregate_and_ends_at_the_port() -> None:
    where = locate(HOST, topology(aggregated()), VLAN)
    assert [str(p) for p in where.path] == ["edge1 ethernet1/1", "cat1 Po1", "cat2 Fa0/2"]


def test_a_configured_uplink_that_is_in_an_aggregate_is_the_whole_of_it() -> None:
    cat1 = bundled(switch("cat1", {HOST: "Gi0/1"}, uplinks=("Gi0/2",)), "Gi0/1", "Gi0/2")
    assert locate(HOST, topology({"cat1": cat1}), VLAN).answer == "uplink-only"


def test_two_ports_of_one_aggregate_are_one_place() -> None:
    cat1 = bundled(switch("cat1"), "Fa0/1", "Fa0/2")
    numbers = {i.name: i.if_index for i in cat1.interfaces}
    told = switch("cat1", {HOST: "Fa0/1"}).fdb
    fdb = (*told, msgspec.structs.replace(told[0], if_index=numbers["Fa0/2"]))
    where = locate(HOST, topology({"cat1": msgspec.structs.replace(cat1, fdb=fdb)}), VLAN)
    assert where.location is not None
    assert where.location.port == "Po1"


def test_a_name_that_only_one_side_tells_with_its_domain_is_the_same_device() -> None:
    devices = network()
    cat2 = devices["cat2"]
    named = tuple(
        msgspec.structs.replace(
            n, remote_name="cat1.example.net", remote_chassis="", protocol="cdp"
        )
        for n in cat2.neighbors
    )
    links = confirmed_links({**devices, "cat2": msgspec.structs.replace(cat2, neighbors=named)})
    assert links[SwitchPort("cat2", "Gi0/1")] == SwitchPort("cat1", "Gi0/2")
