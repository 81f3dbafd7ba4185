"""Reads netguard.toml, and gathers everything that is wrong with it."""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from netguard.config.consistency import inconsistencies, vantage_inconsistencies
from netguard.config.places import default_store, find_config, store_url, without_password
from netguard.config.problems import Problem, errors
from netguard.config.references import (
    alert_faults,
    snmp_faults,
    ssh_faults,
    unresolved_alert,
    unresolved_snmp,
    unresolved_ssh,
)
from netguard.config.server_file import ServerFile, read_servers
from netguard.config.settings import Alert, SnmpSettings, SshSettings, Vantage, Watch
from netguard.config.shapes import Place, ShapeT, Table, meant, shaped
from netguard.config.tables import (
    DeviceTable,
    FileTable,
    SegmentTable,
    ServerTable,
    ShutdownTable,
    VantageTable,
    WatchTable,
)
from netguard.config.values import BadValue, at, interval
from netguard.config.watching import retention_problems, watch_problems
from netguard.errors import ConfigError
from netguard.inventory import Inventory
from netguard.shutdown import Shutdown

RecordT = TypeVar("RecordT")

_SHOWN = 10


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What one netguard.toml says, complete with defaults."""

    path: Path
    store: str
    retention: float  # seconds
    snmp: Mapping[str, SnmpSettings]
    ssh: Mapping[str, SshSettings]
    inventory: Inventory
    vantages: tuple[Vantage, ...]
    shutdown: Shutdown
    watch: Watch
    alerts: tuple[Alert, ...]

    def __repr__(self) -> str:  # the store's URL from the environment may hold a password
        return f"Config(path={str(self.path)!r})"


class Reading(msgspec.Struct, frozen=True):
    """A configuration as far as it can be understood, and all that is wrong with it."""

    config: Config
    problems: tuple[Problem, ...]


def load(path: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Config:
    """Return the configuration; raises ConfigError with one line for each thing wrong with it."""
    reading = read(path, environ=environ)
    wrong = errors(reading.problems)
    if not wrong:
        return reading.config
    lines = [str(problem) for problem in wrong[:_SHOWN]]
    if len(wrong) > _SHOWN:
        lines.append(f"and {len(wrong) - _SHOWN} more: `netguard config check` lists them all")
    raise ConfigError("\n".join(lines))


def read(path: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> Reading:
    """Return the configuration with its problems; raises ConfigError only if no file is found."""
    reader = _Reader(find_config(path, environ), environ)
    config = reader.config()
    return Reading(config, tuple(reader.problems))


def secret_problems(
    config: Config, *, environ: Mapping[str, str] = os.environ
) -> Iterator[Problem]:
    """Yield every reference that leads to no secret, or to one that others can read."""
    file = str(config.path)
    for name, settings in config.snmp.items():
        yield from unresolved_snmp(settings, Place(file, "snmp", name), environ)
    for name, login in config.ssh.items():
        yield from unresolved_ssh(login, Place(file, "ssh", name), environ)
    for number, alert in enumerate(config.alerts, 1):
        yield from unresolved_alert(alert, Place(file, "alert", f"#{number}"), environ)


class _Reader:
    """Turns one file into a Config and gathers the problems on the way."""

    def __init__(self, file: Path, environ: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._file = file
        self._environ = environ

    def config(self) -> Config:
        """Return what the file says; what it says wrongly is left out, or stands at its default."""
        top = self._top()
        shutdown = self._shaped("shutdown", "", top.shutdown, ShutdownTable)
        return Config(
            path=self._file,
            store=self._store(top.store),
            retention=self._retention(top.retention),
            snmp=dict(self._snmp(top.snmp)),
            ssh=dict(self._ssh(top.ssh)),
            inventory=self._inventory(top),
            vantages=self._vantages(top),
            shutdown=next(self._meant(shutdown), ShutdownTable().record()),
            watch=self._watch(top.watch),
            alerts=tuple(self._alerts(top.alert)),
        )

    def _top(self) -> FileTable:
        place = Place(str(self._file))
        try:
            raw = tomllib.loads(self._file.read_bytes().decode("utf-8-sig"))
        except OSError as error:
            remedy = "Make it readable to this user."
            self.problems.append(place.problem(str(error.strerror), remedy=remedy))
        except UnicodeDecodeError:
            self.problems.append(place.problem("not UTF-8", remedy="Save it as UTF-8."))
        except tomllib.TOMLDecodeError as error:
            remedy = "Texts stand in double quotes, and every line is one key = value."
            self.problems.append(place.problem(str(error), remedy=remedy))
        else:
            return shaped(raw, FileTable, place, self.problems) or FileTable()
        return FileTable()

    def _store(self, written: str | None) -> str:
        named = self._environ.get("NETGUARD_STORE")
        try:
            if named:
                return at("store", store_url, named)
            if written is not None:
                return at("store", without_password, at("store", store_url, written))
        except BadValue as bad:
            self.problems.append(Place("$NETGUARD_STORE" if named else str(self._file)).fault(bad))
        return default_store(self._environ)

    def _retention(self, written: str) -> float:
        place = Place(str(self._file))
        try:
            seconds = at("retention", interval, written)
        except BadValue as bad:
            self.problems.append(place.fault(bad))
            return interval(FileTable().retention)
        self.problems += retention_problems(seconds, written, place)
        return seconds

    def _watch(self, raw: object) -> Watch:
        watch = next(self._meant(self._shaped("watch", "", raw, WatchTable)), WatchTable().record())
        self.problems += watch_problems(watch, Place(str(self._file), "watch"))
        return watch

    def _snmp(self, tables: Mapping[str, object]) -> Iterator[tuple[str, SnmpSettings]]:
        for name, raw in tables.items():
            for place, settings in self._shaped("snmp", name, raw, SnmpSettings):
                if self._faultless(snmp_faults(settings, place)):
                    yield name, settings

    def _ssh(self, tables: Mapping[str, object]) -> Iterator[tuple[str, SshSettings]]:
        for name, raw in tables.items():
            for place, settings in self._shaped("ssh", name, raw, SshSettings):
                if self._faultless(ssh_faults(settings, place)):
                    yield name, settings

    def _alerts(self, tables: Iterable[object]) -> Iterator[Alert]:
        for place, alert in self._each("alert", tables, Alert):
            if self._faultless(alert_faults(alert, place)):
                yield alert

    def _faultless(self, faults: Iterable[Problem]) -> bool:
        before = len(self.problems)
        self.problems += faults
        return len(self.problems) == before

    def _shaped(
        self, section: str, name: str, raw: object, shape: type[ShapeT]
    ) -> Iterator[tuple[Place, ShapeT]]:
        """Yield the table and its place if it has the shape."""
        place = Place(str(self._file), section, name)
        table = shaped(raw, shape, place, self.problems)
        if table is not None:
            yield place, table

    def _each(
        self, section: str, tables: Iterable[object], shape: type[ShapeT]
    ) -> Iterator[tuple[Place, ShapeT]]:
        """Yield every table of a list that has the shape, with its place."""
        for number, raw in enumerate(tables, 1):
            name = raw.get("name") if isinstance(raw, dict) else None
            named = name if isinstance(name, str) and name else f"#{number}"
            yield from self._shaped(section, named, raw, shape)

    def _meant(self, tables: Iterable[tuple[Place, Table[RecordT]]]) -> Iterator[RecordT]:
        """Yield the record of every table that has a meaning."""
        for place, table in tables:
            record = meant(table, place, self.problems)
            if record is not None:
                yield record

    def _inventory(self, top: FileTable) -> Inventory:
        file = ServerFile()
        if top.servers is not None:
            file = read_servers(self._file.parent / top.servers)
            self.problems += file.problems
        devices = tuple(self._meant(self._each("device", top.device, DeviceTable)))
        segments = tuple(self._meant(self._each("segment", top.segment, SegmentTable)))
        servers = tuple(self._meant(self._each("server", top.server, ServerTable)))
        inventory = Inventory(
            devices=devices,
            segments=segments,
            servers=servers + tuple(server for _, server in file.servers),
        )
        written = (len(top.device), len(top.segment), len(top.server))
        if written == (len(devices), len(segments), len(servers)) and not file.problems:
            # With an entry missing, whatever refers to it would be called wrong, too.
            faults = inconsistencies(inventory, snmp=top.snmp, ssh=top.ssh)
            self.problems += self._placed(faults, file)
        return inventory

    def _vantages(self, top: FileTable) -> tuple[Vantage, ...]:
        vantages = tuple(self._meant(self._each("vantage", top.vantage, VantageTable)))
        faults = vantage_inconsistencies(vantages, ssh=top.ssh)
        self.problems += self._placed(faults, ServerFile())
        return vantages

    def _placed(self, problems: Iterable[Problem], servers: ServerFile) -> Iterator[Problem]:
        """Yield problems of the inventory with the file, and line, that its entry stands in."""
        lines = {server.name: line for line, server in servers.servers}
        for problem in problems:
            line = lines.get(problem.name) if problem.section == "server" else None
            file = servers.file if line else str(self._file)
            yield msgspec.structs.replace(problem, file=file, line=line)
