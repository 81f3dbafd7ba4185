"""May this port be closed, or opened again? Pure: from facts to a plan with every guard's word."""

import msgspec

from netguard.findings import Kind
from netguard.inventory import SwitchPort
from probes.records import IPAddress


class Shutdown(msgspec.Struct, frozen=True, kw_only=True):
    """`[shutdown]`: what may close a port unattended, and what never may be closed.

    `per_hour` is for the whole fleet, `restore_after` in seconds, 0 for never; `announce` says
    whether the gateway's own MAC is announced once an impostor is gone.
    """

    automatic: tuple[Kind, ...] = ()
    confirmations: int = 2
    per_hour: int = 3
    max_stations: int = 4
    protected: tuple[SwitchPort | IPAddress | str, ...] = ()
    restore_after: float = 0
    announce: bool = False
