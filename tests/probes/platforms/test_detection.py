"""Which kind of device answers, by what real ones say of themselves."""

import pytest

from probes.platforms.cat_os import CAT_OS
from probes.platforms.cisco_small_business import CISCO_SMALL_BUSINESS
from probes.platforms.detection import detect
from probes.platforms.generic import GENERIC
from probes.platforms.ios import IOS
from probes.platforms.ios_xe import IOS_XE
from probes.platforms.iron_ware import IRON_WARE
from probes.platforms.net_iron import NET_IRON
from probes.platforms.nx_os import NX_OS
from probes.platforms.platform import Family, Platform
from probes.records import SystemInfo

ENTERPRISES = "1.3.6.1.4.1"
SEEN = [
    (
        "1991.1.3.51.7",
        (
            "Extreme Networks NetIron CER, Extended route scalability, IronWare Version"
            " V6.2.0eT183 Compiled on Sep 30 2019 at 06:59:54 labeled as V6.2.00e"
        ),
        NET_IRON,
    ),
    (
        "1991.1.3.48.11.1",
        (
            "Ruckus Wireless, Inc. ICX7650-48F, IronWare Version 09.0.10j_cd7T231"
            " Compiled on Feb 19 2025 at 21:24:30 labeled as TNS09010j_cd7"
        ),
        IRON_WARE,
    ),
    (
        "1991.1.3.57.1.1.1.1",
        (
            "Brocade Communications Systems, Inc. ICX6430-24, IronWare Version 08.0.30tT311"
            " Compiled on Feb 13 2019 at 17:44:50 labeled as ICX64S08030t"
        ),
        IRON_WARE,
    ),
    (
        "9.5.44",
        "Cisco Systems WS-C6506-E\r\nCisco Catalyst Operating System Software, Version 8.6(6a)",
        CAT_OS,
    ),
    (
        "9.1.359",
        (
            "Cisco Internetwork Operating System Software \r\nIOS (tm) C2950 Software"
            " (C2950-I6K2L2Q4-M), Version 12.1(22)EA14"
        ),
        IOS,
    ),
    (
        "9.1.516",
        (
            "Cisco IOS Software, C3750 Software (C3750-IPBASE-M), Version 12.2(50)SE5,"
            " RELEASE SOFTWARE (fc1)"
        ),
        IOS,
    ),
    (
        "9.1.1745",
        (
            '"Cisco IOS Software [Fuji], Catalyst L3 Switch Software (CAT3K_CAA-UNIVERSALK9-M),'
            " Version 16.9.6"
        ),
        IOS_XE,
    ),
    (
        "9.1.2494",
        "Cisco IOS Software [Everest], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 16.6.7",
        IOS_XE,
    ),
    (
        "9.12.3.1.3.1084",
        "Cisco NX-OS(tm) n5000, Software (n5000-uk9), Version 7.3(3)N1(1)",
        NX_OS,
    ),
    ("9.6.1.83.10.1", "24-Port Gigabit Switch", CISCO_SMALL_BUSINESS),
    ("1588.2.1.1.1", "10.40.1.39", GENERIC),
    ("8072.3.2.10", "Linux cat1 6.1.0", GENERIC),
    ("2636.1.1.1.2.31", "Juniper Networks, Inc. ex4200", GENERIC),
]


def said(sys_object_id: str, sys_descr: str = "") -> SystemInfo:
    return SystemInfo(sys_descr=sys_descr, sys_object_id=sys_object_id, sys_name="cat1")


@pytest.mark.parametrize(("arcs", "sys_descr", "platform"), SEEN)
def test_a_device_is_known_by_what_it_says_of_itself(
    arcs: str, sys_descr: str, platform: Platform
) -> None:
    assert detect(said(f"{ENTERPRISES}.{arcs}", sys_descr)) is platform


@pytest.mark.parametrize("word", ["IOS-XE", "IOSXE", "LINUX_IOSD", "CAT3K_CAA"])
def test_each_word_of_ios_xe_is_enough_and_only_on_a_cisco_product(word: str) -> None:
    assert detect(said(f"{ENTERPRISES}.9.1.1", f"Cisco IOS Software ({word})")) is IOS_XE
    assert detect(said(f"{ENTERPRISES}.8072.3", f"replaces ({word})")) is GENERIC


@pytest.mark.parametrize("family", [2, 10, 11, 15, 31, 33, 39, 41, 44, 49, 51])
def test_each_family_of_netiron_is_a_router_without_an_fdb(family: int) -> None:
    platform = detect(said(f"{ENTERPRISES}.1991.1.3.{family}.1"))
    assert (platform, platform.bridges) == (NET_IRON, False)


@pytest.mark.parametrize("family", [1, 6, 8, 14, 22, 34, 36, 40, 48, 54, 64, 68])
def test_every_other_family_of_foundry_is_a_switch(family: int) -> None:
    platform = detect(said(f"{ENTERPRISES}.1991.1.3.{family}.1"))
    assert (platform, platform.bridges) == (IRON_WARE, True)


@pytest.mark.parametrize(
    ("sys_object_id", "platform"),
    [
        (f"{ENTERPRISES}.9", IOS),
        (f"{ENTERPRISES}.99.1", GENERIC),
        (f"{ENTERPRISES}.91.12", GENERIC),
        (f"{ENTERPRISES}.9.120.1", IOS),
        (f"{ENTERPRISES}.19910.1.3.51", GENERIC),
        (f"{ENTERPRISES}.1991.1.3.510.1", IRON_WARE),
        (ENTERPRISES, GENERIC),
        ("", GENERIC),
    ],
)
def test_an_arc_is_compared_whole(sys_object_id: str, platform: Platform) -> None:
    assert detect(said(sys_object_id)) is platform


@pytest.mark.parametrize(("arcs", "sys_descr", "platform"), SEEN)
def test_the_family_that_people_name_keeps_the_particular_platform(
    arcs: str, sys_descr: str, platform: Platform
) -> None:
    assert detect(said(f"{ENTERPRISES}.{arcs}", sys_descr), platform.family) is platform


@pytest.mark.parametrize(
    ("family", "platform"), [("catalyst", IOS), ("foundry", IRON_WARE), ("generic", GENERIC)]
)
@pytest.mark.parametrize(
    "sys_object_id", [f"{ENTERPRISES}.{arcs}" for arcs in ("9.12.3", "1991.1.3.51", "8072.3")]
)
def test_the_family_that_people_name_is_believed_before_the_device(
    family: Family, platform: Platform, sys_object_id: str
) -> None:
    found = detect(said(sys_object_id), family)
    assert found.family == family
    assert found is platform or found is detect(said(sys_object_id))
