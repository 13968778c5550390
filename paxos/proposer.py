"""The proposer: gets one value chosen in each slot, whatever others propose.

Idle, it proposes nothing. Preparing, it asks a quorum to promise its ballot, for all slots at once. Leading, it re-proposes what it
found (the value of the highest ballot, a NOOP in a gap) and then proposes values of its own, many slots in flight. A refusal names the
ballot it lost to: the next campaign goes straight above it. A decree's lowest ballot needs no phase 1 (paxos/first_ballots.py).
Lamport, "Paxos Made Simple", sections 2.2 and 3; ladders 1 to 3 in docs/protocol.md.
"""

from typing import assert_never

from paxos.archive import Archive
from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.batches import encode_batch
from paxos.company import Company
from paxos.cues import (
    Begin,
    Chosen,
    Contradicted,
    Deposed,
    Drained,
    Elected,
    Executed,
    Expired,
    Inspect,
    Lead,
    Propose,
    Proposed,
    Resign,
    Resume,
    Undecided,
    Withdraw,
    Withdrawn,
    Yield,
)
from paxos.effects import ACCEPTORS, NOTHING, CancelTimer, Effects, Send, StartTimer, Timer, telling
from paxos.errors import InvariantViolation
from paxos.first_ballots import FirstBallots
from paxos.groups import is_decree
from paxos.messages import Accept, Nack, Prepare, Promise, Vote
from paxos.phases import Idle, Leading, Preparing
from paxos.records import RoundUsed
from paxos.waiting import Waiting

ProposerMessage = Promise | Nack | Begin | Expired | Chosen | Executed | Propose | Withdraw | Inspect | Lead | Resign | Yield | Resume

RETRY = "retry"
BACK_OFF = "back-off"
_RESEND_DOUBLINGS = 3


class Proposer:
    """One group's proposer on one node."""

    handles = (Promise, Nack, Begin, Expired, Chosen, Executed, Propose, Withdraw, Inspect, Lead, Resign, Yield, Resume)

    def __init__(self, group: str, company: Company, archive: Archive, clock: int = 0, firsts: FirstBallots | None = None) -> None:
        self.group = group
        self._node = company.node
        self._quorum = company.quorum
        self._settings = company.settings
        self._firsts = firsts or FirstBallots(company)
        # A decree is contended for whenever there is work; a log is led by whom the election names.
        self._contends = is_decree(group)
        self._end_slot = 1 if self._contends else END_SLOT
        self.phase: Idle | Preparing | Leading = Idle()
        # No ballot of this node has a higher round, before and after any restart.
        self.round_used = archive.round_used(group)
        # The highest ballot that refused us.
        self.refused_by = ZERO
        # Refusals in a row; sets the back-off.
        self._refusal_count = 0
        # Refused, and waiting before the next campaign.
        self._backing_off = False
        # Every slot below is learned here.
        self.next_slot = archive.learned_end(group)[0]
        # Not in flight yet.
        self.waiting = Waiting(is_decree=self._contends)
        # Goes into the next batch: the log's clock, in milliseconds.
        self._stamp = clock
        # Goes into the next batch: a slot that this node has executed, and the digest after it.
        self._witness = (0, 0)
        # What this node's own clock showed at the last tick; -1 before the first.
        self._now = -1
        # Somebody asked what was decided: a campaign has to begin after the question.
        self._inspecting = False
        # The retry timer is running.
        self._retrying = False
        # Resends in this campaign; sets how long a decree waits before the next.
        self._resend_count = 0

    @property
    def proposed_end(self) -> int:
        """The first slot that is free as far as this proposer knows: no slot from here on was chosen at its ballot or below."""
        return self.phase.next_slot if isinstance(self.phase, Leading) else self.next_slot

    @property
    def is_about_to_propose(self) -> bool:
        """Whether something goes out at the end of this drain."""
        return isinstance(self.phase, Leading) and self._may_propose(self.phase)

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        """Take work, promises, refusals and what was learned."""
        match message:
            case Promise():
                return self._promised(source, message)
            case Nack():
                return self._refused(source, message)
            case Chosen():
                return self._chosen(message)
            case Propose():
                return self._take(message)
            case Executed():
                self._witness = (message.slot, message.digest)
                self._stamp = max(self._stamp, message.clock)
                return NOTHING
            case Inspect():
                return self._inspect()
            case Withdraw():
                return self._withdraw(message)
            case Yield() | Resume():
                return self._yield(yields=isinstance(message, Yield))
            case Lead():
                self.refused_by = max(self.refused_by, message.above)
                return self._campaign() if isinstance(self.phase, Idle) else NOTHING
            case Resign():
                return self._step_down(self.phase.ballot)
            case Expired():
                return self._expired(message)
            case Begin():
                return NOTHING
            case _:
                assert_never(message)

    def flush(self) -> Effects:
        """At the end of a drain: what waits goes out together, as far as the window allows."""
        phase = self.phase
        if not isinstance(phase, Leading):
            return NOTHING
        again = self._again(phase, phase.more_lost(self.next_slot))
        proposed = []
        while self._may_propose(phase):
            value = encode_batch(phase.ballot, self.waiting.next_batch(self._settings.batch_bytes), self._stamp, self._witness)
            proposed.append(self._propose(phase, phase.next_slot, value))
            phase.next_slot += 1
        if not again and not proposed:
            return NOTHING
        effects = _proposing(proposed, self.next_slot, self._keep_retrying(phase))
        return Effects(send=again) + effects if again else effects

    def tick(self, milliseconds: int) -> None:
        """Move the log's clock on by what elapsed while leading: no node's idea of the date can make it jump."""
        if isinstance(self.phase, Leading) and self._now >= 0:
            self._stamp += max(0, milliseconds - self._now)
        self._now = milliseconds

    def _take(self, message: Propose) -> Effects:
        """Take work; what reaches a log's proposer after it stepped down goes back, or it would go out twice later."""
        if isinstance(self.phase, Idle) and not self._contends:
            return telling(Withdrawn(message.commands))
        self.waiting.add(message.commands)
        return self._contend()

    # ---- phase 1 -----------------------------------------------------------------------------------------------------------------

    def _contend(self) -> Effects:
        """A decree's proposer campaigns by itself; a refused one only when its back-off is over."""
        if not self._contends or not isinstance(self.phase, Idle) or self._backing_off:
            return NOTHING
        return self._propose_first() or self._campaign()

    def _propose_first(self) -> Effects | None:
        """Propose at the lowest ballot, which needs no phase 1; None unless it is ours and nobody has asked for or used another."""
        ballot = self._firsts.of(self.group)
        if ballot is None or self.round_used > 0 or self.refused_by != ZERO or self._inspecting or self.next_slot > 0:
            return None
        # A store says 0 where no round was used, so the next is written down; with that on disk the first ballot is behind us.
        self.round_used = ballot.round + 1
        self.phase = Leading(ballot, self.next_slot, {}, 0)
        return Effects(persist=(RoundUsed(self.group, self.round_used),), tell=(Elected(ballot, self.next_slot),))

    def _inspect(self) -> Effects:
        """Find out by a campaign that begins after the question: older promises may have been overtaken by a decision."""
        self._inspecting = True
        return self._campaign() if isinstance(self.phase, Preparing) else self._contend()

    def _campaign(self) -> Effects:
        self.round_used = max(self.round_used, self.refused_by.round) + 1
        self._resend_count = 0
        ballot = Ballot(self.round_used, self._node)
        self.phase = Preparing(ballot, self.next_slot)
        return Effects(
            persist=(RoundUsed(self.group, self.round_used),),
            send=(Send(ACCEPTORS, Prepare(ballot, self.next_slot)),),
            timers=self._restart_retry(),
        )

    def _promised(self, source: str, message: Promise) -> Effects:
        phase = self.phase
        if not isinstance(phase, Preparing) or message.ballot != phase.ballot:
            return NOTHING
        if source not in self._quorum.members or message.first_slot > max(phase.covered.get(source, phase.first_slot), self.next_slot):
            return NOTHING
        contradicting = phase.contradicting(message.votes)
        phase.keep(message.votes)
        phase.covered[source] = max(phase.covered.get(source, 0), message.end_slot)
        if self._contends:
            # A decree has one slot, and nobody calls it chosen while it is proposed, so that a promise of it is one page.
            phase.given[source] = message.votes
        doubt = self._doubt(phase, contradicting) if contradicting is not None else NOTHING
        if message.end_slot < END_SLOT:
            return doubt + Effects(send=(Send(source, self._next_page(phase, source)),))
        return doubt + (self._elected(phase) if self._quorum.prepared(phase.complete) else NOTHING)

    def _doubt(self, phase: Preparing, vote: Vote) -> Effects:
        """A ballot was used twice, by a node that forgot. Of acceptors that agree, a quorum has met every value that may be chosen."""
        if not self._contends or vote.ballot.node == self._node:
            raise InvariantViolation(f"{self.group}: votes for two values in slot {vote.slot} at {vote.ballot.shown}")
        phase.believe_the_most()
        return telling(Contradicted(vote.ballot))

    def _next_page(self, phase: Preparing, acceptor: str) -> Prepare:
        return Prepare(phase.ballot, max(phase.covered.get(acceptor, phase.first_slot), self.next_slot))

    def _elected(self, won: Preparing) -> Effects:
        """Re-propose what may have been chosen before, and fill the gaps between."""
        self._firsts.won_phase_1()
        found = {slot: vote for slot, vote in won.votes.items() if slot >= self.next_slot}
        free_slot = max(found, default=self.next_slot - 1) + 1
        phase = Leading(won.ballot, free_slot, {}, 0, resend_below=free_slot, stood_at=self.next_slot)
        self.phase = phase
        noop = encode_batch(won.ballot, ())
        again = [self._propose(phase, slot, found[slot].value if slot in found else noop) for slot in range(self.next_slot, free_slot)]
        effects = telling(Elected(won.ballot, free_slot)) + _proposing(again, self.next_slot, self._restart_retry())
        if self._inspecting and free_slot == 0 and not self.waiting:
            self._inspecting = False
            self.phase = Idle()
            return effects + telling(Undecided())
        return effects

    # ---- phase 2 -----------------------------------------------------------------------------------------------------------------

    def _propose(self, phase: Leading, slot: int, value: bytes) -> Proposed:
        phase.launch(slot, value)
        return Proposed(slot, phase.ballot, value)

    def _may_propose(self, phase: Leading) -> bool:
        if phase.yields or not self.waiting or phase.next_slot >= self._end_slot:
            return False
        return len(phase.in_flight) < self._settings.window_slots and phase.in_flight_bytes < self._settings.window_bytes

    def _chosen(self, message: Chosen) -> Effects:
        self.next_slot = message.slot + 1
        phase = self.phase
        if self._contends:
            return self._decided()
        if not isinstance(phase, Leading):
            return NOTHING
        proposed = phase.land(message.slot)
        if message.ballot > phase.ballot:
            return self._lost_to(message.ballot)
        if message.slot >= phase.next_slot or (proposed is not None and proposed != message.value):
            raise InvariantViolation(f"{self.group}: slot {message.slot} chosen at {message.ballot}, another value led at {phase.ballot}")
        return telling(Drained()) if phase.yields and not phase.in_flight else NOTHING

    def _decided(self) -> Effects:
        self.waiting.clear()
        self._inspecting = self._backing_off = False
        self.phase = Idle()
        self._retrying = False
        return Effects(timers=(CancelTimer(RETRY), CancelTimer(BACK_OFF)))

    def _withdraw(self, message: Withdraw) -> Effects:
        self._inspecting = False
        effects = telling(Withdrawn(self.waiting.withdraw(set(message.commands))))
        if self._contends and self._has_no_work():
            self.phase = Idle()
            self._retrying = False
            effects += Effects(timers=(CancelTimer(RETRY),))
        return effects

    def _has_no_work(self) -> bool:
        """Whether a campaign or a reign is for nothing."""
        return not self.waiting and (isinstance(self.phase, Preparing) or (isinstance(self.phase, Leading) and not self.phase.in_flight))

    # ---- a hand-over -------------------------------------------------------------------------------------------------------------

    def _yield(self, *, yields: bool) -> Effects:
        """Stop or go on proposing, because another node is to lead or did not come to it."""
        phase = self.phase
        if not isinstance(phase, Leading):
            return NOTHING
        phase.yields = yields
        return telling(Drained()) if yields and not phase.in_flight else NOTHING

    # ---- refusals and time -------------------------------------------------------------------------------------------------------

    def _refused(self, source: str, message: Nack) -> Effects:
        if isinstance(self.phase, Idle) or message.ballot != self.phase.ballot or message.promised < message.ballot:
            return NOTHING
        # Refused at the very ballot that was promised: the acceptor has voted for another value there, so a decree needs phase 1 after all.
        if message.promised == message.ballot and not (self._contends and isinstance(self.phase, Leading)):
            return NOTHING
        if source not in self._quorum.members:
            return NOTHING
        return self._lost_to(message.promised)

    def _lost_to(self, ballot: Ballot) -> Effects:
        self.refused_by = max(self.refused_by, ballot)
        effects = self._step_down(ballot)
        if not self._contends:
            return effects
        self._refusal_count += 1
        self._backing_off = True
        ceiling = min(self._settings.backoff_cap_seconds, self._settings.backoff_base_seconds * 2 ** min(self._refusal_count, 30))
        return effects + Effects(timers=(StartTimer(BACK_OFF, 0.0, ceiling),))

    def _step_down(self, by: Ballot) -> Effects:
        """Stop at once: what is in flight may still be chosen, by whoever leads next."""
        if isinstance(self.phase, Idle):
            return NOTHING
        self.phase = Idle()
        self._retrying = False
        return Effects(timers=(CancelTimer(RETRY),), tell=(Withdrawn(self.waiting.step_down()), Deposed(by)))

    def _expired(self, message: Expired) -> Effects:
        if message.timer == RETRY:
            self._retrying = False
            return self._resend()
        if message.timer != BACK_OFF:
            return NOTHING
        self._backing_off = False
        if self.waiting or self._inspecting:
            return self._campaign()
        self._refusal_count = 0
        return NOTHING

    def _resend(self) -> Effects:
        match self.phase:
            case Idle():
                return NOTHING
            case Preparing() as phase:
                missing = sorted(name for name in self._quorum.members if phase.covered.get(name, 0) < END_SLOT)
                sends = tuple(Send(name, self._next_page(phase, name)) for name in missing)
                return Effects(send=sends, timers=self._restart_retry())
            case Leading() as phase:
                again = self._again(phase, phase.late(self.next_slot))
                return Effects(send=again, timers=self._keep_retrying(phase))
            case _:
                assert_never(self.phase)

    def _again(self, phase: Leading, slots: list[int]) -> tuple[Send, ...]:
        """The same proposals again, unchanged."""
        return tuple(Send(ACCEPTORS, Accept(phase.ballot, slot, phase.in_flight[slot], self.next_slot)) for slot in slots)

    def _keep_retrying(self, phase: Leading) -> tuple[Timer, ...]:
        """Keep the retry timer running while anything is in flight."""
        if self._retrying or not phase.in_flight:
            return ()
        phase.resend_below, phase.stood_at = phase.next_slot, self.next_slot
        return self._restart_retry()

    def _restart_retry(self) -> tuple[Timer, ...]:
        """A decree asks less and less often: there may be thousands of them, and acceptors that cannot keep up."""
        self._retrying = True
        if not self._contends:
            return (StartTimer(RETRY, self._settings.retry_seconds),)
        seconds = self._settings.retry_seconds * 2 ** min(self._resend_count, _RESEND_DOUBLINGS)
        self._resend_count += 1
        return (StartTimer(RETRY, seconds, seconds),)


def _proposing(proposed: list[Proposed], chosen_through: int, timers: tuple[Timer, ...]) -> Effects:
    """Ask the acceptors to vote, and tell the learner beside us what for: nobody else needs the values before they are chosen."""
    sends = tuple(Send(ACCEPTORS, Accept(one.ballot, one.slot, one.value, chosen_through)) for one in proposed)
    return Effects(send=sends, timers=timers, tell=tuple(proposed))
