"""What a simulated client does, one request after the other.

Each request is a generator that yields until when it waits, so that its steps read like those of the threaded client. Both carry their
commands by paxos/errand.py and their operations by paxos/calls.py.

    propose, decide, query      an errand to the log or to a decree
    read                        a page of the log, from whichever node answers
    call, ask, ask-stale, watch an operation on a state machine, and questions to it; `key` is the machine
    door, door-decree, door-ask what people publish, without waiting for anything
    garbage                     what is no message at all
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from functools import partial
from random import Random
from typing import TypeVar

from msgspec import Struct

from paxos.calls import Settlement
from paxos.cues import Expired
from paxos.doors import PROPOSE
from paxos.effects import PROPOSERS, Effects, StartTimer
from paxos.errand import Contact, Errand
from paxos.groups import LOG, decree_group
from paxos.messages import Answer, Locate, Located, LogPage, Outcome, OutcomeKind, Query, Read, ReadLog, Submit, WireMessage
from paxos.values import Command
from redpaxos.simulation.judges.invariants import Invariants
from redpaxos.simulation.judges.told import Told
from redpaxos.simulation.parts.world import World
from redpaxos.simulation.plans.plan import CHANNELS, MACHINE_VERBS, ClientPlan, Request
from redpaxos.simulation.users.lines import SimulatedLine, SimulatedSession
from transport.base import TransportDownError, TransportError

_LOCATE_SECONDS = 0.3
_ATTEMPT_SECONDS = 1.0
_PAUSE_SECONDS = 0.05
_LAST_ANSWER_SECONDS = 2.0
_SUDDEN_ASK_COUNT = 8
_ASKS_A_SECOND = 10

Heard = tuple[str, WireMessage | Settlement]
Result = TypeVar("Result")
Wait = Generator[float, Heard | None, Result]
"""Yields until when it waits, and is sent what came, or None when the time is over."""

DOOR_VERBS = ("door", "door-decree", "door-ask", "garbage")


class Home(Struct):
    """What the lanes of a client share."""

    plan: ClientPlan
    world: World
    line: SimulatedLine
    session: SimulatedSession
    # Numbers that the client never uses twice.
    numbers: Iterator[int]
    chance: Random
    invariants: Invariants
    told: list[Told] = []
    # The proposer to ask next, and the node to read from next.
    contact: Contact | None = None
    reader: str = ""


class Lane:
    """Requests of one client, one after the other."""

    def __init__(self, home: Home, requests: tuple[Request, ...], done: Callable[[], None]) -> None:
        self._home = home
        self._requests = requests
        self._done = done
        self._world = home.world
        # What the running request listens for, and what of it came before the request looked.
        self._expected: Callable[[str, WireMessage], bool] = _nothing
        self._arrived: deque[Heard] = deque()
        self._running: Wait[None] | None = None
        self._listens = False
        # Counts waits, so that the end of an earlier one is known.
        self._wait_number = 0

    @property
    def is_done(self) -> bool:
        """Whether all its requests have ended."""
        return self._running is None

    def start(self) -> None:
        """Begin with the first request."""
        self._running = self._live()
        self._go_on(None)

    def hear(self, group: str, source: str, message: WireMessage) -> None:
        """Take what arrived at the client, if the running request listens for it."""
        if self._expected(group, message):
            self._take((source, message))

    # ---- the generator's driver --------------------------------------------------------------------------------------------------

    def _take(self, heard: Heard) -> None:
        if self._listens:
            self._go_on(heard)
        else:
            self._arrived.append(heard)

    def _go_on(self, heard: Heard | None) -> None:
        """Let the running request take what came, up to where it waits again."""
        assert self._running is not None
        self._wait_number += 1
        number = self._wait_number
        self._listens = False
        try:
            until = self._running.send(heard)
        except StopIteration:
            self._running, self._expected = None, _nothing
            self._done()
            return

        def over() -> None:
            if number == self._wait_number and self._running is not None:
                self._go_on(None)

        self._world.at(max(until, self._world.now), over)

    def _listen(self, expected: Callable[[str, WireMessage], bool]) -> None:
        """From here on, keep what is expected."""
        self._expected = expected
        self._arrived.clear()

    def _next(self, until: float) -> Wait[Heard | None]:
        """The next answer, or None when the time is over."""
        if self._arrived:
            return self._arrived.popleft()
        if until <= self._world.now:
            return None
        self._listens = True
        return (yield until)

    def _pause(self, until: float) -> Wait[None]:
        yield until

    # ---- what it does ------------------------------------------------------------------------------------------------------------

    def _live(self) -> Wait[None]:
        for request in self._requests:
            if request.at > self._world.now:
                yield from self._pause(request.at)
            while (yield from self._serve(request)) is not OutcomeKind.DONE and request.until_done:
                yield from self._pause(self._world.now + _PAUSE_SECONDS)

    def _serve(self, request: Request) -> Wait[OutcomeKind | None]:
        """Ask once, and note how it ended."""
        told = Told(self._home.plan.name, request, self._world.moment())
        self._home.told.append(told)
        self._note(f"wants {request.verb} {request.key} {request.id}")
        if request.verb in DOOR_VERBS:
            self._knock(request)
            return None
        match request.verb:
            case "read":
                outcome = yield from self._read(request, told)
            case "call":
                outcome = yield from self._call(request, told)
            case "ask" | "ask-stale" | "watch":
                outcome = yield from self._question(request, told)
            case _:
                outcome = yield from self._ask(request, told)
        self._end(told, outcome)
        return outcome

    def _end(self, told: Told, outcome: OutcomeKind) -> None:
        told.outcome, told.responded = outcome, self._world.moment()
        told.chosen_through = self._home.invariants.group(LOG).chosen_through
        self._note(f"was told {outcome.name} for {told.request.verb} {told.request.key} {told.request.id}")
        if outcome is OutcomeKind.NOT_DONE and told.request.verb in ("propose", "decide"):
            self._home.invariants.told_not_done(group_of(told.request), told.request.id)

    def _note(self, what: str) -> None:
        self._world.note(self._home.plan.name, what)

    def _knock(self, request: Request) -> None:
        """Publish where people do, and wait for nothing."""
        if request.verb in ("door", "door-decree"):
            self._home.invariants.submits(group_of(request), Command(request.id, request.value))
        channel = request.key if request.verb == "garbage" else CHANNELS.door(PROPOSE)
        try:
            self._home.line.endpoint.publish(channel, _door_payload(request))
        except TransportError:
            self._note("could not publish")

    # ---- errands -----------------------------------------------------------------------------------------------------------------

    def _ask(self, request: Request, told: Told) -> Wait[OutcomeKind]:
        """Propose, decide or query: run one errand to its end."""
        home = self._home
        command = None if request.verb == "query" else Command(request.id, request.value)
        if command is not None:
            home.invariants.submits(group_of(request), command)
        attempts: list[int] = []
        errand = Errand(group_of(request), request.id, command, _noted(home.numbers, attempts), only=home.plan.node)
        began = self._world.now
        deadline = began + request.timeout
        self._listen(lambda group, message: isinstance(message, Located) or _answers(errand, group, message))
        timers: dict[str, float] = {}
        yield from self._perform(errand, errand.begin(home.contact), timers)
        while errand.outcome is None and self._world.now < deadline:
            heard = yield from self._next(min([deadline, *timers.values()]))
            if heard is not None and isinstance(heard[1], Located | Outcome):
                yield from self._perform(errand, errand.handle(heard[0], heard[1]), timers)
            for timer in [name for name, due in timers.items() if due <= self._world.now]:
                del timers[timer]
                yield from self._perform(errand, errand.handle(home.plan.name, Expired(timer)), timers)
        home.contact = errand.contact
        self._check_pace(len(attempts), self._world.now - began)
        if errand.outcome is None:
            return OutcomeKind.UNKNOWN if errand.open_attempts else OutcomeKind.NOT_DONE
        told.entries = errand.outcome.entries
        return errand.outcome.kind

    def _perform(self, errand: Errand, effects: Effects, timers: dict[str, float]) -> Wait[None]:
        """Send what an errand wants sent, and keep its timers."""
        for timer in effects.timers:
            timers.pop(timer.name, None)
            if isinstance(timer, StartTimer):
                jitter_seconds = self._home.chance.random() * timer.jitter_seconds if timer.jitter_seconds else 0.0
                timers[timer.name] = self._world.now + timer.after_seconds + jitter_seconds
        for send in effects.send:
            try:
                self._home.line.send(send.target, LOG if isinstance(send.message, Locate) else errand.group, send.message)
            except TransportDownError:
                if isinstance(send.message, Submit | Query):
                    errand.unsent(send.message.attempt)
            except TransportError:
                yield from self._pause(self._world.now + _PAUSE_SECONDS)

    def _check_pace(self, ask_count: int, seconds: float) -> None:
        """Whoever is turned away without end may not ask as fast as the network can carry it."""
        if ask_count > _SUDDEN_ASK_COUNT + _ASKS_A_SECOND * seconds:
            self._home.invariants.fail("progress", f"{self._home.plan.name} asked {ask_count} times in {seconds:.3f} s, without a pause")

    # ---- machines ----------------------------------------------------------------------------------------------------------------

    def _call(self, request: Request, told: Told) -> Wait[OutcomeKind]:
        """Have an operation executed by the session."""
        home = self._home
        home.invariants.operates(request.key, request.value)
        self._listen(_nothing)
        ticket = home.session.submit(request.key, request.value, lambda settlement: self._take(("", settlement)))
        heard = yield from self._next(self._world.now + request.timeout)
        if heard is None:
            home.session.give_up(ticket)
            heard = self._arrived.popleft()
        assert isinstance(heard[1], Settlement)
        told.body = heard[1].body
        return heard[1].kind

    def _question(self, request: Request, told: Told) -> Wait[OutcomeKind]:
        """Ask a machine, of one node or of whoever answers, until one knows."""
        home = self._home
        deadline, patience = self._world.now + request.timeout, home.plan.patience_seconds
        read = Read(next(home.numbers), request.key, request.value, request.verb == "ask", request.verb == "watch")
        while self._world.now < deadline:
            target = request.node or home.reader or (yield from self._find_reader(deadline))
            if not target:
                continue
            self._listen(lambda group, message: isinstance(message, Answer) and message.number == read.number)
            until = deadline if read.waits else min(deadline, self._world.now + patience)
            heard = yield from self._sent(target, LOG, read, until)
            if heard is not None and isinstance(heard[1], Answer):
                if heard[1].known:
                    told.body = heard[1].body
                    return OutcomeKind.DONE
                yield from self._pause(self._world.now + _PAUSE_SECONDS)
            patience = min(2 * patience, _LAST_ANSWER_SECONDS)
            home.reader = ""
        return OutcomeKind.NOT_DONE

    # ---- reading the log ---------------------------------------------------------------------------------------------------------

    def _read(self, request: Request, told: Told) -> Wait[OutcomeKind]:
        """One page of the log, from whichever node answers."""
        home = self._home
        deadline = self._world.now + request.timeout
        while self._world.now < deadline:
            target = request.node or home.plan.node or home.reader or (yield from self._find_reader(deadline))
            if not target:
                continue
            question = ReadLog(home.chance.getrandbits(60), int(request.value), waits=bool(request.id))
            self._listen(partial(_pages, question.number))
            heard = yield from self._sent(target, group_of(request), question, min(deadline, self._world.now + _ATTEMPT_SECONDS))
            if heard is not None and isinstance(heard[1], LogPage):
                told.entries = heard[1].entries
                return OutcomeKind.DONE
            home.reader = ""
        return OutcomeKind.NOT_DONE

    def _find_reader(self, deadline: float) -> Wait[str]:
        """Find a node that knows the log; empty if nobody answers yet."""
        self._listen(lambda group, message: isinstance(message, Located))
        heard = yield from self._sent(PROPOSERS, LOG, Locate(), min(deadline, self._world.now + _LOCATE_SECONDS))
        self._home.reader = heard[0] if heard is not None else ""
        return self._home.reader

    def _sent(self, target: str, group: str, message: WireMessage, until: float) -> Wait[Heard | None]:
        """Send, and return the answer; None when the time is over, or a moment after it could not be sent."""
        try:
            self._home.line.send(target, group, message)
        except TransportError:
            yield from self._pause(self._world.now + _PAUSE_SECONDS)
            return None
        return (yield from self._next(until))


def _noted(numbers: Iterator[int], noted: list[int]) -> Iterator[int]:
    """The same numbers, each noted when it is taken."""
    for number in numbers:
        noted.append(number)
        yield number


def group_of(request: Request) -> str:
    """The group that a request is about."""
    return decree_group(request.key) if request.key and request.verb not in MACHINE_VERBS else LOG


def _door_payload(request: Request) -> bytes:
    """What somebody without a library would publish."""
    fields = [b'"decree": "%b"' % request.key.encode()] if request.key else []
    fields += [b'"id": "%b"' % request.id.encode()] if request.id else []
    fields += [b'"value": %b' % request.value] if request.verb != "door-ask" else []
    return request.value if request.verb == "garbage" else b"{%b}" % b", ".join(fields)


def _nothing(group: str, message: WireMessage) -> bool:
    return False


def _pages(number: int, group: str, message: WireMessage) -> bool:
    return isinstance(message, LogPage) and message.number == number


def _answers(errand: Errand, group: str, message: WireMessage) -> bool:
    return isinstance(message, Outcome) and message.id == errand.id and group == errand.group
