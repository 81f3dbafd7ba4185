"""Reports of every sort on a terminal and in a pipe: what stands where, and that it fits."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

import msgspec
import pytest

from netguard.cli.server_screen import picture, show_path, show_report
from netguard.cli.show import in_ranges
from netguard.findings import Evidence, Finding
from netguard.forwarding.records import (
    AddressReport,
    AddressState,
    BlockReport,
    Path,
    PathHop,
    ServerReport,
)
from netguard.inventory import Server, SwitchPort
from probes.records import Gap
from tests.netguard.cli.screens import drawn

NOW = datetime(2026, 11, 1, tzinfo=UTC)
SERVER = Server(
    name="ds0002",
    address=ip_address("198.51.100.22"),
    port=SwitchPort(device="cat1", port="Fa0/2"),
)
GATEWAY = Finding(
    id="forwarding-server/web-226/ds0002",
    kind="forwarding-server",
    severity="warning",
    first_seen=NOW,
    last_seen=NOW,
    segment="web-226",
    address=SERVER.address,
    server="ds0002",
    summary="It passes addresses on.",
    advice="netguard server check ds0002",
)


def address(
    number: int, state: AddressState, *, alive: bool = False, **seen_from: AddressState
) -> AddressReport:
    """Return 203.0.113.NUMBER as `here` and `segment` see it, if nothing else is said."""
    return AddressReport(
        address=ip_address(f"203.0.113.{number}"),
        state=state,
        alive=alive,
        rtt_ms=50.0 if alive else None,
        seen_from=seen_from or {"segment": state, "here": state},
        evidence=(Evidence(source="trace", seen=NOW, detail=f"here: because. {'hop ' * 40}"),),
    )


PLAIN = ServerReport(
    server="ds0002",
    address=SERVER.address,
    customer="C-20944",
    verdict="plain",
    summary="ds0002 (customer C-20944) passes nothing on.",
    advice="Nothing to do.",
    blocks=(),
    addresses=(),
    evidence=(Evidence(source="trace", seen=NOW, detail="a reason"),),
    overturned_by="another reason",
    vantages=("segment", "here"),
    disagreements=0,
    probes_sent=1,
    started=NOW,
    duration_s=1.0,
)


def report(*addresses: AddressReport, **more: object) -> ServerReport:
    return msgspec.structs.replace(PLAIN, addresses=addresses, **more)


Draw = Callable[..., list[str]]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Draw:
    def draw(
        one: ServerReport,
        *,
        columns: int = 80,
        whole: bool = False,
        asked_ports: bool = False,
        server: Server = SERVER,
    ) -> list[str]:
        return drawn(
            lambda: show_report(one, server, whole=whole, asked_ports=asked_ports),
            columns,
            monkeypatch,
        )

    return draw


def table(lines: Iterable[str], header: str) -> list[list[str]]:
    """Return the rows of the table whose header begins with a word, cell by cell."""
    inside: list[list[str]] = []
    for line in lines:
        if inside and not line:
            break
        if inside or line.startswith(f"{header} "):
            inside.append([cell.strip() for cell in line.split("  ") if cell])
    return inside


def test_addresses_of_one_kind_are_told_together(screen: Draw) -> None:
    behind = [address(n, "forwarded", alive=True) for n in (145, 146, 147, 150)]
    silent = [address(n, "silent") for n in (148, 149)]
    assert table(screen(report(*behind, *silent)), "STATE") == [
        ["STATE", "NUMBER", "ANSWER", "RTT", "SEEN FROM", "ADDRESSES"],
        ["forwarded", "4", "yes", "50.0 ms", "everywhere", "203.0.113.145-147, .150"],
        ["silent", "2", "no", "everywhere", "203.0.113.148-149"],
    ]


@pytest.mark.parametrize("columns", [72, 80, 100])
def test_many_addresses_that_alternate_take_a_few_whole_lines(screen: Draw, columns: int) -> None:
    states: list[AddressState] = ["bound", "silent"]
    many = [address(n, states[n % 2], alive=n % 2 == 0) for n in range(64)]
    lines = screen(report(*many), columns=columns)
    assert [line for line in lines if len(line) > columns] == []
    assert len(lines) < 40
    text = " ".join(line.strip() for line in lines)
    assert all(f".{number}" in text for number in range(64))


def test_of_very_many_that_alternate_some_are_left_to_the_data(screen: Draw) -> None:
    many = [address(n, "bound", alive=True) for n in range(0, 256, 2)]
    assert "and 88 more" in " ".join(line.strip() for line in screen(report(*many)))


def test_where_only_some_places_see_it_they_are_named(screen: Draw) -> None:
    behind = [
        address(1, "looped", here="silent", segment="looped"),
        address(2, "looped", here="looped", segment="looped"),
    ]
    assert table(screen(report(*behind)), "STATE")[1] == [
        *("looped", "2", "no", "segment", "203.0.113.1-2")
    ]


def test_a_disagreement_is_spelled_out_and_counted(screen: Draw) -> None:
    odd = address(1, "elsewhere", alive=True, here="bound", segment="elsewhere")
    lines = screen(report(odd, address(2, "elsewhere", alive=True), disagreements=1))
    assert [row[-2:] for row in table(lines, "STATE")[1:]] == [
        ["everywhere", "203.0.113.2"],
        ["here: bound, segment: elsewhere", "203.0.113.1"],
    ]
    assert "  - 1 address looks different from different places" in lines
    assert "who else answers: netguard host locate 203.0.113.1" in lines


def test_who_passes_it_on_is_told_where_it_is_not_the_server_s_own_address(screen: Draw) -> None:
    own, other = (
        msgspec.structs.replace(address(n, "forwarded"), via=via)
        for n, via in ((1, "198.51.100.22"), (2, "203.0.113.2"))
    )
    assert "BY WAY OF" not in table(screen(report(own)), "STATE")[0]
    headers, row = table(screen(report(own, other)), "STATE")
    assert row[headers.index("BY WAY OF")] == "203.0.113.2"


def test_a_pipe_has_a_line_for_each_address_and_every_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    block = BlockReport(block=ip_network("203.0.113.0/30"), bound=1, silent=3, asked=4)
    one = report(address(1, "bound", alive=True), address(2, "silent"), blocks=(block,))
    show_report(one, SERVER, whole=False)
    told = capsys.readouterr().out.splitlines()
    assert "203.0.113.0/30\t1\t0\t0\t0\t3\t0" in told
    assert "203.0.113.1\tbound\tyes\t\t50.0 ms\there: bound, segment: bound" in told
    assert "203.0.113.2\tsilent\tno\t\t\there: silent, segment: silent" in told


def test_blocks_have_only_the_columns_that_say_something(screen: Draw) -> None:
    small = BlockReport(block=ip_network("203.0.113.0/30"), bound=1, silent=3, asked=4)
    large = BlockReport(block=ip_network("2001:db8::/64"), silent=128, asked=128, sampled=True)
    assert table(screen(report(address(1, "bound"), blocks=(small, large))), "BLOCK") == [
        ["BLOCK", "BOUND", "SILENT"],
        ["203.0.113.0/30", "1", "3"],
        ["2001:db8::/64 (128 asked)", "128"],
    ]


def test_a_server_without_blocks_has_no_tables(screen: Draw) -> None:
    lines = screen(PLAIN)
    assert table(lines, "BLOCK") == table(lines, "STATE") == []
    assert "  here, segment --> ds0002" in lines
    assert lines[-1] == "Nothing to do."


@pytest.mark.parametrize(("number", "told"), [(1, "1 gap"), (2, "2 gaps")])
def test_gaps_are_announced_right_after_the_verdict_and_told_on_stderr(
    screen: Draw, capsys: pytest.CaptureFixture[str], number: int, told: str
) -> None:
    gap = Gap(subject="cat1", kind="snmp-timeout", detail="no answer", remedy="Ask again.")
    lines = screen(report(gaps=(gap,) * number))
    assert lines[0] == "PLAIN  ds0002  198.51.100.22  cat1 Fa0/2"
    assert lines[2] == f"Not everything could be asked: {told}, told last."
    assert capsys.readouterr().err == "gap: cat1: no answer\n  Ask again.\n" * number


def test_a_gateway_has_its_port_and_its_finding_as_next_commands(screen: Draw) -> None:
    passed = address(1, "forwarded", alive=True)
    one = report(passed, verdict="gateway", findings=(GATEWAY,))
    assert screen(one)[-3:] == [
        "next: netguard port show cat1 Fa0/2",
        "if agreed: netguard findings ack forwarding-server/web-226/ds0002 --note TEXT",
        "every packet: netguard server check ds0002 -v",
    ]
    known = msgspec.structs.replace(GATEWAY, state="acknowledged", acknowledged_by="kim")
    assert "known: acknowledged by kim" in screen(
        report(passed, verdict="gateway", findings=(known,))
    )
    homeless = msgspec.structs.replace(SERVER, port=None)
    assert "next: netguard host locate 198.51.100.22" in screen(one, server=homeless)


def test_no_vpn_service_is_an_answer_only_where_it_was_asked_for(screen: Draw) -> None:
    told = "  - it answers for no VPN service that was asked for"
    assert told in screen(PLAIN, asked_ports=True)
    assert told not in screen(PLAIN)
    offers = Evidence(source="trace", seen=NOW, detail="it offers PPTP (tcp 1723)")
    assert told not in screen(report(evidence=(offers,)), asked_ports=True)


def test_what_a_place_heard_of_the_server_itself_is_for_who_wants_every_packet(
    screen: Draw,
) -> None:
    heard = Evidence(source="trace", seen=NOW, detail="here: the server itself: hop limit 1")
    one = report(address(1, "bound"), evidence=(*PLAIN.evidence, heard))
    assert not any("the server itself" in line for line in screen(one))
    whole = screen(one, whole=True)
    assert "  - here: the server itself: hop limit 1" in whole
    assert "203.0.113.1  bound" in whole
    assert [line for line in whole if len(line) > 80] == []


@pytest.mark.parametrize(
    ("addresses", "way"),
    [
        ((), "here, segment --> ds0002"),
        ((address(1, "bound"),), "here, segment --> ds0002  (1 address on it)"),
        (
            (address(1, "forwarded"),),
            "here, segment --> ds0002 ==> 1 address behind it (none answers)",
        ),
        (
            (address(1, "forwarded", alive=True), address(2, "forwarded")),
            "here, segment --> ds0002 ==> 2 addresses behind it (1 answers, 50.0 ms away)",
        ),
    ],
)
def test_the_way_is_drawn_in_one_line(addresses: tuple[AddressReport, ...], way: str) -> None:
    assert picture(report(*addresses)) == way


def test_a_server_that_could_be_asked_from_nowhere_says_so() -> None:
    assert picture(report(vantages=())) == "nobody --> ds0002"


def test_a_path_names_who_is_known_and_says_where_it_ends(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = PathHop(
        hop=1,
        said="time-exceeded",
        source=ip_address("198.51.100.1"),
        name="the gateway",
        rtt_ms=0.1,
    )
    silent = PathHop(hop=2, said="")
    target = ip_address("203.0.113.1")
    refused = PathHop(hop=3, said="unreachable", source=target)
    answer = PathHop(hop=3, said="echo-reply", source=target, rtt_ms=50.0)
    show_path(Path(address=target, method="icmp", arrived=True, hops=(first, silent, answer)))
    assert capsys.readouterr().out.splitlines() == [
        "",
        "The way to 203.0.113.1 (icmp)",
        "   1  198.51.100.1  the gateway  0.1 ms",
        "   2  *",
        "   3  203.0.113.1  50.0 ms  (answers)",
    ]
    show_path(Path(address=target, method="udp", arrived=False, hops=(first, refused)))
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "   3  203.0.113.1  (unreachable)",
        "  It does not arrive: nobody answers further on.",
    ]


@pytest.mark.parametrize(
    ("addresses", "told"),
    [
        ("", ""),
        ("192.0.2.8", "192.0.2.8"),
        ("192.0.2.9 192.0.2.8", "192.0.2.8-9"),
        ("192.0.2.8 192.0.2.9 192.0.2.14 198.51.100.1", "192.0.2.8-9, .14, 198.51.100.1"),
        ("192.0.2.255 192.0.3.0 192.0.3.2", "192.0.2.255-192.0.3.0, .2"),
        ("198.51.100.31 203.0.113.128", "198.51.100.31, 203.0.113.128"),
        ("2001:db8::1 2001:db8::2 2001:db8::9", "2001:db8::1-2001:db8::2, 2001:db8::9"),
        ("255.255.255.255 ::1:0:0", "255.255.255.255, ::1:0:0"),
    ],
)
def test_addresses_in_a_row_are_a_range(addresses: str, told: str) -> None:
    assert in_ranges(map(ip_address, addresses.split())) == told
