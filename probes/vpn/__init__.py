"""Which VPN services a server itself offers: asked for once, politely, without logging in.

This is supporting evidence, and off by default. An answer in a protocol proves that the service is
there; silence proves nothing. OpenVPN with tls-auth or tls-crypt answers only those who hold its
key, L2TP mostly hides behind IPsec, and WireGuard answers nobody who is not authenticated: it is
not even tried.
"""

from probes.vpn.asking import VpnPort, vpn_ports

__all__ = ["VpnPort", "vpn_ports"]
