"""Saving the configuration over SNMP: what a Foundry and a Catalyst are told, and what they say."""

import pytest

from netguard.switches.platforms import SAVING
from netguard.switches.snmp import SnmpSwitch
from probes.errors import NoAnswer
from tests.snmp_agent import GEN_ERR, Request, dotted
from tests.switch_agent import (
    CC_COPY,
    DESTROY,
    ERROR,
    FAILED,
    NORMAL,
    READ,
    ROW_STATUS,
    RUNNING,
    SAVE_CONFIG,
    SUCCESSFUL,
    WAITING,
    WRITE_NVRAM,
    WRITING,
    CatalystAgent,
    FoundryAgent,
    SwitchAgent,
    use,
)

WRITE_MEM = "1.3.6.1.4.1.9.2.1.54.0"
BOTH = pytest.mark.parametrize("version", ["1", "2c"])


async def save(switch: SnmpSwitch) -> str:
    return await switch.save()


@BOTH
@pytest.mark.parametrize("oid", [SAVE_CONFIG, WRITE_NVRAM])
def test_a_foundry_is_told_to_write_and_watched_until_it_has(oid: str, version: str) -> None:
    device = FoundryAgent([WRITING, WRITING, NORMAL], oid)
    assert use(device, save, platform="foundry", version=version) == "saved"
    assert device.orders == [[(dotted(oid), 3)]]


@BOTH
def test_a_catalyst_copies_by_a_row_that_is_taken_away_afterwards(version: str) -> None:
    device = CatalystAgent([WAITING, RUNNING, SUCCESSFUL])
    assert use(device, save, platform="catalyst", version=version) == "saved"
    order, cleanup = device.orders
    row = order[0][0][-1]
    entry = dotted(CC_COPY)
    assert order == [((*entry, 3, row), 4), ((*entry, 4, row), 3), ((*entry, ROW_STATUS, row), 4)]
    assert cleanup == [((*entry, ROW_STATUS, row), DESTROY)]
    assert device.rows == {}


def test_two_copies_use_two_rows() -> None:
    device = CatalystAgent([SUCCESSFUL])

    async def twice(switch: SnmpSwitch) -> None:
        await switch.save()
        await switch.save()

    use(device, twice, platform="catalyst")
    assert len({order[0][0][-1] for order in device.orders}) == 2


def test_a_device_of_no_known_make_is_not_saved_and_sent_nothing() -> None:
    device = SwitchAgent({3: "3"})
    assert use(device, save) == (
        "not saved: no way to do it over SNMP is known for this generic device"
    )
    assert device.orders == []


def test_a_foundry_that_has_neither_object_is_sent_nothing() -> None:
    device = SwitchAgent({3: "3"})
    assert use(device, save, platform="foundry").startswith("not saved: no way")
    assert device.orders == []


def test_a_foundry_that_fails_is_quoted() -> None:
    device = FoundryAgent([WRITING, ERROR])
    assert use(device, save, platform="foundry") == "not saved: the device says error"


def test_a_catalyst_that_fails_says_why_and_its_row_is_taken_away() -> None:
    device = CatalystAgent([RUNNING, FAILED], cause=4)
    assert use(device, save, platform="catalyst") == "not saved: the device says failed (noMem)"
    assert device.rows == {}


@pytest.mark.parametrize("platform", ["foundry", "catalyst"])
def test_a_community_that_may_only_read_saves_nothing(platform: str) -> None:
    device = FoundryAgent([NORMAL]) if platform == "foundry" else CatalystAgent([SUCCESSFUL])
    assert use(device, save, platform=platform, community=READ) == (
        "not saved: the device answered noAccess; may these credentials write?"
    )
    assert len(device.orders) == 1


def test_a_foundry_that_answers_an_error_and_is_seen_writing_has_saved() -> None:
    device = FoundryAgent([WRITING, NORMAL])
    device.answers = GEN_ERR
    assert use(device, save, platform="foundry") == "saved"


def test_a_catalyst_that_answers_an_error_and_copies_all_the_same_has_saved() -> None:
    device = CatalystAgent([RUNNING, SUCCESSFUL])
    device.answers = GEN_ERR
    assert use(device, save, platform="catalyst") == "saved"


def test_a_foundry_that_answers_an_error_and_is_idle_has_not_saved() -> None:
    device = FoundryAgent([NORMAL])
    device.answers = GEN_ERR
    said = use(device, save, platform="foundry")
    assert said == "not saved: the device answered genErr"


def test_a_catalyst_that_accepts_and_makes_no_row_is_not_waited_for_forever() -> None:
    device = CatalystAgent([RUNNING])
    device.obeys = False
    assert use(device, save, platform="catalyst") == (
        "not confirmed within 1 s: noError; the device says that it knows nothing of it"
    )


def test_a_copy_that_never_ends_is_not_waited_for_forever_and_left_alone() -> None:
    device = CatalystAgent([RUNNING])
    assert use(device, save, platform="catalyst") == (
        "not confirmed within 1 s: noError; the device says running"
    )
    assert len(device.orders) == 1
    assert len(device.rows) == 1


def test_a_device_that_falls_silent_while_it_saves_has_confirmed_nothing() -> None:
    device = FoundryAgent([WRITING])
    device.dies = True
    said = use(device, save, platform="foundry")
    assert said.startswith("not confirmed within 1 s: no answer within 0.2 s")
    assert said.endswith("; the device says nothing")


def test_a_device_that_is_silent_while_it_writes_is_asked_again() -> None:
    device = FoundryAgent([WRITING, WRITING, NORMAL])
    asked = []

    def busy(request: Request) -> list[bytes]:
        answers = list(device(request))
        asked.append(request.pdu)
        return [] if 2 < len(asked) < 5 else answers

    assert use(busy, save, platform="foundry") == "saved"


def test_a_silent_device_is_not_told_to_save() -> None:
    with pytest.raises(NoAnswer):
        use(lambda _request: [], save, platform="foundry")


def test_nothing_ever_touches_the_object_that_can_erase_the_configuration() -> None:
    objects = {oid for ways in SAVING.values() for way in ways for oid, _ in way.order}
    assert WRITE_MEM not in objects
    assert 0 not in {value for ways in SAVING.values() for way in ways for _, value in way.order}
