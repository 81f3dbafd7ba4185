import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netguard.demo import ACTS, Act, healthy, judged

pytestmark = pytest.mark.packets


def test_the_demo_tells_a_program_what_was_done_and_what_was_found(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "netguard", "demo", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["right"] is True
    assert [step["scenario"] for step in told["steps"]] == [None, *(act.scenario for act in ACTS)]
    for step, act in zip(told["steps"][1:], ACTS, strict=True):
        (finding,) = step["report"]["findings"]
        assert finding["kind"] == act.kind
        assert len(finding["claimants"]) == 2
        assert step["named"] == f"{act.culprit} on {step['port']}"
    cured = told["cure"]
    assert (cured["report"]["device"], cured["report"]["port"]) == ("cat1", "Fa0/4")
    assert (cured["recovered"], cured["reopened"], cured["right"]) == (True, True, True)
    past = told["passage"]
    assert (past["report"]["verdict"], past["right"]) == ("vpn-gateway", True)
    assert len(past["behind"]) == 5
    assert past["named"] == past["behind"]
    assert list(tmp_path.iterdir()) == []


ACT = Act(scenario="gateway-hijack", story="", culprit="ds0004", kind="gateway-hijack")


def report(server: str, port: str) -> dict[str, object]:
    location = {"device": "cat1", "port": port}
    claimant = {"role": "impostor", "server": server, "location": location}
    return {"findings": [{"kind": "gateway-hijack", "claimants": [claimant]}], "gaps": []}


@pytest.mark.parametrize(
    ("server", "port", "right"),
    [("ds0004", "Fa0/4", True), ("ds0003", "Fa0/4", False), ("ds0004", "Fa0/3", False)],
)
def test_the_demo_knows_when_netguard_is_wrong(server: str, port: str, *, right: bool) -> None:
    assert judged(ACT, report(server, port), "cat1 Fa0/4").right is right


def test_a_finding_on_a_healthy_network_is_wrong_and_so_is_a_gap() -> None:
    assert healthy({"findings": [], "gaps": []}).right
    assert not healthy({"findings": [{}], "gaps": []}).right
    assert not healthy({"findings": [], "gaps": [{}]}).right
