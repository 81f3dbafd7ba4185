"""Configuration files for tests: one that is good, and a way to write one with a fault in it."""

from pathlib import Path

GOOD = """\
store = "sqlite:////var/lib/netguard/netguard.db"

[snmp.edge]
version = "2c"
read = "public"

[[device]]
name = "edge1"
address = "192.0.2.1"
role = "router"
snmp = "edge"

[[device]]
name = "cat1"
address = "192.0.2.11"
role = "switch"
snmp = "edge"

[[segment]]
name = "web-226"
networks = ["198.51.100.0/25"]
gateways = ["198.51.100.1"]
routers = ["edge1"]
switches = ["cat1"]

[[server]]
name = "ds0142"
address = "198.51.100.20"
blocks = ["203.0.113.64/26"]
port = "cat1 Fa0/3"
"""

HEAD = "name,customer,address,blocks,segment,mac,port\n"


def write(
    folder: Path, *, old: str = "", new: str = "", servers: str | bytes | None = None
) -> Path:
    """Write GOOD with `new` in the place of `old`, or at its end, and perhaps a servers file."""
    assert old in GOOD
    text = GOOD.replace(old, new, 1) if old else GOOD + new
    if servers is not None:
        content = servers.encode() if isinstance(servers, str) else servers
        (folder / "servers.csv").write_bytes(content)
        text = 'servers = "servers.csv"\n' + text
    path = folder / "netguard.toml"
    path.write_text(text)
    return path
