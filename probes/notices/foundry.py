"""What Foundry's, Brocade's and Ruckus's routers and switches write, and HP's 9300 series.

The wording of the duplicate address is known from manuals only, so its pattern is tolerant.
"""

from probes.notices.forms import IP, MAC, OTHER_PORT, PORT, VLAN, Form, form

FORMS: tuple[Form, ...] = (
    form(
        "duplicate-address",
        "dup",
        rf"\bdup(?:licate)? IP(?: address)?:? {IP}(?: detected)?"
        rf"(?:.{{0,30}}?\bMAC(?: address)?:? {MAC})?"
        rf"(?:.{{0,20}}?\b(?:interface|port):? {PORT})?",
    ),
    form(
        "mac-moved",
        "mac-move",
        rf"Mac-Move threshold-rate: MAC address {MAC} moved from interface {OTHER_PORT}"
        rf" to interface {PORT} for vlan {VLAN}",
    ),
    form(
        "mac-moved",
        "next hop router",
        rf"\bnext hop router {IP} moved from port {OTHER_PORT} to port {PORT}",
    ),
    form(
        "virtual-router",
        "state changed",
        rf"\bVRRP(?:-?E)?:? (?:intf|interface) state changed, (?:intf|interface) {PORT}, vrid \d+",
    ),
    form(
        "port-closed",
        "security violation",
        rf"\bPort security violation at interface {PORT}, address {MAC}, vlan {VLAN}",
    ),
    form(
        "port-closed",
        "err-disable",
        rf"\b(?:BPDU-?\s?guard|on) port {PORT} (?:detect|exceeded)\b.{{0,60}}err-disable state",
    ),
)
