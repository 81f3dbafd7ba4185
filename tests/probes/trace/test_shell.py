import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from netguard.lab import namespaces
from probes.errors import ProbeError
from probes.records import HopReply, IPAddress, Method, Probe
from probes.trace.shell import ShellWire
from tests import hops

pytestmark = pytest.mark.packets

Said = tuple[str, str]

BUSYBOX_PING = 'exec busybox ping "$@"'
BUSYBOX_TRACEROUTE = 'exec busybox traceroute "$@"'
NONE = 'echo "sh: 1: $0: not found" >&2; exit 127'
# The real ping, which here is too old for `-M probe`, as if it were newer.
NEW_PING = """\
for word; do
    shift
    [ "$word" = probe ] && word=do
    set -- "$@" "$word"
done
exec /usr/bin/ping "$@"
"""
OLD_PING = """\
case "$*" in *" -e "*) echo "ping: invalid option -- 'e'" >&2; exit 2 ;; esac
exec /usr/bin/ping "$@"
"""
# A BSD's ping knows -m and no -M; what it prints is put together from what iputils does.
BSD_PING = """\
case "$*" in *-M*|*-t*) echo "ping: invalid option -- M" >&2; exit 64 ;; esac
[ "$1 $2 $3 $4" = "-n -c1 -W1000 -m" ] || exit 64
/usr/bin/ping -n -c1 -W1 -t "$5" "$6" |
    sed -e "s/^From \\([^ ]*\\) icmp_seq=1/36 bytes from \\1:/"
"""


@pytest.fixture(scope="module")
def way() -> Iterator[hops.Way]:
    with hops.way() as made:
        yield made


@pytest.fixture
def far_side(tmp_path: Path) -> Callable[..., Callable[[str], Awaitable[str]]]:
    """Return a function that makes a `run`, on a host that has some tools of its own."""

    def make(**tools: str) -> Callable[[str], Awaitable[str]]:
        for name, text in tools.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / name).chmod(0o755)
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

        async def run(script: str) -> str:
            pipe = asyncio.subprocess.PIPE
            shell = await asyncio.create_subprocess_exec("sh", stdin=pipe, stdout=pipe, env=environ)
            try:
                return (await shell.communicate(script.encode()))[0].decode()
            finally:
                if shell.returncode is None:
                    shell.kill()
                    await shell.communicate()

        return run

    return make


FarSide = Callable[..., Callable[[str], Awaitable[str]]]


async def answers(wire: ShellWire, probes: Sequence[Probe], *, most: int) -> list[HopReply]:
    """Return all that comes back, which must not be more than is expected."""
    await wire.send(probes)
    replies: list[HopReply] = []
    while len(replies) < most:
        some = await wire.receive(30)
        assert some
        replies += some
    return replies


def asked(
    run: Callable[[str], Awaitable[str]], way: hops.Way, probes: Sequence[Probe], *, most: int
) -> list[HopReply]:
    """Enter a wire on the near host, and ask."""

    async def scenario() -> list[HopReply]:
        async with ShellWire("osaka", run) as wire:
            return await answers(wire, probes, most=most)

    with namespaces.entered(way.near):
        return asyncio.run(scenario())


def unasked(
    run: Callable[[str], Awaitable[str]], way: hops.Way, probes: Sequence[Probe], *, most: int = 0
) -> dict[IPAddress, str]:
    """Enter a wire on the near host, and return what could not be asked."""

    async def scenario() -> dict[IPAddress, str]:
        async with ShellWire("osaka", run) as wire:
            await answers(wire, probes, most=most)
            await wire.receive(0.2)
        return wire.unroutable

    with namespaces.entered(way.near):
        return asyncio.run(scenario())


def kinds(replies: Sequence[HopReply]) -> dict[tuple[IPAddress, int], Said]:
    return {(r.target, r.ttl): (r.kind, str(r.source)) for r in replies}


def probes(*targets: IPAddress, ttls: Collection[int] = (1, 2, 3)) -> list[Probe]:
    return [Probe(target=target, ttl=ttl) for target in targets for ttl in ttls]


def on_the_way(target: IPAddress, *sources: IPAddress) -> dict[tuple[IPAddress, int], Said]:
    """Return what is to be seen at hop limits 1 and 2, and at 3, where the end is."""
    return {
        **{(target, n): ("time-exceeded", str(s)) for n, s in enumerate(sources, 1)},
        (target, 3): ("echo-reply", str(target)),
    }


HERE = on_the_way(hops.FAR, hops.FIRST, hops.SECOND)
HERE6 = on_the_way(hops.FAR6, hops.FIRST6, hops.SECOND6)


@pytest.mark.parametrize(
    "tools",
    [
        {},
        {"ping": NEW_PING},
        {"ping": OLD_PING},
        {"ping": NONE},
    ],
    ids=["iputils", "iputils of today", "iputils of yesterday", "traceroute"],
)
def test_every_hop_is_told_as_it_is(
    way: hops.Way, far_side: FarSide, tools: dict[str, str]
) -> None:
    replies = asked(far_side(**tools), way, probes(hops.FAR, hops.FAR6), most=6)
    assert kinds(replies) == {**HERE, **HERE6}


def test_a_bsd_is_asked_in_its_own_words(way: hops.Way, far_side: FarSide) -> None:
    run = far_side(ping=BSD_PING, traceroute=NONE)
    assert kinds(asked(run, way, probes(hops.FAR), most=3)) == HERE


def test_the_ping_of_busybox_tells_at_least_of_echo_replies(
    way: hops.Way, far_side: FarSide
) -> None:
    run = far_side(ping=BUSYBOX_PING, traceroute=NONE)
    replies = asked(run, way, probes(hops.FAR), most=1)
    assert kinds(replies) == {(hops.FAR, 3): ("echo-reply", str(hops.FAR))}


@pytest.mark.parametrize("ping", [BUSYBOX_PING, BSD_PING], ids=["busybox", "bsd"])
def test_ipv6_is_not_asked_where_the_hop_limit_would_not_be_kept(
    way: hops.Way, far_side: FarSide, ping: str
) -> None:
    run = far_side(ping=ping, traceroute=NONE)
    assert unasked(run, way, [Probe(target=hops.FAR6, ttl=3)]) == {
        hops.FAR6: "no tool there can ask it by icmp"
    }


def test_a_method_that_nothing_there_has_is_not_asked(way: hops.Way, far_side: FarSide) -> None:
    tcp = [Probe(target=hops.FAR, ttl=3, method="tcp")]
    assert unasked(far_side(), way, tcp) == {hops.FAR: "no tool there can ask it by tcp"}


@pytest.mark.parametrize(
    "tools",
    [
        {"traceroute": NONE},
        {"ping": NEW_PING, "traceroute": NONE},
        {"ping": OLD_PING, "traceroute": NONE},
        {"ping": NONE},
    ],
    ids=["iputils", "iputils of today", "iputils of yesterday", "traceroute"],
)
def test_a_large_question_names_the_narrow_place(far_side: FarSide, tools: dict[str, str]) -> None:
    large = [Probe(target=t, ttl=9, large=True) for t in (hops.FAR, hops.FAR6)]
    with hops.way() as new:  # where no kernel remembers the narrow place yet
        replies = asked(far_side(**tools), new, large, most=2)
    assert {(r.kind, r.source, r.mtu, r.large) for r in replies} == {
        ("fragmentation-needed", hops.SECOND, hops.MTU, True),
        ("fragmentation-needed", hops.SECOND6, hops.MTU, True),
    }


def test_a_second_large_question_is_answered_too_where_traceroute_can_ask_it(
    way: hops.Way, far_side: FarSide
) -> None:
    large = [Probe(target=hops.FAR, ttl=9, large=True)]
    for _ in range(2):
        (reply,) = asked(far_side(), way, large, most=1)
        assert (reply.source, reply.mtu) == (hops.SECOND, hops.MTU)


def test_what_is_forbidden_on_the_way_is_told(way: hops.Way, far_side: FarSide) -> None:
    replies = asked(far_side(), way, probes(hops.FORBIDDEN, hops.FORBIDDEN6, ttls=[9]), most=2)
    assert {(r.kind, r.code, r.source) for r in replies} == {
        ("unreachable", 13, hops.FIRST),
        ("unreachable", 1, hops.FIRST6),
    }


def test_silence_is_no_answer_and_costs_the_others_nothing(
    way: hops.Way, far_side: FarSide
) -> None:
    async def scenario() -> None:
        async with ShellWire("osaka", far_side()) as wire:
            await wire.send(probes(hops.NOBODY, hops.FAR, ttls=[9]))
            assert [r.target for r in await wire.receive(30)] == [hops.FAR]
            assert await wire.receive(0) == []

    with namespaces.entered(way.near):
        asyncio.run(scenario())


def test_whole_batches_are_asked_one_after_the_other(way: hops.Way, far_side: FarSide) -> None:
    async def scenario() -> list[HopReply]:
        many = [Probe(target=hops.FAR, ttl=3, attempt=n % 16) for n in range(64)]
        async with ShellWire("osaka", far_side()) as wire:
            assert wire.batch == len(many)
            replies: list[HopReply] = []
            for _ in range(6):  # more than run at once
                await wire.send(many)
                replies += await wire.receive(0)
            while len(replies) < 6 * len(many):
                replies += await wire.receive(30)
            assert await wire.receive(0.2) == []
        return replies

    with namespaces.entered(way.near):
        replies = asyncio.run(scenario())
    assert {r.kind for r in replies} == {"echo-reply"}
    assert Counter(r.attempt for r in replies) == dict.fromkeys(range(16), 6 * 4)
    assert all(r.rtt is not None and 0 <= r.rtt < 1 and r.reply_ttl == 62 for r in replies)


@pytest.mark.parametrize("ping", ["", NONE], ids=["ping", "no ping"])
def test_udp_is_asked_where_there_is_a_traceroute(
    way: hops.Way, far_side: FarSide, ping: str
) -> None:
    run = far_side(**({"ping": ping} if ping else {}))
    udp = [Probe(target=hops.FAR, ttl=n, method="udp") for n in (2, 3)]
    replies = asked(run, way, udp, most=2)
    assert kinds(replies) == {
        (hops.FAR, 2): ("time-exceeded", str(hops.SECOND)),
        (hops.FAR, 3): ("port-unreachable", str(hops.FAR)),
    }


@pytest.mark.parametrize(
    ("tools", "methods", "patience"),
    [
        ({}, {"icmp", "udp"}, 2.5),
        ({"traceroute": NONE}, {"icmp"}, 1.5),
        ({"ping": NONE}, {"icmp", "udp"}, 2.5),
    ],
    ids=["both", "ping", "traceroute"],
)
def test_a_wire_says_what_it_can(
    way: hops.Way,
    far_side: FarSide,
    tools: dict[str, str],
    methods: set[Method],
    patience: float,
) -> None:
    async def scenario() -> ShellWire:
        async with ShellWire("osaka", far_side(**tools)) as wire:
            return wire

    with namespaces.entered(way.near):
        wire = asyncio.run(scenario())
    assert (set(wire.methods), wire.patience, wire.sources) == (methods, patience, ())


def test_a_traceroute_that_mistakes_others_replies_for_its_own_is_not_used(
    way: hops.Way, far_side: FarSide
) -> None:
    with pytest.raises(ProbeError) as refused:
        asked(far_side(ping=NONE, traceroute=BUSYBOX_TRACEROUTE), way, [], most=0)
    assert refused.value.kind == "no-tools"


def test_a_host_without_any_tool_is_told_what_to_install(way: hops.Way, far_side: FarSide) -> None:
    run = far_side(ping=NONE, traceroute=NONE)
    with pytest.raises(ProbeError) as refused:
        asked(run, way, [], most=0)
    gap = refused.value.gap()
    assert (gap.subject, gap.kind) == ("osaka", "no-tools")
    assert gap.detail.startswith("neither ping nor traceroute works there: sh: 1: ")
    assert "Install iputils-ping" in gap.remedy


def test_a_target_that_the_host_cannot_send_to_is_not_taken_for_silent(
    way: hops.Way, far_side: FarSide
) -> None:
    nowhere = IPv4Address("203.0.113.200")
    asked_both = probes(nowhere, hops.FAR, hops.FORBIDDEN, ttls=[9])
    assert unasked(far_side(), way._replace(near=way.second), asked_both, most=1) == {
        nowhere: "ping: connect: Network is unreachable",
        hops.FORBIDDEN: "ping: connect: Network is unreachable",
    }


def answering(first: str, then: Callable[[], Awaitable[str]]) -> Callable[[str], Awaitable[str]]:
    """Return a `run` that has the tools, and whatever then comes of the first script."""
    said = iter([first])

    async def run(script: str) -> str:  # noqa: ARG001 - what is asked decides nothing
        found = next(said, None)
        return await then() if found is None else found

    return run


WORKS = "0 64 bytes from 127.0.0.1: icmp_seq=1 ttl=64 time=0.1 ms\nend\n"


def test_a_failure_in_mid_run_is_raised_by_whatever_is_called_next() -> None:
    lost = ProbeError("osaka", "the connection was lost", kind="vantage-unreachable")

    async def lose() -> str:
        raise lost

    async def scenario() -> None:
        async with ShellWire("osaka", answering(WORKS, lose)) as wire:
            await wire.send(probes(hops.FAR))
            with pytest.raises(ProbeError, match="the connection was lost"):
                await wire.receive(30)
            with pytest.raises(ProbeError, match="the connection was lost"):
                await wire.send(probes(hops.FAR))

    asyncio.run(scenario())


def test_a_fault_of_any_other_kind_is_not_swallowed_either() -> None:
    async def stumble() -> str:
        raise RuntimeError("a fault")

    async def scenario() -> None:
        async with ShellWire("osaka", answering(WORKS, stumble)) as wire:
            await wire.send(probes(hops.FAR))
            with pytest.raises(RuntimeError, match="a fault"):
                await wire.receive(30)

    asyncio.run(scenario())


def test_what_is_still_running_is_called_off_at_the_end() -> None:
    ended = []

    async def hang() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("called off")
        return ""

    async def scenario() -> None:
        async with ShellWire("osaka", answering(WORKS, hang)) as wire:
            await wire.send(probes(hops.FAR))
            assert await wire.receive(0.01) == []

    asyncio.run(scenario())
    assert ended == ["called off"]


@pytest.mark.parametrize(
    "output",
    [
        "",
        "\0" * 5000,
        "1 64 bytes from 198.51.100.2: icmp_seq=1 ttl=62 time=0.1 ms",  # nobody's number
        "-1 64 bytes from 198.51.100.2: icmp_seq=1 ttl=62 time=0.1 ms",
        "0" * 9999 + " 64 bytes from 198.51.100.2: icmp_seq=1 ttl=62 time=0.1 ms",
        "64 bytes from 198.51.100.2: icmp_seq=1 ttl=62 time=0.1 ms",  # without a number
        "0 x\n" * 64 + "0 64 bytes from 198.51.100.2: icmp_seq=1 ttl=62 time=0.1 ms",
    ],
    ids=["nothing", "zeros", "foreign", "negative", "huge", "bare", "long-winded"],
)
def test_output_that_is_not_a_tool_s_is_no_answer(output: str) -> None:
    async def say() -> str:
        return f"{output}\nend\n"

    async def scenario() -> None:
        async with ShellWire("osaka", answering(WORKS, say)) as wire:
            await wire.send(probes(hops.FAR, ttls=[3]))
            assert await wire.receive(0.2) == []

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("", "what was asked to the end"),
        (
            "This account is currently not available.\n",
            "end: This account is currently not available.",
        ),
        ("0 64 bytes from 198.51.100.2: icmp_seq=1 ttl=62 time=0.1 ms\n", "time=0.1 ms"),
        ("x\n" * (1 << 18) + "end\n", "xxxx"),
    ],
    ids=["nothing", "no shell", "cut off", "endless"],
)
def test_a_script_that_was_cut_off_is_not_taken_for_silence(output: str, said: str) -> None:
    async def say() -> str:
        return output

    async def scenario() -> None:
        async with ShellWire("osaka", answering(WORKS, say)) as wire:
            await wire.send(probes(hops.FAR, ttls=[3]))
            with pytest.raises(ProbeError) as failed:
                await wire.receive(30)
        assert failed.value.kind == "vantage-unreachable"
        assert failed.value.detail.endswith(said)
        with pytest.raises(ProbeError, match="to the end"):
            await ShellWire("osaka", answering(output, say)).__aenter__()

    asyncio.run(scenario())


def test_nothing_of_an_address_is_read_by_the_shell(tmp_path: Path) -> None:
    scripts = []

    async def run(script: str) -> str:
        scripts.append(script)
        return WORKS

    async def scenario() -> None:
        target = IPv6Address(f"fe80::1%$(touch {tmp_path.name});`id`")
        async with ShellWire("osaka", run) as wire:
            await wire.send([Probe(target=target, ttl=3)])
            await wire.receive(0.2)

    asyncio.run(scenario())
    assert f" 'fe80::1%$(touch {tmp_path.name});`id`' " in scripts[1]
