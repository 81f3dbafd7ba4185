"""What a packet to ourselves by way of the server tells about it."""

from collections.abc import Sequence

from netguard.forwarding.known import Canary
from probes.records import CanaryReply


def meaning(replies: Sequence[CanaryReply]) -> Canary:
    """Return whether and how the server routes; the first of the replies is for hop limit 1."""
    first, *further = replies
    if first.returned_ttl is not None:
        return "routes-undecremented"
    if any(reply.returned_ttl is not None for reply in further):
        return "routes" if first.exceeded_by is not None else "routes-hidden"
    said = any(r.exceeded_by is not None or r.redirected for r in replies)
    return "filtered" if said else "does-not-route"
