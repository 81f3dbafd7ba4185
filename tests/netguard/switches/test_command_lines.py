import pytest

from netguard.history import PortStatus
from netguard.switches.command_lines import COMMAND_LINES, argument, complaint, states, words

UP, DOWN, CLOSED = PortStatus("up", "up"), PortStatus("up", "down"), PortStatus("down", "down")

NAMES = [
    ("catalyst", "Fa0/3", "Fa0/3"),
    ("catalyst", "GigabitEthernet1/0/3", "GigabitEthernet1/0/3"),
    ("catalyst", "Gi1/0/3", "Gi1/0/3"),
    ("catalyst", "Port-channel1", "Port-channel1"),
    ("catalyst", "Fa 0/3", "Fa0/3"),
    ("catalyst", "0/3", None),
    ("foundry", "ethernet1/3", "ethernet 1/3"),
    ("foundry", "ethernet 1/1/3", "ethernet 1/1/3"),
    ("foundry", "GigabitEthernet1/3", "ethernet 1/3"),
    ("foundry", "10GigabitEthernet1/2/1", "ethernet 1/2/1"),
    ("foundry", "1/3", "ethernet 1/3"),
    ("foundry", "ethernet3", "ethernet 3"),
    ("foundry", "management1", None),
    ("foundry", "ve10", None),
    ("foundry", "lg1", None),
]

HOSTILE = [
    "",
    " ",
    "Fa0/3\nshutdown",
    "Fa0/3\rreload",
    "Fa0/3;reload",
    "Fa0/3 | redirect flash:x",
    "Fa0/3?",
    "Fa0/3\t",
    "Fa0/3\N{NULL}",
    "range Fa0/1 - 24",
    "Fa0/1 - 24",
    "Fa0/1,Fa0/2",
    "ethernet 1/1 to 1/24",
    "ethernet 1/1  1/2",
    "no switchport",
    "Fa0/\N{FULLWIDTH DIGIT THREE}",
    "F\N{CYRILLIC SMALL LETTER A}0/3",
    "-1/3",
]

ANSWERS = [
    ("catalyst", "Fa0/3", "FastEthernet0/3 is up, line protocol is up (connected) ", UP),
    ("catalyst", "Fa0/3", "FastEthernet0/3 is down, line protocol is down (notconnect)", DOWN),
    ("catalyst", "Fa0/3", "FastEthernet0/3 is down, line protocol is down (err-disabled)", DOWN),
    ("catalyst", "Fa0/3", "FastEthernet0/3 is up, line protocol is down (monitoring)", DOWN),
    (
        "catalyst",
        "Fa0/3",
        "FastEthernet0/3 is administratively down, line protocol is down (disabled)",
        CLOSED,
    ),
    ("catalyst", "Gi1/0/3", "GigabitEthernet1/0/3 is up, line protocol is up", UP),
    ("catalyst", "Po1", "Port-channel1 is up, line protocol is up", UP),
    ("foundry", "ethernet1/3", "GigabitEthernet1/3 is disabled, line protocol is down ", CLOSED),
    ("foundry", "ethernet1/3", "GigabitEthernet1/3 is up, line protocol is up ", UP),
    ("foundry", "ethernet1/3", "10GigabitEthernet1/3 is down, line protocol is down ", DOWN),
    ("foundry", "1/3", "GigabitEthernet1/3 is up, line protocol is up ", UP),
    (
        "foundry",
        "ethernet1/1/3",
        "GigabitEthernet1/1/3 is ERR-DISABLED (bpduguard), line protocol is down",
        DOWN,
    ),
    ("foundry", "ethernet1/3", "GigabitEthernet1/3 is empty, line protocol is down", None),
]

OTHERS = [
    ("catalyst", "Fa0/3", "FastEthernet0/30 is up, line protocol is up"),
    ("catalyst", "Fa0/3", "GigabitEthernet0/3 is up, line protocol is up"),
    ("catalyst", "Gi1/0/3", "GigabitEthernet2/0/3 is up, line protocol is up"),
    ("foundry", "ethernet1/3", "GigabitEthernet1/30 is up, line protocol is up"),
    ("foundry", "ethernet1/3", "EthernetManagement1 is up, line protocol is up"),
    ("foundry", "ethernet1/3", "Ve1/3 is up, line protocol is up"),
    ("catalyst", "Fa0/3", "%LINEPROTO-5-UPDOWN: Line protocol on FastEthernet0/3, changed to up"),
]


@pytest.mark.parametrize(("platform", "name", "taken"), NAMES)
def test_a_ports_name_becomes_what_the_command_line_takes(
    platform: str, name: str, taken: str | None
) -> None:
    assert argument(COMMAND_LINES[platform], name) == taken


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("platform", COMMAND_LINES)
def test_nothing_but_the_name_of_one_port_gets_into_a_command(platform: str, name: str) -> None:
    assert argument(COMMAND_LINES[platform], name) is None


@pytest.mark.parametrize(("platform", "name", "line", "status"), ANSWERS)
def test_the_state_of_a_port_is_read_from_its_line(
    platform: str, name: str, line: str, status: PortStatus | None
) -> None:
    answer = f"*Mar  1 00:00:07: %SYS-5-CONFIG_I: Configured from console\n{line}\n  Hardware is\n"
    assert states(COMMAND_LINES[platform], name, answer) == [status]


@pytest.mark.parametrize(("platform", "name", "line"), OTHERS)
def test_a_line_about_another_port_says_nothing_of_this_one(
    platform: str, name: str, line: str
) -> None:
    assert states(COMMAND_LINES[platform], name, line) == []


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("       ^\n% Invalid input detected at '^' marker.\n", "% Invalid input detected at"),
        ("Invalid input -> 1/99\nType ? for a list\n", "Invalid input -> 1/99"),
        ("Error - invalid port\n", "Error - invalid port"),
        ("FastEthernet0/3 is up, line protocol is up\n", ""),
    ],
)
def test_a_complaint_is_told_from_an_answer(answer: str, line: str) -> None:
    assert complaint(answer).startswith(line)
    assert bool(complaint(answer)) == bool(line)


def test_a_devices_words_are_one_short_line_without_control_characters() -> None:
    assert words("\n  one \n\n two\x1b[2J\a\n") == r"one; two\u001b[2J\u0007"
    assert len(words("x" * 10_000)) < 400
