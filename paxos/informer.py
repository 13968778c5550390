"""The informer: tells the other learners what was decided.

Acceptors tell the proposer alone that they voted: it is the distinguished learner of its ballot, which informs the others. They have
not seen the values before, since only acceptors need them to vote. What the log's leader has to tell goes out in one send with its next
proposals, or by itself if none follows for a moment; a decree's outcome goes out at once. It may be lost: whoever is behind hears so
and asks. Lamport, "Paxos Made Simple", section 2.3; ladder 2 in docs/protocol.md.
"""

from typing import assert_never

from paxos.ballot import ZERO, Ballot
from paxos.company import Company
from paxos.cues import Chosen, Deposed, Elected, Expired
from paxos.effects import LEARNERS, NOTHING, CancelTimer, Effects, Send, StartTimer
from paxos.election import HEARTBEAT
from paxos.groups import is_decree
from paxos.messages import Decided
from paxos.proposer import Proposer

InformerMessage = Elected | Deposed | Chosen | Expired

TELL = "tell"


class Informer:
    """One group's informer on one node."""

    handles = (Elected, Deposed, Chosen, Expired)

    def __init__(self, group: str, company: Company, proposer: Proposer) -> None:
        self._proposer = proposer
        self._settings = company.settings
        # Of a decree nothing follows.
        self._is_patient = not is_decree(group)
        # The ballot that this node last led with; what was decided at it stays so.
        self._ballot: Ballot = ZERO
        # What was decided at it, and the others were not told yet.
        self._untold: list[Chosen] = []
        self._is_waiting = False

    def handle(self, source: str, message: InformerMessage) -> Effects:
        """Note what there is to tell."""
        match message:
            case Chosen():
                if message.ballot == self._ballot:
                    self._untold.append(message)
                return NOTHING
            case Elected():
                self._ballot = message.ballot
                return NOTHING
            case Deposed():
                return self._tell()
            case Expired():
                return self._expired(message)
            case _:
                assert_never(message)

    def flush(self) -> Effects:
        """At the end of a drain, before the proposer: tell it with what is about to be proposed, or see to it that it is told."""
        if not self._untold:
            return NOTHING
        if self._proposer.is_about_to_propose or not self._is_patient:
            return self._tell()
        if self._is_waiting:
            return NOTHING
        self._is_waiting = True
        return Effects(timers=(StartTimer(TELL, self._settings.tell_seconds),))

    def _expired(self, message: Expired) -> Effects:
        if message.timer == TELL:
            self._is_waiting = False
        elif message.timer != HEARTBEAT:
            return NOTHING
        # In front of a heartbeat: who hears that slots are chosen and does not have them stands back if this node dies then.
        return self._tell()

    def _tell(self) -> Effects:
        if not self._untold:
            return NOTHING
        sends = tuple(Send(LEARNERS, Decided(told.ballot, told.slot, told.value)) for told in self._untold)
        self._untold = []
        timers = (CancelTimer(TELL),) if self._is_waiting else ()
        self._is_waiting = False
        return Effects(send=sends, timers=timers)
