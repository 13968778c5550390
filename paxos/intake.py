"""The intake: where clients' commands arrive at a node, and from where the outcomes go back.

Each request ends in one of three ways that are never confused: done (with its entry), not done (it certainly is not and will not be
in the log because of this request), or unknown. A node that does not lead sends clients to the leader; what came through the JSON
door, which every node hears, it holds until it sees it executed, so that a change of leader loses little.
"""

from collections.abc import Iterable
from typing import assert_never

from msgspec import Struct

from paxos.archive import Archive
from paxos.batches import entry_at
from paxos.company import Company
from paxos.cues import Begin, Deposed, Elected, Executed, Expired, Following, Knock, Propose, Withdraw, Withdrawn
from paxos.doors import check_id, check_json, rejection, repetition
from paxos.effects import NOTHING, Effects, Send, StartTimer, sending, telling
from paxos.errors import MalformedError
from paxos.messages import Locate, Located, Outcome, OutcomeKind, Submit
from paxos.settings import Settings
from paxos.values import Command, Entry

IntakeMessage = Begin | Expired | Locate | Submit | Knock | Elected | Deposed | Following | Executed | Withdrawn

SWEEP = "sweep"
_SWEEPS_PER_PATIENCE = 4
_SEEKER_COUNT = 1000
_REQUEST_BYTES = 256
"""About what a request takes besides its value."""
NO_QUORUM = "no quorum of acceptors answered"


Key = str | tuple[int]
"""A command's id; one without id has a key of its own that no id can be."""


class Request(Struct):
    """A command somebody waits for."""

    key: Key
    command: Command
    # Clients to answer, with the number of each attempt; empty for what came through the JSON door.
    clients: list[tuple[str, int]]
    # Sweeps that it has lived through.
    age: int = 0
    # The proposer has it: it may be in an Accept.
    handed: bool = False
    # It may be in an Accept of a reign that is over: it can be chosen yet, whatever becomes of this request.
    exposed: bool = False


class Intake:
    """The log's intake on one node."""

    handles = (Begin, Expired, Locate, Submit, Knock, Elected, Deposed, Following, Executed, Withdrawn)

    def __init__(self, group: str, company: Company, archive: Archive) -> None:
        self.group = group
        self._node = company.node
        self._incarnation = company.incarnation
        self._members = tuple(sorted(company.quorum.members))
        self._archive = archive
        self._settings = company.settings
        # Whom clients should turn to; empty while nobody is known to lead.
        self.leader = ""
        self._leads = False
        # While leading: commands go out once every slot below is executed, so that what a former leader did is recognised.
        self._ready_slot = 0
        self._next_slot = archive.learned_end(group)[0]
        self._requests: dict[Key, Request] = {}
        # Those without id, by their value and in the order of arrival.
        self._nameless: dict[bytes, dict[Key, Request]] = {}
        # Those that the proposer may not have; what it has by now is passed over.
        self._fresh: list[Request] = []
        self._waiting_bytes = 0
        self._anonymous_count = 0
        # Clients that asked who leads while nobody did, in the order of asking.
        self._seekers: dict[str, None] = {}
        self._sweeping = False

    def handle(self, source: str, message: IntakeMessage) -> Effects:
        """Take a request, or the news that decides what becomes of one."""
        match message:
            case Submit():
                return self._submit(source, message)
            case Executed():
                return self._executed(message)
            case Knock():
                return self._knock(message)
            case Locate():
                return self._locate(source)
            case Elected() | Deposed() | Following():
                return self._office(message)
            case Withdrawn():
                return self._withdrawn(message)
            case Expired():
                return self._sweep() if message.timer == SWEEP else NOTHING
            case Begin():
                return NOTHING
            case _:
                assert_never(message)

    # ---- arrivals ----------------------------------------------------------------------------------------------------------------

    def _submit(self, source: str, message: Submit) -> Effects:
        if message.incarnation != self._incarnation:
            return NOTHING
        asker = (source, message.attempt)
        answers = tuple(Send(source, outcome) for command in message.commands if (outcome := self._admit(command, asker)) is not None)
        return Effects(send=answers) + self._hand_over() + self._keep_sweeping()

    def _admit(self, command: Command, asker: tuple[str, int]) -> Outcome | None:
        """Take a client's command in, or answer at once."""
        known = self._requests.get(command.id)
        attempts = (asker[1],)
        if known is not None:
            known.clients.append(asker)
            return None
        # Before it is looked at: a leader that allows more may have taken it.
        if command.id and (entry := self._entry(command.id)) is not None:
            return self._done(entry, attempts)
        if (reason := unacceptable(command, self._settings)) or not command.id:
            return self._outcome(command.id, OutcomeKind.REJECTED, reason or "a client's command needs an id", attempts)
        if not self._leads and self.leader not in ("", self._node):
            return self._outcome(command.id, OutcomeKind.REDIRECT, "another node leads", attempts)
        if self._is_full(command):
            return self._outcome(command.id, OutcomeKind.NOT_DONE, "overloaded, try later", attempts)
        self._add(Request(command.id, command, [asker]))
        return None

    def _knock(self, message: Knock) -> Effects:
        """A proposal at the JSON door: every node heard it, and the leader acts."""
        command = message.command
        if command is None or command.id in self._requests:
            return NOTHING
        if command.id and (entry := self._entry(command.id)) is not None:
            return Effects(announce=(repetition(self.group, entry),)) if self._answers_the_door() else NOTHING
        if reason := unacceptable(command, self._settings):
            return self._reject(command, reason) if self._answers_the_door() else NOTHING
        if self._is_full(command):
            return self._reject(command, "overloaded, try later") if self._answers_the_door() else NOTHING
        self._anonymous_count += 1
        self._add(Request(command.id or (self._anonymous_count,), command, []))
        return self._hand_over() + self._keep_sweeping()

    def _answers_the_door(self) -> bool:
        """One node answers: the leader, or everyone when there is none."""
        return self.leader in ("", self._node)

    def _entry(self, command_id: str) -> Entry | None:
        revision = self._archive.revision_of(self.group, command_id)
        return entry_at(self.group, revision, self._archive) if revision else None

    def _locate(self, source: str) -> Effects:
        if not self.leader:
            self._seekers[source] = None
            if len(self._seekers) > _SEEKER_COUNT:
                del self._seekers[next(iter(self._seekers))]
        return sending(source, Located(self.leader, self._incarnation, self._members))

    def _tell_seekers(self) -> Effects:
        """Whoever asked in vain hears it as soon as somebody leads."""
        if not self.leader:
            return NOTHING
        seekers, self._seekers = self._seekers, {}
        return Effects(send=tuple(Send(seeker, Located(self.leader, self._incarnation, self._members)) for seeker in seekers))

    # ---- on the way --------------------------------------------------------------------------------------------------------------

    def _office(self, message: Elected | Deposed | Following) -> Effects:
        match message:
            case Elected():
                self._leads, self._ready_slot = True, message.free_slot
                return self._hand_over()
            case Following():
                self.leader = message.leader
                return self._tell_seekers() + (NOTHING if self._leads else self._turn_away())
            case Deposed():
                self._leads = False
                return self._disown()
            case _:
                assert_never(message)

    def _hand_over(self) -> Effects:
        """Give the proposer what it does not have yet, once it leads and has caught up."""
        if not self._leads or self._next_slot < self._ready_slot:
            return NOTHING
        fresh = [request for request in self._fresh if not request.handed]
        self._fresh.clear()
        for request in fresh:
            request.handed = True
        return telling(Propose(tuple(request.command for request in fresh))) if fresh else NOTHING

    def _withdrawn(self, message: Withdrawn) -> Effects:
        for command in message.commands:
            if isinstance(command, Command) and (request := self._find(command)) is not None:
                request.handed = False
                self._fresh.append(request)
        return NOTHING

    def _disown(self) -> Effects:
        """No longer leading: what went out may yet be chosen, and its clients must ask again; the door's commands are kept."""
        sends: list[Send] = []
        for key, request in list(self._requests.items()):
            if request.handed and request.clients:
                sends += self._answer(key, request, OutcomeKind.UNKNOWN, "the leader changed")
            request.exposed, request.handed = request.exposed or request.handed, False
        self._fresh = list(self._requests.values())
        return Effects(send=tuple(sends))

    def _turn_away(self) -> Effects:
        """Somebody else leads: clients that wait here go there."""
        if self.leader in ("", self._node):
            return NOTHING
        sends: list[Send] = []
        for key, request in list(self._requests.items()):
            if request.clients:
                kind = OutcomeKind.UNKNOWN if request.exposed else OutcomeKind.REDIRECT
                sends += self._answer(key, request, kind, "another node leads")
        return Effects(send=tuple(sends))

    def _executed(self, message: Executed) -> Effects:
        self._next_slot = message.slot + 1
        sends: list[Send] = []
        for entry in message.entries:
            request = self._find(Command(entry.id, entry.value))
            if request is not None:
                sends += self._tell_done(request, entry)
                self._drop(request.key)
        return Effects(send=tuple(sends)) + self._hand_over()

    # ---- time --------------------------------------------------------------------------------------------------------------------

    def _keep_sweeping(self) -> Effects:
        if self._sweeping or not self._requests:
            return NOTHING
        self._sweeping = True
        return Effects(timers=(StartTimer(SWEEP, self._settings.patience_seconds / _SWEEPS_PER_PATIENCE),))

    def _sweep(self) -> Effects:
        """Find what was executed unnoticed, give up what was never proposed, and take back what waits too long."""
        self._sweeping = False
        effects = NOTHING
        stale: list[Command] = []
        for key, request in list(self._requests.items()):
            request.age += 1
            if request.command.id and (entry := self._entry(request.command.id)) is not None:
                effects += Effects(send=tuple(self._tell_done(request, entry)))
                self._drop(key)
            elif request.age >= _SWEEPS_PER_PATIENCE:
                if request.handed:
                    stale.append(request.command)
                else:
                    effects += self._give_up(key, request)
        return effects + (telling(Withdraw(tuple(stale))) if stale else NOTHING) + self._keep_sweeping()

    def _give_up(self, key: Key, request: Request) -> Effects:
        """This node sends nothing more for it. At the door that is no answer for the other nodes, which heard the proposal too."""
        if request.clients:
            kind = OutcomeKind.UNKNOWN if request.exposed else OutcomeKind.NOT_DONE
            return Effects(send=tuple(self._answer(key, request, kind, NO_QUORUM)))
        self._drop(key)
        return self._reject(request.command, f"unknown: {NO_QUORUM}") if self._answers_the_door() else NOTHING

    # ---- bookkeeping -------------------------------------------------------------------------------------------------------------

    def _is_full(self, command: Command) -> bool:
        return self._waiting_bytes + _weight(command) > self._settings.waiting_bytes

    def _add(self, request: Request) -> None:
        self._requests[request.key] = request
        if not request.command.id:
            self._nameless.setdefault(request.command.value, {})[request.key] = request
        self._fresh.append(request)
        self._waiting_bytes += _weight(request.command)

    def _drop(self, key: Key) -> None:
        request = self._requests.pop(key)
        if not request.command.id:
            alike = self._nameless[request.command.value]
            del alike[key]
            if not alike:
                del self._nameless[request.command.value]
        self._waiting_bytes -= _weight(request.command)
        # Nobody waits for it any more, so it is not handed over either.
        request.handed = True

    def _find(self, command: Command) -> Request | None:
        """The request for this command; one without id is known by its value, first those that the proposer has."""
        if command.id:
            return self._requests.get(command.id)
        alike = self._nameless.get(command.value, {}).values()
        return next((request for request in alike if request.handed), next(iter(alike), None))

    def _answer(self, key: Key, request: Request, kind: OutcomeKind, reason: str) -> list[Send]:
        self._drop(key)
        return [Send(client, self._outcome(request.command.id, kind, reason, attempts)) for client, attempts in by_client(request.clients)]

    def _tell_done(self, request: Request, entry: Entry) -> list[Send]:
        return [Send(client, self._done(entry, attempts)) for client, attempts in by_client(request.clients)]

    def _outcome(self, command_id: str, kind: OutcomeKind, reason: str, attempts: tuple[int, ...]) -> Outcome:
        return Outcome(command_id, kind, (), reason, self.leader, attempts)

    def _done(self, entry: Entry, attempts: tuple[int, ...]) -> Outcome:
        return Outcome(entry.id, OutcomeKind.DONE, (entry,), "", self.leader, attempts)

    def _reject(self, command: Command, reason: str) -> Effects:
        return Effects(announce=(rejection(self.group, command, reason),))


def _weight(command: Command) -> int:
    return len(command.value) + _REQUEST_BYTES


def unacceptable(command: Command, settings: Settings) -> str:
    """Why a command can never be proposed, or an empty string."""
    if len(command.value) > settings.value_bytes:
        return f"the value has {len(command.value)} bytes, at most {settings.value_bytes} are allowed"
    try:
        check_id(command.id)
        check_json(command.value)
    except MalformedError as error:
        return str(error)
    return ""


def by_client(askers: Iterable[tuple[str, int]]) -> list[tuple[str, tuple[int, ...]]]:
    """The attempts of each client, in the order in which they first asked."""
    attempts: dict[str, list[int]] = {}
    for client, attempt in askers:
        attempts.setdefault(client, []).append(attempt)
    return [(client, tuple(numbers)) for client, numbers in attempts.items()]
