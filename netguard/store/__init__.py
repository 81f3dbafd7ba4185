"""What netguard remembers: bindings, findings and their life. SQLite, or PostgreSQL by URL."""

from netguard.store.opening import open_store
from netguard.store.records import Binding, GatewayIdentity, SweepRecord
from netguard.store.store import Store

__all__ = ["Binding", "GatewayIdentity", "Store", "SweepRecord", "open_store"]
