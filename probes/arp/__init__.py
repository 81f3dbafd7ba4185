"""ARP (RFC 826) as a witness: craft and parse frames, sweep a segment, re-ask those in dispute."""

from probes.arp.frames import ArpFrame, craft, parse
from probes.arp.retesting import retest
from probes.arp.sweeping import sweep

__all__ = ["ArpFrame", "craft", "parse", "retest", "sweep"]
