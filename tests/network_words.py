"""What is said of a random network: by its devices and hosts in LLDP, and by its operators."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from netguard.inventory import Server, SwitchPort
from tests.network_maker import NETGUARD, Cable, Network

ADDRESS = IPv4Address("198.51.100.9")  # netguard's own, where it is in the segment
_Seat = tuple[str, SwitchPort]  # a host, and the port that it hears a device on


def quiet_cable(network: Network) -> Cable | None:
    """Return a link between switches of which no LLDP tells, where all the others are heard."""
    links = [
        cable
        for switch in network.switches
        for cable in network.cables.get(switch, ())
        if cable.a.device == switch and cable.b.device in network.switches
    ]
    return network.random.choice(links) if links and network.wrong("no-lldp", 0.5) else None


def mute(network: Network, quiet: Cable | None) -> set[SwitchPort]:
    """Return the ports whose device says nothing there: of one link, or of any."""
    return {
        end
        for device in network.devices
        for cable in network.cables.get(device, ())
        for pair in cable.members or (cable[:2],)
        for end in pair
        if (cable == quiet if quiet else network.wrong("no-lldp", 0.5))
    }


def claims(network: Network, quiet: Cable | None) -> dict[str, tuple[SwitchPort, ...]]:
    """Return what hosts say of themselves in LLDP: any device, any port; or each other's."""
    random = network.random
    said: dict[str, tuple[SwitchPort, ...]] = {}
    every = [SwitchPort(device, p) for device in network.devices for p in network.ports[device]]
    for host in _strangers(network):
        if network.wrong("lying", 0.5):
            said[host] = tuple(random.sample(every, min(len(every), random.randint(1, 2))))
    for (one, here), (other, there) in _conspiracies(network, quiet):
        said[one] = (*said.get(one, ()), there)
        said[other] = (*said.get(other, ()), here)
    return said


def _strangers(network: Network) -> list[str]:
    return [host for host in network.hosts if host != NETGUARD]


def _conspiracies(network: Network, quiet: Cable | None) -> Iterator[tuple[_Seat, _Seat]]:
    """Yield hosts that name each other's ports: as if they were the quiet link, or anyhow."""
    ends = {host: _nearest(network, host) for host in _strangers(network)}
    seats = [(host, end) for host, end in ends.items() if end is not None]
    for seat in seats:
        if quiet and "colluding" in network.recipe.faults:
            yield from ((seat, far) for far in seats if _across(quiet, seat[1], far[1]))
        elif network.wrong("colluding", 0.6):
            yield seat, network.random.choice(seats)


def _across(cable: Cable, near: SwitchPort, far: SwitchPort) -> bool:
    return (near.device, far.device) == (cable.a.device, cable.b.device)


def _nearest(network: Network, host: str) -> SwitchPort | None:
    """Return the switch's port that a host hears LLDP on, also across an unmanaged switch."""
    ends = [cable.far(host) for cable in network.cables[host]]
    for end in list(ends):
        if end.device in network.hubs:
            ends += [cable.far(end.device) for cable in network.cables[end.device]]
    ends = [end for end in ends if end.device in network.devices]
    return network.random.choice(ends) if ends else None


def listing(network: Network, silent: set[SwitchPort]) -> dict[str, tuple[str, ...]]:
    """Return `uplinks` as the operator wrote them: all of a device's, or none."""
    listing: dict[str, tuple[str, ...]] = {}
    for device in network.switches:
        ports = [SwitchPort(device, name) for name in network.ports[device]]
        uplinks = [port for port in ports if network.is_uplink(port)]
        if network.recipe.listed and (network.chance(0.3) or any(p in silent for p in uplinks)):
            listing[device] = tuple(port.port for port in uplinks)
    return listing


def servers(network: Network) -> Iterator[Server]:
    """Yield the inventory: some hosts, some with their MAC, some with a port, not all truly."""
    access = list(network.access_ports())
    for number, host in enumerate(network.hosts):
        if network.chance(0.3):
            continue
        port = _nearest(network, host)
        if network.wrong("wrong-port", 0.5):
            port = network.random.choice(access) if access else None
        if port is None or network.is_uplink(port) or network.chance(0.4):
            port = None  # no server's port is ever an uplink: that is the operator's promise
        hw = network.macs[host][0] if network.chance(0.5) else None
        address = ADDRESS if host == NETGUARD else IPv4Address(f"198.51.100.{20 + number}")
        yield Server(name=host, address=address, mac=hw, port=port)
