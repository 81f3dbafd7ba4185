import asyncio
import socket
import ssl
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address

import pytest

from probes.vpn import asking, ike, l2tp, pptp
from tests.probes.vpn import answers
from tests.probes.vpn.fakes import (
    Talk,
    echo,
    greets,
    never_ends,
    says,
    silence,
    silent,
    tcp,
    udp,
)
from tests.probes.vpn.place import Place, details, said

pytestmark = pytest.mark.packets

UDP_PORTS = (500, 1194, 1701, 4500)
TCP_PORTS = (443, 992, 1194, 1723, 5555)
SHORT = 0.3  # seconds, where nothing is to be heard


def test_a_machine_without_any_service_offers_no_vpn_and_that_is_no_gap(server: Place) -> None:
    table = server.ask()
    assert (table.rows, table.gaps) == ((), ())


def test_a_silent_server_is_asked_with_eight_datagrams_and_seven_connections(
    server: Place,
) -> None:
    heard: list[bytes] = []
    connections = [0]

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections[0] += 1
        await silent(reader, writer)

    table = server.ask(
        *(udp(port, silence, heard) for port in UDP_PORTS),
        *(tcp(port, count) for port in TCP_PORTS),
        timeout=1.0,
    )
    assert (table.rows, table.gaps) == ((), ())
    assert (len(heard), connections[0]) == (8, 7)


def test_one_port_has_never_more_than_one_connection(server: Place) -> None:
    open_now = [0]
    most = [0]

    async def count(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        open_now[0] += 1
        most[0] = max(most[0], open_now[0])
        await reader.read()
        open_now[0] -= 1

    server.ask(tcp(443, count), timeout=SHORT)
    assert most[0] == 1


def test_an_echo_is_no_vpn(server: Place) -> None:
    async def echoing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            writer.write(data)

    table = server.ask(
        *(udp(port, echo) for port in UDP_PORTS),
        *(tcp(port, echoing) for port in TCP_PORTS),
        timeout=SHORT,
    )
    assert table.rows == ()


@pytest.mark.parametrize(
    "talk",
    [
        greets(b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n"),
        greets(b""),
        says(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"),
        says(b"\xff" * 200),
        never_ends,
    ],
    ids=["ssh", "nothing", "http", "garbage", "endless"],
)
def test_another_service_on_the_port_is_no_vpn(server: Place, talk: Talk) -> None:
    table = server.ask(*(tcp(port, talk) for port in TCP_PORTS), timeout=SHORT)
    assert (table.rows, table.gaps) == ((), ())


def test_a_connection_that_is_reset_at_once_is_no_vpn(server: Place) -> None:
    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = writer.get_extra_info("socket")
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    table = server.ask(*(tcp(port, reset) for port in TCP_PORTS))
    assert (table.rows, table.gaps) == ((), ())


@pytest.mark.parametrize(
    "talk",
    [
        says(answers.web(b"<h1>It works</h1>")),
        says(answers.web(b"hello", kind=b"application/octet-stream")),
        says(answers.web(b"", status=b"405 Method Not Allowed")),
        says(answers.web(answers.HELLO, status=b"403 Forbidden")),
        says(answers.SSTP.replace(b"200", b"401")),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 99_999),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000),
        says(b"\r\n\r\n"),
        silent,
        never_ends,
    ],
    ids=[
        *("page", "octets", "no such method", "hello forbidden", "endless forbidden"),
        *("large", "negative length", "endless field", "empty", "silent", "endless"),
    ],
)
def test_a_web_server_with_tls_is_neither_sstp_nor_softether(
    server: Place, tls: ssl.SSLContext, talk: Talk
) -> None:
    table = server.ask(*(tcp(port, talk, tls) for port in (443, 992, 5555)), timeout=0.5)
    assert (table.rows, table.gaps) == ((), ())


def test_sstp_is_known_by_its_endless_answer(server: Place, tls: ssl.SSLContext) -> None:
    table = server.ask(tcp(443, says(answers.SSTP), tls))
    assert details(table) == {("sstp", 443): "Microsoft-HTTPAPI/2.0"}


def test_a_server_with_nothing_but_old_tls_is_heard(server: Place, tls: ssl.SSLContext) -> None:
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        tls.minimum_version = tls.maximum_version = ssl.TLSVersion.TLSv1
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    table = server.ask(tcp(443, says(answers.SSTP), tls))
    assert said(table) == {("sstp", "tcp", 443)}


def test_softether_is_known_by_its_hello(server: Place, tls: ssl.SSLContext) -> None:
    hello = says(answers.web(answers.HELLO))
    table = server.ask(*(tcp(port, hello, tls) for port in (443, 992, 5555)))
    assert details(table) == {("softether", p): "SoftEther VPN Server" for p in (443, 992, 5555)}


def test_no_more_is_asked_of_a_web_server_than_one_request_each(
    server: Place, tls: ssl.SSLContext
) -> None:
    requests: list[bytes] = []

    async def note(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        requests.append(await reader.read())

    server.ask(tcp(443, note, tls), timeout=1.0)
    assert [request.split(b" ")[0] for request in requests] == [b"SSTP_DUPLEX_POST", b"POST"]
    assert all(b"Host: 127.0.0.1\r\n" in request for request in requests)
    assert not any(b"authorization" in request.lower() for request in requests)


def test_a_pptp_control_connection_is_stopped_before_it_is_closed(server: Place) -> None:
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readexactly(156))
        writer.write(answers.start_reply())
        requests.append(await reader.read())

    table = server.ask(tcp(1723, talk))
    assert details(table) == {("pptp", 1723): "acme gate"}
    assert requests == [pptp.start_request(), pptp.stop_request()]


def test_a_pptp_server_that_declines_is_one_and_has_nothing_to_stop(server: Place) -> None:
    requests: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readexactly(156))
        writer.write(answers.start_reply(result=4))
        requests.append(await reader.read())

    table = server.ask(tcp(1723, talk))
    assert details(table) == {("pptp", 1723): "refused, result 4 acme gate"}
    assert requests[1] == b""


def test_an_answer_is_kept_though_the_farewell_is_ignored(server: Place) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(156)
        writer.write(answers.start_reply())
        await asyncio.sleep(60)

    assert said(server.ask(tcp(1723, talk))) == {("pptp", "tcp", 1723)}


def test_an_l2tp_tunnel_is_stopped_by_the_servers_own_number(server: Place) -> None:
    heard: list[bytes] = []

    def answer(request: bytes) -> Iterable[bytes]:
        started = len(heard) == 1
        return [answers.sccrp(answers.tunnel_of(request), theirs=77)] if started else []

    table = server.ask(udp(1701, answer, heard))
    assert details(table) == {("l2tp", 1701): "gate"}
    assert heard[1:] == [l2tp.stop_request(answers.tunnel_of(heard[0]), 77)]


def test_an_l2tp_server_may_acknowledge_first_and_answer_then(server: Place) -> None:
    heard: list[bytes] = []

    def answer(request: bytes) -> Iterable[bytes]:
        if len(heard) > 1:
            return ()
        tunnel = answers.tunnel_of(request)
        return answers.l2tp_message(tunnel), answers.sccrp(tunnel)

    table = server.ask(udp(1701, answer, heard), timeout=1.0)
    assert details(table) == {("l2tp", 1701): "gate"}
    assert len(heard) == 2


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (answers.l2tp_message, "acknowledged only"),
        (answers.stop_ccn, "StopCCN, result 4"),
    ],
)
def test_an_l2tp_server_that_declines_or_only_acknowledges_is_one(
    server: Place, answer: type, detail: str
) -> None:
    table = server.ask(udp(1701, lambda asked: [answer(answers.tunnel_of(asked))]), timeout=1.0)
    assert details(table) == {("l2tp", 1701): detail}


def test_the_repeat_finds_who_did_not_hear_the_first_question(server: Place) -> None:
    heard: list[bytes] = []

    def answer(request: bytes) -> Iterable[bytes]:
        return [answers.stop_ccn(answers.tunnel_of(request))] if len(heard) == 2 else []

    assert said(server.ask(udp(1701, answer, heard), timeout=1.0)) == {("l2tp", "udp", 1701)}
    assert heard[0] == heard[1]


@pytest.mark.parametrize("make", [answers.ike_v1_refusal, answers.ike_v1_acceptance])
def test_who_speaks_ike_of_version_1_only_is_found_by_the_second_question(
    server: Place, make: type
) -> None:
    def answer(question: bytes) -> Iterable[bytes]:
        return [make(question[:8])] if answers.is_version_1(question) else []

    table = server.ask(udp(500, answer), timeout=1.0)
    assert said(table) == {("ike", "udp", 500)}
    assert details(table)["ike", 500].startswith("IKEv1, ")


def test_ike_on_the_port_for_nat_has_a_marker_in_front(server: Place) -> None:
    def with_marker(question: bytes) -> Iterable[bytes]:
        assert question.startswith(ike.NON_ESP)
        return [ike.NON_ESP + answers.ike_message(question[4:12])]

    def without(question: bytes) -> Iterable[bytes]:
        return [answers.ike_message(question[4:12])]

    assert said(server.ask(udp(4500, with_marker))) == {("ike", "udp", 4500)}
    assert said(server.ask(udp(4500, without), timeout=SHORT)) == set()


def test_the_right_answer_is_found_among_wrong_ones(server: Place) -> None:
    def answer(question: bytes) -> Iterable[bytes]:
        return (
            b"",
            b"\x00",
            question,
            answers.ike_message(bytes(8)),
            answers.ike_message(question[:8]),
        )

    assert said(server.ask(udp(500, answer))) == {("ike", "udp", 500)}


def test_a_flood_of_wrong_answers_holds_nothing_up(server: Place) -> None:
    table = server.ask(
        *(udp(port, lambda asked: [asked] * 500) for port in UDP_PORTS), timeout=SHORT
    )
    assert (table.rows, table.gaps) == ((), ())


def test_a_filtered_port_is_not_asked_more_than_once(server: Place) -> None:
    server.run("nft", "add table ip t; add chain ip t i { type filter hook input priority 0; }")
    server.run("nft", "add rule ip t i tcp dport 443 tcp flags syn counter drop")
    table = server.ask(timeout=SHORT)
    assert (table.rows, table.gaps) == ((), ())
    assert "counter packets 1 " in server.run("nft", "list chain ip t i")


def test_what_comes_after_a_flood_of_wrong_answers_is_not_read(server: Place) -> None:
    def answer(question: bytes) -> Iterable[bytes]:
        return [question] * 100 + [answers.ike_message(question[:8])]

    assert said(server.ask(udp(500, answer), timeout=SHORT)) == set()


@pytest.mark.parametrize(("count", "each"), [(1, 3.0), (2, 3.0), (3, 2.0), (4, 1.5)])
def test_the_questions_of_one_port_share_its_time(count: int, each: float) -> None:
    waits: list[float] = []

    async def ask(_address: object, _port: int, wait: float) -> None:
        waits.append(wait)

    questions = (asking.Question("sstp", "tcp", 443, ask),) * count
    asyncio.run(asking._port(IPv4Address("192.0.2.1"), questions, 3.0))
    assert waits == [each] * count
