"""The heir: the side of a node that could take the lead over.

It says that it is ready only when it has learned all that the leader had when it asked, and a quorum of acceptors has answered it since:
so a node that could not lead is never told to, and costs the group nothing. Told to take over, it campaigns at once, without asking
whether anybody hears a leader. Ladder 7 in docs/protocol.md.
"""

from typing import assert_never

from paxos.ballot import ZERO, Ballot
from paxos.company import Company
from paxos.cues import Chosen, Retire, Succeed
from paxos.effects import ACCEPTORS, NOTHING, Effects, sending, telling
from paxos.messages import Probe, ProbeReply
from paxos.succession_messages import Canvass, Ready, TakeOver

HeirMessage = Canvass | TakeOver | ProbeReply | Chosen | Retire

_FIRST_PROBE = 1 << 40
"""Its probes are numbered from here on, so that no election takes their answers for its own."""


class Heir:
    """The log's heir on one node."""

    handles = (Canvass, TakeOver, ProbeReply, Chosen, Retire)

    def __init__(self, company: Company, next_slot: int) -> None:
        self._node = company.node
        self._quorum = company.quorum
        # Slots below are learned here.
        self._next_slot = next_slot
        # The leader that asks; ZERO where none does, or it was answered.
        self._asked_by: Ballot = ZERO
        # What has to be learned before the answer.
        self._end_slot = 0
        self._probe_number = _FIRST_PROBE
        # Distinct acceptors that answered since the leader asked.
        self._heard: set[str] = set()
        self._retiring = False

    def handle(self, source: str, message: HeirMessage) -> Effects:
        """Get ready, or take over."""
        match message:
            case Canvass():
                return self._canvassed(source, message)
            case ProbeReply():
                if message.number == self._probe_number and source in self._quorum.members:
                    self._heard.add(source)
                return self._answer()
            case Chosen():
                self._next_slot = message.slot + 1
                return self._answer()
            case TakeOver():
                return telling(Succeed(message.ballot)) if self._may_succeed(source, message.ballot) else NOTHING
            case Retire():
                self._retiring = True
                return NOTHING
            case _:
                assert_never(message)

    def flush(self) -> Effects:
        """Nothing waits for the end of a drain."""
        return NOTHING

    def _may_succeed(self, source: str, ballot: Ballot) -> bool:
        return not self._retiring and ballot.node == source != self._node

    def _canvassed(self, source: str, message: Canvass) -> Effects:
        if not self._may_succeed(source, message.ballot):
            return NOTHING
        if message.ballot != self._asked_by:
            self._asked_by = message.ballot
            self._probe_number += 1
            self._heard = set()
        self._end_slot = message.chosen_through
        return sending(ACCEPTORS, Probe(self._probe_number))

    def _answer(self) -> Effects:
        if self._asked_by == ZERO or self._next_slot < self._end_slot or not self._quorum.prepared(self._heard):
            return NOTHING
        leader, self._asked_by = self._asked_by, ZERO
        return sending(leader.node, Ready(leader))
