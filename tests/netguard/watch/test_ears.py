"""One segment's ears beside looks that only note what they are told."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import cast

import msgspec
import pytest

from netguard.config import Config, load
from netguard.findings import Finding
from netguard.hearing.troubles import ROUTERS_REST
from netguard.inventory import Segment as Declared
from netguard.lab import namespaces
from netguard.remember import Memory
from netguard.view import DeviceView, Identity, SegmentView
from netguard.watch.alone import QUIET
from netguard.watch.ears import Ears
from netguard.watch.events import Event
from netguard.watch.gaps import Gaps
from netguard.watch.looks import Looks, Verdict
from netguard.watch.site import Site
from probes.arp.frames import craft
from probes.heard import ArpClaim, RouterAdvert
from probes.records import Gap, Interface
from tests.segment import Segment, address, mac, repeating, request

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROUTER, ROGUE = mac(2), mac(9)
CONFIG = """
store = "sqlite:///{folder}/netguard.db"

[snmp.lab]
version = "2c"
read = "public"

[[device]]
name = "edge2"
address = "192.0.2.2"
role = "router"
snmp = "lab"

[[segment]]
name = "web"
networks = ["198.51.100.0/24", "2001:db8::/64"]
gateways = ["198.51.100.1", {{ address = "fe80::1", macs = ["00:00:5e:00:53:01"] }}]
interface = "eth1"
routers = ["edge2"]
"""


class Noting:
    """Looks that look at nothing: what is to be kept stands open until it is said to be over."""

    def __init__(self) -> None:
        self.open: tuple[Finding, ...] = ()
        self.ended: list[str] = []
        self.quick: list[str] = []

    async def keep(self, found: Sequence[Finding]) -> None:
        self.open += tuple(found)

    async def gateways_of(self, _segment: Declared) -> None:
        self.quick.append("begun")
        await asyncio.sleep(0.05)
        self.quick.append("ended")

    async def over(self, identifiers: Collection[str]) -> None:
        self.ended += identifiers
        self.open = tuple(f for f in self.open if f.id not in identifiers)


class Place:
    """Ears on a segment, at a time that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.now = BEGIN
        self.looks = Noting()
        self.said: list[Event] = []
        path = folder / "netguard.toml"
        path.write_text(CONFIG.format(folder=folder))
        self.config: Config = load(path)
        self.site = Site(self.config, lambda: self.now)
        (self.segment,) = self.config.inventory.segments
        self.ears = self.listening_anew()

    def listening_anew(self) -> Ears:
        return Ears(self.segment, self.site, cast("Looks", self.looks), Gaps(self.said.append))

    def reload(self) -> None:
        """Go on with the same configuration, as a SIGHUP has it."""
        self.site = Site(self.config, lambda: self.now, self.site)
        self.ears.stand_on(self.segment, self.site, cast("Looks", self.looks))

    def read(self, *interfaces: str) -> None:
        """Take in that edge2 was read, and has these MACs; none: it did not answer."""
        ports = tuple(
            Interface(if_index=i, name=f"e{i}", descr="", phys_address=each)
            for i, each in enumerate(interfaces)
        )
        (device,) = self.config.inventory.devices
        view = DeviceView(device=device, seen=self.now, interfaces=ports)
        self.site.saw(
            msgspec.structs.replace(self.site.view(), devices={"edge2": view}), fresh=True
        )
        self.ears.learn()

    def advertises(self, station: str) -> None:
        """Let a station say that it is a router."""
        router = IPv6Address("fe80::" + station[-2:])
        self.ears._hear(
            RouterAdvert(
                interface="eth1",
                router=router,
                sender_hw=station,
                frame_source=station,
                lifetime=1800,
                prefixes=(),
                seen=self.now,
            )
        )
        self.tell()

    def tell(self) -> list[str]:
        """Let the ears tell what only they know, and return who is accused of what stands open."""
        asyncio.run(self.ears.alone.tell())
        return [claimant.mac for finding in self.looks.open for claimant in finding.claimants]


def test_nobody_is_a_rogue_router_before_the_routers_were_read(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.advertises(ROUTER)
    place.advertises(ROGUE)
    assert place.tell() == []
    place.read()  # in vain
    assert place.tell() == []
    place.read(ROUTER)
    assert place.tell() == [ROGUE]


def test_that_routers_are_not_judged_is_a_gap_once_one_advertises_itself(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.read("00:00:5e:00:53:07")
    place.ears.alone._routers = None  # another one of the segment has not been read yet
    place.advertises(ROGUE)
    assert list(place.ears.alone.unjudged()) == []  # it may be about to be
    place.ears.alone.attended = 60
    (gap,) = place.ears.alone.unjudged()
    assert (gap.subject, gap.kind) == ("web", "routers-unread")
    place.read(ROUTER)
    assert list(place.ears.alone.unjudged()) == []


def test_a_router_that_cannot_be_read_any_more_is_one_still(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.read(ROUTER)
    place.read()
    place.advertises(ROUTER)
    assert place.tell() == []
    place.advertises(ROGUE)
    assert place.tell() == [ROGUE]


def test_a_reload_before_the_devices_are_read_again_ends_and_begins_nothing(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    place.read(ROUTER)
    place.advertises(ROGUE)
    place.reload()
    place.advertises(ROUTER)
    assert place.tell() == [ROGUE]
    assert place.looks.ended == []


def test_a_reload_keeps_what_was_heard_of_a_gateway_that_its_router_has_pinned(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    gateway = IPv4Address("198.51.100.1")
    pin = Identity(macs=frozenset({mac(1)}), source="snmp", seen=BEGIN, detail="")
    place.site.remembers(Memory(url=place.config.store, identities={("web", gateway): pin}))
    place.ears.learn()
    for _ in range(5):
        place.now += timedelta(seconds=1)
        place.ears._hear(
            ArpClaim(
                interface="eth1",
                sender_ip=gateway,
                sender_hw=ROGUE,
                frame_source=ROGUE,
                kind="announcement",
                seen=place.now,
            )
        )
    (found,) = place.ears.alone.ear.findings(place.now)
    place.reload()
    assert [f.state for f in place.ears.alone.ear.findings(place.now)] == ["open"]
    assert found.kind == "gateway-hijack"


def test_a_rogue_router_of_an_earlier_process_is_over_once_it_would_have_been_heard(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    place.read(ROUTER)
    place.advertises(ROGUE)
    place.ears = place.listening_anew()
    place.ears.learn()
    place.ears.alone.attended = int(ROUTERS_REST) - 1
    assert place.tell() == [ROGUE]
    place.ears.alone.attended += 1
    assert place.tell() == []
    assert len(place.looks.ended) == 1


def test_a_rogue_router_is_not_over_where_nobody_knows_the_routers(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.read(ROUTER)
    place.advertises(ROGUE)
    place.site = Site(place.config, lambda: place.now)  # a new process, and edge2 does not answer
    place.ears = place.listening_anew()
    place.read()
    place.ears.alone.attended = int(ROUTERS_REST)
    assert place.tell() == [ROGUE]
    assert place.looks.ended == []


def test_a_rogue_router_that_swung_is_over_when_it_was_held_for_long_enough(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)
    place.read(ROUTER)
    place.advertises(ROGUE)
    (finding,) = place.looks.open
    place.looks.open = (msgspec.structs.replace(finding, flaps=1, quiet_since=BEGIN),)
    place.ears = place.listening_anew()
    place.ears.learn()
    place.ears.alone.attended = int(ROUTERS_REST)
    place.now += timedelta(minutes=1)
    assert place.tell() == [ROGUE]
    place.now += timedelta(minutes=2)
    assert place.tell() == []


def test_however_often_a_gateway_is_taken_one_quick_look_at_a_time_is_taken(
    tmp_path: Path,
) -> None:
    place = Place(tmp_path)

    async def look() -> None:
        looking = asyncio.ensure_future(place.ears._look_at_gateways())
        for _ in range(20):
            place.ears._taken.set()
            await asyncio.sleep(0.01)
        looking.cancel()
        await asyncio.wait([looking])

    asyncio.run(look())
    assert place.looks.quick[:4] == ["begun", "ended"] * 2


def test_an_interface_without_a_carrier_holds_nothing_up(tmp_path: Path) -> None:
    place = Place(tmp_path)
    ticks = 0

    async def listen() -> int:
        nonlocal ticks
        listening = asyncio.ensure_future(place.ears._listen("eth1"))
        while not place.said:
            ticks += 1
            await asyncio.sleep(0.01)
        listening.cancel()
        await asyncio.wait([listening])
        return ticks

    with Segment() as segment:
        here = segment.prober()
        with segment.ip(segment.switch) as ip:
            ip.link("set", index=ip.link_lookup(ifname="port1")[0], state="down")
        with namespaces.entered(here):
            assert asyncio.run(listen()) > 10
    (event,) = place.said
    assert event.gap is not None
    assert "no carrier" in event.gap.detail


def test_a_card_that_is_taken_away_and_put_back_is_listened_to_again(tmp_path: Path) -> None:
    place = Place(tmp_path)

    def replug(segment: Segment, here: int) -> None:
        with segment.ip(here) as ip:
            ip.link("del", index=ip.link_lookup(ifname="eth1")[0])
        segment.card(here, mac(0x50), "198.51.100.250", name="eth1")

    async def until(done: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not done():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)

    async def listen(segment: Segment, here: int) -> None:
        listening = asyncio.ensure_future(place.ears._listen("eth1"))
        await until(lambda: place.ears.counters.frames > 0)
        heard = place.ears.counters
        await asyncio.to_thread(replug, segment, here)
        await until(lambda: place.ears.counters is not heard and place.ears.counters.frames > 0)
        listening.cancel()
        await asyncio.wait([listening])

    frame = craft(request(mac(3), address(3), address(4)))
    with Segment() as segment:
        here, other = segment.prober(), segment.host(3, 3)
        with namespaces.entered(here), repeating(other, [frame]):
            asyncio.run(listen(segment, here))


# --- who claims a gateway and answers nobody


class Unanswered(Noting):
    """Looks whose questions take two seconds, and that find what the test sets."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.found: tuple[Finding, ...] = ()
        self.gaps: tuple[Gap, ...] = ()

    async def ask(self, segment: Declared, _doubts: object, _hurry: object) -> Verdict:
        self.place.now += timedelta(seconds=2)
        return Verdict(self.found, SegmentView(segment=segment, gaps=self.gaps), unclear=False)


GATEWAY = IPv4Address("198.51.100.1")


@pytest.fixture
def taken(tmp_path: Path) -> Place:
    """A place whose gateway is pinned, and where nobody answers questions about it."""
    place = Place(tmp_path)
    pin = Identity(macs=frozenset({mac(1)}), source="snmp", seen=BEGIN, detail="")
    place.site.remembers(Memory(url=place.config.store, identities={("web", GATEWAY): pin}))
    place.looks = Unanswered(place)
    place.ears = place.listening_anew()
    place.ears.learn()
    return place


def claims(place: Place, *after: float, station: str = ROGUE) -> list[str]:
    """Let a stranger claim the gateway after so many seconds each, be asked, and be told of."""
    for seconds in after:
        place.now += timedelta(seconds=seconds)
        claim = ArpClaim(
            interface="eth1",
            sender_ip=GATEWAY,
            sender_hw=station,
            frame_source=station,
            kind="announcement",
            seen=place.now,
        )
        place.ears._hear(claim)
        asked = place.ears.doubts.take(1, urgent=True)
        asyncio.run(place.ears._ask_patiently(asked))
    return place.tell()


@pytest.mark.parametrize("every", [4, 10, 60, 300])
def test_who_claims_a_gateway_now_and_then_and_answers_nobody_is_told(
    taken: Place, every: float
) -> None:
    assert claims(taken, 0) == []
    assert claims(taken, every) == [ROGUE]


def test_who_claimed_a_gateway_once_is_forgiven_in_time(taken: Place) -> None:
    assert claims(taken, 0) == []
    assert claims(taken, 1200) == []


def test_a_claim_before_the_question_is_no_proof_after_it(taken: Place) -> None:
    """A trouble that is mended leaves its last claims behind."""
    looks = cast("Unanswered", taken.looks)
    assert claims(taken, 0) == []
    looks.found = (gateway_taken(taken),)
    assert claims(taken, 4) == []  # it answers: that is told by who asked
    looks.found = ()
    assert claims(taken, 4) == []


def test_a_trouble_does_not_end_because_nobody_listened_or_the_clock_moved(taken: Place) -> None:
    taken.ears.alone.attended = 500
    claims(taken, 0)
    assert claims(taken, 10) == [ROGUE]
    taken.now += timedelta(hours=1)
    taken.ears.alone.attended = 1  # the interface is back
    assert taken.tell() == [ROGUE]
    taken.ears.alone.attended = QUIET
    assert taken.tell() == [ROGUE]
    taken.ears.alone.attended += 1
    assert taken.tell() == []


def test_who_joins_in_taking_a_gateway_is_told_too(taken: Place) -> None:
    claims(taken, 0)
    assert claims(taken, 10) == [ROGUE]
    assert claims(taken, 2, 2, station=ROUTER)[-2:] == [ROUTER, ROGUE]
    assert set(taken.ears.alone.told) == {f"gateway-hijack/web/{GATEWAY}"}


def test_a_question_that_could_not_be_asked_was_not_asked_in_vain(taken: Place) -> None:
    looks = cast("Unanswered", taken.looks)
    looks.gaps = (Gap(subject="web", kind="no-carrier", detail="eth1: no carrier"),)
    assert claims(taken, 0, 10, 20) == []


def gateway_taken(place: Place) -> Finding:
    return Finding(
        id=f"gateway-hijack/web/{GATEWAY}",
        kind="gateway-hijack",
        severity="critical",
        first_seen=place.now,
        last_seen=place.now,
        segment="web",
        address=GATEWAY,
        summary="",
        advice="",
    )
