"""The conduct of one actor: what it has said in public, and the promises that it breaks all by itself.

An acceptor answers at rising ballots only: once it has promised or voted at a ballot, it says nothing at a lower one, and its promise
never falls, a restart included. Lamport, "Paxos Made Simple", section 2.2, P1a. What several actors break together is judged in
exhaustive_verdict.py, from the facts gathered here.
"""

from msgspec import Struct

from paxos.acceptor import Acceptor
from paxos.ballot import ZERO, Ballot
from paxos.cues import Chosen, Message
from paxos.effects import Effects
from paxos.messages import Accept, Accepted, Prepare, Promise, WireMessage
from redpaxos.simulation.scripted.ladder import describe_ballot


class Fact(Struct, frozen=True):
    """What everybody may judge: a value that somebody `voted` for, `proposed` or `learned`."""

    kind: str
    slot: int
    ballot: Ballot
    value: bytes


class Conduct:
    """Watches one actor through all its lives."""

    def __init__(self) -> None:
        self.facts: set[Fact] = set()
        # Every ballot that it prepared, promised or voted at.
        self.ballots: set[Ballot] = set()
        # The highest ballot that it promised or voted at; it may never answer below.
        self.spoken = ZERO
        # The first promise that it broke, or an empty string.
        self.breach = ""

    def observe(self, heard: Message, effects: Effects) -> None:
        """It heard this, and did that."""
        for send in effects.send:
            self._note(send.message)
            if isinstance(send.message, Accepted) and isinstance(heard, Accept):
                self.facts.add(Fact("voted", heard.slot, send.message.ballot, heard.value))
        for told in effects.tell:
            if isinstance(told, Chosen):
                self.facts.add(Fact("learned", told.slot, told.ballot, told.value))

    def inspect(self, acceptor: Acceptor) -> None:
        """Compare what an acceptor remembers with what it said."""
        if acceptor.promised < self.spoken:
            self._break(f"the promise fell from {describe_ballot(self.spoken)} to {describe_ballot(acceptor.promised)}")
        for vote in acceptor.votes.values():
            if vote.ballot > acceptor.promised:
                self._break(f"a vote at {describe_ballot(vote.ballot)} above the promise")

    def forget(self) -> None:
        """Its disk was lost: what comes back under its name has said nothing yet, and what was said stands."""
        self.spoken = ZERO

    def _note(self, message: WireMessage) -> None:
        if isinstance(message, Prepare | Promise | Accepted):
            self.ballots.add(message.ballot)
        if isinstance(message, Promise | Accepted):
            if message.ballot < self.spoken:
                said = f"{type(message).__name__} at {describe_ballot(message.ballot)}"
                self._break(f"{said} after one at {describe_ballot(self.spoken)}")
            self.spoken = max(message.ballot, self.spoken)
        if isinstance(message, Accept):
            self.facts.add(Fact("proposed", message.slot, message.ballot, message.value))

    def _break(self, what: str) -> None:
        self.breach = self.breach or what
