"""`netguard findings` as a person and a program meet it."""

import json
import pwd
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from netguard.cli import run
from netguard.cli.findings import resolve
from netguard.errors import Exit
from netguard.findings import Finding
from netguard.store import Look, open_store
from probes.records import Gap
from tests.remembering import at, finding, remember, sweep_record

HIJACK = finding()
SQUATTER = finding("198.51.100.9", severity="warning", segment="web-227")
OVER = finding("198.51.100.77")
# DESIGN section 6: keys may be added, none renamed
PINNED = {
    "id": str,
    "kind": str,
    "severity": str,
    "state": str,
    "first_seen": str,
    "last_seen": str,
    "segment": str,
    "address": str,
    "server": str,
    "claimants": list,
    "evidence": list,
    "summary": str,
    "advice": str,
}

Netguard = Callable[..., tuple[int, str, str]]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "store" / "netguard.db"


@pytest.fixture
def netguard(tmp_path: Path, database: Path, capfd: pytest.CaptureFixture[str]) -> Netguard:
    """Return what runs a command line over this configuration: code, stdout, stderr."""
    config = tmp_path / "netguard.toml"
    config.write_text(f'store = "sqlite:///{database}"\n')

    def findings(*words: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(["findings", *words, "--config", str(config)])
        return code, *capfd.readouterr()

    return findings


@pytest.fixture
def known(database: Path) -> None:
    """Put two open findings and one that is over into the store."""
    with open_store(f"sqlite:///{database}") as store:
        remember(store, [HIJACK, SQUATTER, OVER])
        remember(store, [HIJACK, SQUATTER], minute=1)


def ids(out: str) -> list[str]:
    return [line.split("\t")[1] for line in out.splitlines()]


@pytest.mark.usefixtures("known")
def test_the_list_holds_what_is_not_over_the_gravest_first(netguard: Netguard) -> None:
    code, out, err = netguard("list")
    assert code == Exit.DONE
    assert out.splitlines()[0].split("\t") == [
        "critical",
        "gateway-hijack/web-226/198.51.100.1",
        "open",
        "ds0142 on cat1 Fa0/3",
        "2026-03-01T04:00:00Z",
        "2026-03-01T04:00:00Z",
    ]
    assert ids(out) == [HIJACK.id, SQUATTER.id]
    assert "2 findings; last sweep 2026-03-01T04:01:00Z, complete" in err


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (["--all"], [HIJACK.id, OVER.id, SQUATTER.id]),
        (["--state", "resolved"], [OVER.id]),
        (["--state", "resolved", "--state", "open"], [HIJACK.id, OVER.id, SQUATTER.id]),
        (["--state", "acknowledged"], []),
        (["--segment", "web-227"], [SQUATTER.id]),
    ],
)
def test_the_list_can_be_narrowed_and_widened(
    netguard: Netguard, words: list[str], listed: list[str]
) -> None:
    assert ids(netguard("list", *words)[1]) == listed


@pytest.mark.usefixtures("known")
def test_all_states_and_some_states_exclude_each_other(netguard: Netguard) -> None:
    assert netguard("list", "--all", "--state", "open")[0] == Exit.USAGE


def test_an_empty_list_says_what_it_is_worth(netguard: Netguard, database: Path) -> None:
    gap = Gap(subject="cat1", kind="no-answer", detail="no answer")
    with open_store(f"sqlite:///{database}") as store:
        store.keep(Look(now=at(0), sweep=sweep_record(gaps=(gap,))), covered=lambda _: True)
    code, out, err = netguard("list")
    assert (code, out) == (Exit.DONE, "")
    assert "0 findings; last sweep 2026-03-01T04:00:00Z, with gaps: 1" in err


def test_a_store_that_no_sweep_has_made_is_no_empty_list(netguard: Netguard) -> None:
    code, out, err = netguard("list")
    assert (code, out) == (Exit.FAILED, "")
    assert "does not exist: nothing has been swept yet" in err
    assert "`netguard sweep` makes it" in err


def test_a_damaged_store_is_one_clear_line(netguard: Netguard, database: Path) -> None:
    database.parent.mkdir()
    database.write_bytes(b"garbage" * 1000)
    code, out, err = netguard("list")
    assert (code, out) == (Exit.FAILED, "")
    assert f"netguard: store {database}: the file is damaged" in err


@pytest.mark.usefixtures("known")
def test_json_is_a_list_of_findings_with_the_promised_keys(netguard: Netguard) -> None:
    code, out, _ = netguard("list", "--json")
    assert code == Exit.DONE
    (hijack, _) = json.loads(out)
    assert {key: type(hijack[key]) for key in PINNED} == PINNED
    assert hijack["first_seen"] == "2026-03-01T04:00:00.250000Z"
    thief = hijack["claimants"][1]
    assert thief.keys() == {"mac", "vendor", "role", "server", "location"}
    assert thief["location"].keys() == {"device", "port", "if_index", "vlan", "seen"}
    assert hijack["evidence"][0].keys() == {"source", "seen", "detail"}


@pytest.mark.usefixtures("known")
def test_one_finding_is_shown_whole(netguard: Netguard) -> None:
    code, out, _ = netguard("show", HIJACK.id)
    assert code == Exit.DONE
    for word in (
        HIJACK.summary,
        "impostor",
        "00:00:5e:00:53:20",
        "cat1 Fa0/3",
        "rightful",
        "arp-sweep",
        "both answered",
        "opened",
        "next: netguard port show cat1 Fa0/3",
    ):
        assert word in out


@pytest.mark.usefixtures("known")
def test_one_finding_as_json_has_its_history(netguard: Netguard) -> None:
    shown = json.loads(netguard("show", "198.51.100.77", "--json")[1])
    assert shown["id"] == OVER.id
    assert [event["happening"] for event in shown["history"]] == ["opened", "resolved"]


@pytest.mark.usefixtures("known")
def test_an_acknowledged_finding_stays_listed_with_who_and_why(netguard: Netguard) -> None:
    code, out, _ = netguard("ack", HIJACK.id, "--note", "calling the customer")
    assert code == Exit.DONE
    assert out == f"acknowledged {HIJACK.id}: it stays listed, and opens again if it worsens\n"
    assert "\tacknowledged\t" in netguard("list")[1]
    shown = netguard("show", HIJACK.id)[1]
    assert "calling the customer" in shown


@pytest.mark.usefixtures("known")
def test_a_closed_finding_leaves_the_list_and_says_that_it_may_come_back(
    netguard: Netguard,
) -> None:
    code, out, _ = netguard("close", "198.51.100.1", "--note", "cable pulled")
    assert code == Exit.DONE
    assert out == f"closed {HIJACK.id}: it reopens if it is seen again\n"
    assert ids(netguard("list")[1]) == [SQUATTER.id]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("verb", ["ack", "close"])
def test_what_is_over_is_refused_and_unchanged(netguard: Netguard, verb: str) -> None:
    code, _, err = netguard(verb, OVER.id)
    assert code == Exit.REFUSED
    assert "resolved already; nothing was changed" in err


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("uid", "sudo_user", "who"), [(0, "mara", "mara"), (0, None, "root"), (1000, "mara", "own")]
)
def test_the_person_behind_sudo_is_written_down_and_not_root(
    netguard: Netguard,
    monkeypatch: pytest.MonkeyPatch,
    uid: int,
    sudo_user: str | None,
    who: str,
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.setattr("os.getuid", lambda: uid)
    own = pwd.struct_passwd(("root" if uid == 0 else "own", "x", uid, uid, "", "/", "/bin/sh"))
    monkeypatch.setattr("pwd.getpwuid", lambda _: own)
    if sudo_user:
        monkeypatch.setenv("SUDO_USER", sudo_user)
    else:
        monkeypatch.delenv("SUDO_USER", raising=False)
    acknowledged = json.loads(netguard("ack", HIJACK.id, "--json")[1])
    assert acknowledged["acknowledged_by"] == who


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("gateway-hijak/web-226/198.51.100.1", f"Did you mean '{HIJACK.id}'?"),
        ("gateway-hijack", "could be any of: "),
        ("198.51.100", "there is no finding '198.51.100'"),
        ("", "there is no finding ''"),
    ],
)
def test_an_id_that_names_none_or_several_changes_nothing(
    netguard: Netguard, given: str, told: str
) -> None:
    code, _, err = netguard("close", given)
    assert code == Exit.USAGE
    assert told in err
    assert ids(netguard("list")[1]) == [HIJACK.id, SQUATTER.id]


ONE = finding("198.51.100.1")
TEN = finding("198.51.100.10")


@pytest.mark.parametrize(
    ("given", "known", "named"),
    [
        ("198.51.100.1", [ONE, TEN], ONE),
        (ONE.id, [ONE, TEN], ONE),
        ("web-226/198.51.100.10", [ONE, TEN], TEN),
        ("gateway-hijack/web-226", [TEN], TEN),
        ("gateway-hijack", [msgspec.structs.replace(ONE, state="resolved"), TEN], TEN),
        ("198.51.100.1", [msgspec.structs.replace(ONE, state="resolved")], ONE),
    ],
)
def test_a_shortened_id_names_whole_parts_and_what_is_alive_first(
    given: str, known: list[Finding], named: Finding
) -> None:
    assert resolve(given, known).id == named.id


def test_help_does_without_a_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "netguard.store", None)
    assert run(["findings", "list", "--help"]) == Exit.DONE
