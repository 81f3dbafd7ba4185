"""Compares what netguard says of servers with what is true while every scenario is on."""

import re
from collections.abc import Set as AbstractSet
from ipaddress import ip_address

from netguard.lab.control import Lab
from tests.forwarding_answers import ANSWERS, Answer, Place
from tests.netguard.servers.checking import Report
from tests.station import Edit

# ds0010's block is cut down: nobody is at 62 of its 64 addresses, and each costs the server one of
# the errors of which it sends one a second.
SMALLER: Edit = ("203.0.113.64/26", "203.0.113.64/28")
HONEST = {"aliases", "bridging", "container-host"}  # scenarios in which nothing is passed on
GATEWAYS = {"vpn-gateway", "colocation-gateway", "gateway"}

_SOURCES = re.compile(r" from ([0-9.]+)")


def break_all(lab: Lab) -> None:
    for scenario in ANSWERS:
        lab.break_(scenario)


def honest_states(answer: Answer, place: Place, *, on_link: bool) -> AbstractSet[str]:
    """Return what may be said of an address: the truth, or less where no more can be seen."""
    if on_link:
        return place.on_link
    # A server that never names itself may not be accused: what is behind it stays open with it.
    may_hide = "undecided" in answer.off_link and place.state == "forwarded"
    return place.off_link | ({"undecided"} if may_hide else set())


def honest_verdicts(answer: Answer, *, on_link: bool) -> AbstractSet[str]:
    honest = answer.on_link if on_link else _from_afar(answer)
    # Near is told from far by time, and a busy machine makes everything late.
    return honest | GATEWAYS if honest & GATEWAYS else honest


def _from_afar(answer: Answer) -> AbstractSet[str]:
    # Where nothing ends on a server, nothing that is seen from beyond the edge speaks for it.
    ends = any(place.state in {"bound", "looped"} for place in answer.places.values())
    accused = answer.off_link & GATEWAYS
    return answer.off_link | (set() if ends or accused else {"undecided"})


def wrong(report: Report, answer: Answer, *, on_link: bool, silent_way: bool = False) -> list[str]:
    """Return in words what a report says that is neither true nor honest.

    Where a router on the way says little (`silent_way`), anything may be undecided.
    """
    doubt = {"undecided"} if silent_way else set[str]()
    said = {ip_address(a["address"]): a for a in report["addresses"]}
    block = {address: place for address, place in answer.places.items() if address in said}
    assert len(block) >= min(16, len(answer.places))
    found = {
        address: f"{place.state}, called {said[address]['state']}: {said[address]['evidence']}"
        for address, place in block.items()
        if said[address]["state"] not in honest_states(answer, place, on_link=on_link) | doubt
    }
    dead = {a for a, place in block.items() if place.state == "forwarded" and not place.live}
    missed = {address for address in dead & set(found) if said[address]["state"] == "silent"}
    if not on_link and len(missed) * 4 <= len(dead):
        # Only an error tells of them, of which the server has one a second: some may come too late.
        found = {address: why for address, why in found.items() if address not in missed}
    told = [f"{address} is {why}" for address, why in found.items()]
    if report["verdict"] not in honest_verdicts(answer, on_link=on_link) | doubt:
        told.append(f"verdict {report['verdict']}: {reasons(report)}")
    return told


def unproven(report: Report) -> list[str]:
    """Return the forwarded addresses about which nobody is named who said something."""
    own = ip_address(report["address"])
    block = {ip_address(a["address"]) for a in report["addresses"]} | {own}
    return [
        a["address"]
        for a in report["addresses"]
        if a["state"] == "forwarded" and not block & set(map(ip_address, _speakers(a)))
    ]


def _speakers(address: Report) -> list[str]:
    """Return who answered, to those places that saw the address passed on."""
    places = tuple(f"{p}: " for p, s in address["seen_from"].items() if s == "forwarded")
    details = [e["detail"] for e in address["evidence"] if e["detail"].startswith(places)]
    return [source for detail in details for source in _SOURCES.findall(detail)]


def reasons(report: Report) -> str:
    return "\n".join(each["detail"] for each in report["evidence"])
