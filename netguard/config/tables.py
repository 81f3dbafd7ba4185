"""The tables of netguard.toml as they are written, and how each becomes a record.

A table's class has exactly the keys of the file. What only looks different from its record
(`[snmp.NAME]`, `[ssh.NAME]`, `[[alert]]`) has its class in `netguard.config.settings`.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from netguard.config.settings import Vantage, Watch
from netguard.config.values import (
    BadValue,
    address,
    address_port,
    at,
    duration,
    each,
    host_port,
    interval,
    listener,
    log_source,
    mac,
    network,
    protected,
    ssh_target,
    switch_port,
)
from netguard.findings import Kind
from netguard.inventory import Device, Gateway, Segment, Server
from netguard.shutdown import Shutdown

Name = Annotated[str, Meta(min_length=1)]
Word = Annotated[str, Meta(pattern=r"^\S+$")]  # a device's name stands before a port's: no blanks
Vlan = Annotated[int, Meta(ge=1, le=4094)]
Pace = Annotated[float, Meta(gt=0, le=1_000_000)]


class DeviceTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[device]]`."""

    name: Word
    address: str
    role: Literal["router", "switch"]
    snmp: str
    platform: Literal["auto", "foundry", "catalyst", "generic"] = "auto"
    uplinks: tuple[str, ...] = ()
    ssh: str | None = None
    save: bool = False

    def record(self) -> Device:
        """Return what the table means."""
        host, port = at("address", host_port, self.address)
        return Device(
            name=self.name,
            host=host,
            port=port,
            role=self.role,
            snmp=self.snmp,
            platform=self.platform,
            uplinks=self.uplinks,
            ssh=self.ssh,
            save=self.save,
        )


class GatewayTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`{ address = ..., macs = [...] }` in a segment's gateways."""

    address: str
    macs: tuple[str, ...] = ()

    def record(self) -> Gateway:
        """Return what the table means."""
        return Gateway(
            address=at("gateways", address, self.address),
            macs=each("macs", mac, self.macs),
        )


class SegmentTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[segment]]`."""

    name: Name
    networks: Annotated[tuple[str, ...], Meta(min_length=1)]
    gateways: tuple[str | GatewayTable, ...] = ()
    interface: Name | None = None
    vlan: Vlan | None = None
    pace: Pace = 500
    routers: tuple[str, ...] = ()
    switches: tuple[str, ...] = ()

    def record(self) -> Segment:
        """Return what the table means."""
        return Segment(
            name=self.name,
            networks=each("networks", network, self.networks),
            gateways=tuple(_gateway(g) for g in self.gateways),
            interface=self.interface,
            vlan=self.vlan,
            pace=self.pace,
            routers=self.routers,
            switches=self.switches,
        )


def _gateway(written: str | GatewayTable) -> Gateway:
    return (GatewayTable(address=written) if isinstance(written, str) else written).record()


class ServerTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[server]]`, and the columns of a servers file."""

    name: Name
    address: str
    customer: str = ""
    blocks: tuple[str, ...] = ()
    segment: str | None = None
    mac: str | None = None
    port: str | None = None

    def record(self) -> Server:
        """Return what the table means."""
        return Server(
            name=self.name,
            address=at("address", address, self.address),
            customer=self.customer,
            blocks=each("blocks", network, self.blocks),
            segment=self.segment,
            mac=None if self.mac is None else at("mac", mac, self.mac),
            port=None if self.port is None else at("port", switch_port, self.port),
        )


class VantageTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[[vantage]]`."""

    name: Name
    ssh: str | None = None
    login: str | None = None
    sources: tuple[str, ...] = ()

    def record(self) -> Vantage:
        """Return what the table means."""
        if self.ssh is not None and self.sources:
            raise BadValue(
                "is for this machine alone",
                key="sources",
                value=", ".join(self.sources),
                remedy="Leave sources out, or ssh.",
            )
        if self.ssh is None and self.login is not None:
            raise BadValue(
                "means nothing for this machine",
                key="login",
                value=self.login,
                remedy="Add ssh, or leave login out.",
            )
        user = None if self.ssh is None else at("ssh", ssh_target, self.ssh).user
        if self.ssh is not None and user is None and self.login is None:
            remedy = "Write e.g. netguard@192.0.2.77, or name a login."
            raise BadValue("names no user", key="ssh", value=self.ssh, remedy=remedy)
        sources = each("sources", address, self.sources)
        return Vantage(name=self.name, ssh=self.ssh, login=self.login, sources=sources)


class ShutdownTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[shutdown]`."""

    automatic: tuple[Kind, ...] = ()
    confirmations: Annotated[int, Meta(ge=1)] = 2
    per_hour: Annotated[int, Meta(ge=0)] = 3
    max_stations: Annotated[int, Meta(ge=1)] = 4
    protected: tuple[str, ...] = ()
    restore_after: str = "0"
    announce: bool = False

    def record(self) -> Shutdown:
        """Return what the table means."""
        return Shutdown(
            automatic=self.automatic,
            confirmations=self.confirmations,
            per_hour=self.per_hour,
            max_stations=self.max_stations,
            protected=each("protected", protected, self.protected),
            restore_after=at("restore_after", duration, self.restore_after),
            announce=self.announce,
        )


class WatchTable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[watch]`."""

    gateways: str = "1s"
    segments: str = "1m"
    devices: str = "5m"
    servers: str = "24h"
    syslog: str | tuple[str, ...] = ()
    traps: str | None = None
    metrics: str | None = None

    def record(self) -> Watch:
        """Return what the table means."""
        logs = (self.syslog,) if isinstance(self.syslog, str) else self.syslog
        return Watch(
            gateways=at("gateways", duration, self.gateways),
            segments=at("segments", interval, self.segments),
            devices=at("devices", interval, self.devices),
            servers=at("servers", interval, self.servers),
            syslog=each("syslog", log_source, logs),
            traps=None if self.traps is None else at("traps", listener, self.traps),
            metrics=None if self.metrics is None else at("metrics", address_port, self.metrics),
        )


class FileTable(Struct, frozen=True, kw_only=True):
    """The whole file; what stands in each table is looked at one by one."""

    store: str | None = None
    retention: str = "365d"
    servers: str | None = None
    snmp: dict[str, object] = {}
    ssh: dict[str, object] = {}
    device: tuple[object, ...] = ()
    segment: tuple[object, ...] = ()
    server: tuple[object, ...] = ()
    vantage: tuple[object, ...] = ()
    alert: tuple[object, ...] = ()
    shutdown: dict[str, object] = {}
    watch: dict[str, object] = {}
