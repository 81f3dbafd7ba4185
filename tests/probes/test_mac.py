import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.mac import canonical, from_bytes, one_glbp_group, to_bytes, vendor, virtual_family


@pytest.mark.parametrize(
    "spelled",
    [
        "00:00:5e:00:53:01",
        "00:00:5E:00:53:01",
        "00-00-5E-00-53-01",
        "0:0:5e:0:53:1",
        "0000.5e00.5301",
        "0000.5E00.5301",
        "0000-5e00-5301",
        "00005e-005301",
        "00005e005301",
        "00 00 5E 00 53 01",
        " 00:00:5e:00:53:01\n",
        b"\x00\x00\x5e\x00\x53\x01",
    ],
)
def test_every_spelling_becomes_the_canonical_one(spelled: str | bytes) -> None:
    assert canonical(spelled) == "00:00:5e:00:53:01"


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "00:00:5e:00:53",
        "00:00:5e:00:53:01:02",
        "00:00:5e-00-53-01",
        "00:00:5e:00:53:0g",
        "000:0:5e:0:53:1",
        "0.5e00.5301",
        "198.51.100.1",
        "\u0660\u0660:00:5e:00:53:01",
        b"00:00",
    ],
)
def test_anything_else_is_refused_in_one_line(wrong: str | bytes) -> None:
    with pytest.raises(ValueError, match="MAC address") as refusal:
        canonical(wrong)
    assert "\n" not in str(refusal.value)


@given(st.binary(min_size=6, max_size=6))
def test_octets_survive_being_spelled(octets: bytes) -> None:
    assert to_bytes(from_bytes(octets)) == octets
    assert canonical(from_bytes(octets)) == canonical(octets) == from_bytes(octets)


@given(st.text())
def test_no_text_raises_anything_but_value_error(text: str) -> None:
    with suppress(ValueError):
        assert to_bytes(canonical(text))


@pytest.mark.parametrize(
    ("mac", "owner"),
    [
        ("00:00:0c:12:34:56", "Cisco"),
        ("00:e0:52:12:34:56", "Brocade"),
        ("02:00:0c:12:34:56", None),
        ("01:00:5e:00:00:01", None),
        ("00:ff:ff:ff:ff:ff", None),
    ],
)
def test_a_vendor_is_known_only_for_a_registered_prefix(mac: str, owner: str | None) -> None:
    found = vendor(mac)
    assert (found is None) if owner is None else (found is not None and owner in found)


@pytest.mark.parametrize(
    ("mac", "family"),
    [
        ("00:00:5e:00:01:07", "vrrp"),
        ("00:00:5e:00:02:07", "vrrp-ipv6"),
        ("00:00:0c:07:ac:01", "hsrp-v1"),
        ("00:00:0c:9f:f0:01", "hsrp-v2"),
        ("00:05:73:a0:00:01", "hsrp-v2-ipv6"),
        ("00:07:b4:00:01:02", "glbp"),
        ("02:bf:c6:33:64:0a", "nlb"),
        ("03:bf:c6:33:64:0a", "nlb-multicast"),
        ("01:00:5e:7f:64:0a", "nlb-igmp"),
        ("00:00:5e:00:53:01", None),
        ("00:00:0c:9f:00:01", None),
    ],
)
def test_virtual_prefixes_are_named(mac: str, family: str | None) -> None:
    assert virtual_family(mac) == family


@pytest.mark.parametrize(
    ("macs", "one"),
    [
        (("00:07:b4:00:05:01", "00:07:b4:00:05:04"), True),
        (("00:07:b4:00:05:01", "00:07:b4:00:06:02"), False),
        (("00:07:b4:00:05:01", "00:07:b4:00:05:05"), False),  # there are four at most
        (("00:07:b4:00:05:01", "00:00:5e:00:53:01"), False),
        (("00:00:5e:00:53:01", "00:00:5e:00:53:02"), False),
    ],
)
def test_forwarders_of_one_glbp_group_are_known(macs: tuple[str, ...], *, one: bool) -> None:
    assert one_glbp_group(macs) is one


def test_spelling_a_mac_does_not_load_the_vendor_table() -> None:
    spell = "import sys, probes.mac; probes.mac.canonical('0:0:5e:0:53:1')"
    check = f"{spell}; sys.exit('netaddr' in sys.modules)"
    subprocess.run([sys.executable, "-c", check], check=True)
