"""The SNMP driver against switches that disobey, lie, fall silent, renumber and deny."""

import logging

import pytest
from pysnmp.smi import compiler

from netguard.history import PortStatus
from netguard.switches.snmp import SnmpSwitch
from netguard.switches.switch import NoSuchPort, PortState
from probes.errors import Malformed, NoAnswer, ProbeError, Refused
from probes.mibs.if_mib import IF_ADMIN_STATUS, IF_DESCR, IF_NAME
from tests.snmp_agent import (
    GEN_ERR,
    SET,
    Request,
    dotted,
    failure,
    integer,
    response,
    varbind,
)
from tests.switch_agent import DOWN, READ, UP, SwitchAgent, use

PORTS = {1: "Fa0/1", 3: "Fa0/3", 4: "Fa0/4"}
IS_UP, IS_DOWN = PortStatus("up", "up"), PortStatus("down", "down")
VERSIONS = pytest.mark.parametrize("version", ["1", "2c"])


async def shut(switch: SnmpSwitch) -> tuple[str, PortStatus]:
    """Find Fa0/3, shut it, and return what was said and what is."""
    port = await switch.find("Fa0/3")
    said = await switch.set_admin_status(port, up=False)
    return said, (await switch.again(port)).status


def shutting(index: int = 3, value: int = DOWN) -> list[tuple[tuple[int, ...], int]]:
    return [((*dotted(IF_ADMIN_STATUS), index), value)]


@VERSIONS
def test_a_port_is_found_by_its_name_with_its_status_of_now(version: str) -> None:
    device = SwitchAgent(PORTS)
    device.admin[3] = DOWN
    found = use(device, lambda switch: switch.find("Fa0/3"), version=version)
    assert found == PortState(name="Fa0/3", if_index=3, status=IS_DOWN)
    assert device.orders == []


@VERSIONS
def test_an_honest_switch_is_sent_one_order_and_obeys(version: str) -> None:
    device = SwitchAgent(PORTS)
    assert use(device, shut, version=version) == ("noError", IS_DOWN)
    assert device.orders == [shutting()]
    assert device.admin == {1: UP, 3: DOWN, 4: UP}


@VERSIONS
def test_a_port_is_opened_again(version: str) -> None:
    device = SwitchAgent(PORTS)
    device.admin[3] = DOWN

    async def open_up(switch: SnmpSwitch) -> tuple[str, PortStatus]:
        port = await switch.find("Fa0/3")
        return await switch.set_admin_status(port, up=True), (await switch.again(port)).status

    assert use(device, open_up, version=version) == ("noError", IS_UP)
    assert device.orders == [shutting(value=UP)]


@VERSIONS
def test_a_switch_that_accepts_the_order_and_does_nothing_is_seen_through(version: str) -> None:
    device = SwitchAgent(PORTS)
    device.obeys = False
    assert use(device, shut, version=version) == ("noError", IS_UP)
    assert device.orders == [shutting()]


@VERSIONS
def test_a_switch_that_obeys_and_answers_an_error_is_quoted_and_read_back(version: str) -> None:
    device = SwitchAgent(PORTS)
    device.answers = GEN_ERR
    assert use(device, shut, version=version) == ("the device answered genErr", IS_DOWN)
    assert device.orders == [shutting()]


@VERSIONS
def test_a_switch_that_obeys_without_a_word_is_asked_once_and_read_back(version: str) -> None:
    device = SwitchAgent(PORTS)
    device.answers = None
    said, status = use(device, shut, version=version)
    assert said.startswith("no answer within 0.2 s")
    assert status == IS_DOWN
    assert device.orders == [shutting()]


@VERSIONS
def test_a_switch_that_is_never_heard_again_after_the_order_was_sent_one(version: str) -> None:
    device = SwitchAgent(PORTS)
    device.dies = True
    said = []

    async def put(switch: SnmpSwitch) -> None:
        port = await switch.find("Fa0/3")
        said.append(await switch.set_admin_status(port, up=False))
        await switch.again(port)

    with pytest.raises(NoAnswer, match="no SNMP answer"):
        use(device, put, version=version)
    assert said[0].startswith("no answer within 0.2 s")
    assert device.orders == [shutting()]


@VERSIONS
def test_an_answer_that_comes_too_late_disturbs_nothing(version: str) -> None:
    device = SwitchAgent(PORTS)
    device.late = 0.3
    said, status = use(device, shut, version=version)
    assert said.startswith("no answer within 0.2 s")
    assert status == IS_DOWN
    assert device.orders == [shutting()]


@pytest.mark.parametrize(
    ("version", "denies", "word"),
    [
        ("2c", 6, "noAccess"),
        ("2c", 16, "authorizationError"),
        ("2c", 17, "notWritable"),
        ("1", 2, "noSuchName"),
        ("1", 4, "readOnly"),
    ],
)
def test_a_community_that_may_only_read_is_told_so(version: str, denies: int, word: str) -> None:
    device = SwitchAgent(PORTS)
    device.denies = denies
    said, status = use(device, shut, version=version, community=READ)
    assert said == f"the device answered {word}; may these credentials write?"
    assert status == IS_UP
    assert device.orders == [shutting()]


@VERSIONS
def test_a_community_that_the_switch_does_not_know_is_silence_and_the_text_says_so(
    version: str,
) -> None:
    device = SwitchAgent(PORTS)
    said, status = use(device, shut, version=version, community="s3cret")
    assert said == (
        "no answer within 0.2 s; a write community that the device does not know looks the same"
    )
    assert status == IS_UP
    assert device.orders == []


@VERSIONS
def test_a_switch_that_renumbers_its_ports_after_the_order_is_found_out(version: str) -> None:
    device = SwitchAgent(PORTS)

    async def put(switch: SnmpSwitch) -> None:
        port = await switch.find("Fa0/3")
        await switch.set_admin_status(port, up=False)
        device.renumbered({1: "Fa0/1", 2: "Fa0/3", 3: "Fa0/4"})
        await switch.again(port)

    with pytest.raises(NoSuchPort, match=r"renumbered.*ifIndex 3 was 'Fa0/3' and is 'Fa0/4' now"):
        use(device, put, version=version)
    assert device.orders == [shutting()]


@VERSIONS
def test_a_number_that_is_gone_is_a_renumbered_port_too(version: str) -> None:
    device = SwitchAgent(PORTS)

    async def put(switch: SnmpSwitch) -> None:
        port = await switch.find("Fa0/3")
        device.renumbered({7: "Fa0/3"})
        await switch.again(port)

    with pytest.raises(NoSuchPort, match=r"renumbered.*is no interface now"):
        use(device, put, version=version)


def test_a_switch_that_renumbers_between_two_questions_of_one_look_up_is_found_out() -> None:
    device = SwitchAgent(PORTS)

    def shifting(request: Request) -> list[bytes]:
        answers = list(device(request))
        if request.oids == [dotted(IF_NAME)]:
            device.renumbered({3: "Fa0/4", 4: "Fa0/3"})
        return answers

    with pytest.raises(NoSuchPort, match="renumbered"):
        use(shifting, lambda switch: switch.find("Fa0/3"))


@pytest.mark.parametrize("second", ["Fa0/3", "Fa0/3 ", "Fa0/3\0"])
def test_of_two_ports_with_one_name_none_is_taken(second: str) -> None:
    device = SwitchAgent({3: "Fa0/3", 9: second})
    with pytest.raises(NoSuchPort, match=r"several ports.*'Fa0/3' \(ifIndex 3, 9\)"):
        use(device, shut)
    assert device.orders == []


@VERSIONS
def test_a_switch_without_if_name_is_known_by_its_if_descr(version: str) -> None:
    device = SwitchAgent(PORTS, column=IF_DESCR)
    assert use(device, shut, version=version) == ("noError", IS_DOWN)
    assert device.orders == [shutting()]


@pytest.mark.parametrize("name", ["0/3", "fa0/3", "FastEthernet0/3", "Fa0/", "Fa0/33", ""])
def test_only_the_exact_name_will_do_for_a_change(name: str) -> None:
    device = SwitchAgent(PORTS)
    with pytest.raises(NoSuchPort, match="has no port called"):
        use(device, lambda switch: switch.find(name))


def test_an_unknown_port_comes_with_the_nearest_name() -> None:
    with pytest.raises(NoSuchPort) as caught:
        use(SwitchAgent(PORTS), lambda switch: switch.find("Fa03"))
    assert caught.value.remedy == "Did you mean 'Fa0/3'?"


def test_a_switch_that_shows_no_ports_at_all_has_not_that_one() -> None:
    with pytest.raises(NoSuchPort) as caught:
        use(SwitchAgent({}), lambda switch: switch.find("Fa0/3"))
    assert "MIB view" in caught.value.remedy


def test_a_list_of_names_with_a_hole_in_it_is_no_list() -> None:
    device = SwitchAgent(PORTS)

    def failing(request: Request) -> list[bytes]:
        if request.pdu != SET and request.oids[0] > (*dotted(IF_NAME), 2):
            return [failure(request, GEN_ERR)]
        if request.oids[0] == dotted(IF_NAME):
            name = (*dotted(IF_NAME), 3)
            return [response(request, [varbind(name, device.objects()[name])])]
        return list(device(request))

    with pytest.raises(Refused, match="error"):
        use(failing, shut)
    assert device.orders == []


def test_a_port_whose_status_is_not_to_be_seen_is_no_port_to_change() -> None:
    device = SwitchAgent(PORTS)
    device.admin[3] = 9
    with pytest.raises(Malformed, match="no ifAdminStatus"):
        use(device, shut)
    assert device.orders == []


@VERSIONS
@pytest.mark.parametrize("garbage", [b"", b"\x30\x00", b"hello", b"\x30\x84\xff\xff\xff\xff"])
def test_garbage_instead_of_an_answer_is_no_answer(version: str, garbage: bytes) -> None:
    device = SwitchAgent(PORTS)
    device.garbage = garbage
    said, status = use(device, shut, version=version)
    assert said.startswith("no answer within 0.2 s")
    assert status == IS_DOWN
    assert device.orders == [shutting()]


def test_an_answer_to_another_question_is_no_answer() -> None:
    device = SwitchAgent(PORTS)

    def confused(request: Request) -> list[bytes]:
        if request.pdu == SET:
            request = request._replace(request_id=integer(7)[2:])
        return list(device(request))

    said, status = use(confused, shut)
    assert said.startswith(("no answer within 0.2 s", "no usable answer"))
    assert status == IS_DOWN
    assert device.orders == [shutting()]


def test_a_switch_that_nobody_can_resolve_is_sent_nothing() -> None:
    device = SwitchAgent(PORTS)
    with pytest.raises(NoAnswer, match="cannot be resolved"):
        use(device, shut, host="switch.invalid")
    assert device.orders == []


def test_a_port_of_another_driver_has_no_number_to_send_an_order_to() -> None:
    device = SwitchAgent(PORTS)
    port = PortState(name="Fa0/3", if_index=None, status=IS_UP)
    with pytest.raises(NoSuchPort):
        use(device, lambda switch: switch.set_admin_status(port, up=False))
    assert device.orders == []


def test_preparing_twice_sends_a_switch_with_a_community_nothing() -> None:
    asked = []

    def listening(request: Request) -> list[bytes]:
        asked.append(request)
        return []

    async def twice(switch: SnmpSwitch) -> None:
        await switch.prepare()
        await switch.prepare()

    use(listening, twice)
    assert asked == []


def test_an_order_waits_for_no_parser_of_mibs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pysnmp makes one by itself, which takes half a second."""

    def made(*_: object) -> None:
        pytest.fail("a MIB compiler was made")

    monkeypatch.setattr(compiler, "MibCompiler", made)
    assert use(SwitchAgent(PORTS), shut) == ("noError", IS_DOWN)


@pytest.mark.parametrize("community", ["s3cret", "geh€im-s3cret", "s3cret" * 50])
@pytest.mark.parametrize("answers", [None, GEN_ERR])
def test_no_text_and_no_log_holds_the_community(
    community: str, answers: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    device = SwitchAgent(PORTS)
    device.answers = answers
    try:
        told = repr(use(device, shut, community=community))
    except ProbeError as error:
        told = f"{error!r} {error.detail} {error.remedy}"
    assert "s3cret" not in told
    assert "s3cret" not in caplog.text
