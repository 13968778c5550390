"""The search for a node to ask: each proposer says who it is and whom it takes for the leader."""

import time

from paxos.effects import PROPOSERS
from paxos.errand import Contact
from paxos.groups import LOG
from paxos.messages import Locate, Located
from redpaxos.line import LOCATED, PAUSE_SECONDS, Line
from transport.base import TransportError

_LOCATE_SECONDS = 0.1


def find_proposer(line: Line, deadline: float, *, leading: bool) -> Contact | None:
    """The first proposer to answer, or the first to say that it leads; None if nobody does within a moment."""
    with line.listening(LOCATED) as answers:
        try:
            line.send(PROPOSERS, LOG, Locate())
        except TransportError:
            line.pause(PAUSE_SECONDS)
            return None
        for source, message in answers.until(min(deadline, time.monotonic() + _LOCATE_SECONDS)):
            if isinstance(message, Located) and (message.leader == source or not leading):
                return Contact(source, message.incarnation)
    return None
