"""An errand: one command or question of a client, carried until it is answered.

The client finds the leader, asks it, and asks again when no answer comes or the leader changes. Sent on once, it looks again at once;
sent on again, it pauses first, longer each time, or two nodes that each take the other for the leader would be asked without end. It
remembers every attempt that was not answered with a definite no: as long as one is open, the command may yet be chosen, and "not done" is
not said. Attempts are numbered, and meant for one life of one proposer, so that no answer is taken for that of another attempt.
"""

from collections.abc import Iterator
from typing import assert_never

from msgspec import Struct

from paxos.cues import Expired
from paxos.effects import NOTHING, PROPOSERS, CancelTimer, Effects, StartTimer, sending
from paxos.groups import is_decree
from paxos.messages import Locate, Located, Outcome, OutcomeKind, Query, Submit
from paxos.values import Command

ErrandMessage = Located | Outcome | Expired

LOCATE = "locate"
ATTEMPT = "attempt"
PAUSE = "pause"
_LOCATE_SECONDS = 0.25
_FIRST_PATIENCE_SECONDS = 0.25
_LAST_PATIENCE_SECONDS = 2.0
_FIRST_PAUSE_SECONDS = 0.02
_LAST_PAUSE_SECONDS = 0.25


class Contact(Struct, frozen=True):
    """One life of one proposer."""

    node: str
    incarnation: int


class Errand:
    """What one request has come to; `outcome` is set when it is answered."""

    def __init__(self, group: str, request_id: str, command: Command | None, attempts: Iterator[int], only: str = "") -> None:
        self.group = group
        self.id = request_id
        # The definite answer, once there is one.
        self.outcome: Outcome | None = None
        # Whom to ask first next time.
        self.contact: Contact | None = None
        # Whom it asked last; without a leader it stays with that one.
        self._last: Contact | None = None
        # Attempts that may still take effect.
        self.open_attempts: set[int] = set()
        # None where it is a question.
        self.command = command
        self._attempts = attempts
        # The only node to ask, where the caller named one.
        self._only = only
        # Who has answered the search under way, and whom each takes for the leader.
        self._heard: dict[Contact, str] = {}
        self._searching = False
        self._patience_seconds = _FIRST_PATIENCE_SECONDS
        # The next pause; 0 until it was sent on for the first time.
        self._pause_seconds = 0.0

    def begin(self, contact: Contact | None) -> Effects:
        """Ask whom the caller knows, or look for somebody."""
        return self._ask(contact) if contact is not None else self._search()

    def handle(self, source: str, message: ErrandMessage) -> Effects:
        """Take an answer, or the lack of one."""
        if self.outcome is not None:
            return NOTHING
        match message:
            case Located():
                return self._located(source, message)
            case Outcome():
                return self._answered(message)
            case Expired(timer):
                return self._waited(timer)
            case _:
                assert_never(message)

    def unsent(self, attempt: int) -> None:
        """This attempt certainly never left."""
        self.open_attempts.discard(attempt)

    def _search(self) -> Effects:
        self._heard, self._searching, self.contact = {}, True, None
        timers = (CancelTimer(ATTEMPT), CancelTimer(PAUSE), StartTimer(LOCATE, _LOCATE_SECONDS))
        return sending(self._only or PROPOSERS, Locate()) + Effects(timers=timers)

    def _search_again(self) -> Effects:
        """Whoever was asked does not lead, or no more: look for the leader, but not faster than it can change."""
        if not self._pause_seconds:
            self._pause_seconds = _FIRST_PAUSE_SECONDS
            return self._search()
        least = self._pause_seconds / 2
        self._pause_seconds = min(2 * self._pause_seconds, _LAST_PAUSE_SECONDS)
        self._searching, self.contact = False, None
        return Effects(timers=(CancelTimer(ATTEMPT), CancelTimer(LOCATE), StartTimer(PAUSE, least, least)))

    def _located(self, source: str, message: Located) -> Effects:
        if not self._searching:
            return NOTHING
        contact = Contact(source, message.incarnation)
        self._heard[contact] = message.leader
        leader = next((heard for heard in self._heard if heard.node in self._heard.values() or heard.node == self._only), None)
        return self._ask(leader) if leader is not None else NOTHING

    def _ask(self, contact: Contact) -> Effects:
        self._searching, self.contact, self._last = False, contact, contact
        attempt = next(self._attempts)
        self.open_attempts.add(attempt)
        patience = StartTimer(ATTEMPT, self._patience_seconds)
        self._patience_seconds = min(2 * self._patience_seconds, _LAST_PATIENCE_SECONDS)
        if self.command is None:
            message: Query | Submit = Query(self.id, attempt, contact.incarnation)
        else:
            message = Submit((self.command,), attempt, contact.incarnation)
        return sending(contact.node, message) + Effects(timers=(CancelTimer(LOCATE), patience))

    def _waited(self, timer: str) -> Effects:
        if timer in (ATTEMPT, PAUSE):
            return self._search()
        # A log needs its leader: whoever leads will say so, or somebody will soon lead. A decree needs any proposer.
        leaderless = [contact for contact, leader in self._heard.items() if not leader or is_decree(self.group)]
        if not leaderless:
            return self._search()
        return self._ask(self._last if self._last in leaderless else leaderless[0])

    def _answered(self, message: Outcome) -> Effects:
        match message.kind:
            case OutcomeKind.DONE:
                return self._end(message)
            case _ if self.open_attempts.isdisjoint(message.attempts):
                # It answers another errand under the same id, or what was answered before.
                return NOTHING
            case OutcomeKind.UNDECIDED:
                return self._end(message)
            case OutcomeKind.UNKNOWN:
                return self._search_again()
            case OutcomeKind.REDIRECT:
                self.open_attempts -= set(message.attempts)
                return self._search_again()
            case OutcomeKind.NOT_DONE | OutcomeKind.REJECTED:
                # What one node rejects, by its settings, another may have taken.
                self.open_attempts -= set(message.attempts)
                return NOTHING if self.open_attempts else self._end(message)
            case _:
                assert_never(message.kind)

    def _end(self, outcome: Outcome) -> Effects:
        self.outcome = outcome
        return Effects(timers=(CancelTimer(ATTEMPT), CancelTimer(LOCATE), CancelTimer(PAUSE)))
