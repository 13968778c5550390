"""The hand-over: how a leader makes another node lead, because somebody asked for it or because it is about to stop.

First the heir shows that it could: it has learned what is chosen, and a quorum answers it; meanwhile the leader goes on as ever. Then the
leader proposes nothing any more, waits until all that it proposed is chosen, and tells the heir to campaign. So nothing is in flight when
the ballots change hands, what waits goes to the heir whole, and an heir that fails costs one election time-out, after which the leader
goes on. It decides who campaigns and when; phase 1 and phase 2 are as safe as ever. Ongaro, "Consensus: Bridging Theory and Practice",
section 3.10; ladder 7 in docs/protocol.md.
"""

from collections import OrderedDict
from typing import assert_never

from msgspec import Struct

from paxos.ballot import ZERO, Ballot
from paxos.company import Company
from paxos.cues import Deposed, Drained, Elected, Expired, Following, Resign, Resume, Retire, Retired, Yield
from paxos.effects import EVERYONE, NOTHING, PROPOSERS, CancelTimer, Effects, Send, StartTimer, sending, telling
from paxos.messages import OutcomeKind, Transfer, Transferred
from paxos.proposer import Proposer
from paxos.succession_messages import Canvass, Ready, Resigned, TakeOver

HandoverMessage = Transfer | Retire | Ready | Drained | Elected | Deposed | Following | Expired

HAND_OVER = "hand over"
_TICKS_PER_HEARTBEAT = 2
_ANSWER_COUNT = 100


class Resting(Struct):
    """Nobody is to take over."""


class Canvassing(Struct):
    """Asking whether the heir could lead; the leader leads on."""

    # Whoever is ready first, where it is empty.
    heir: str
    # Of the timer, until it is given up.
    ticks_left: int


class Yielding(Struct):
    """Proposing nothing; once nothing is in flight the heir is told to take over."""

    heir: str
    ticks_left: int
    # Whether the heir was told: from then on it may lead, whatever is heard of it.
    told: bool = False


class Handover:
    """The log's hand-over on one node."""

    handles = (Transfer, Retire, Ready, Drained, Elected, Deposed, Following, Expired)

    def __init__(self, company: Company, proposer: Proposer) -> None:
        self._node = company.node
        self._members = company.quorum.members
        self._priority = company.priority
        self._incarnation = company.incarnation
        self._proposer = proposer
        settings = company.settings
        self._tick_seconds = settings.heartbeat_seconds / _TICKS_PER_HEARTBEAT
        # How long an heir may take to get ready, and how long the group waits for it.
        self._patient_ticks = max(1, round(settings.patience_seconds / self._tick_seconds))
        self._brief_ticks = max(1, round(settings.election_timeout_seconds / self._tick_seconds))
        # Who leads, as far as is known.
        self._leader = ""
        # ZERO while another leads or nobody.
        self._ballot: Ballot = ZERO
        self.phase: Resting | Canvassing | Yielding = Resting()
        # This node is about to stop.
        self._retiring = False
        # Clients that wait, by attempt, each with the node that it wants to lead.
        self._askers: dict[tuple[str, int], str] = {}
        # What was answered last: a request that the network repeats is answered again, and not carried out again.
        self._answered: OrderedDict[tuple[str, int], Transferred] = OrderedDict()

    def handle(self, source: str, message: HandoverMessage) -> Effects:
        """Take a request, or what brings its end nearer."""
        match message:
            case Transfer():
                return self._transfer(source, message) if message.incarnation == self._incarnation else NOTHING
            case Retire():
                return self._retire()
            case Ready():
                return self._ready(source, message)
            case Drained():
                return self._drained()
            case Elected():
                self._ballot = message.ballot
                return self._end(self._missed(), "the former leader was elected again")
            case Deposed():
                self._ballot = ZERO
                return NOTHING
            case Following():
                return self._following(message.leader)
            case Expired():
                return self._tick() if message.timer == HAND_OVER else NOTHING
            case _:
                assert_never(message)

    # ---- requests ----------------------------------------------------------------------------------------------------------------

    def _transfer(self, source: str, message: Transfer) -> Effects:
        asker = (source, message.attempt)
        if asker in self._answered:
            return sending(source, self._answered[asker])
        if asker in self._askers:
            return NOTHING
        if message.heir == self._leader:
            return self._answer(asker, OutcomeKind.DONE, "")
        if self._ballot == ZERO:
            kind = OutcomeKind.REDIRECT if self._leader else OutcomeKind.NOT_DONE
            return self._answer(asker, kind, "another node leads" if self._leader else "nobody leads")
        if isinstance(self.phase, Canvassing | Yielding) and self.phase.heir != message.heir:
            return self._answer(asker, OutcomeKind.NOT_DONE, f"the lead is on its way to {self.phase.heir or 'another node'}")
        self._askers[asker] = message.heir
        return self._canvass(message.heir, self._patient_ticks) if isinstance(self.phase, Resting) else NOTHING

    def _retire(self) -> Effects:
        """Whoever is ready first takes over, and this node tries no longer than the group would take to notice its death."""
        self._retiring = True
        if self._ballot == ZERO:
            return telling(Retired())
        return NOTHING if isinstance(self.phase, Yielding) else self._canvass("", self._brief_ticks)

    def _canvass(self, heir: str, ticks: int) -> Effects:
        self.phase = Canvassing(heir, ticks)
        return self._ask_again(self.phase)

    def _ask_again(self, phase: Canvassing) -> Effects:
        canvass = Send(phase.heir or PROPOSERS, Canvass(self._ballot, self._proposer.next_slot))
        return Effects(send=(canvass,), timers=(self._timer(),))

    # ---- the heir ----------------------------------------------------------------------------------------------------------------

    def _ready(self, source: str, message: Ready) -> Effects:
        if message.ballot != self._ballot or not self._is_welcome(source, message.priority):
            return NOTHING
        if message.priority == 0:
            return self._end(OutcomeKind.REJECTED, f"{source} has priority 0, so it never leads")
        self.phase = Yielding(source, self._brief_ticks)
        return Effects(timers=(self._timer(),), tell=(Yield(source),))

    def _is_welcome(self, source: str, priority: int) -> bool:
        """Whether this node was asked for, or says unasked that it outranks this one."""
        match self.phase:
            case Resting():
                return priority > self._priority
            case Canvassing(heir=""):
                return priority > 0
            case Canvassing(heir=heir):
                return heir == source
            case Yielding():
                return False
            case _:
                assert_never(self.phase)

    def _drained(self) -> Effects:
        phase = self.phase
        if not isinstance(phase, Yielding) or phase.told:
            return NOTHING
        phase.told, phase.ticks_left = True, self._brief_ticks
        return self._urge(phase)

    def _urge(self, phase: Yielding) -> Effects:
        return Effects(send=(Send(phase.heir, TakeOver(self._ballot)),), timers=(self._timer(),))

    def _following(self, leader: str) -> Effects:
        self._leader = leader
        if leader in ("", self._node) or isinstance(self.phase, Resting):
            return NOTHING
        return self._end(self._missed(), f"{leader} leads")

    # ---- time --------------------------------------------------------------------------------------------------------------------

    def _tick(self) -> Effects:
        """Ask or urge again, for the message may be lost; at last give it up."""
        phase = self.phase
        if isinstance(phase, Resting):
            return NOTHING
        phase.ticks_left -= 1
        if phase.ticks_left <= 0:
            return self._end(self._missed(), self._why(phase))
        if self._ballot == ZERO or (isinstance(phase, Yielding) and not phase.told):
            return Effects(timers=(self._timer(),))
        return self._ask_again(phase) if isinstance(phase, Canvassing) else self._urge(phase)

    def _why(self, phase: Canvassing | Yielding) -> str:
        match phase:
            case Canvassing():
                if not phase.heir:
                    return "the leader stops, and nobody was ready to lead in time"
                who = phase.heir if phase.heir in self._members else f"{phase.heir} is no member, and"
                return f"{who} was not ready in time: does it run, propose, keep up, and reach a quorum?"
            case Yielding(told=False):
                return "what the leader had proposed was not chosen in time"
            case Yielding():
                return f"{phase.heir} was told to take over, and was not heard to lead"
            case _:
                assert_never(phase)

    def _missed(self) -> OutcomeKind:
        """What to say to those who do not get whom they asked for: an heir that was told may lead yet."""
        return OutcomeKind.UNKNOWN if isinstance(self.phase, Yielding) and self.phase.told else OutcomeKind.NOT_DONE

    def _end(self, missed: OutcomeKind, reason: str) -> Effects:
        """Answer everybody, and go on leading where this node still does; one that is about to stop makes room instead."""
        phase, self.phase = self.phase, Resting()
        effects = NOTHING
        for asker, heir in list(self._askers.items()):
            done = heir == self._leader
            effects += self._answer(asker, OutcomeKind.DONE if done else missed, "" if done else reason)
        if not isinstance(phase, Resting):
            effects += Effects(timers=(CancelTimer(HAND_OVER),))
        if self._retiring:
            return effects + self._leave()
        goes_on = isinstance(phase, Yielding) and self._ballot != ZERO
        return effects + telling(Resume()) if goes_on else effects

    def _leave(self) -> Effects:
        if self._ballot == ZERO:
            return telling(Retired())
        return Effects(send=(Send(EVERYONE, Resigned(self._ballot)),), tell=(Resign(), Retired()))

    def _answer(self, asker: tuple[str, int], kind: OutcomeKind, reason: str) -> Effects:
        self._askers.pop(asker, None)
        answer = self._answered[asker] = Transferred(asker[1], kind, reason, self._leader)
        if len(self._answered) > _ANSWER_COUNT:
            self._answered.popitem(last=False)
        return sending(asker[0], answer)

    def _timer(self) -> StartTimer:
        return StartTimer(HAND_OVER, self._tick_seconds)
