"""What netguard remembers, and what it did to ports. SQLite, or PostgreSQL by URL."""

from netguard.store.failures import Unfit, store_gap
from netguard.store.opening import open_store
from netguard.store.records import (
    AlertCursor,
    Binding,
    GatewayIdentity,
    Look,
    News,
    ServerRecord,
    ServerSweep,
    SweepRecord,
    Verification,
)
from netguard.store.store import Store

__all__ = [
    "AlertCursor",
    "Binding",
    "GatewayIdentity",
    "Look",
    "News",
    "ServerRecord",
    "ServerSweep",
    "Store",
    "SweepRecord",
    "Unfit",
    "Verification",
    "open_store",
    "store_gap",
]
