"""What netguard remembers, and what it did to ports. SQLite, or PostgreSQL by URL."""

from netguard.store.failures import store_gap
from netguard.store.opening import open_store
from netguard.store.records import (
    Binding,
    GatewayIdentity,
    ServerRecord,
    ServerSweep,
    SweepRecord,
    Verification,
)
from netguard.store.store import Store

__all__ = [
    "Binding",
    "GatewayIdentity",
    "ServerRecord",
    "ServerSweep",
    "Store",
    "SweepRecord",
    "Verification",
    "open_store",
    "store_gap",
]
