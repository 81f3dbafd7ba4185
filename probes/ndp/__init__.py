"""Neighbor Discovery (RFC 4861) as a witness: asks who has an IPv6 address, and keeps every answer.

What stations say unasked is heard by `probes.listen`, which also reads the answers.
"""

from probes.ndp.retesting import retest

__all__ = ["retest"]
