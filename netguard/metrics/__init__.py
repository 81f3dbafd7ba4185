"""Prometheus metrics: numbers that somebody has counted, served over HTTP or written to a file.

No label holds an address, a MAC, a server or a customer: there would be a series for each of them,
and whoever reads a metrics page need not know who is a customer.
"""

from netguard.metrics.families import render
from netguard.metrics.numbers import FindingLabels, Numbers, Swept, from_store
from netguard.metrics.serving import serve
from netguard.metrics.textfile import write

__all__ = ["FindingLabels", "Numbers", "Swept", "from_store", "render", "serve", "write"]
