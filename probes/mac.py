"""MAC addresses: any spelling to one canonical text, whose they are, and the virtual families."""

import re
from collections.abc import Iterable

_SPELLINGS = (
    # By octet: 00:00:5e:00:53:01, or 0:0:5e:0:53:1 as arpwatch leaves leading zeros out.
    re.compile(r"[0-9a-fA-F]{1,2}(?P<by>[:. -])(?:[0-9a-fA-F]{1,2}(?P=by)){4}[0-9a-fA-F]{1,2}"),
    # By pair of octets: 0000.5e00.5301 (Cisco, Foundry), 0000-5e00-5301 (Huawei, H3C).
    re.compile(r"[0-9a-fA-F]{4}(?P<by>[:.-])[0-9a-fA-F]{4}(?P=by)[0-9a-fA-F]{4}"),
    # Twelve digits in a row, or parted once as ProCurve does: 00005e-005301.
    re.compile(r"[0-9a-fA-F]{6}[:-]?[0-9a-fA-F]{6}"),
)
_SEPARATOR = re.compile(r"[:. -]")
_OCTETS = 6
_GROUP_BIT, _LOCAL_BIT = 0x01, 0x02

_VIRTUAL_FAMILIES = (
    ("00:00:5e:00:01:", "vrrp"),
    ("00:00:5e:00:02:", "vrrp-ipv6"),
    ("00:00:0c:07:ac:", "hsrp-v1"),
    ("00:00:0c:9f:f", "hsrp-v2"),
    ("00:05:73:a0:0", "hsrp-v2-ipv6"),
    ("00:07:b4:00:", "glbp"),
    ("02:e0:52:", "vrrp-e"),
    ("02:bf:", "nlb"),
    ("03:bf:", "nlb-multicast"),
    ("01:00:5e:7f:", "nlb-igmp"),
)
_GLBP_GROUP = len("00:07:b4:00:01")
_GLBP_FORWARDERS = frozenset({"01", "02", "03", "04"})


def from_bytes(octets: bytes) -> str:
    """Return the canonical text of six raw octets; the caller vouches for the length."""
    return octets.hex(":")


def to_bytes(mac: str) -> bytes:
    """Return the six octets of a MAC in canonical text."""
    return bytes.fromhex(mac.replace(":", ""))


def canonical(text: str | bytes) -> str:
    """Return any spelling of a MAC, or its six raw octets, as `00:00:5e:00:53:01`.

    Understood are colons, dashes, dots, blanks or nothing between the digits, upper case, and the
    missing leading zeros of arpwatch. Raises ValueError with one clear line for anything else.
    """
    if isinstance(text, bytes):
        if len(text) != _OCTETS:
            raise ValueError(f"a MAC address has 6 octets, not {len(text)}: {text.hex(' ')!r}")
        return from_bytes(text)
    spelled = text.strip()
    if not any(spelling.fullmatch(spelled) for spelling in _SPELLINGS):
        raise ValueError(f"not a MAC address: {text!r}; write it as 00:00:5e:00:53:01")
    groups = _SEPARATOR.split(spelled)
    digits = "".join(group.zfill(12 // len(groups)) for group in groups)
    return from_bytes(bytes.fromhex(digits))


def vendor(mac: str) -> str | None:
    """Return who registered the OUI, None for locally administered, group and unknown MACs."""
    from netaddr import EUI, NotRegisteredError  # noqa: PLC0415 - its tables cost 60 ms at start

    octets = to_bytes(canonical(mac))
    if octets[0] & (_GROUP_BIT | _LOCAL_BIT):
        return None
    try:
        return str(EUI(int.from_bytes(octets)).oui.registration().org)
    except NotRegisteredError:
        return None


def virtual_family(mac: str) -> str | None:
    """Name the redundancy protocol or load balancer whose prefix the MAC carries, if any.

    A virtual prefix is never proof of innocence: anyone can forge it. Trust only an (address, MAC)
    pair that is declared, or that the routers themselves confirm.
    """
    text = canonical(mac)
    families = (family for prefix, family in _VIRTUAL_FAMILIES if text.startswith(prefix))
    return next(families, None)


def one_glbp_group(macs: Iterable[str]) -> bool:
    """Tell whether these are forwarders of one GLBP group, of which there are up to four.

    They all stand for one address: each host is told one of them.
    """
    different = frozenset(macs)
    groups = {mac[:_GLBP_GROUP] for mac in different}
    forwarders = {mac[_GLBP_GROUP + 1 :] for mac in different}
    return (
        len(groups) == 1
        and forwarders <= _GLBP_FORWARDERS
        and all(virtual_family(mac) == "glbp" for mac in different)
    )
