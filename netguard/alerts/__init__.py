"""Alerts: a message goes to everyone whose `[[alert]]` asks for it, by apprise or as syslog."""

from netguard.alerts.message import Message
from netguard.alerts.sending import send

__all__ = ["Message", "send"]
