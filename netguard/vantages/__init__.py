"""Other places to trace from: hosts that are reached by SSH and have nothing of netguard's."""

from netguard.vantages.opening import vantage_wire

__all__ = ["vantage_wire"]
