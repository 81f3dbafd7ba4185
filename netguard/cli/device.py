"""`netguard device`: everything netguard reads from a router or switch."""

import asyncio
from collections.abc import Mapping
from functools import partial

import click
import msgspec

from netguard import clock
from netguard.cli.common import App, common_options, print_json, print_table, printable
from netguard.cli.progress import progress_bar
from netguard.cli.show import show_gaps
from netguard.collect import read_whole
from netguard.config import Config, load
from netguard.errors import ConfigError, Exit
from netguard.inventory import Device
from netguard.suggest import did_you_mean
from netguard.view import DeviceView
from probes.records import (
    ArpEntry,
    Gap,
    Interface,
    InterfaceAddress,
    LagMember,
    Neighbor,
    Tagging,
    VirtualGateway,
    Vlan,
)


class FdbRow(msgspec.Struct, frozen=True, kw_only=True):
    """An FDB entry with its port by name (DESIGN: stable JSON)."""

    vlan: int | None
    mac: str
    base_port: int
    if_index: int | None
    port: str | None
    status: str


class DeviceReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything read from one device (DESIGN: stable JSON)."""

    name: str
    platform: str
    operating_system: str
    sys_descr: str | None
    sys_object_id: str | None
    interfaces: tuple[Interface, ...]
    addresses: tuple[InterfaceAddress, ...]
    arp: tuple[ArpEntry, ...]
    fdb: tuple[FdbRow, ...]
    neighbors: tuple[Neighbor, ...]
    virtual_gateways: tuple[VirtualGateway, ...]
    lag_members: tuple[LagMember, ...]
    tagging: tuple[Tagging, ...]
    vlans: tuple[Vlan, ...]
    gaps: tuple[Gap, ...]


@click.group()
@common_options
def device(app: App) -> None:
    """Everything read from a router or switch."""


@device.command("list")
@common_options
def list_(app: App) -> None:
    """List the configured devices."""
    devices = load(app.config).inventory.devices
    if app.json:
        print_json(devices)
        return
    print_table(
        ("NAME", "ROLE", "ADDRESS", "PLATFORM", "SNMP", "UPLINKS"),
        (
            (d.name, d.role, f"{d.host} port {d.port}", d.platform, d.snmp, " ".join(d.uplinks))
            for d in devices
        ),
    )


@device.command("show")
@click.argument("name")
@common_options
def show(app: App, name: str) -> int:
    """Read a device now and print all its tables. Exits 1 when some could not be read."""
    config = load(app.config)
    device = _named(config, name)
    with progress_bar() as progress:
        view = asyncio.run(
            read_whole(
                config, device, clock=clock.now, progress=partial(progress, f"reading {name}")
            )
        )
    report = report_of(view)
    if app.json:
        print_json(report)
    else:
        _print(report)
    return Exit.FAILED if report.gaps else Exit.DONE


def _named(config: Config, name: str) -> Device:
    known = {device.name: device for device in config.inventory.devices}
    if name not in known:
        raise ConfigError(
            f"no device is named {name!r} in {config.path}", remedy=did_you_mean(name, known)
        )
    return known[name]


def report_of(view: DeviceView) -> DeviceReport:
    """Put a device's tables into the form that `--json` promises."""
    ports = {interface.if_index: interface.name for interface in view.interfaces}
    return DeviceReport(
        name=view.device.name,
        platform=view.platform,
        operating_system=view.operating_system,
        sys_descr=view.system.sys_descr if view.system else None,
        sys_object_id=view.system.sys_object_id if view.system else None,
        interfaces=view.interfaces,
        addresses=view.addresses,
        arp=view.arp,
        fdb=tuple(
            FdbRow(
                vlan=entry.vlan,
                mac=entry.mac,
                base_port=entry.base_port,
                if_index=entry.if_index,
                port=ports.get(entry.if_index) if entry.if_index is not None else None,
                status=entry.status,
            )
            for entry in view.fdb
        ),
        neighbors=view.neighbors,
        virtual_gateways=view.virtual_gateways,
        lag_members=view.lag_members,
        tagging=view.tagging,
        vlans=view.vlans,
        gaps=view.gaps,
    )


def _print(report: DeviceReport) -> None:
    """Print the tables one below the other."""
    ports = {interface.if_index: interface.name for interface in report.interfaces}
    click.secho(f"{report.name}  {report.platform}  {report.operating_system}", bold=True)
    lines = (report.sys_descr or "").splitlines() or ["it did not answer"]
    click.echo(printable(lines[0]))
    _section(
        "interfaces",
        ("INDEX", "NAME", "ADMIN", "OPER", "MAC", "PART OF", "TAGGED", "ALIAS"),
        _interfaces(report, ports),
    )
    _section(
        "addresses",
        ("ADDRESS", "PORT"),
        [(_network(a), ports.get(a.if_index)) for a in report.addresses],
    )
    _section(
        "virtual gateways",
        ("ADDRESS", "MAC", "PROTOCOL", "GROUP", "STATE", "PORT"),
        [
            (v.ip, v.mac, v.protocol, v.group, v.state, ports.get(v.if_index))
            for v in report.virtual_gateways
        ],
    )
    _section(
        "vlans",
        ("VLAN", "NAME", "STATE"),
        [(v.vlan, v.name, "operational" if v.operational else "suspended") for v in report.vlans],
    )
    _section(
        "arp",
        ("ADDRESS", "MAC", "PORT"),
        [(e.ip, e.mac, ports.get(e.if_index)) for e in report.arp],
    )
    _section(
        "fdb",
        ("VLAN", "MAC", "PORT", "STATUS"),
        [(e.vlan, e.mac, e.port, e.status) for e in report.fdb],
    )
    _section(
        "neighbors",
        ("PORT", "PROTOCOL", "REMOTE", "REMOTE PORT", "CHASSIS", "PLATFORM"),
        [
            (n.port, n.protocol, n.remote_name, n.remote_port, n.remote_chassis, n.remote_platform)
            for n in report.neighbors
        ],
    )
    show_gaps(report.gaps)


def _interfaces(report: DeviceReport, ports: Mapping[int, str]) -> list[tuple[object, ...]]:
    """Return a row for each interface, with its aggregate and whether it carries tagged VLANs."""
    bundles = {m.if_index: ports.get(m.aggregate, "?") for m in report.lag_members}
    tagged = {t.if_index: "yes" if t.tagged else "no" for t in report.tagging}
    return [
        (
            i.if_index,
            i.name,
            i.admin_status,
            i.oper_status,
            i.phys_address,
            bundles.get(i.if_index),
            tagged.get(i.if_index),
            i.alias,
        )
        for i in report.interfaces
    ]


def _network(address: InterfaceAddress) -> str:
    length = "" if address.prefix_length is None else f"/{address.prefix_length}"
    return f"{address.ip}{length}"


def _section(title: str, headers: tuple[str, ...], rows: list[tuple[object, ...]]) -> None:
    """Print one table under its name, or nothing where the device has none."""
    if rows:
        click.secho(f"\n{title}", bold=True)
        print_table(headers, rows)
