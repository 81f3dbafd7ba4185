"""What can go wrong while measuring: one root, and a class only where a caller acts differently.

ProbeError
├── LinkError      the interface or this machine's rights; ask the operator
├── NoAnswer       asked, and nothing came back in time; may be tried again
├── Refused        answered, and said no (bad community, no such context, wrong key)
└── Malformed      the bytes are not what the standard allows
"""

from probes.records import Gap


class ProbeError(Exception):
    """A measurement failed.

    `subject` is what was being measured (a device, an interface), `remedy` what the operator
    can do about it. Neither ever holds a secret.
    """

    kind = "probe-failed"

    def __init__(self, subject: str, detail: str, *, remedy: str = "", kind: str = "") -> None:
        super().__init__(f"{subject}: {detail}")
        self.subject = subject
        self.detail = detail
        self.remedy = remedy
        self.kind = kind or type(self).kind

    def gap(self) -> Gap:
        """Return the record of a measurement that could not be made."""
        return Gap(subject=self.subject, kind=self.kind, detail=self.detail, remedy=self.remedy)


class LinkError(ProbeError):
    """The interface cannot be used: missing, down, without address, or without the right to."""

    kind = "link-unusable"


class NoAnswer(ProbeError):
    """Nothing came back within the time and retries allowed."""

    kind = "no-answer"


class Refused(ProbeError):
    """The other side answered and declined."""

    kind = "refused"


class Malformed(ProbeError):
    """The bytes received are not what the standard allows."""

    kind = "malformed"
