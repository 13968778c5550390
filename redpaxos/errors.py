"""What a caller can be told when a request is not done.

RedpaxosError
 +- RejectedError         a definite no: asking again would be answered the same
 |   +- UndecidedError    nobody has proposed anything for this decree
 |   +- HistoryLostError  changes are asked for that are not kept any more
 |   +- AddressError      no Redis, cluster or node can be called that
 +- NotDoneError          certainly not done: no quorum, nobody there, Redis out of reach; ask again later
 +- OutcomeUnknownError   it may be done, or may yet be; ask again with the same id to find out
 +- NodeFailedError       a node stopped because it could not go on safely
"""

from paxos.errors import ConfigurationError

UNHEARD = "are the cluster's name and the secret right?"
"""What to look at, besides who runs, where nobody answers: nodes do not hear whoever has another name or secret."""

CLOSED = "the client is closed"


class RedpaxosError(Exception):
    """Base of every error that redpaxos raises."""


class RejectedError(RedpaxosError):
    """The request can never be granted."""


class UndecidedError(RejectedError):
    """The decree has no value."""


class HistoryLostError(RejectedError):
    """Changes so old are not kept any more: read the present state, and go on from there."""


class AddressError(RejectedError, ConfigurationError):
    """The URL of a Redis, or the name of a cluster or node, makes no sense."""


class NotDoneError(RedpaxosError):
    """The request was certainly not carried out, and no trace of it is left that could be."""


class OutcomeUnknownError(RedpaxosError):
    """No answer came in time; `request_id` repeats the request without doing it twice, where it is not empty."""

    def __init__(self, message: str, request_id: str) -> None:
        super().__init__(message)
        self.request_id = request_id


class NodeFailedError(RedpaxosError):
    """The node could not go on safely."""
