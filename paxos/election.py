"""Election: who should campaign for the log, and when to give up. It decides liveness only, never safety.

A leader says so in heartbeats, and acceptors echo them; a leader that no quorum echoes resigns, so it makes room. Who hears no leader
probes the acceptors first, and campaigns only when a quorum of them hears no leader either, so a node that is merely cut off from a
good leader disturbs nobody. Together this elects a node that a quorum can hear and reach wherever there is one, also where nobody is
connected to everybody. The cases: Ng, Haridi, Carbone, "Omni-Paxos" (2023), section 2; ladder 3 in docs/protocol.md.
"""

from typing import assert_never

from msgspec import Struct

from paxos.ballot import ZERO, Ballot
from paxos.company import Company
from paxos.cues import Begin, Chosen, Deposed, Elected, Expired, Following, Lead, Resign, Retire, Succeed
from paxos.effects import ACCEPTORS, EVERYONE, NOTHING, CancelTimer, Effects, Send, StartTimer, telling
from paxos.messages import Accept, Accepted, Decided, Echo, Heartbeat, Probe, ProbeReply
from paxos.settings import Settings
from paxos.signs import Signs
from paxos.succession_messages import Resigned

ElectionMessage = (
    Begin | Expired | Heartbeat | Echo | ProbeReply | Elected | Deposed | Chosen | Decided | Accepted | Resigned | Succeed | Retire
)
WitnessMessage = Heartbeat | Probe | Expired | Accept | Resigned

ELECTION = "election"
HEARTBEAT = "heartbeat"
LEADER_HEARD = "leader-heard"
_PATIENT_ROUNDS = 1
_EARLY_PART = 4
# No election's: they are numbered from 1.
_FOLLOWER_PROBE = 0


class Waiting(Struct):
    """Following the leader of this ballot, or nobody yet (ZERO)."""

    leader: Ballot


class Probing(Struct):
    """Asking whether acceptors hear a leader."""

    # Distinct acceptors that answered this probe and hear none.
    leaderless: set[str]
    # Whether one of them is on a node that should rather lead.
    outranked: bool = False


class Campaigning(Struct):
    """The proposer is in phase 1."""

    # The ballot whose owner asked for this campaign, and goes on beating until it is over; ZERO where nobody asked.
    predecessor: Ballot = ZERO


class Reigning(Struct):
    """The proposer leads."""

    ballot: Ballot
    # Distinct acceptors that echoed a heartbeat since the last check.
    echoed: set[str]
    # Heartbeats sent since the last check.
    beat_count: int


class Election:
    """The candidate's side, beside the log's proposer."""

    handles = (Begin, Expired, Heartbeat, Echo, ProbeReply, Elected, Deposed, Chosen, Decided, Accepted, Resigned, Succeed, Retire)

    def __init__(self, company: Company, next_slot: int) -> None:
        self._node = company.node
        self._quorum = company.quorum
        self._settings = company.settings
        self.phase: Waiting | Probing | Campaigning | Reigning = Waiting(ZERO)
        # The highest ballot heard of; a campaign goes above it.
        self.highest = ZERO
        # The highest ballot that led, as far as was heard; a campaign that came to nothing is none, so its ballot hides no leader.
        self._reigned = ZERO
        # Whose heartbeat made this node's proposer let go; ZERO once it has, and otherwise.
        self._successor = ZERO
        self._priority = company.priority
        # This node is about to stop, or has priority 0, and does not campaign.
        self._retired = company.priority == 0
        # Slots below are learned here, and known to be chosen somewhere.
        self._next_slot = next_slot
        self._known_end = next_slot
        self._probe_number = 0
        # When the leader was last heard, by heartbeats or by what it proposes.
        self._signs = Signs()
        # Elections in a row in which this node stood back because it was behind or outranked.
        self._stood_back = 0
        self._beats_per_check = max(2, round(company.settings.election_timeout_seconds / company.settings.heartbeat_seconds))

    def handle(self, source: str, message: ElectionMessage) -> Effects:
        """Hear a leader, or the lack of one."""
        match message:
            case Begin():
                jitter = self._settings.election_jitter_seconds
                return Effects(timers=(StartTimer(ELECTION, 0.0, jitter),))
            case Heartbeat():
                return self._heartbeat(source, message)
            case Echo() | Accepted():
                return self._echo(source, message)
            case Decided():
                return self._note_sign(source, message)
            case ProbeReply():
                return self._probe_reply(source, message)
            case Elected():
                return self._elected(message)
            case Deposed():
                return self._deposed(message)
            case Chosen():
                self._next_slot = message.slot + 1
                return NOTHING
            case Expired():
                return self._expired(message)
            case Resigned():
                return self._resigned(source, message)
            case Succeed():
                return self._succeed(message)
            case Retire():
                self._retired = True
                return telling(Resign()) if isinstance(self.phase, Campaigning) else NOTHING
            case _:
                assert_never(message)

    def _heartbeat(self, source: str, message: Heartbeat) -> Effects:
        self._known_end = max(self._known_end, message.chosen_through)
        if source == self._node or message.ballot.node != source or message.ballot < self._reigned:
            return NOTHING
        self._reigned = message.ballot
        self.highest = max(self.highest, message.ballot)
        if isinstance(self.phase, Campaigning) and message.ballot == self.phase.predecessor:
            return NOTHING
        if isinstance(self.phase, Campaigning | Reigning):
            # Somebody reigns; the proposer says Deposed when it has let go.
            self._successor = message.ballot
            return telling(Resign())
        known = isinstance(self.phase, Waiting) and self.phase.leader == message.ballot
        self._signs.begin()
        self.phase = Waiting(message.ballot)
        return Effects(timers=(self._election_timer(),), tell=() if known else (Following(source),))

    def tick(self, milliseconds: int) -> None:
        """Date the signs of this drain."""
        self._signs.date(milliseconds)

    def _note_sign(self, source: str, message: Decided) -> Effects:
        """What a leader decided is as good as a heartbeat, and under load there is much: when the timer runs out it looks at this."""
        if isinstance(self.phase, Waiting) and self.phase.leader == message.ballot and message.ballot.node == source:
            self._signs.note()
        return NOTHING

    def _expired(self, message: Expired) -> Effects:
        if message.timer == HEARTBEAT and isinstance(self.phase, Reigning):
            return self._beat(self.phase)
        if message.timer != ELECTION or isinstance(self.phase, Reigning):
            return NOTHING
        lost = isinstance(self.phase, Waiting) and self.phase.leader != ZERO
        if lost and self._signs.is_fresh:
            return Effects(timers=(StartTimer(ELECTION, self._signs.extend()),))
        resign = isinstance(self.phase, Campaigning)
        self._probe_number += 1
        # Who does not campaign asks as well, since answers tell what is chosen; it follows nobody meanwhile.
        self.phase = Waiting(ZERO) if self._retired else Probing(set())
        told = (Resign(),) if resign else (Following(""),) if lost else ()
        return Effects(send=(Send(ACCEPTORS, Probe(self._probe_number)),), timers=(self._election_timer(),), tell=told)

    def _probe_reply(self, source: str, message: ProbeReply) -> Effects:
        phase = self.phase
        self.highest = max(self.highest, message.highest)
        self._known_end = max(self._known_end, message.chosen_through)
        if self._retired or not isinstance(phase, Probing) or message.number != self._probe_number or source not in self._quorum.members:
            return NOTHING
        if message.hears_leader:
            return NOTHING
        phase.leaderless.add(source)
        phase.outranked = phase.outranked or message.priority > self._priority
        if not self._quorum.prepared(phase.leaderless):
            return NOTHING
        if self._stands_back(outranked=phase.outranked):
            # Until the timer ends this election: later replies to its probe are no elections of their own.
            self.phase = Waiting(ZERO)
            return NOTHING
        self.phase = Campaigning()
        return telling(Lead(self.highest))

    def _stands_back(self, *, outranked: bool) -> bool:
        """Whether to leave this election to a node that has learned more, or has a higher priority: for a few rounds at most."""
        if self._next_slot >= self._known_end and not outranked:
            self._stood_back = 0
            return False
        self._stood_back += 1
        return self._stood_back <= _PATIENT_ROUNDS

    def _elected(self, message: Elected) -> Effects:
        self.highest, self._reigned = max(self.highest, message.ballot), message.ballot
        self.phase = Reigning(message.ballot, set(), 0)
        return Effects(timers=(CancelTimer(ELECTION),), tell=(Following(self._node),)) + self._beat(self.phase)

    def _deposed(self, message: Deposed) -> Effects:
        self.highest = max(self.highest, message.by)
        if not isinstance(self.phase, Campaigning | Reigning):
            return NOTHING
        self.phase, self._successor = Waiting(self._successor), ZERO
        return Effects(timers=(CancelTimer(HEARTBEAT), self._election_timer()), tell=(Following(self.phase.leader.node),))

    def _resigned(self, source: str, message: Resigned) -> Effects:
        """The leader said that it leads no more, so nobody waits for its silence; all who heard it should not begin at once."""
        followed = isinstance(self.phase, Waiting) and self.phase.leader == message.ballot and message.ballot.node == source
        if not followed:
            return NOTHING
        self.phase = Waiting(ZERO)
        early = StartTimer(ELECTION, 0.0, self._settings.election_jitter_seconds / _EARLY_PART)
        return Effects(timers=(early,), tell=(Following(""),))

    def _succeed(self, message: Succeed) -> Effects:
        """Campaign without asking whether anybody hears a leader: the leader itself wants it."""
        self.highest = max(self.highest, message.ballot)
        if self._retired or message.ballot < self._reigned or isinstance(self.phase, Campaigning | Reigning):
            return NOTHING
        self.phase = Campaigning(message.ballot)
        return Effects(timers=(self._election_timer(),), tell=(Lead(self.highest),))

    def _beat(self, phase: Reigning) -> Effects:
        """Say that we lead; every few beats, check that a quorum still hears it."""
        if phase.beat_count >= self._beats_per_check:
            if not self._quorum.accepted(phase.echoed):
                return Effects(send=(Send(EVERYONE, Resigned(phase.ballot)),), tell=(Resign(),))
            phase.echoed, phase.beat_count = set(), 0
        phase.beat_count += 1
        heartbeat = Heartbeat(phase.ballot, self._next_slot, self._priority)
        return Effects(send=(Send(EVERYONE, heartbeat),), timers=(StartTimer(HEARTBEAT, self._settings.heartbeat_seconds),))

    def _echo(self, source: str, message: Echo | Accepted) -> Effects:
        if isinstance(self.phase, Reigning) and message.ballot == self.phase.ballot and source in self._quorum.members:
            self.phase.echoed.add(source)
        return NOTHING

    def _election_timer(self) -> StartTimer:
        return StartTimer(ELECTION, self._settings.election_timeout_seconds, self._settings.election_jitter_seconds)


class Follower:
    """A learner's side, where there is no candidate: knows who leads, and asks what is chosen where it hears nobody who does."""

    handles = (Begin, Heartbeat, Expired)

    def __init__(self, company: Company) -> None:
        self._settings = company.settings
        # The highest ballot whose heartbeat was heard lately.
        self._leader = ZERO

    def handle(self, source: str, message: Begin | Heartbeat | Expired) -> Effects:
        """Hear a leader, or the lack of one."""
        match message:
            case Begin():
                return Effects(timers=(self._patience(),))
            case Heartbeat():
                return self._heartbeat(source, message)
            case Expired():
                return self._expired() if message.timer == LEADER_HEARD else NOTHING
            case _:
                assert_never(message)

    def _heartbeat(self, source: str, message: Heartbeat) -> Effects:
        if message.ballot < self._leader or message.ballot.node != source:
            return NOTHING
        known = message.ballot == self._leader
        self._leader = message.ballot
        return Effects(timers=(self._patience(),), tell=() if known else (Following(source),))

    def _expired(self) -> Effects:
        """Whoever answers the probe says what is chosen, and the learner asks on; a leader may lead all others meanwhile."""
        lost, self._leader = self._leader != ZERO, ZERO
        probe = Send(ACCEPTORS, Probe(_FOLLOWER_PROBE))
        return Effects(send=(probe,), timers=(self._patience(),), tell=(Following(""),) if lost else ())

    def _patience(self) -> StartTimer:
        return StartTimer(LEADER_HEARD, self._settings.election_timeout_seconds)


class Witness:
    """The acceptor's side: remembers which leader is heard, and for how long."""

    handles = (Heartbeat, Probe, Expired, Accept, Resigned)

    def __init__(self, settings: Settings, priority: int = 0) -> None:
        self._settings = settings
        # Of the proposer beside it; 0 where there is none.
        self._priority = priority
        # The highest ballot whose heartbeat was heard; lower ones get no echo any more.
        self.highest = ZERO
        self._hears_leader = False
        # When the leader was last heard, by heartbeats or by what it proposes.
        self._signs = Signs()
        self._chosen_through = 0
        # The highest ballot whose owner said that it leads no more.
        self._resigned = ZERO

    def handle(self, source: str, message: WitnessMessage) -> Effects:
        """Echo a leader, or tell a candidate whether there is one."""
        match message:
            case Heartbeat():
                return self._heartbeat(source, message)
            case Probe():
                return Effects(send=(Send(source, self._reply(message)),))
            case Accept():
                if message.ballot.node == source and message.ballot >= self.highest:
                    self._signs.note()
                return NOTHING
            case Expired():
                return self._expired() if message.timer == LEADER_HEARD else NOTHING
            case Resigned():
                return self._resign(source, message)
            case _:
                assert_never(message)

    def tick(self, milliseconds: int) -> None:
        """Date the signs of this drain."""
        self._signs.date(milliseconds)

    def _heartbeat(self, source: str, message: Heartbeat) -> Effects:
        self._chosen_through = max(self._chosen_through, message.chosen_through)
        if message.ballot < self.highest or message.ballot.node != source or message.ballot <= self._resigned:
            return NOTHING
        self.highest = message.ballot
        self._hears_leader = True
        self._signs.begin()
        timeout = StartTimer(LEADER_HEARD, self._settings.election_timeout_seconds * 0.8)
        return Effects(send=(Send(source, Echo(message.ballot)),), timers=(timeout,))

    def _expired(self) -> Effects:
        """No heartbeat came in time; the leader's proposals are as good."""
        if self._hears_leader and self._signs.is_fresh:
            return Effects(timers=(StartTimer(LEADER_HEARD, self._signs.extend()),))
        self._hears_leader = False
        return NOTHING

    def _resign(self, source: str, message: Resigned) -> Effects:
        """Nobody is heard any more, unless somebody leads with a higher ballot; a late heartbeat of that reign means nothing."""
        if message.ballot.node != source:
            return NOTHING
        self._resigned = max(self._resigned, message.ballot)
        self._hears_leader = self._hears_leader and self.highest > message.ballot
        return NOTHING

    def _reply(self, probe: Probe) -> ProbeReply:
        return ProbeReply(probe.number, self._hears_leader, self.highest, self._chosen_through, self._priority)
