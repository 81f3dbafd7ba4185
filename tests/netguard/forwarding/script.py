"""A conversation about one address, written down: what comes back for which question.

`{"2": "exceeded by edge", "3": "echo", "64 large": "cut by server"}` reads: with hop limit 2 the
edge says time exceeded, with 3 the address answers, and a large packet is too large for the server.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

from netguard.forwarding.address import decide
from netguard.forwarding.known import Known
from netguard.forwarding.records import Judgement
from netguard.inventory import Server
from probes.records import HopReply, IPAddress, ReplyKind
from probes.trace.flow import Ask, Flow, Question
from tests.netguard.forwarding.world import EDGE_MAC, NEIGHBOUR_MAC, SERVER_MAC

TARGET = IPv4Address("203.0.113.7")
SERVER = Server(
    name="ds1", address=IPv4Address("198.51.100.20"), blocks=(IPv4Network("203.0.113.0/28"),)
)
WHO: dict[str, IPAddress] = {
    "edge": IPv4Address("192.0.2.40"),
    "core": IPv4Address("192.0.2.1"),
    "other": IPv4Address("192.0.2.77"),
    "inner": IPv4Address("10.8.0.2"),
    "server": SERVER.address,
    "target": TARGET,
}
_MACS = {"edge": EDGE_MAC, "neighbour": NEIGHBOUR_MAC}
_KINDS: dict[str, tuple[ReplyKind, int]] = {
    "echo": ("echo-reply", 0),
    "port": ("port-unreachable", 3),
    "exceeded": ("time-exceeded", 0),
    "cut": ("fragmentation-needed", 4),
    "redirect": ("redirect", 1),
    "no-route": ("unreachable", 0),
    "nobody": ("unreachable", 1),
    "prohibited": ("unreachable", 13),
}
MOST = 40


def known(**fields: object) -> Known:
    """Return what is known of a server three hops away, behind the edge."""
    told: dict[str, object] = {
        "server": SERVER,
        "edges": frozenset({WHO["edge"]}),
        "beside": frozenset({WHO["edge"]}),
        "macs": frozenset({SERVER_MAC}),
        "voices": frozenset({SERVER_MAC}),
        "distance": 3,
        "rtt": 0.0004,
        "pioneering": False,
    }
    return Known(**{**told, **fields})  # type: ignore[arg-type]


def on_segment(**fields: object) -> Known:
    """Return what is known of a server that frames go straight to."""
    return known(**{"on_segment": True, "distance": 1, "edges": frozenset(), **fields})


def reply(question: Question, words: str, target: IPAddress = TARGET) -> HopReply:
    """Return the reply that the words say; `in N ms` says how fast, `at WHO` from whose MAC."""
    first, *rest = words.split()
    said = dict(zip(rest[::2], rest[1::2], strict=False))
    kind, code = _KINDS[first]
    return HopReply(
        target=target,
        ttl=question.ttl,
        method=question.method,
        large=question.large,
        attempt=1,
        kind=kind,
        code=code,
        source=WHO[said.get("by", "target")],
        rtt=float(said.get("in", "0.4")) / 1000,
        mtu=1420 if first == "cut" else None,
        mac=_MACS.get(said.get("at", ""), SERVER_MAC),
    )


def question(words: str) -> Question:
    """Return the question that the words say: `3`, `3 udp`, `64 large`."""
    ttl, *make = words.split()
    return Question(int(ttl), "udp" if "udp" in make else "icmp", "large" in make)


def converse(said: Mapping[str, str], about: Known) -> tuple[Judgement, Flow]:
    """Ask what is to be asked, answer as is written down, and return what is decided at last."""
    answers = {question(words): answer for words, answer in said.items()}
    flow = Flow(TARGET, about.server.name)
    for _ in range(MOST):
        step = decide(flow, about)
        if isinstance(step, Judgement):
            return step, flow
        assert isinstance(step, Ask), step
        flow.ask(step.question).asked += 1
        for words in filter(None, answers.get(step.question, "").split("; ")):
            heard = reply(step.question, words)
            flow.take(heard)
            about.hear(heard)
    raise AssertionError(f"it never ends: {flow.hops}")


def state(said: Mapping[str, str], about: Known | None = None) -> str:
    """Return the state that is decided upon."""
    judgement, _ = converse(said, about or known())
    return judgement.state
