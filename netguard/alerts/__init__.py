"""Alerts: a message goes to everyone whose `[[alert]]` asks for it, through apprise."""

from netguard.alerts.delivery import Message
from netguard.alerts.sending import send

__all__ = ["Message", "send"]
