"""The heir: the side of a node that could take the lead over.

It says that it is ready only when it has learned all that the leader had when it asked, and a quorum of acceptors has answered it since:
so a node that could not lead is never told to, and costs the group nothing. Told to take over, it campaigns at once, without asking
whether anybody hears a leader. A node whose priority is above the leader's says by itself that it is ready, once it has kept up for a
while; with priority 0 it never is. Ladder 7 in docs/protocol.md.
"""

from typing import assert_never

from paxos.ballot import ZERO, Ballot
from paxos.company import Company
from paxos.cues import Chosen, Retire, Succeed
from paxos.effects import ACCEPTORS, NOTHING, Effects, sending, telling
from paxos.messages import Heartbeat, Probe, ProbeReply
from paxos.succession_messages import Canvass, Ready, TakeOver

HeirMessage = Canvass | TakeOver | ProbeReply | Chosen | Heartbeat | Retire

_FIRST_PROBE = 1 << 40
"""Its probes are numbered from here on, so that no election takes their answers for its own."""
_FIRST_BEATS = 10
_LAST_BEATS = 700
"""A leader of lower priority is left alone for so many heartbeats."""


class Heir:
    """The log's heir on one node."""

    handles = (Canvass, TakeOver, ProbeReply, Chosen, Heartbeat, Retire)

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
        self._priority = company.priority
        self._window_slots = company.settings.window_slots
        # The leader that this node outranks, how many heartbeats of it in a row were heard while keeping up, and how many have to be:
        # more after each time that this node did not come to lead, or not for as long as it had waited.
        self._outranked: Ballot = ZERO
        self._beat_count = 0
        self._wanted_beats = _FIRST_BEATS
        # Heartbeats of this node's own reign.
        self._reign_beats = 0

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
            case Heartbeat():
                return self._heartbeat(source, message)
            case Retire():
                self._retiring = True
                return NOTHING
            case _:
                assert_never(message)

    def _may_succeed(self, source: str, ballot: Ballot) -> bool:
        return not self._retiring and ballot.node == source != self._node and self._priority > 0

    def _canvassed(self, source: str, message: Canvass) -> Effects:
        if not self._may_succeed(source, message.ballot):
            refuses = self._priority == 0 and message.ballot.node == source != self._node
            return sending(source, Ready(message.ballot, 0)) if refuses else NOTHING
        return self._get_ready(message.ballot, message.chosen_through)

    def _heartbeat(self, source: str, message: Heartbeat) -> Effects:
        """Offer to take over from a leader of lower priority, each time after twice as long if nothing lasting comes of it."""
        if source == self._node:
            self._reign_beats += 1
            if self._reign_beats >= self._wanted_beats:
                self._wanted_beats = _FIRST_BEATS
            return NOTHING
        self._reign_beats = 0
        if message.priority >= self._priority or not self._may_succeed(source, message.ballot):
            return NOTHING
        if message.ballot != self._outranked:
            self._outranked, self._beat_count = message.ballot, 0
        keeps_up = self._next_slot + self._window_slots >= message.chosen_through
        self._beat_count = self._beat_count + 1 if keeps_up else 0
        if self._beat_count < self._wanted_beats:
            return NOTHING
        self._beat_count, self._wanted_beats = 0, min(2 * self._wanted_beats, _LAST_BEATS)
        return self._get_ready(message.ballot, message.chosen_through)

    def _get_ready(self, leader: Ballot, end_slot: int) -> Effects:
        """Find out whether a quorum answers, and wait until everything is learned."""
        if leader != self._asked_by:
            self._asked_by = leader
            self._probe_number += 1
            self._heard = set()
        self._end_slot = end_slot
        return sending(ACCEPTORS, Probe(self._probe_number))

    def _answer(self) -> Effects:
        if self._asked_by == ZERO or self._next_slot < self._end_slot or not self._quorum.prepared(self._heard):
            return NOTHING
        leader, self._asked_by = self._asked_by, ZERO
        return sending(leader.node, Ready(leader, self._priority))
