"""Every scenario, seen from the wire: who answers for what before, during and after it."""

import subprocess
import time
from collections.abc import Callable

import pytest

from netguard.errors import NetguardError
from netguard.lab.control import Lab
from netguard.lab.forwarding import FORWARDING
from netguard.lab.onward import RouteInUserspace, Tunnel
from netguard.lab.report import Status
from netguard.lab.scenarios import SCENARIOS, UnknownScenario, find
from netguard.lab.topology import BRIDGE, HOSTS, End
from netguard.lab.tunnels import TUN
from tests.netguard.lab.asking import arp_answers, run

GATEWAY, VIRTUAL = "198.51.100.1", "198.51.100.6"
ASKED = (GATEWAY, VIRTUAL, *(f"198.51.100.{n}" for n in (21, 22, 25, 29, 31, 40, 60, 90)))


def m(number: str) -> str:
    return f"00:00:5e:00:53:{number}"


# scenario -> claims that appear, claims that disappear
ON_THE_WIRE: dict[str, tuple[set[tuple[str, str]], set[tuple[str, str]]]] = {
    "duplicate-address": ({("198.51.100.22", m("23"))}, set()),
    "duplicate-address-quiet": ({("198.51.100.22", m("23"))}, set()),
    "duplicate-address-other-switch": ({("198.51.100.22", m("26"))}, set()),
    "gateway-hijack": ({(GATEWAY, m("24"))}, set()),
    "gateway-hijack-quiet": ({(GATEWAY, m("24"))}, set()),
    "gateway-silent-and-taken": ({(GATEWAY, m("25"))}, {(GATEWAY, m("01"))}),
    "address-squatting": ({("198.51.100.90", m("27"))}, set()),
    "fake-neighbor": (set(), set()),  # LLDP is not ARP
    "flapping-mac": (set(), set()),  # a MAC, no address
    "vrrp-failover": (set(), set()),  # same address, same MAC, other port
    "bond-failover": ({("198.51.100.29", m("39"))}, {("198.51.100.29", m("29"))}),
    "arp-flux": (
        {("198.51.100.21", m("31")), ("198.51.100.31", m("21")), ("198.51.100.31", m("31"))},
        set(),
    ),
    "proxy-arp": (set(), set()),  # nothing on this network; see below
    "handover": ({("198.51.100.40", m("28"))}, {("198.51.100.40", m("27"))}),
    "dhcp-reuse": ({("198.51.100.40", m("23"))}, {("198.51.100.40", m("27"))}),
    "reboot": (set(), {("198.51.100.25", m("25"))}),
    "dad-probes": (set(), set()),
    "nic-change": ({("198.51.100.25", m("35"))}, {("198.51.100.25", m("25"))}),
    **{scenario.name: (set(), set()) for scenario in FORWARDING},  # nothing on this network
}


def settings(status: Status) -> object:
    """Return what mending must restore: links, MACs and addresses of every host."""
    return [(h.name, sorted(h.interfaces, key=lambda i: i.name)) for h in status.hosts]


def test_every_scenario_has_its_row() -> None:
    assert set(ON_THE_WIRE) == set(SCENARIOS)


def test_every_scenario_acts_at_interfaces_that_exist() -> None:
    cards = {End(host.name, card.name) for host in HOSTS for card in host.interfaces}
    cards |= {End(host.name, BRIDGE) for host in HOSTS if host.bridged}
    for scenario in SCENARIOS.values():
        made: set[End] = set()
        for action in scenario.actions:
            assert action.at in cards | made, scenario.name
            if isinstance(action, Tunnel):
                made |= {End(action.at.host, TUN), End(action.client, TUN)}
            elif isinstance(action, RouteInUserspace) and action.client:
                made.add(End(action.client, TUN))


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownScenario) as raised:
        find("gateway-hijak")
    assert raised.value.remedy == "Did you mean gateway-hijack?"


def test_a_name_like_no_other_is_answered_with_the_list() -> None:
    with pytest.raises(UnknownScenario) as raised:
        find("fire")
    assert "netguard lab break" in raised.value.remedy


@pytest.mark.packets
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_wire_shows_what_the_scenario_says_and_mend_undoes_exactly(lab: Lab, name: str) -> None:
    before, healthy = settings(lab.status()), arp_answers(lab, *ASKED)
    appear, disappear = ON_THE_WIRE[name]

    lab.break_(name)
    lab.break_(name)  # a second time changes nothing
    assert lab.status().broken == (name,)
    broken = arp_answers(lab, *ASKED)
    assert (broken - healthy, healthy - broken) == (appear, disappear)

    assert lab.mend() == (name,)
    assert settings(lab.status()) == before
    assert arp_answers(lab, *ASKED) == healthy


def heard(
    lab: Lab, name: str, seconds: float, change: Callable[[str], object] | None = None
) -> str:
    """Return the ARP frames that the station hears while a scenario is broken, or mended."""
    command = lab.command("mon", ("tcpdump", "-lnei", "eth1", "arp"))
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as tcpdump:
        assert tcpdump.stderr is not None
        while "listening on" not in (line := tcpdump.stderr.readline()):
            assert line, "tcpdump did not start"
        (change or lab.break_)(name)
        time.sleep(seconds)  # a wire cannot be asked to hurry
        tcpdump.terminate()
        frames, _ = tcpdump.communicate()
    return frames


@pytest.mark.packets
def test_a_hijack_is_announced_in_both_common_forms(lab: Lab) -> None:
    frames = heard(lab, "gateway-hijack", 0.3)
    assert f"{m('24')} > ff:ff:ff:ff:ff:ff" in frames
    assert f"Request who-has {GATEWAY} tell {GATEWAY}" in frames
    assert f"Reply {GATEWAY} is-at {m('24')}" in frames


@pytest.mark.packets
@pytest.mark.parametrize(
    ("quiet", "address"),
    [("gateway-hijack-quiet", GATEWAY), ("duplicate-address-quiet", "198.51.100.22")],
)
def test_what_is_taken_quietly_is_not_announced(lab: Lab, quiet: str, address: str) -> None:
    assert f"who-has {address} tell {address}" not in heard(lab, quiet, 0.3)


@pytest.mark.packets
def test_who_gets_a_lease_asks_first_whether_it_is_free(lab: Lab) -> None:
    frames = heard(lab, "dhcp-reuse", 0.3)
    asked, announced = "who-has 198.51.100.40 tell 0.0.0.0", "Reply 198.51.100.40 is-at"
    assert frames.count(asked) == 3
    assert frames.index(asked) < frames.index(announced)


@pytest.mark.packets
def test_who_comes_back_from_a_reboot_announces_itself(lab: Lab) -> None:
    lab.break_("reboot")
    assert f"is-at {m('25')}" in heard(lab, "reboot", 0.3, change=lab.mend)


@pytest.mark.packets
def test_dad_probes_have_no_sender_address_and_go_on(lab: Lab) -> None:
    frames = heard(lab, "dad-probes", 2.5)
    assert frames.count("Request who-has 198.51.100.22 tell 0.0.0.0") >= 2
    assert f"{m('23')} >" in frames


@pytest.mark.packets
def test_proxy_arp_answers_for_the_network_behind_it_even_for_nobody_there(lab: Lab) -> None:
    ask = ("arp-scan", "-xq", "-r1", "-t1200", "-I", "eth1", "203.0.113.66", "203.0.113.99")
    assert run(lab, "mon", *ask).stdout == ""
    lab.break_("proxy-arp")
    lines = [line.split()[:2] for line in run(lab, "mon", *ask).stdout.splitlines()]
    assert sorted(lines) == [["203.0.113.66", m("30")], ["203.0.113.99", m("30")]]


@pytest.mark.packets
def test_the_virtual_mac_moves_to_the_other_switch(lab: Lab) -> None:
    def port_of_the_virtual_mac() -> str:
        command = ("snmpget", "-v2c", "-c", "public@226", "-Oqv", "192.0.2.11")
        return run(lab, "mon", *command, "1.3.6.1.2.1.17.4.3.1.2.0.0.94.0.1.6").stdout.strip()

    arp_answers(lab, VIRTUAL)
    assert port_of_the_virtual_mac() == "8"  # Fa0/11, to vr1
    lab.break_("vrrp-failover")
    time.sleep(0.4)  # the agent may look at the kernel that seldom
    assert port_of_the_virtual_mac() == "2"  # Gi0/2, to cat2


def neighbours_of_cat1(lab: Lab) -> list[str]:
    """Return the system names that cat1 hears over LLDP, by port."""
    time.sleep(0.4)  # the agent may look at the kernel that seldom
    command = ("snmpwalk", "-v2c", "-c", "public", "-Oqv", "192.0.2.11")
    return run(lab, "mon", *command, "1.0.8802.1.1.2.1.4.1.1.9").stdout.split()


@pytest.mark.packets
def test_a_server_passes_as_a_switch_until_it_is_mended(lab: Lab) -> None:
    assert neighbours_of_cat1(lab) == ['"edge1"', '"cat2"']
    lab.break_("fake-neighbor")
    assert neighbours_of_cat1(lab) == ['"edge1"', '"cat2"', '"cat2"']
    lab.mend("fake-neighbor")
    assert neighbours_of_cat1(lab) == ['"edge1"', '"cat2"']


@pytest.mark.packets
def test_a_shared_mac_is_now_here_and_now_there(lab: Lab) -> None:
    command = ("snmpget", "-v2c", "-c", "public@226", "-Oqv", "192.0.2.11")
    lab.break_("flapping-mac")
    ports: set[str] = set()
    while len(ports) < 2:
        time.sleep(0.4)  # the agent may look at the kernel that seldom
        ports.add(run(lab, "mon", *command, "1.3.6.1.2.1.17.4.3.1.2.0.0.94.0.83.34").stdout.strip())
    assert ports == {"4", "2"}  # Fa0/2 to ds0002, and Gi0/2 to cat2


@pytest.mark.packets
def test_troubles_that_contradict_are_refused_and_nothing_is_changed(lab: Lab) -> None:
    lab.break_("gateway-hijack")
    with pytest.raises(NetguardError, match="contradict each other"):
        lab.break_("gateway-hijack-quiet")
    assert lab.status().broken == ("gateway-hijack",)


@pytest.mark.packets
def test_troubles_that_do_not_contradict_go_together_and_one_can_be_mended(lab: Lab) -> None:
    lab.break_("gateway-hijack")
    lab.break_("duplicate-address")
    assert lab.mend("gateway-hijack") == ("gateway-hijack",)
    answers = arp_answers(lab, GATEWAY, "198.51.100.22", "198.51.100.60")
    assert answers == {
        (GATEWAY, m("01")),
        ("198.51.100.22", m("22")),
        ("198.51.100.22", m("23")),
    }


@pytest.mark.packets
def test_the_edge_router_really_routes(lab: Lab) -> None:
    receive = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
        "s.bind(('203.0.113.10', 7)); s.settimeout(10); print('ready', flush=True);"
        "print(s.recvfrom(9)[1][0])"
    )
    send = (
        "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
        "s.sendto(b'x', ('203.0.113.10', 7))"
    )
    with subprocess.Popen(
        lab.command("upstream", ("python3", "-c", receive)), stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        run(lab, "ds0005", "python3", "-c", send)
        assert server.stdout.readline() == "198.51.100.25\n"
