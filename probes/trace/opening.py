"""The best way to send probes that this process is permitted."""

from collections.abc import Sequence

from probes.errors import ProbeError
from probes.records import IPAddress
from probes.trace.ping import PingWire
from probes.trace.raw import RawWire
from probes.trace.wire import Wire

_NOT_PERMITTED = {"no-raw-sockets", "no-ping-sockets"}


def open_wire(sources: Sequence[IPAddress] = ()) -> Wire:
    """Open raw sockets, else ping sockets, which know ICMP echo only.

    Raises ProbeError where neither is permitted (kind `no-sockets`, with a remedy for either), and
    for a source that is not this machine's.
    """
    refusals = []
    for wire in (RawWire, PingWire):
        try:
            return wire(sources)
        except ProbeError as error:
            if error.kind not in _NOT_PERMITTED:
                raise
            refusals.append(error)
    detail = "; ".join(map(str, refusals))
    remedy = "; or ".join(error.remedy for error in refusals if error.remedy)
    raise ProbeError("probes", detail, remedy=remedy, kind="no-sockets")
