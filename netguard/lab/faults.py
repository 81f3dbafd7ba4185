"""Breaks the network by name, and mends exactly what was broken."""

import contextlib

from netguard.errors import NetguardError
from netguard.lab.actions import announce_from_owner
from netguard.lab.faces import port_name
from netguard.lab.scenarios import Scenario, find
from netguard.lab.topology import End
from netguard.lab.wiring import Network


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
        """Undo one scenario, or all and every closed port; return what was changed back."""
        wanted = list(reversed(self._broken)) if name is None else [find(name).name]
        mended = [each for each in wanted if each in self._broken]
        for each in mended:
            self._undo(self._broken.pop(each))
        return mended if name else [*mended, *self._open_ports()]

    def _open_ports(self) -> list[str]:
        """Take up the switch ports that somebody closed over SNMP."""
        closed = [
            End(host.name, link.name)
            for host in self._network.hosts.values()
            for link in self._network.look(host.name).links
            if link.name in host.bridged and not link.admin_up
        ]
        for end in closed:
            self._network.set_link(end, up=True)
        return [f"{end.host} {port_name(*end)}" for end in closed]

    def _undo(self, scenario: Scenario) -> None:
        for action in reversed(scenario.actions):
            action.undo(self._network)
        for action in scenario.actions:
            announce_from_owner(self._network, action)
