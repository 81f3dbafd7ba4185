"""ARP (RFC 826) as a witness: craft and parse frames, sweep a segment, re-ask those in dispute.

And, once it is known who is right, as a remedy: announce it.
"""

from probes.arp.announcing import announce
from probes.arp.frames import ArpFrame, craft, parse
from probes.arp.retesting import retest
from probes.arp.sweeping import sweep

__all__ = ["ArpFrame", "announce", "craft", "parse", "retest", "sweep"]
