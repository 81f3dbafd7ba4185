"""The single things that people do to a network, each with its exact undoing."""

from abc import abstractmethod
from collections import deque
from typing import TYPE_CHECKING, Literal

import msgspec

from netguard.lab import frames
from netguard.lab.topology import End

if TYPE_CHECKING:
    from netguard.lab.wiring import Network


_PROBES = 3  # RFC 5227's PROBE_NUM


class Action(msgspec.Struct, frozen=True):
    """Something done at one interface. Two actions with the same `subject` contradict."""

    at: End

    @property
    def subject(self) -> tuple[str, ...]:
        """What of the network is changed."""
        return (type(self).__name__, *self.at)

    @abstractmethod
    def do(self, network: "Network") -> None:
        """Do it."""

    @abstractmethod
    def undo(self, network: "Network") -> None:
        """Put back what was there before."""


class Scenario(msgspec.Struct, frozen=True):
    """One name for `netguard lab break`, one line for a person, and what is done in order."""

    name: str
    kind: Literal["trouble", "look-alike"]
    line: str
    actions: tuple[Action, ...]


class TakeAddress(Action, frozen=True):
    """An interface is given an address such as `198.51.100.22/25`."""

    address: str

    @property
    def subject(self) -> tuple[str, ...]:
        """The address on that interface."""
        return ("address", *self.at, self.address)

    def do(self, network: "Network") -> None:
        """Add it."""
        network.add_address(self.at, self.address)

    def undo(self, network: "Network") -> None:
        """Delete it."""
        network.delete_address(self.at, self.address)


class GiveUpAddress(Action, frozen=True):
    """An interface loses an address that it has."""

    address: str

    @property
    def subject(self) -> tuple[str, ...]:
        """The address on that interface."""
        return ("address", *self.at, self.address)

    def do(self, network: "Network") -> None:
        """Delete it."""
        network.delete_address(self.at, self.address)

    def undo(self, network: "Network") -> None:
        """Add it again."""
        network.add_address(self.at, self.address)


class Announce(Action, frozen=True):
    """A host announces an address as its own, twice, in both common forms."""

    address: str

    @property
    def subject(self) -> tuple[str, ...]:
        """Nothing is changed by saying so."""
        return ("announcement", *self.at, self.address)

    def do(self, network: "Network") -> None:
        """Send the announcements."""
        announce(network, self.at, self.address)

    def undo(self, network: "Network") -> None:
        """Do nothing: only the owner's own announcement takes it back."""


class Probe(Action, frozen=True):
    """A host asks whether an address is free before it takes it (RFC 5227, section 2.1.1)."""

    address: str

    @property
    def subject(self) -> tuple[str, ...]:
        """Nothing is changed by asking."""
        return ("probe", *self.at, self.address)

    def do(self, network: "Network") -> None:
        """Send the probes, without the pauses between them."""
        frame = frames.probe(network.link(self.at).mac, self.address)
        for _ in range(_PROBES):
            network.send(self.at, frame)

    def undo(self, network: "Network") -> None:
        """Do nothing."""


class Reboot(Action, frozen=True):
    """A host goes down; undone, it comes up again and announces its address."""

    address: str

    @property
    def subject(self) -> tuple[str, ...]:
        """The interface's state."""
        return ("link", *self.at)

    def do(self, network: "Network") -> None:
        """Take its link down."""
        network.set_link(self.at, up=False)

    def undo(self, network: "Network") -> None:
        """Let it come up."""
        network.set_link(self.at, up=True)
        announce(network, self.at, self.address)


class SetLink(Action, frozen=True):
    """An interface is taken up, or down."""

    up: bool

    @property
    def subject(self) -> tuple[str, ...]:
        """The interface's state."""
        return ("link", *self.at)

    def do(self, network: "Network") -> None:
        """Take it there."""
        network.set_link(self.at, up=self.up)

    def undo(self, network: "Network") -> None:
        """Take it back."""
        network.set_link(self.at, up=not self.up)


class ReplaceCard(Action, frozen=True):
    """A network card is replaced: the MAC changes, the addresses stay, and they are announced."""

    mac: str
    before: str
    address: str

    @property
    def subject(self) -> tuple[str, ...]:
        """The interface's MAC."""
        return ("mac", *self.at)

    def do(self, network: "Network") -> None:
        """Change the MAC, and say so."""
        network.set_mac(self.at, self.mac)
        announce(network, self.at, self.address)

    def undo(self, network: "Network") -> None:
        """Put the old card back."""
        network.set_mac(self.at, self.before)


class SetSysctl(Action, frozen=True):
    """A kernel setting of the host is changed."""

    key: str
    value: str
    before: str

    @property
    def subject(self) -> tuple[str, ...]:
        """The setting."""
        return ("sysctl", self.at.host, self.key)

    def do(self, network: "Network") -> None:
        """Write the new value."""
        network.set_sysctl(self.at.host, self.key, self.value)

    def undo(self, network: "Network") -> None:
        """Write the old value."""
        network.set_sysctl(self.at.host, self.key, self.before)


class RouteOnLink(Action, frozen=True):
    """A network is said to be directly reachable on an interface."""

    destination: str

    @property
    def subject(self) -> tuple[str, ...]:
        """The route."""
        return ("route", self.at.host, self.destination)

    def do(self, network: "Network") -> None:
        """Add the route."""
        network.add_route(self.at, self.destination)

    def undo(self, network: "Network") -> None:
        """Delete it."""
        network.delete_route(self.at, self.destination)


class KeepProbing(Action, frozen=True):
    """A host sends ARP Probes for addresses again and again, as for DAD or device tracking."""

    targets: tuple[str, ...]

    def do(self, network: "Network") -> None:
        """Start."""
        mac = network.link(self.at).mac
        network.repeated[self.at] = [frames.probe(mac, target) for target in self.targets]

    def undo(self, network: "Network") -> None:
        """Stop."""
        network.repeated.pop(self.at, None)


class PassAs(Action, frozen=True):
    """A host tells its neighbour over LLDP that it is one of the switches."""

    device: str

    def do(self, network: "Network") -> None:
        """Start."""
        network.passing[self.at] = self.device

    def undo(self, network: "Network") -> None:
        """Stop; the neighbour forgets it."""
        network.passing.pop(self.at, None)


class ShareMac(Action, frozen=True):
    """Another host sends with this one's MAC, in turn with it, frames that claim no address."""

    other: End

    def do(self, network: "Network") -> None:
        """Start."""
        frame = frames.probe(network.link(self.at).mac, "198.51.100.77")
        network.send(self.other, frame)
        network.in_turn[self.at] = deque([(self.at, frame), (self.other, frame)])

    def undo(self, network: "Network") -> None:
        """Stop; the owner's own frames put the switches right."""
        for _, frame in network.in_turn.pop(self.at, ()):
            network.send(self.at, frame)


def announce(network: "Network", at: End, address: str) -> None:
    """Announce an address from an interface, with the MAC that it has now."""
    mac = network.link(at).mac
    for frame in (frames.announcement(mac, address), frames.gratuitous_reply(mac, address)) * 2:
        network.send(at, frame)


def announce_from_owner(network: "Network", action: Action) -> None:
    """Let whoever has the action's address now announce it, so that no cache keeps another."""
    if isinstance(action, TakeAddress | GiveUpAddress | Announce | ReplaceCard):
        address = action.address.split("/")[0]
        for end in network.owners(address):
            announce(network, end, address)
