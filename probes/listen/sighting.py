"""Where and when a frame was seen: what every record made of it has in common."""

from datetime import datetime

import msgspec


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """`source` is the frame's sender, `vlan` 1 to 4094 or None without a tag.

    `told` is the station that the frame went to, None for everybody, or where it is not known.
    """

    interface: str
    vlan: int | None
    source: str
    seen: datetime
    told: str | None
