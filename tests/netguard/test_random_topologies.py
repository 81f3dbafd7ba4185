"""In random true networks, with faults and lies, no port that may be closed is more than an end.

A sample of 600 networks runs by default. The whole, a minute or two:

    NETGUARD_TOPOLOGIES=2000 .venv/bin/python -m pytest -s tests/netguard/test_random_topologies.py

Two things are believed, so the networks keep to them: a device's `uplinks`, where it has any, are
complete, and no server's `port` in the inventory is an uplink.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netguard.guards import CLOSING
from netguard.inventory import SwitchPort
from netguard.shutdown import Plan, plan
from netguard.situation import Situation, stations
from tests.network_maker import FAULTS, Network, Recipe
from tests.network_reading import Reading, accusing

NETWORKS = int(os.environ.get("NETGUARD_TOPOLOGIES", "600"))

# What together has been a way round a guard, in small networks where little else protects.
PLOTS = [
    {"no-lldp", "aged"},
    {"no-lldp", "aged", "colluding"},
    {"no-lldp", "aged", "colluding", "borrowing", "flooding"},
    {"borrowing", "wrong-port", "poisoned"},
]
seeds = st.integers(0, 2**32)
seats = st.sampled_from(("in-band", "routed", "out-of-band"))
anything = st.builds(
    Recipe,
    seed=seeds,
    routers=st.integers(1, 2),
    switches=st.integers(1, 8),
    hosts=st.integers(1, 16),
    seat=seats,
    pin=st.sampled_from(("config", "virtual", "snmp", "remembered", "none")),
    managed=st.booleans(),
    listed=st.booleans(),
    faults=st.just(frozenset[str]()) | st.frozensets(st.sampled_from(FAULTS)),
)
plots = st.builds(
    Recipe,
    seed=seeds,
    switches=st.integers(2, 3),
    hosts=st.integers(2, 6),
    seat=seats,
    listed=st.just(value=False),
    faults=st.sampled_from([frozenset(plot) for plot in PLOTS]),
)


def ports(network: Network) -> Iterator[SwitchPort]:
    for switch in network.switches:
        yield from (SwitchPort(switch, name) for name in network.ports[switch])


def meaning(reading: Reading, s: Situation) -> Situation:
    """Return the situation with somebody meant, or nobody: there or not, accused or not."""
    random = reading.random
    known = sorted({mac for macs in reading.network.macs.values() for mac in macs})
    here = random.choice(stations(s) or known)
    match random.choice(("nobody", "somebody", "anybody", "accused")):
        case "somebody":
            s = msgspec.structs.replace(s, target=here)
        case "anybody":
            s = msgspec.structs.replace(s, target=random.choice(known))
        case "accused":
            s = accusing(s, here)
    return msgspec.structs.replace(s, automatic=s.finding is not None and random.random() < 0.5)


def is_well_known(network: Network) -> bool:
    """Tell whether nothing is wrong and nothing missing: read, linked, pinned."""
    recipe = network.recipe
    return not recipe.faults and recipe.managed and recipe.pin != "none"


def judged(network: Network, tally: Counter[str]) -> None:
    """Hold the guards' word on every port of the network against the truth."""
    reading = Reading(network)
    tally["networks"] += 1
    for port in ports(network):
        alone = reading.situation(port)
        truth = network.why_not(port, alone.settings.max_stations)
        for s in (alone, meaning(reading, alone)):
            decided = plan(s)
            count(decided, tally)
            assert decided.refused_by or not truth, f"{port}: {truth}"
            assert {*decided.refused_by} <= {*CLOSING}
            assert all(v.reason for v in decided.verdicts if v.guard in decided.refused_by)
        if not truth and stations(alone) and is_well_known(network):
            tally["well-known access ports"] += 1
            tally["of these allowed"] += not plan(alone).refused_by


def count(decided: Plan, tally: Counter[str]) -> None:
    tally["ports judged"] += 1
    tally["allowed"] += not decided.refused_by
    tally.update(f"refused by {name}" for name in decided.refused_by)


@pytest.mark.slow
def test_no_port_that_may_be_closed_is_anything_but_an_access_port_to_few_stations() -> None:
    tally = Counter[str]()

    @settings(max_examples=NETWORKS, deadline=None, derandomize=True, database=None)
    @given(anything | plots)
    def every_network(recipe: Recipe) -> None:
        judged(Network(recipe), tally)

    every_network()
    sys.stdout.write("".join(f"\n{number:8} {what}" for what, number in tally.most_common()))
    assert tally["of these allowed"] > 0.3 * tally["well-known access ports"] > 0
    assert all(tally[f"refused by {name}"] for name in CLOSING if name not in UNDISTURBED)


# The networks are nobody's to freeze or to write to, and their history is empty.
UNDISTURBED = {"already-down", "protected", "no-write-credential", "per-hour", "frozen", "policy"}
UNDISTURBED |= {"too-few-sightings", "already-handled"}
