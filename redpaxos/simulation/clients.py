"""Simulated clients: the errands of redpaxos/client.py, driven by events.

A client asks for one thing after the other. Each request is a generator that yields until when it waits, so that its steps read like
those of the threaded client, and both carry their commands by paxos/errand.py. What a client asked, what it was told and when becomes
the history that is judged at the end.
"""

import itertools
from collections import Counter, deque
from collections.abc import Callable, Generator
from typing import TypeVar

from msgspec import Struct

from actors.sequences import Sequences
from paxos.codec import Codec, Envelope, Letter
from paxos.cues import Expired
from paxos.doors import PROPOSE
from paxos.effects import PROPOSERS, Effects, StartTimer
from paxos.errand import Contact, Errand
from paxos.errors import MalformedError
from paxos.groups import LOG, decree_group
from paxos.messages import Locate, Located, LogPage, Outcome, OutcomeKind, Query, ReadLog, Submit, WireMessage
from paxos.values import Command, Entry
from redpaxos.simulation.cluster import CHANNELS, CLUSTER
from redpaxos.simulation.invariants import Invariants
from redpaxos.simulation.network import Network
from redpaxos.simulation.plan import ClientPlan, Request
from redpaxos.simulation.world import World
from transport.base import TransportDownError, TransportError

_LOCATE_SECONDS = 0.3
_ATTEMPT_SECONDS = 1.0
_PAUSE_SECONDS = 0.05

Heard = tuple[str, WireMessage]
Result = TypeVar("Result")
Wait = Generator[float, Heard | None, Result]
"""Yields until when it waits, and is sent what came, or None when the time is over."""

DOOR_VERBS = ("door", "door-decree", "door-ask", "garbage")


class Told(Struct):
    """One request, and how it ended; an outcome of None has not ended, or never will."""

    client: str
    request: Request
    # In steps of the world.
    invoked: int
    responded: int = 0
    outcome: OutcomeKind | None = None
    entries: tuple[Entry, ...] = ()


class Client:
    """One client, with an endpoint of its own."""

    def __init__(self, plan: ClientPlan, world: World, network: Network, codec: Codec, invariants: Invariants) -> None:
        self.name = plan.name
        self.told: list[Told] = []
        self._plan = plan
        self._world = world
        self._codec = codec
        self._invariants = invariants
        self._chance = world.stream(f"client {plan.name}")
        self._incarnation = self._chance.getrandbits(60)
        self._attempts = itertools.count(self._chance.getrandbits(48))
        self._sent_count: Counter[str] = Counter()
        self._sequences = Sequences()
        self._endpoint = network.endpoint(plan.name)
        self._endpoint.subscribe(CHANNELS.incoming(plan.name), self._deliver)
        # What the running request listens for, and what of it came before the request looked.
        self._expected: Callable[[str, WireMessage], bool] = _nothing
        self._arrived: deque[Heard] = deque()
        self._running: Wait[None] | None = None
        self._listens = False
        # Counts waits, so that the end of an earlier one is known.
        self._wait_number = 0
        self._contact: Contact | None = None
        self._reader = plan.node

    @property
    def is_done(self) -> bool:
        """Whether all its requests have ended."""
        return self._running is None

    def start(self) -> None:
        """Begin with the first request."""
        self._running = self._live()
        self._go_on(None)

    # ---- the generator's driver --------------------------------------------------------------------------------------------------

    def _go_on(self, heard: Heard | None) -> None:
        """Let the running request take what came, up to where it waits again."""
        assert self._running is not None
        self._wait_number += 1
        number = self._wait_number
        try:
            until = self._running.send(heard)
        except StopIteration:
            self._running = None
            return

        def over() -> None:
            if number == self._wait_number and self._running is not None:
                self._go_on(None)

        self._world.at(max(until, self._world.now), over)

    def _deliver(self, channel: str, payload: bytes) -> None:
        try:
            envelope = self._codec.decode(payload)
        except MalformedError:
            return
        if not self._sequences.is_fresh(f"{channel}/{envelope.store}", envelope.incarnation, envelope.sequence):
            return
        for letter in envelope.letters:
            if not self._expected(letter.group, letter.message):
                continue
            if self._listens:
                self._go_on((envelope.source, letter.message))
            else:
                self._arrived.append((envelope.source, letter.message))

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
        heard = yield until
        self._listens = False
        return heard

    def _pause(self, until: float) -> Wait[None]:
        yield until

    # ---- what it does ------------------------------------------------------------------------------------------------------------

    def _live(self) -> Wait[None]:
        for request in self._plan.requests:
            if request.at > self._world.now:
                yield from self._pause(request.at)
            while (yield from self._serve(request)) is not OutcomeKind.DONE and request.until_done:
                yield from self._pause(self._world.now + _PAUSE_SECONDS)

    def _serve(self, request: Request) -> Wait[OutcomeKind | None]:
        """Ask once, and note how it ended."""
        told = Told(self.name, request, self._world.step_count)
        self.told.append(told)
        self._world.note(self.name, f"wants {request.verb} {request.key} {request.id}")
        if request.verb in DOOR_VERBS:
            self._knock(request)
            return None
        outcome = yield from (self._read(request, told) if request.verb == "read" else self._ask(request, told))
        self._end(told, outcome)
        return outcome

    def _end(self, told: Told, outcome: OutcomeKind) -> None:
        told.outcome, told.responded = outcome, self._world.step_count
        self._world.note(self.name, f"was told {outcome.name} for {told.request.verb} {told.request.key} {told.request.id}")
        if outcome is OutcomeKind.NOT_DONE and told.request.verb in ("propose", "decide"):
            self._invariants.told_not_done(_group(told.request), told.request.id)

    def _knock(self, request: Request) -> None:
        """Publish where people do, and wait for nothing."""
        if request.verb in ("door", "door-decree"):
            self._invariants.submits(_group(request), Command(request.id, request.value))
        channel = request.key if request.verb == "garbage" else CHANNELS.door(PROPOSE)
        try:
            self._endpoint.publish(channel, _door_payload(request))
        except TransportError:
            self._world.note(self.name, "could not publish")

    def _ask(self, request: Request, told: Told) -> Wait[OutcomeKind]:
        """Propose, decide or query: run one errand to its end."""
        command = None if request.verb == "query" else Command(request.id, request.value)
        if command is not None:
            self._invariants.submits(_group(request), command)
        errand = Errand(_group(request), request.id, command, self._attempts, only=self._plan.node if request.key else "")
        deadline = self._world.now + request.timeout
        self._listen(lambda group, message: isinstance(message, Located) or _answers(errand, group, message))
        timers: dict[str, float] = {}
        yield from self._perform(errand, errand.begin(self._contact), timers)
        while errand.outcome is None and self._world.now < deadline:
            heard = yield from self._next(min([deadline, *timers.values()]))
            if heard is not None and isinstance(heard[1], Located | Outcome):
                yield from self._perform(errand, errand.handle(heard[0], heard[1]), timers)
            for timer in [name for name, due in timers.items() if due <= self._world.now]:
                del timers[timer]
                yield from self._perform(errand, errand.handle(self.name, Expired(timer)), timers)
        self._contact = errand.contact
        if errand.outcome is None:
            return OutcomeKind.UNKNOWN if errand.open_attempts else OutcomeKind.NOT_DONE
        told.entries = errand.outcome.entries
        return errand.outcome.kind

    def _perform(self, errand: Errand, effects: Effects, timers: dict[str, float]) -> Wait[None]:
        """Send what an errand wants sent, and keep its timers."""
        for timer in effects.timers:
            timers.pop(timer.name, None)
            if isinstance(timer, StartTimer):
                timers[timer.name] = self._world.now + timer.after_seconds
        for send in effects.send:
            try:
                self._send(send.target, LOG if isinstance(send.message, Locate) else errand.group, send.message)
            except TransportDownError:
                if isinstance(send.message, Submit | Query):
                    errand.unsent(send.message.attempt)
            except TransportError:
                yield from self._pause(self._world.now + _PAUSE_SECONDS)

    def _read(self, request: Request, told: Told) -> Wait[OutcomeKind]:
        """One page of the log, from whichever node answers."""
        deadline = self._world.now + request.timeout
        while self._world.now < deadline:
            reader = self._reader or (yield from self._find_reader(deadline))
            if not reader:
                continue
            page = yield from self._page(request, reader, min(deadline, self._world.now + _ATTEMPT_SECONDS))
            if page is not None:
                told.entries = page.entries
                return OutcomeKind.DONE
            self._reader = self._plan.node
        return OutcomeKind.NOT_DONE

    def _find_reader(self, deadline: float) -> Wait[str]:
        """Find a node that knows the log; empty if nobody answers yet."""
        self._listen(lambda group, message: isinstance(message, Located))
        try:
            self._send(PROPOSERS, LOG, Locate())
        except TransportError:
            yield from self._pause(self._world.now + _PAUSE_SECONDS)
            return ""
        heard = yield from self._next(min(deadline, self._world.now + _LOCATE_SECONDS))
        self._reader = self._plan.node or (heard[0] if heard is not None else "")
        return self._reader

    def _page(self, request: Request, node: str, until: float) -> Wait[LogPage | None]:
        """What one node answers within the time, or None."""
        question = ReadLog(self._chance.getrandbits(60), int(request.value), waits=bool(request.id))
        self._listen(lambda group, message: isinstance(message, LogPage) and message.number == question.number)
        try:
            self._send(node, _group(request), question)
        except TransportError:
            yield from self._pause(self._world.now + _PAUSE_SECONDS)
            return None
        heard = yield from self._next(until)
        return heard[1] if heard is not None and isinstance(heard[1], LogPage) else None

    def _send(self, target: str, group: str, message: WireMessage) -> None:
        channel = CHANNELS.outgoing(target, self.name)
        self._sent_count[channel] += 1
        envelope = Envelope(CLUSTER, self.name, "", "", self._incarnation, self._sent_count[channel], (Letter(group, message),))
        self._endpoint.publish(channel, self._codec.encode(envelope))


def _group(request: Request) -> str:
    return decree_group(request.key) if request.key else LOG


def _door_payload(request: Request) -> bytes:
    """What somebody without a library would publish."""
    fields = [b'"decree": "%b"' % request.key.encode()] if request.key else []
    fields += [b'"id": "%b"' % request.id.encode()] if request.id else []
    fields += [b'"value": %b' % request.value] if request.verb != "door-ask" else []
    return request.value if request.verb == "garbage" else b"{%b}" % b", ".join(fields)


def _nothing(group: str, message: WireMessage) -> bool:
    return False


def _answers(errand: Errand, group: str, message: WireMessage) -> bool:
    return isinstance(message, Outcome) and message.id == errand.id and group == errand.group
