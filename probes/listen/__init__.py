"""Passive ears: what stations claim, ask and advertise, live or from a capture, as one stream.

`captures` reads files and `listening` the wire; `frames` takes a frame apart, and `arp`, `ndp` and
`virtual_routers` say what is in it. The same frame makes the same records either way.
"""

from probes.listen.hearing import Counters, Packet, heard
from probes.listen.listening import Listener

__all__ = ["Counters", "Listener", "Packet", "heard"]
