"""The single things that servers do to route their addresses onward, each with its undoing."""

import time
from typing import TYPE_CHECKING

from netguard.lab.actions import Action
from netguard.lab.topology import End
from netguard.lab.tunnels import TUN, Rationed, straight
from netguard.lab.userspace_router import MTU, Router, Side

if TYPE_CHECKING:
    from netguard.lab.wiring import Network


class BindAddresses(Action, frozen=True):
    """An interface is given addresses that nobody else has, so none is ever announced."""

    addresses: tuple[str, ...]

    def do(self, network: "Network") -> None:
        """Add them."""
        for address in self.addresses:
            network.add_address(self.at, address)

    def undo(self, network: "Network") -> None:
        """Delete them."""
        for address in self.addresses:
            network.delete_address(self.at, address)


class Tunnel(Action, frozen=True):
    """A server has an interface `tun0` that leads to a client's; `delay` is each way, in seconds.

    What the server routes into it is its kernel's business.
    """

    client: str
    delay: float
    mtu: int = MTU

    def do(self, network: "Network") -> None:
        """Open it; the client sends everything through it."""
        ends: dict[Side, End] = {
            "outside": End(self.at.host, TUN),
            "inside": End(self.client, TUN),
        }
        network.start_relay(self.at, ends, straight, delay=self.delay, mtu=self.mtu)

    def undo(self, network: "Network") -> None:
        """Close it."""
        network.stop_relay(self.at)


class RouteInUserspace(Action, frozen=True):
    """A program routes what reaches a server's card, in ways that a kernel would not.

    The block's packets go to a client through a tunnel; without one, nowhere.
    """

    router: Router
    client: str | None = None

    def do(self, network: "Network") -> None:
        """Start it."""
        ends: dict[Side, End] = {"outside": self.at}
        if self.client:
            ends["inside"] = End(self.client, TUN)
        carry = Rationed(self.router, time.monotonic)
        delay, mtu = self.router.delay, self.router.mtu
        network.start_relay(self.at, ends, carry, delay=delay, mtu=mtu)

    def undo(self, network: "Network") -> None:
        """Stop it."""
        network.stop_relay(self.at)


class SpreadDefaultRoute(Action, frozen=True):
    """A host sends each flow through one of several gateways."""

    gateways: tuple[str, ...]

    def do(self, network: "Network") -> None:
        """Spread it."""
        network.spread_default_route(self.at.host, self.gateways)

    def undo(self, network: "Network") -> None:
        """Send everything through the one gateway again."""
        network.restore_routes(self.at.host)
