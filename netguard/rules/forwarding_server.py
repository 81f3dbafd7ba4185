"""A server that passes its addresses on to somewhere else."""

from netguard.findings import Finding, identity
from netguard.forwarding.records import GATEWAYS, ServerReport


def forwarding_server(report: ServerReport, segment: str | None) -> Finding | None:
    """Return the finding about a server that is a gateway, None for any other."""
    if report.verdict not in GATEWAYS:
        return None
    return Finding(
        id=identity("forwarding-server", segment, report.server),
        kind="forwarding-server",
        severity="warning",
        first_seen=report.started,
        last_seen=report.started,
        segment=segment,
        address=report.address,
        server=report.server,
        evidence=report.evidence,
        summary=report.summary,
        advice=f"netguard server check {report.server}",
    )
