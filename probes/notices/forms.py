"""How a log message is recognised: the word that all its like contain, and a pattern.

A pattern's named groups are Notice's fields. Where the message tells an order, `mac` and `port` are
the later ones, `other_mac` and `other_port` the earlier.
"""

import re
from typing import Literal, NamedTuple

Kind = Literal[
    "duplicate-address", "mac-moved", "virtual-router", "port-closed", "neighbors-changed"
]

_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}\b|(?=[0-9a-f]{0,4}:[0-9a-f]{0,4}:)[0-9a-f:.]{2,45})"
_HARDWARE = (
    r"(?:(?:[0-9a-f]{1,2}[:-]){5}[0-9a-f]{1,2}|(?:[0-9a-f]{4}[.:-]){2}[0-9a-f]{4}"
    r"|[0-9a-f]{6}-?[0-9a-f]{6})\b"
)
# "ethernet 1/1", "GigabitEthernet 0/22" and "Port 7" have a blank in the name.
_NAME = r"(?:[a-z]{2,24} (?=\d))?\w[\w/.:-]{0,60}"

IP = f"(?P<ip>{_ADDRESS})"
MAC = rf"(?P<mac>\b{_HARDWARE})"
OTHER_MAC = rf"(?P<other_mac>\b{_HARDWARE})"
PORT = f"(?P<port>{_NAME})"
OTHER_PORT = f"(?P<other_port>{_NAME})"
VLAN = r"(?P<vlan>\d{1,4})\b"


class Form(NamedTuple):
    """One kind of message; `word` is lower case and in every one of them. None: it is no notice."""

    kind: Kind | None
    word: str
    pattern: re.Pattern[str]


def form(kind: Kind | None, word: str, pattern: str) -> Form:
    """Return the form of a message, in whatever case it is written."""
    return Form(kind, word, re.compile(pattern, re.IGNORECASE))
