"""Errors of the pure core.

PaxosError
 +- InvariantViolation   a bug, or a store that forgot: the node must stop
 +- ConfigurationError   the user's settings cannot work
 +- MalformedError       bytes that are no message of ours
"""


class PaxosError(Exception):
    """Base of every error that this package raises."""


class InvariantViolation(PaxosError):
    """Something that the protocol rules out has happened; the node must stop."""


class ConfigurationError(PaxosError):
    """Settings that cannot work together."""


class MalformedError(PaxosError):
    """Bytes that do not decode to a message, or decode to one out of bounds; `kind` is what to count them under."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
