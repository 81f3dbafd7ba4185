"""Tries from where servers would be asked: this machine's own probes, and every other vantage."""

import asyncio
from collections.abc import Mapping
from time import perf_counter

from netguard.config import Config
from netguard.config.settings import Vantage
from netguard.doctor.check import Check, failed, ok, warning
from netguard.meter import Progress
from netguard.servers.places import places
from netguard.vantages import vantage_wire
from probes.errors import ProbeError
from probes.link import NO_RIGHT
from probes.trace.opening import open_wire
from probes.trace.wire import Wire

_AT_ONCE = 16
_PATIENCE = 8.0  # seconds for a login and its tools, whatever longer time the configuration allows


async def tracing(config: Config) -> Check:
    """Say whether this machine may send what shows where an address ends."""
    if not any(server.blocks for server in config.inventory.servers):
        return ok("tracing", "not needed: no server has blocks")
    try:
        async with open_wire(places(config).sources) as wire:
            return _own(wire)
    except ProbeError as error:
        return failed("tracing", str(error), error.remedy)


def _own(wire: Wire) -> Check:
    if "tcp" in wire.methods:
        return ok("tracing", f"raw sockets: {_spelled(wire)}")
    detail = "ping sockets only: a server that treats pings specially is not seen through"
    return warning("tracing", detail, NO_RIGHT[0].upper() + NO_RIGHT[1:])


async def vantages(
    config: Config, *, environ: Mapping[str, str], progress: Progress
) -> tuple[Check, ...]:
    """Log in to every vantage and try its tools, at most `_AT_ONCE` at a time."""
    wanted = [vantage for vantage in config.vantages if vantage.ssh is not None]
    room = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async def one(vantage: Vantage) -> Check:
        nonlocal done
        async with room:
            check = await _tried(config, vantage, environ)
        done += 1
        progress("asking vantages", done, len(wanted))
        return check

    return tuple(await asyncio.gather(*map(one, wanted)))


async def _tried(config: Config, vantage: Vantage, environ: Mapping[str, str]) -> Check:
    subject = f"vantage {vantage.name}"
    began = perf_counter()
    try:
        async with (
            asyncio.timeout(_PATIENCE),
            vantage_wire(config, vantage, environ=environ) as wire,
        ):
            return _seen(subject, wire, perf_counter() - began)
    except ProbeError as error:
        return failed(subject, error.detail, error.remedy)
    except TimeoutError:
        detail = f"no login with working tools within {_PATIENCE:g} s"
        return failed(subject, detail, f"See what is slow: ssh -v ssh://{vantage.ssh}")


def _seen(subject: str, wire: Wire, seconds: float) -> Check:
    detail = f"logged in, and its tools work, in {seconds:.1f} s: {_spelled(wire)}"
    if "udp" in wire.methods:
        return ok(subject, detail)
    remedy = "Install traceroute there: servers that treat pings specially show only by UDP."
    return warning(subject, detail, remedy)


def _spelled(wire: Wire) -> str:
    return ", ".join(sorted(wire.methods))
