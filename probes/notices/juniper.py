"""What Juniper's Junos writes."""

from probes.notices.forms import IP, MAC, OTHER_MAC, PORT, Form, form

FORMS: tuple[Form, ...] = (
    form(
        "duplicate-address",
        "duplicate ip address",
        rf"\bduplicate IP address {IP}! sent from address: {MAC}",
    ),
    form(
        "duplicate-address",
        "arp info overwritten for",
        rf"\barp info overwritten for {IP} from {OTHER_MAC} to {MAC}",
    ),
    form(
        "virtual-router",
        "vrrp",
        rf"\bInterface {PORT} \(local addr(?:ess)?:? [^)]{{1,45}}\) (?:became VRRP|is now) "
        r"(?:master|backup)\b",
    ),
    form("virtual-router", "vrrpd_new_", r"\bVRRPD_NEW_(?:MASTER|BACKUP)\b"),
    form(
        "port-closed",
        "error_disabled",
        rf"\b\w{{1,40}}_ERROR_DISABLED ?: (?:interface )?{PORT}: bpdu-block disabled port",
    ),
)
