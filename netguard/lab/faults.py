"""Breaks the network by name, and mends exactly what was broken."""

import contextlib
import difflib

from netguard.errors import ConfigError, NetguardError
from netguard.lab.actions import announce_from_owner
from netguard.lab.scenarios import SCENARIOS, Scenario
from netguard.lab.wiring import Network


def find(name: str) -> Scenario:
    """Return a scenario by its name; a misspelt one is answered with the nearest."""
    if name in SCENARIOS:
        return SCENARIOS[name]
    near = difflib.get_close_matches(name, SCENARIOS, n=1)
    remedy = f"Did you mean {near[0]}?" if near else "`netguard lab break` lists the names."
    raise ConfigError(f"{name} is nothing that the lab knows", remedy=remedy)


class Faults:
    """What is broken now, in the order in which it was broken."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._broken: dict[str, Scenario] = {}

    @property
    def names(self) -> list[str]:
        """What is broken now."""
        return list(self._broken)

    def break_(self, name: str) -> None:
        """Do what the name stands for; once is enough. Done whole, or not at all."""
        scenario = find(name)
        if name in self._broken:
            return
        self._refuse_contradiction(scenario)
        with contextlib.ExitStack() as undoing:
            for action in scenario.actions:
                undoing.callback(action.undo, self._network)
                action.do(self._network)
            undoing.pop_all()
        self._broken[name] = scenario

    def _refuse_contradiction(self, scenario: Scenario) -> None:
        wanted = {action.subject for action in scenario.actions}
        for other in self._broken.values():
            if wanted & {action.subject for action in other.actions}:
                raise NetguardError(
                    f"{scenario.name} and {other.name} contradict each other",
                    remedy=f"First undo the other one: netguard lab mend {other.name}",
                )

    def mend(self, name: str | None = None) -> list[str]:
        """Undo one scenario, or all, newest first; return what was mended."""
        wanted = list(reversed(self._broken)) if name is None else [find(name).name]
        mended = [each for each in wanted if each in self._broken]
        for each in mended:
            self._undo(self._broken.pop(each))
        return mended

    def _undo(self, scenario: Scenario) -> None:
        for action in reversed(scenario.actions):
            action.undo(self._network)
        for action in scenario.actions:
            announce_from_owner(self._network, action)
