"""What the kernels of Linux, the BSDs and ESXi write, and programs on hosts: arpwatch, keepalived.

An address that changed its MAC is told as a duplicate: two stations claimed it, and whether one
gave it up only a check can tell.
"""

from probes.notices.forms import IP, MAC, OTHER_MAC, PORT, VLAN, Form, form

FORMS: tuple[Form, ...] = (
    form(
        "duplicate-address",
        "is using my ip address",
        rf"{MAC} is using my IP address {IP}(?: on {PORT})?",
    ),
    form(
        "duplicate-address",
        "moved from",
        rf"{IP} moved from {OTHER_MAC} to {MAC}(?: on {PORT})?",
    ),
    form(
        "duplicate-address",
        "modify permanent entry",
        rf"{MAC} attempts to modify permanent entry for {IP}(?: on {PORT})?",
    ),
    form(
        "duplicate-address",
        "arp info overwritten",
        rf"\barp info overwritten for {IP} by {MAC}(?: on {PORT})?",
    ),
    # 4.3BSD's words, which lived on in OpenBSD, NetBSD, VxWorks, NetScaler and many a printer.
    form(
        "duplicate-address",
        "sent from",
        rf"\b(?:duplicate IP address|IP address conflict):? {IP}!? sent from"
        rf"(?: (?:ethernet|link))?(?: address)?:? {MAC}",
    ),
    form(
        "duplicate-address",
        "ipv6 duplicate address",
        rf"(?:IPv6: )?\b{PORT}: IPv6 duplicate address {IP}(?: used by {MAC})? detected",
    ),
    form(
        "duplicate-address",
        "duplicate ipv6 address",
        rf"\b{PORT}: DAD detected duplicate IPv6 address {IP}",
    ),
    form(
        "duplicate-address",
        "ethernet address",
        rf"\b(?:changed|reused old) ethernet address {IP} {MAC} \({OTHER_MAC}\)(?: {PORT})?",
    ),
    form(
        "duplicate-address",
        "flip flop",
        rf"\bflip flop {IP} {MAC} \({OTHER_MAC}\)(?: {PORT})?",
    ),
    # A bridge that hears its own MAC: a loop, or a station that borrowed the MAC.
    form(
        "mac-moved",
        "with own address as source address",
        rf"\breceived packet on {PORT} with own address as source address"
        rf"(?: \(addr:{MAC}(?:, vlan:{VLAN})?)?",
    ),
    form(
        "virtual-router",
        "entering",
        r"(?:^|[ :])(?:VRRP_Instance)?\([^)]{1,64}\) Entering (?:MASTER|BACKUP|FAULT) STATE",
    ),
    form(
        "virtual-router",
        "carp: ",
        rf"\bcarp: \d+@{PORT}: (?:INIT|BACKUP|MASTER) -> (?:INIT|BACKUP|MASTER)\b",
    ),
)
