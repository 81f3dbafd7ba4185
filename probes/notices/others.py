"""What switches of other makes write; some borrow Cisco's mnemonics for words of their own."""

from probes.notices.forms import IP, MAC, OTHER_MAC, OTHER_PORT, PORT, VLAN, Form, form

FORMS: tuple[Form, ...] = (
    form(  # D-Link with Cisco's command line
        "duplicate-address",
        "dupaddr",
        rf"DUPADDR: Duplicate address {IP} on interface VLAN {VLAN} port {PORT}, sourced by {MAC}",
    ),
    form(
        "duplicate-address",
        "arpchangemac",
        rf"ARPCHANGEMAC: ARP entry {IP} on VLAN {VLAN} changed {OTHER_MAC} to {MAC}"
        rf"(?: due to ARP packet from {PORT})?",
    ),
    form(  # D-Link
        "duplicate-address",
        "conflict ip",
        rf"\bConflict IP was detected with this device \(IP: {IP}, MAC: {MAC}, {PORT},",
    ),
    form(  # Qtech
        "duplicate-address",
        "duplicate ipaddress",
        rf"\bDuplicate ipaddress {IP}, ?old info: ?{OTHER_MAC}, vid \d+, {OTHER_PORT}"
        rf", new info: ?{MAC}, vid {VLAN}, {PORT}",
    ),
    form(  # Huawei
        "duplicate-address",
        "arp_duplicate_ipaddr",
        rf"\bInterfaceName={PORT}, ?IpAddress={IP}, ?MacAddress={MAC}(?:, ?PE-VLAN={VLAN})?",
    ),
    form(
        "mac-moved",
        "formerifdescname",
        rf"\bMacAdd={MAC}, ?vlanid={VLAN}, *FormerIfDescName={OTHER_PORT}"
        rf", ?CurrentIfDescName={PORT}",
    ),
)
