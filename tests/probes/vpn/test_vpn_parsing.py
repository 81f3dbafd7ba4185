from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.vpn import https, ike, l2tp, openvpn, pptp
from probes.vpn.sockets import printable
from tests.probes.vpn import answers

SPI = b"\x11\x22\x33\x44\x55\x66\x77\x88"
TUNNEL = 4711

Parser = Callable[[bytes], object]


def read_pptp(octets: bytes) -> object:
    return pptp.parse(octets)


def read_l2tp(octets: bytes) -> object:
    return l2tp.parse(octets, tunnel=TUNNEL)


def read_ike(octets: bytes) -> object:
    return ike.parse(octets, spi=SPI)


def read_openvpn(octets: bytes) -> object:
    return openvpn.parse(octets, session=SPI)


def read_sstp(octets: bytes) -> object:
    return https.parse_sstp(https.parse_head(octets))


PARSERS: dict[Parser, tuple[bytes, ...]] = {
    read_pptp: (answers.start_reply(), answers.start_reply(4)),
    read_l2tp: (answers.sccrp(TUNNEL), answers.stop_ccn(TUNNEL), answers.l2tp_message(TUNNEL)),
    read_ike: (
        answers.ike_message(SPI),
        answers.ike_message(SPI, kind=33),
        answers.ike_v1_refusal(SPI),
        answers.ike_v1_acceptance(SPI),
    ),
    read_openvpn: (answers.server_reset(SPI),),
    read_sstp: (answers.SSTP,),
    https.parse_hello: (answers.HELLO,),
}
HONEST = [
    pytest.param(parser, answer, id=f"{getattr(parser, '__name__', '')}-{number}")
    for parser, own in PARSERS.items()
    for number, answer in enumerate(own)
]
ASKED = [
    pytest.param(read_pptp, pptp.start_request(), id="pptp"),
    pytest.param(read_l2tp, l2tp.start_request(TUNNEL), id="l2tp"),
    pytest.param(read_ike, ike.first_message_v2(SPI), id="ike 2"),
    pytest.param(read_ike, ike.first_message_v1(SPI), id="ike 1"),
    pytest.param(read_openvpn, openvpn.reset(SPI), id="openvpn"),
]


@pytest.mark.parametrize(("parser", "answer"), HONEST)
def test_an_honest_answer_is_taken(parser: Parser, answer: bytes) -> None:
    assert parser(answer) is not None


@pytest.mark.parametrize(("parser", "answer"), HONEST)
def test_an_answer_that_was_cut_off_is_not_taken(parser: Parser, answer: bytes) -> None:
    if parser is read_sstp:
        answer = answer.partition(b"Content-Length")[0]
    assert all(parser(answer[:length]) is None for length in range(min(len(answer), 12)))


@pytest.mark.parametrize(("parser", "question"), ASKED)
def test_our_own_question_is_no_answer(parser: Parser, question: bytes) -> None:
    assert parser(question) is None


@pytest.mark.parametrize("parser", PARSERS)
@given(octets=st.binary(max_size=400))
def test_garbage_is_read_without_an_error(parser: Parser, octets: bytes) -> None:
    parser(octets)


@pytest.mark.parametrize(("parser", "answer"), HONEST)
@given(data=st.data())
def test_a_spoilt_answer_is_read_without_an_error(
    parser: Parser, answer: bytes, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(answer)))
    end = data.draw(st.integers(start, len(answer)))
    parser(answer[:start] + data.draw(st.binary(max_size=80)) + answer[end:])


@given(octets=st.binary(max_size=400))
def test_what_a_server_says_of_itself_does_not_harm_a_terminal(octets: bytes) -> None:
    text = printable(octets)
    assert len(text) <= 64
    assert all(" " <= character <= "~" for character in text)


@pytest.mark.parametrize(
    ("parser", "answer"),
    [
        (read_l2tp, answers.sccrp(TUNNEL + 1)),
        (read_l2tp, answers.sccrp(TUNNEL, theirs=0)),
        (read_ike, answers.ike_message(SPI[::-1])),
        (read_openvpn, answers.server_reset(SPI[::-1])),
        (read_openvpn, answers.server_reset(SPI, theirs=SPI)),
    ],
    ids=["tunnel", "no tunnel", "ike", "openvpn", "own session"],
)
def test_an_answer_to_somebody_else_is_not_taken(parser: Parser, answer: bytes) -> None:
    assert parser(answer) is None


@pytest.mark.parametrize(
    "answer",
    [
        answers.ike_message(SPI, flags=0x08),
        answers.ike_message(SPI, flags=0x28),
        answers.ike_message(SPI, version=0x30),
        answers.ike_message(SPI, kind=43),
        answers.ike_message(SPI, kind=0),
        answers.ike_message(SPI) + b"\0",
        answers.ike_message(SPI, version=0x10, exchange=2, flags=0, kind=1),
    ],
    ids=["request", "initiator", "version 3", "vendor only", "empty", "too long", "no cookie"],
)
def test_what_is_not_quite_an_ike_answer_is_not_taken(answer: bytes) -> None:
    assert ike.parse(answer, spi=SPI) is None


@pytest.mark.parametrize("flags", [b"\xc0\x02", b"\xca\x02", b"\xc9\x02", b"\xc8\x03", b"\x48\x02"])
def test_what_is_no_control_message_of_version_2_is_not_l2tp(flags: bytes) -> None:
    assert read_l2tp(flags + answers.sccrp(TUNNEL)[2:]) is None


def test_an_unknown_notification_is_told_by_its_number() -> None:
    answer = answers.ike_message(SPI, body=b"\0\0\x2f\xff")
    assert ike.parse(answer, spi=SPI) == "IKEv2, notification 12287"


def test_questions_are_of_the_length_that_they_say() -> None:
    for question in (ike.first_message_v1(SPI), ike.first_message_v2(SPI)):
        assert int.from_bytes(question[24:28]) == len(question)
    assert int.from_bytes(l2tp.start_request(TUNNEL)[2:4]) == len(l2tp.start_request(TUNNEL))
    assert int.from_bytes(pptp.start_request()[:2]) == len(pptp.start_request()) == 156
    assert openvpn.framed(openvpn.reset(SPI))[:3] == b"\x00\x0e\x38"
