"""What netguard tells a person when it cannot go on, with the exit code that goes with it.

| code | meaning                                              |
|------|------------------------------------------------------|
| 0    | done                                                 |
| 1    | failed, or incomplete (gaps)                         |
| 2    | usage: the command line or the configuration is wrong |
| 3    | refused, nothing was changed                         |
| 4    | a change was sent but not confirmed: look now        |
"""

import enum


class Exit(enum.IntEnum):
    """The exit codes of every command but `check`, which speaks Nagios."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    REFUSED = 3
    UNCONFIRMED = 4


class NetguardError(Exception):
    """One clear line for a person: what is wrong, and the remedy."""

    exit_code = Exit.FAILED

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class ConfigError(NetguardError):
    """The configuration, the inventory or a secret is wrong; nothing was started."""

    exit_code = Exit.USAGE


class StoreError(NetguardError):
    """The store cannot be used; what it holds is untouched."""
