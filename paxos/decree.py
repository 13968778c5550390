"""The intake of a decree: one named thing, decided once.

Whoever proposes gets the one value that won, be it theirs or not. A decree is a group of which only slot 0 is used; any node's proposer
may contend for it, and nobody leads.
"""

from typing import assert_never

from msgspec import Struct

from paxos.archive import Archive
from paxos.batches import entry_at
from paxos.company import Company
from paxos.cues import Begin, Executed, Expired, Inspect, Knock, Propose, Undecided, Withdraw, Withdrawn
from paxos.doors import rejection, repetition
from paxos.effects import NOTHING, CancelTimer, Effects, Send, StartTimer, telling
from paxos.intake import NO_QUORUM, unacceptable
from paxos.messages import Outcome, OutcomeKind, Query, Submit
from paxos.values import Action, Command, Entry

DecreeMessage = Begin | Expired | Submit | Query | Knock | Executed | Undecided | Withdrawn

PATIENCE = "patience"
HELD = "held"
DOOR = ""
_HELD_COUNT = 8
"""Only one can win, so a few are enough to be held."""


class Request(Struct, frozen=True):
    """Somebody who waits: the client with its attempt, or DOOR, with a command to propose, or with a question whose id is `id`."""

    client: str
    attempt: int
    id: str
    command: Command | None


class DecreeIntake:
    """One decree's intake on one node."""

    handles = (Begin, Expired, Submit, Query, Knock, Executed, Undecided, Withdrawn)

    def __init__(self, group: str, company: Company, archive: Archive) -> None:
        self.group = group
        self._archive = archive
        self._settings = company.settings
        self._incarnation = company.incarnation
        self.requests: list[Request] = []
        # Questions that the inspection under way answers: those that were asked before it began.
        self._inspected: list[Request] = []
        # What won, as soon as it is executed: the archive has it only from the end of that drain on.
        self._decided: Entry | None = None
        # Whether the patience timer runs.
        self._patient = False
        # What came through the door for another node to act on; proposed here if that takes too long.
        self._held: list[Command] = []

    def handle(self, source: str, message: DecreeMessage) -> Effects:
        """Take a request, or the news that answers it."""
        match message:
            case Submit() | Query() if message.incarnation != self._incarnation:
                return NOTHING
            case Submit():
                return self._submit(source, message.attempt, message.commands)
            case Query():
                return self._ask(Request(source, message.attempt, message.id, None))
            case Knock():
                return self._knock(message)
            case Executed():
                return self._answer_all(message.entries[0])
            case Undecided():
                return self._undecided()
            case Withdrawn():
                return self._give_up(message.commands)
            case Expired():
                return self._expired(message)
            case Begin():
                return NOTHING
            case _:
                assert_never(message)

    def _submit(self, source: str, attempt: int, commands: tuple[Command, ...]) -> Effects:
        effects = NOTHING
        for command in commands:
            effects += self._propose(Request(source, attempt, command.id, command), command)
        return effects

    def _propose(self, request: Request, command: Command) -> Effects:
        if (entry := self._winner()) is not None:
            return self._answer(request, entry)
        if reason := unacceptable(command, self._settings):
            return self._refuse([request], OutcomeKind.REJECTED, reason)
        known = any(waiting.command == command for waiting in self.requests)
        self.requests.append(request)
        return (NOTHING if known else telling(Propose((command,)))) + self._patience()

    def _ask(self, request: Request) -> Effects:
        if (entry := self._winner()) is not None:
            return self._answer(request, entry)
        self.requests.append(request)
        return self._inspect() + self._patience()

    def _inspect(self) -> Effects:
        """Have the open questions inspected, unless earlier ones still are."""
        questions = [request for request in self.requests if request.command is None]
        if self._inspected or not questions:
            return NOTHING
        self._inspected = questions
        return telling(Inspect())

    def _knock(self, message: Knock) -> Effects:
        """At the door every node hears a proposal; one acts at once, the others if that one fails."""
        if not message.eager:
            return self._hold(message.command) if message.command is not None and self._winner() is None else NOTHING
        if message.command is None:
            return self._ask(Request(DOOR, 0, "", None))
        return self._propose(Request(DOOR, 0, message.command.id, message.command), message.command)

    def _hold(self, command: Command) -> Effects:
        """Keep it for a while; who publishes more of them, or one again and again, does not make the first wait longer."""
        if command in self._held or len(self._held) >= _HELD_COUNT:
            return NOTHING
        self._held.append(command)
        if len(self._held) > 1:
            return NOTHING
        return Effects(timers=(StartTimer(HELD, self._settings.retry_seconds * 4, self._settings.retry_seconds * 4),))

    def _winner(self) -> Entry | None:
        return self._decided or entry_at(self.group, 1, self._archive)

    def _answer_all(self, entry: Entry) -> Effects:
        self._decided = entry
        waiting, self.requests, self._inspected = self.requests, [], []
        # Nobody waits any more; a timer that is left would make the node look busy.
        effects = Effects(timers=(CancelTimer(PATIENCE),)) if self._patient else NOTHING
        effects += Effects(timers=(CancelTimer(HELD),)) if self._held else NOTHING
        self._patient, self._held = False, []
        for request in waiting:
            # Whoever waits at the door hears the herald's announcement.
            if request.client != DOOR:
                effects += self._answer(request, entry)
        return effects

    def _answer(self, request: Request, entry: Entry) -> Effects:
        if request.client == DOOR:
            return Effects(announce=(repetition(self.group, entry),))
        outcome = Outcome(request.id, OutcomeKind.DONE, (entry,), "", "", (request.attempt,))
        return Effects(send=(Send(request.client, outcome),))

    def _undecided(self) -> Effects:
        answered, self._inspected = self._inspected, []
        return self._end(answered, OutcomeKind.UNDECIDED, "nothing was proposed") + self._inspect()

    def _expired(self, message: Expired) -> Effects:
        if message.timer == HELD:
            held, self._held = self._held, []
            return self._submit(DOOR, 0, tuple(held))
        if message.timer != PATIENCE:
            return NOTHING
        self._patient = False
        if not self.requests:
            return NOTHING
        questions = [request for request in self.requests if request.command is None]
        self._inspected = []
        commands = tuple(request.command for request in self.requests if request.command is not None)
        return self._end(questions, OutcomeKind.NOT_DONE, NO_QUORUM) + telling(Withdraw(commands)) + self._patience()

    def _give_up(self, commands: tuple[Action, ...]) -> Effects:
        """These were never proposed, so they are certainly not done."""
        gone = [request for request in self.requests if request.command in commands]
        return self._end(gone, OutcomeKind.NOT_DONE, NO_QUORUM)

    def _end(self, requests: list[Request], kind: OutcomeKind, reason: str) -> Effects:
        self.requests = [request for request in self.requests if request not in requests]
        return self._refuse(requests, kind, reason)

    def _refuse(self, requests: list[Request], kind: OutcomeKind, reason: str) -> Effects:
        effects = NOTHING
        for request in requests:
            if request.client == DOOR:
                effects += Effects(announce=(rejection(self.group, request.command or Command("", b""), reason),))
            else:
                outcome = Outcome(request.id, kind, (), reason, "", (request.attempt,))
                effects += Effects(send=(Send(request.client, outcome),))
        return effects

    def _patience(self) -> Effects:
        """Keep the timer running while anybody waits; who asks again does not make the others wait longer."""
        if self._patient or not self.requests:
            return NOTHING
        self._patient = True
        return Effects(timers=(StartTimer(PATIENCE, self._settings.patience_seconds),))
