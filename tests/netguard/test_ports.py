import pytest

from netguard.ports import find_port
from probes.records import Interface

PORTS = (
    Interface(if_index=1, name="Fa0/3", descr="FastEthernet0/3"),
    Interface(if_index=2, name="Gi0/3", descr="GigabitEthernet0/3"),
    Interface(if_index=3, name="Gi1/0/3", descr="GigabitEthernet1/0/3"),
    Interface(if_index=4, name="ethernet1/1", descr="GigabitEthernet1/1"),
    Interface(if_index=5, name="Vl226", descr="Vlan226"),
)


@pytest.mark.parametrize(
    ("text", "if_index"),
    [
        ("Fa0/3", 1),
        ("fa0/3", 1),
        ("FastEthernet0/3", 1),
        ("FastEth0/3", 1),
        ("Gi0/3", 2),
        ("Gig 1/0/3", 3),
        ("1/0/3", 3),
        ("1/1", 4),
        ("ethernet 1/1", 4),
        ("Vlan226", 5),
        ("0/3", None),  # fits Fa0/3 and Gi0/3: an ambiguous name names nothing
        ("Fa0/33", None),
        ("Fa", None),
        ("", None),
        ("Te0/3", None),
        ("Fa0/3; drop", None),
    ],
)
def test_a_port_is_found_under_the_names_people_type(text: str, if_index: int | None) -> None:
    found = find_port(PORTS, text)
    assert (found.if_index if found else None) == if_index


def test_a_name_that_two_ports_share_names_neither() -> None:
    twins = (
        Interface(if_index=1, name="BR0/2/0", descr="a"),
        Interface(if_index=2, name="BR0/2/0", descr="b"),
    )
    assert find_port(twins, "BR0/2/0") is None
