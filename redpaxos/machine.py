"""A state machine of one's own, as callers see it: what it is asked and what it answers are bytes that only the machine understands.

    votes = client.machine("votes")         # nodes were given machines=(("votes", Counter),)
    votes.call(b"ann")                      # executed once, in the same order on every node
    votes.ask(b"ann")                       # linearizable, from any node, without a write

Both raise what redpaxos/kv.py says of writes and of reads.
"""

from redpaxos.questions import Consistency, Questions
from redpaxos.session import Session


class MachineClient:
    """One machine of the cluster; `client.machine(name)` makes one."""

    def __init__(self, name: str, session: Session, questions: Questions) -> None:
        self._name = name
        self._session = session
        self._questions = questions

    def call(self, command: bytes, *, timeout: float = 10.0) -> bytes:
        """The result of a command, executed once. NotDoneError, OutcomeUnknownError or RejectedError after `timeout` seconds."""
        return self._session.call(self._name, command, bytes, timeout=timeout)

    def ask(self, question: bytes, *, consistency: Consistency = "linearizable", node: str = "", timeout: float = 10.0) -> bytes:
        """The answer to a question, as every write answered before left the machine; see Consistency."""
        slot = self._session.seen_slot
        return self._questions.ask(self._name, question, consistency, written_slot=slot, node=node, timeout=timeout)
