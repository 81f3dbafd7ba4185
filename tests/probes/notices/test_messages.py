"""Log messages of each maker, in the words that they use, and texts that only look like them."""

from datetime import UTC, datetime
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.heard import Notice
from probes.notices import messages

SEEN = datetime(2026, 1, 1, tzinfo=UTC)
ONE, TWO = "00:00:5e:00:53:01", "00:00:5e:00:53:02"
DUPLICATE, MOVED, VIRTUAL, CLOSED = (
    "duplicate-address",
    "mac-moved",
    "virtual-router",
    "port-closed",
)

Told = dict[str, object]
Case = tuple[str, str, Told]


def read(text: str) -> Notice | None:
    return messages.notice(text, source="192.0.2.254", seen=SEEN)


def told(text: str) -> tuple[str, Told] | None:
    """Return the kind and the fields that the message told."""
    notice = read(text)
    if notice is None:
        return None
    names = ("ip", "mac", "other_mac", "port", "other_port", "vlan")
    fields = {name: getattr(notice, name) for name in names}
    return notice.kind, {name: value for name, value in fields.items() if value is not None}


def at(address: str = "192.0.2.1", mac: str = ONE, **more: object) -> Told:
    return {"ip": ip_address(address), "mac": mac, **more}


CISCO: list[Case] = [
    (
        "%IP-4-DUPADDR: Duplicate address 192.0.2.1 on Vlan10, sourced by 0000.5e00.5301",
        DUPLICATE,
        at(port="Vlan10", vlan=10),
    ),
    (
        "%IP-4-DUPADDR: Duplicate address 192.0.2.1 on Gi0/2.110, sourced by 0000.5E00.5301",
        DUPLICATE,
        at(port="Gi0/2.110"),
    ),
    (
        (
            "%IP-ARP-6-INFO_DUPADDR : Duplicate IP address 192.0.2.1 on BVI50, sourced by "
            "0000.5e00.5301"
        ),
        DUPLICATE,
        at(port="BVI50"),
    ),
    (
        "%HSRP-4-DUPADDR: Duplicate address 192.0.2.1 on Vl10",
        DUPLICATE,
        {"ip": ip_address("192.0.2.1"), "port": "Vl10", "vlan": 10},
    ),
    (
        "%IPV6_ND-4-DUPLICATE: Duplicate address 2001:DB8::1 on Vlan10",
        DUPLICATE,
        {"ip": ip_address("2001:db8::1"), "port": "Vlan10", "vlan": 10},
    ),
    (
        (
            "%ARP-2-DUP_SRC_IP: arp [4372] Source address of packet received from "
            "0000.5e00.5301 on "
            "Vlan300(port-channel10) is duplicate of local, 192.0.2.1"
        ),
        DUPLICATE,
        at(port="port-channel10", vlan=300),
    ),
    (
        (
            "%ARP-3-DUP_VADDR_SRC_IP:  arp [4372]  Source address of packet received from "
            "0000.5e00.5301 on Ethernet1/1 is duplicate of local virtual ip, 192.0.2.1"
        ),
        DUPLICATE,
        at(port="Ethernet1/1"),
    ),
    (
        (
            "%SW_MATM-4-MACFLAP_NOTIF: Host 0000.5e00.5301 in vlan 10 is flapping between port "
            "Gi0/20 "
            "and port Po1"
        ),
        MOVED,
        {"mac": ONE, "port": "Gi0/20", "other_port": "Po1", "vlan": 10},
    ),
    (
        (
            "%SW_MATM-4-MACFLAP_NOTIF: Host 0000.5e00.5301 in vlan 10 is flapping between port and "
            "port Po1"
        ),
        MOVED,
        {"mac": ONE, "other_port": "Po1", "vlan": 10},
    ),
    (
        (
            "%C4K_EBM-4-HOSTFLAPPING: Host 00:00:5E:00:53:01 in vlan 10 is moving from port "
            "Gi6/37 to "
            "port Gi6/38"
        ),
        MOVED,
        {"mac": ONE, "port": "Gi6/38", "other_port": "Gi6/37", "vlan": 10},
    ),
    (
        "%SYS-4-P2_WARN: 1/Host 00:00:5e:00:53:01 is flapping between port 1/2 and port 4/39",
        MOVED,
        {"mac": ONE, "port": "1/2", "other_port": "4/39"},
    ),
    (
        (
            "%ETH-4-HOST_FLAPPING: Host 00:00:5e:00:53:01 in VLAN 10 is flapping between interface "
            "Ethernet1 and interface Port-Channel2 (message repeated 3 times in 9 secs)"
        ),
        MOVED,
        {"mac": ONE, "port": "Ethernet1", "other_port": "Port-Channel2", "vlan": 10},
    ),
    (
        "%L2FM-4-L2FM_MAC_MOVE2: Mac 0000.5e00.5301 in vlan 10 has moved from Eth1/24 to Eth1/63",
        MOVED,
        {"mac": ONE, "port": "Eth1/63", "other_port": "Eth1/24", "vlan": 10},
    ),
    (
        (
            "%FWM-2-STM_LOOP_DETECT: Loops detected in the network for mac 0000.5e00.5301 among "
            "ports "
            "Eth1/9 and Eth1/32 vlan 10 - Disabling dynamic learning notifications"
        ),
        MOVED,
        {"mac": ONE, "port": "Eth1/9", "other_port": "Eth1/32", "vlan": 10},
    ),
    ("%HSRP-5-STATECHANGE: Vlan10 Grp 1 state Standby -> Active", VIRTUAL, {"port": "Vlan10"}),
    (
        "%STANDBY-6-STATECHANGE: Standby: 10: Vlan10 state Active -> Speak",
        VIRTUAL,
        {"port": "Vlan10"},
    ),
    ("%VRRP-6-STATECHANGE: Fa1/0 Grp 1 state Master -> Backup", VIRTUAL, {"port": "Fa1/0"}),
    (
        "%VRRP-6-STATE: Vlan10 IPv4 group 1 state BACKUP -> MASTER",
        VIRTUAL,
        {"port": "Vlan10"},
    ),
    (
        "%HSRP_ENGINE-5-GRPSTATECHANGE: Grp 10 on Interface Vlan10 state changed to Active",
        VIRTUAL,
        {"port": "Vlan10"},
    ),
    (
        "%PM-4-ERR_DISABLE: bpduguard error detected on Gi4/1, putting Gi4/1 in err-disable state",
        CLOSED,
        {"port": "Gi4/1"},
    ),
    (
        "%PM-4-ERR_DISABLE_VP: bpduguard error detected on Gi4/1, vlan 10. Putting in err-disable",
        CLOSED,
        {"port": "Gi4/1", "vlan": 10},
    ),
    (
        (
            "%ETHPORT-5-IF_DOWN_ERROR_DISABLED: Interface Ethernet1/1 is down (Error disabled. "
            "Reason:BPDUGuard)"
        ),
        CLOSED,
        {"port": "Ethernet1/1"},
    ),
    (
        (
            "%PORT_SECURITY-2-PSECURE_VIOLATION: Security violation occurred, caused by MAC "
            "address "
            "0000.5e00.5301 on port Gi0/2."
        ),
        CLOSED,
        {"mac": ONE, "port": "Gi0/2"},
    ),
    (
        (
            "%PORT_SECURITY-2-PSECURE_VIOLATION_VLAN: Security violation on port Gi0/2 due to MAC "
            "address 0000.5e00.5301 on VLAN 10"
        ),
        CLOSED,
        {"mac": ONE, "port": "Gi0/2", "vlan": 10},
    ),
    (
        "%SECURITY-1-PORTSHUTDOWN:Port 3/21 shutdown due to security violation",
        CLOSED,
        {"port": "3/21"},
    ),
]
FOUNDRY: list[Case] = [
    (
        "Dup IP 192.0.2.1 detected, sent from MAC 0000.5e00.5301 interface 1/1",
        DUPLICATE,
        at(port="1/1"),
    ),
    (
        "Duplicate IP address 192.0.2.1 detected on port ethernet 1/1/1",
        DUPLICATE,
        {"ip": ip_address("192.0.2.1"), "port": "ethernet 1/1/1"},
    ),
    (
        (
            "Mac-Move threshold-rate: MAC address 0000.5e00.5301 moved from interface 1/1 to "
            "interface "
            "1/2 for vlan 10, 5 times exceeding the threshold rate 3"
        ),
        MOVED,
        {"mac": ONE, "port": "1/2", "other_port": "1/1", "vlan": 10},
    ),
    (
        "next hop router 192.0.2.1 moved from port 2/6 to port 2/2",
        MOVED,
        {"ip": ip_address("192.0.2.1"), "port": "2/2", "other_port": "2/6"},
    ),
    ("VRRP intf state changed, intf 1/1, vrid 1, state master", VIRTUAL, {"port": "1/1"}),
    ("VRRP-E intf state changed, intf ve 10, vrid 1, state backup", VIRTUAL, {"port": "ve 10"}),
    (
        "Port security violation at interface ethernet 7, address 0000.5e00.5301, vlan 10",
        CLOSED,
        {"mac": ONE, "port": "ethernet 7", "vlan": 10},
    ),
    (
        "VLAN 1 BPDU-guard port 1/1/3 detect (Received BPDU), putting into err-disable state",
        CLOSED,
        {"port": "1/1/3"},
    ),
]
JUNIPER: list[Case] = [
    (
        (
            "KERN_ARP_DUPLICATE_ADDR: duplicate IP address 192.0.2.1! sent from address: "
            "00:00:5e:00:53:01 (error count = 1)"
        ),
        DUPLICATE,
        at(),
    ),
    (
        "arp info overwritten for 192.0.2.1 from 00:00:5e:00:53:02 to 00:00:5e:00:53:01",
        DUPLICATE,
        at(other_mac=TWO),
    ),
    (
        (
            "VRRPD_NEW_MASTER: Interface ae0.1102 (local address 192.0.2.3) became VRRP master for "
            "group 1 with master reason Running priority high"
        ),
        VIRTUAL,
        {"port": "ae0.1102"},
    ),
    (
        "ESWD_BPDU_BLOCK_ERROR_DISABLED: ge-0/0/1.0: bpdu-block disabled port",
        CLOSED,
        {"port": "ge-0/0/1.0"},
    ),
]
HOSTS: list[Case] = [
    (
        "arp: 00:00:5e:00:53:01 is using my IP address 192.0.2.1 on epair3b!",
        DUPLICATE,
        at(port="epair3b"),
    ),
    ("arp: 00:00:5e:00:53:01 is using my IP address 192.0.2.1!", DUPLICATE, at()),
    (
        "arp: 192.0.2.1 moved from 00:00:5e:00:53:02 to 00:00:5e:00:53:01 on em0",
        DUPLICATE,
        at(other_mac=TWO, port="em0"),
    ),
    (
        "arp: 00:00:5e:00:53:01 attempts to modify permanent entry for 192.0.2.1 on em0",
        DUPLICATE,
        at(port="em0"),
    ),
    (
        "duplicate IP address 192.0.2.1 sent from ethernet address 00:00:5e:00:53:01",
        DUPLICATE,
        at(),
    ),
    (
        "IPv6: eth0: IPv6 duplicate address 2001:db8::1 used by 00:00:5e:00:53:01 detected!",
        DUPLICATE,
        at("2001:db8::1", port="eth0"),
    ),
    (
        "IPv6: eth0: IPv6 duplicate address 2001:db8::1 detected!",
        DUPLICATE,
        {"ip": ip_address("2001:db8::1"), "port": "eth0"},
    ),
    (
        "changed ethernet address 192.0.2.1 0:0:5e:0:53:1 (0:0:5e:0:53:2) enp0s3",
        DUPLICATE,
        at(other_mac=TWO, port="enp0s3"),
    ),
    ("flip flop 192.0.2.1 0:0:5e:0:53:1 (0:0:5e:0:53:2)", DUPLICATE, at(other_mac=TWO)),
    (
        (
            "br0: received packet on eth1 with own address as source address "
            "(addr:00:00:5e:00:53:01, vlan:10)"
        ),
        MOVED,
        {"mac": ONE, "port": "eth1", "vlan": 10},
    ),
    ("(VI_1) Entering MASTER STATE", VIRTUAL, {}),
    ("VRRP_Instance(VI_1) Entering BACKUP STATE", VIRTUAL, {}),
    ("carp: 1@em0: BACKUP -> MASTER (master timed out)", VIRTUAL, {"port": "em0"}),
]
OTHERS: list[Case] = [
    (
        (
            "%ARP-4-DUPADDR: Duplicate address 192.0.2.1 on interface VLAN 10 port GigabitEthernet "
            "0/22, sourced by 0000.5e00.5301."
        ),
        DUPLICATE,
        at(port="GigabitEthernet 0/22", vlan=10),
    ),
    (
        (
            "Conflict IP was detected with this device (IP: 192.0.2.1, MAC: 00-00-5E-00-53-01, "
            "Port 7, Interface: System)"
        ),
        DUPLICATE,
        at(port="Port 7"),
    ),
    (
        (
            "(L2IfPort=0, BaseTrapSeverity=4,  MacAdd=0000-5e00-5301,vlanid=10,  "
            "FormerIfDescName=XGigabitEthernet1/0/1,CurrentIfDescName=GigabitEthernet2/0/47)"
        ),
        MOVED,
        {
            "mac": ONE,
            "port": "GigabitEthernet2/0/47",
            "other_port": "XGigabitEthernet1/0/1",
            "vlan": 10,
        },
    ),
]


@pytest.mark.parametrize(("text", "kind", "fields"), CISCO)
def test_what_cisco_writes_is_read(text: str, kind: str, fields: Told) -> None:
    expected = fields | ({"vlan": 10} if fields.get("port") == "Vlan10" else {})
    assert told(text) == (kind, expected)


@pytest.mark.parametrize(("text", "kind", "fields"), FOUNDRY + JUNIPER + HOSTS + OTHERS)
def test_what_other_makers_and_hosts_write_is_read(text: str, kind: str, fields: Told) -> None:
    assert told(text) == (kind, fields)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Accepted publickey for root from 192.0.2.1 port 22 ssh2",
        "System: Interface ethernet 3/3, state down",
        "%LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down",
        "%PM-4-ERR_RECOVER: Attempting to recover from loopback err-disable state on Fa0/24",
        "%CDP-4-DUPLEX_MISMATCH: duplex mismatch discovered on Gi0/1 (not half duplex)",
        "the file was moved from /a to /b",
        "user asked: what is using my IP address?",
        "state changed, entering MASTER STATE of mind",
        "new station 192.0.2.1 0:0:5e:0:53:1",
        "VLAN 34 Port 2/7 STP State -> LISTENING (MakeFwding)",
    ],
)
def test_ordinary_text_is_no_notice_and_not_countable(text: str) -> None:
    assert read(text) is None
    assert not messages.countable(text)


@pytest.mark.parametrize(
    "text",
    [
        (
            "%ARP-3-DUP_SRCIP_PROBE: Duplicate address Detected. Probe packet received from "
            "0000.5e00.5301 on Vlan10 with destination set to our local ip, 192.0.2.1"
        ),
        "%IPV6_ND-6-DUPLICATE_INFO: DAD attempt detected for 2001:DB8::1 on Vlan10",
    ],
)
def test_a_station_that_asks_before_it_takes_an_address_claims_nothing(text: str) -> None:
    assert read(text) is None
    assert not messages.countable(text)


@pytest.mark.parametrize(
    "text",
    [
        "Duplicate hardware address seen, see the manual",
        "%NEW-4-IPDUP: ip_dup 192.0.2.1",
        "MAC 0000.5e00.5301 flaps on 1/1",
        "address conflict on eth0",
    ],
)
def test_what_speaks_of_duplicates_in_unknown_words_is_countable(text: str) -> None:
    assert read(text) is None
    assert messages.countable(text)


def test_a_known_message_is_not_countable() -> None:
    assert not messages.countable(CISCO[0][0])


def test_a_vlan_or_an_address_that_cannot_be_is_left_out() -> None:
    text = "%IP-4-DUPADDR: Duplicate address 192.0.2.999 on Vlan4095, sourced by 0000.5e00.5301"
    assert told(text) == (DUPLICATE, {"mac": ONE, "port": "Vlan4095"})


def test_a_mac_that_is_spelled_in_two_ways_at_once_is_left_out() -> None:
    text = "arp: 00:00-5e:00:53:01 is using my IP address 192.0.2.1"
    assert told(text) == (DUPLICATE, {"ip": ip_address("192.0.2.1")})


def test_a_message_without_its_mnemonic_is_read_too() -> None:
    text = "Host 0000.5e00.5301 in vlan 10 is flapping between port Gi0/1 and port Gi0/2"
    notice = read(text)
    assert notice is not None
    assert notice.kind == MOVED
    assert notice.message == text


def test_only_the_beginning_of_an_endless_message_counts() -> None:
    notice = read(CISCO[0][0] + " " + "x" * 100_000)
    assert notice is not None
    assert len(notice.message) == messages.LONGEST
    assert read("x" * messages.LONGEST + CISCO[0][0]) is None


@given(st.text())
def test_no_text_raises(text: str) -> None:
    read(text)
    messages.countable(text)


EVERY = [text for text, *_ in CISCO + FOUNDRY + JUNIPER + HOSTS + OTHERS]


@given(st.sampled_from(EVERY), st.integers(0, 200), st.text(max_size=8), st.integers(0, 8))
def test_no_damaged_message_raises(text: str, where: int, junk: str, gone: int) -> None:
    read(text[:where] + junk + text[where + gone :])
