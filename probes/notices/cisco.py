"""What Cisco's IOS, IOS-XE, IOS-XR, NX-OS and CatOS write, and Arista's EOS, which is like them."""

from probes.notices.forms import IP, MAC, OTHER_PORT, PORT, VLAN, Form, form

# %FACILITY-SUBFACILITY-SEVERITY-; IOS-XR has a blank before the colon, CatOS none after it.
_FACILITY = r"%[A-Z0-9_-]{1,40}-\d-"
_END = r"\s{0,2}:\s{0,2}"
_REDUNDANCY = (
    rf"%(?:IP-)?(?:HSRP|STANDBY|VRRP|GLBP)[\w-]{{0,20}}-\d-\w{{0,12}}STATE\w{{0,12}}{_END}"
)

FORMS: tuple[Form, ...] = (
    # Somebody asks whether the device's own address is free (RFC 5227, RFC 4862): no claim.
    form(None, "probe", rf"{_FACILITY}DUP_\w{{0,20}}PROBE{_END}"),
    form(None, "duplicate_info", rf"{_FACILITY}DUPLICATE_INFO{_END}DAD attempt"),
    form(
        "duplicate-address",
        "dupaddr",
        rf"{_FACILITY}(?:\w{{1,10}}_)?DUPADDR{_END}Duplicate (?:IP )?address {IP} on {PORT}"
        rf"(?:, ?sourced by {MAC})?",
    ),
    form(
        "duplicate-address",
        "duplicate",
        rf"{_FACILITY}(?:ND_)?DUPLICATE\w{{0,12}}{_END}Duplicate (?:IPv6 )?address {IP} on {PORT}",
    ),
    form(
        "duplicate-address",
        "is duplicate of local",
        rf"packet received from {MAC} on (?:Vlan{VLAN}\()?{PORT}\)? is duplicate of local"
        rf"(?: virtual)?(?: ip)?,? {IP}",
    ),
    form(
        "mac-moved",
        "flapping between",
        rf"\bHost {MAC}(?: in vlan {VLAN})? is flapping between (?:port|interface)(?: +{PORT})?"
        rf"(?: efp_id \d+)? +and (?:port|interface)(?: +{OTHER_PORT})?",
    ),
    form(
        "mac-moved",
        "is moving from",
        rf"\bHost {MAC}(?: in vlan {VLAN})? is moving from port(?: +{OTHER_PORT})?"
        rf"(?: efp_id \d+)? +to port(?: +{PORT})?",
    ),
    form(
        "mac-moved",
        "has moved from",
        rf"\bMac {MAC} in vlan {VLAN} has moved from +{OTHER_PORT} +to(?: +{PORT})?",
    ),
    form(
        "mac-moved",
        "loops detected",
        rf"Loops detected in the network for mac {MAC} among ports {PORT} and {OTHER_PORT}"
        rf" vlan {VLAN}",
    ),
    form(
        "mac-moved",
        "mac_flap_disable_learn",
        rf"MAC_FLAP_DISABLE_LEARN\w{{0,8}}{_END}Disabling learning in vlan {VLAN}",
    ),
    form("virtual-router", "state", rf"{_REDUNDANCY}Standby: \d+: {PORT} state"),
    form(
        "virtual-router", "state", rf"{_REDUNDANCY}.{{0,40}}?\bon (?:Interface )?{PORT},? .*state"
    ),
    form("virtual-router", "state", rf"{_REDUNDANCY}{PORT} (?:Grp|Group|IPv[46]|state)\b"),
    form("virtual-router", "state", _REDUNDANCY),
    form(
        "port-closed",
        "err_disable",
        rf"ERR_DISABLE\w{{0,4}}{_END}\S+ error detected on {PORT},(?: vlan {VLAN}\.)? ?putting",
    ),
    form(
        "port-closed",
        "if_down_error_disabled",
        rf"IF_DOWN_ERROR_DISABLED{_END}Interface {PORT} is down",
    ),
    form("port-closed", "errdisabled", rf"Interface {PORT}, changed state to errdisabled"),
    form(
        "port-closed",
        "psecure_violation",
        rf"PSECURE_VIOLATION{_END}Security violation occurred,? caused by MAC (?:address )?{MAC}"
        rf" on port {PORT}",
    ),
    form(
        "port-closed",
        "psecure_violation_vlan",
        rf"PSECURE_VIOLATION_VLAN{_END}Security violation on port {PORT} due to MAC address {MAC}"
        rf" on VLAN {VLAN}",
    ),
    form("port-closed", "portshutdown", rf"{_FACILITY}PORTSHUTDOWN{_END}Port {PORT} shutdown"),
    # A port that opens again, learning that is switched on again: over, and nothing to look for.
    form(None, "err_recover", rf"{_FACILITY}ERR_RECOVER{_END}"),
    form(None, "re_enable_learn", rf"MAC_FLAP_RE_ENABLE_LEARN\w{{0,8}}{_END}"),
)
