"""Numbers as Prometheus reads them: over HTTP, and in a file that is whole at every moment."""

import gzip
import http.client
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from ipaddress import ip_network
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

from netguard.errors import NetguardError
from netguard.findings import Kind
from netguard.inventory import Inventory, Segment
from netguard.metrics import FindingLabels, Numbers, Swept, from_store, render, serve, write
from netguard.store import Look, open_store
from netguard.watch.schedule import LATE
from probes.errors import LinkError
from probes.listen import Counters
from probes.records import Gap
from tests.remembering import START, at, binding, finding, sweep_record

LOOPBACK = "127.0.0.1"
PATIENCE = 60.0
FULL = Numbers(
    version="1.2.3",
    store_up=False,
    findings={FindingLabels("web-226", "gateway-hijack", "critical", "open"): 2},
    swept={"web-226": Swept(ended=START, duration=2.4, gaps=1)},
    counts={"addresses_probed": 126, "addresses_answered": 40, "devices_read": 3},
    opened={"gateway-hijack": 5, "mac-flapping": 0},
    heard={"web-226": Counters(frames=1000, claims=70, malformed=4, dropped=3, echoes=2)},
    notices={"duplicate-address": 6, "mac-moved": 7},
    received={"lines": 19, "countable": 2},
    checks=8,
    alerts_told=9,
    alert_failures=10,
    ports_closed={"done": 11, "refused": 12},
    spooled_looks=13,
    late={"segments": 14},
)
SEGMENT = Segment(name="web-226", networks=(ip_network("198.51.100.0/25"),), switches=("cat1",))
INVENTORY = Inventory(segments=(SEGMENT, Segment(name="web-227", networks=())))
ADDRESS = re.compile(
    r"\d{1,3}(\.\d{1,3}){3}|([0-9a-f]{1,4}:){2,}|::|([0-9a-f]{2}[:-]){5}|([0-9a-f]{4}\.){2}",
    re.IGNORECASE,
)

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: bytes) -> Samples:
    """Return every sample by name and labels; none may be there twice."""
    found = [
        ((s.name, frozenset(s.labels.items())), s.value)
        for family in prometheus(text.decode())
        for s in family.samples
    ]
    assert len(dict(found)) == len(found)
    return dict(found)


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return f"netguard_{name}", frozenset(labels.items())


def test_every_number_is_shown_under_its_name() -> None:
    web = {"segment": "web-226"}
    assert samples(render(FULL)) == {
        key("build_info", version="1.2.3"): 1,
        key("store_up"): 0,
        key("findings", kind="gateway-hijack", severity="critical", state="open", **web): 2,
        key("sweep_last_timestamp_seconds", **web): START.timestamp(),
        key("sweep_duration_seconds", **web): 2.4,
        key("sweep_gaps", **web): 1,
        key("addresses_probed"): 126,
        key("addresses_answered"): 40,
        key("devices_read"): 3,
        key("findings_opened_total", kind="gateway-hijack"): 5,
        key("findings_opened_total", kind="mac-flapping"): 0,
        key("frames_total", **web): 1000,
        key("claims_total", **web): 70,
        key("frames_malformed_total", **web): 4,
        key("frames_dropped_total", **web): 3,
        key("frames_repeated_total", **web): 2,
        key("notices_total", kind="duplicate-address"): 6,
        key("notices_total", kind="mac-moved"): 7,
        key("received_total", what="lines"): 19,
        key("received_total", what="countable"): 2,
        key("checks_total"): 8,
        key("alerts_told_total"): 9,
        key("alert_failures_total"): 10,
        key("ports_closed_total", outcome="done"): 11,
        key("ports_closed_total", outcome="refused"): 12,
        key("spooled_looks"): 13,
        key("schedule_late_total", task="segments"): 14,
    }


def test_every_field_is_shown_so_none_is_forgotten() -> None:
    nothing = samples(render(Numbers(version="1.2.3")))
    for field in msgspec.structs.fields(Numbers):
        alone = msgspec.structs.replace(
            Numbers(version="1.2.3"), **{field.name: getattr(FULL, field.name)}
        )
        assert field.name == "version" or samples(render(alone)).keys() > nothing.keys(), field.name


def test_what_nobody_counts_is_not_shown_as_nothing() -> None:
    (only,) = samples(render(Numbers()))
    assert only[0] == "netguard_build_info"


def test_the_names_follow_the_conventions() -> None:
    for family in prometheus(render(FULL).decode()):
        assert family.name.startswith("netguard_")
        assert family.type in {"gauge", "counter"}
        assert family.documentation.endswith(".")
        assert not family.name.endswith(("_ms", "_count", "_sum", "_bucket"))
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter")


def test_what_is_late_is_said_as_it_is_counted() -> None:
    (family,) = (f for f in prometheus(render(FULL).decode()) if f.name == "netguard_schedule_late")
    assert family.documentation == f"Runs that took longer than {LATE} of their intervals."


def test_any_text_in_a_label_comes_back_as_it_was() -> None:
    odd = 'a"b\\c\nd{e="f"} 1 Zürich \N{SNOWMAN}'
    shown = samples(render(Numbers(swept={odd: Swept(ended=START, duration=1, gaps=0)})))
    assert shown[key("sweep_gaps", segment=odd)] == 0


GAP = Gap(subject="cat1", kind="snmp-timeout", detail="192.0.2.11 does not answer")


def test_the_store_s_numbers_hold_no_address_and_nobody_s_name(tmp_path: Path) -> None:
    conflict = finding(
        "2001:db8::9", kind="address-conflict", severity="warning", segment=None, server="ds0007"
    )
    with open_store(f"sqlite:///{tmp_path}/netguard.db") as store:
        record = sweep_record(gaps=(GAP,))
        everything = (finding(), finding("198.51.100.2"), finding("198.51.100.3"), conflict)
        look = Look(now=at(0), findings=everything, sweep=record, bindings=(binding(),))
        store.keep(look, covered=lambda _: True)
        store.acknowledge(everything[1].id, who="mara", note="", now=at(0))
        store.close(everything[2].id, who="mara", note="", now=at(0))
        sweeps = store.last_sweeps(["web-226", "web-227"])
        text = render(from_store(INVENTORY, store.findings(), sweeps))
    shown = samples(text)
    hijack = {"kind": "gateway-hijack", "severity": "critical", "segment": "web-226"}
    assert shown[key("findings", state="open", **hijack)] == 1
    assert shown[key("findings", state="acknowledged", **hijack)] == 1
    labels = {"kind": "address-conflict", "severity": "warning", "segment": "", "state": "open"}
    assert shown[key("findings", **labels)] == 1
    assert sum(name == "netguard_findings" for name, _ in shown) == 3
    assert shown[key("sweep_gaps", segment="web-226")] == 1
    assert shown[key("sweep_last_timestamp_seconds", segment="web-226")] == pytest.approx(
        START.timestamp() + 2.4
    )
    assert shown[key("store_up")] == 1
    told = text.decode()
    assert not ADDRESS.search(told)
    assert not any(name in told for name in ("ds0142", "ds0007", "mara", "web-227"))


@pytest.mark.parametrize(
    "text", ["198.51.100.1", "2001:db8::1", "::1", "00:00:5e:00:53:20", "0000.5e00.5320"]
)
def test_the_search_for_addresses_finds_them(text: str) -> None:
    assert ADDRESS.search(f'netguard_findings{{who="{text}"}} 1.0')


def test_a_sweep_of_several_segments_is_counted_once() -> None:
    both = msgspec.structs.replace(sweep_record(), segments=("web-226", "web-227"))
    alone = msgspec.structs.replace(sweep_record(1), segments=("web-228",))
    known = {"web-226": both, "web-227": both, "web-228": alone}
    assert from_store(INVENTORY, (), known).counts["addresses_answered"] == 80


def get(port: int, host: str = LOOPBACK, **headers: str) -> tuple[int, bytes]:
    """Return the status and the body of an answer."""
    with closing(http.client.HTTPConnection(host, port, timeout=PATIENCE)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", "/metrics", headers=named)
        response = connection.getresponse()
        return response.status, response.read()


def body(port: int, host: str = LOOPBACK, **headers: str) -> bytes:
    status, content = get(port, host, **headers)
    assert status == 200
    return content


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """See that no test leaves a thread or a descriptor."""
    threads, files = set(threading.enumerate()), _files()
    yield
    assert set(threading.enumerate()) == threads
    assert _files() == files


def _files() -> set[str]:
    found = set()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - what is open, not what is there
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))  # noqa: PTH115 - same
        except FileNotFoundError:
            continue  # the one that listed them
    return {file for file in found if file.startswith("socket:")}


def test_the_numbers_of_the_moment_are_served() -> None:
    asked = iter(range(100))
    with serve(LOOPBACK, 0, lambda: Numbers(checks=next(asked))) as port:
        assert [samples(body(port))[key("checks_total")] for _ in range(3)] == [0, 1, 2]


def test_a_scraper_may_ask_for_openmetrics_and_for_gzip() -> None:
    with serve(LOOPBACK, 0, lambda: FULL) as port:
        accept = "application/openmetrics-text; version=1.0.0"
        text = body(port, Accept=accept).decode()
        packed = body(port, Accept_Encoding="gzip")
    names = {family.name for family in openmetrics(text)}  # type: ignore[no-untyped-call]
    assert names == {family.name for family in prometheus(render(FULL).decode())}
    assert gzip.decompress(packed) == render(FULL)


def test_it_serves_over_ipv6_too() -> None:
    try:
        with serve("::1", 0, lambda: FULL) as port:
            assert body(port, "::1") == render(FULL)
    except LinkError:
        pytest.skip("NOT TESTED: no IPv6 on the loopback here")


def test_the_port_is_free_again_at_once() -> None:
    with serve(LOOPBACK, 0, lambda: FULL) as port:
        body(port)
    with pytest.raises(ConnectionRefusedError):
        get(port)
    with serve(LOOPBACK, port, lambda: FULL) as again:
        assert again == port
        body(port)


def test_it_closes_when_its_owner_fails() -> None:
    with pytest.raises(ZeroDivisionError), serve(LOOPBACK, 0, lambda: FULL):
        raise ZeroDivisionError


def test_clients_that_say_nothing_hold_up_neither_others_nor_the_end() -> None:
    threads = set(threading.enumerate())
    with serve(LOOPBACK, 0, lambda: FULL) as port:
        silent = [socket.create_connection((LOOPBACK, port)) for _ in range(3)]
        silent[1].sendall(b"GET /metrics HTT")
        assert body(port) == render(FULL)
    assert set(threading.enumerate()) == threads
    for client in silent:
        client.settimeout(PATIENCE)
        assert client.recv(1) == b""
        client.close()


def test_a_crowd_is_turned_away_and_then_it_goes_on() -> None:
    with serve(LOOPBACK, 0, lambda: FULL) as port:
        crowd = [socket.create_connection((LOOPBACK, port)) for _ in range(16)]
        until(lambda: threading.active_count() >= 17)
        with pytest.raises((ConnectionError, http.client.BadStatusLine)):
            get(port)
        for client in crowd:
            client.close()
        until(lambda: threading.active_count() <= 3)
        assert body(port) == render(FULL)


def test_a_client_that_is_gone_before_its_answer_is_no_trouble(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with serve(LOOPBACK, 0, lambda: FULL) as port:
        for _ in range(5):
            with socket.create_connection((LOOPBACK, port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert body(port) == render(FULL)
    assert capfd.readouterr().err == ""


def test_a_source_that_fails_is_an_error_and_not_an_empty_page(
    capfd: pytest.CaptureFixture[str],
) -> None:
    broken = True

    def source() -> Numbers:
        if broken:
            raise ZeroDivisionError
        return FULL

    with serve(LOOPBACK, 0, source) as port:
        assert get(port)[0] == 500
        broken = False
        assert body(port) == render(FULL)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_port_that_is_taken_is_one_line_with_a_remedy() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LinkError, match=f"127.0.0.1 port {port}: cannot listen") as caught:
            serve(LOOPBACK, port, lambda: FULL).__enter__()
    assert "another port" in caught.value.remedy


@pytest.mark.parametrize("address", ["192.0.2.77", "2001:db8::77"])
def test_an_address_that_is_not_ours_is_one_line_with_a_remedy(address: str) -> None:
    with pytest.raises(LinkError, match="cannot listen") as caught:
        serve(address, 9477, lambda: FULL).__enter__()
    assert caught.value.remedy


def test_a_textfile_can_be_read_by_another_user(tmp_path: Path) -> None:
    path = tmp_path / "netguard.prom"
    before = os.umask(0o077)
    try:
        write(path, FULL)
    finally:
        os.umask(before)
    assert path.read_bytes() == render(FULL)
    assert path.stat().st_mode & 0o777 == 0o644
    assert [each.name for each in tmp_path.iterdir()] == ["netguard.prom"]


def test_a_reader_never_sees_half_a_textfile(tmp_path: Path) -> None:
    path = tmp_path / "netguard.prom"
    many = {
        FindingLabels(f"web-{n}", kind, "critical", "open"): n
        for n in range(300)
        for kind in get_args(Kind)
    }
    versions = [Numbers(version="1", findings=many), Numbers(version="2")]
    whole = {render(each) for each in versions}
    write(path, versions[0])
    done = threading.Event()
    seen: set[bytes] = set()

    def poll() -> None:
        while not done.is_set():
            seen.update(file.read_bytes() for file in tmp_path.glob("*.prom"))

    reader = threading.Thread(target=poll)
    reader.start()
    for turn in range(100):
        write(path, versions[turn % 2])
    until(lambda: seen == whole or not seen <= whole)
    done.set()
    reader.join()
    assert seen == whole


def test_a_textfile_that_cannot_be_written_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    for path in (tmp_path / "missing" / "netguard.prom", tmp_path):
        with pytest.raises(NetguardError, match="cannot be written") as caught:
            write(path, FULL)
        assert str(path) in caught.value.message
        assert "node_exporter" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_textfile_is_not_written_through_a_link(tmp_path: Path) -> None:
    target, path = tmp_path / "precious", tmp_path / "netguard.prom"
    target.write_text("precious")
    path.symlink_to(target)
    write(path, FULL)
    assert target.read_text() == "precious"
    assert path.read_bytes() == render(FULL)
