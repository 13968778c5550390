"""Simulated clients: the logic of redpaxos/client.py, driven by events.

A client asks for one thing after the other. Each request is a generator that yields what it waits for and until when, so that its steps
read like those of the threaded client. What it asked, what it was told and when becomes the history that is judged at the end.
"""

from collections import Counter, deque
from collections.abc import Generator
from typing import TypeVar

from msgspec import Struct

from actors.sequences import Sequences
from paxos.codec import Codec, Envelope, Letter
from paxos.doors import PROPOSE
from paxos.effects import PROPOSERS
from paxos.errors import MalformedError
from paxos.groups import LOG, decree_group
from paxos.messages import Command, Entry, Locate, Located, LogPage, Outcome, OutcomeKind, Query, ReadLog, Submit, WireMessage
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
Wait = Generator[tuple[str, float], Heard | None, Result]
"""Yields (key, until) and is sent what came for the key, or None when the time is over."""

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
    # By proposer: attempts that were not answered with a definite no.
    open_attempts: dict[str, int] = {}

    @property
    def is_open(self) -> bool:
        """Whether some attempt may still take effect."""
        return any(count > 0 for count in self.open_attempts.values())


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
        self._sent_count: Counter[str] = Counter()
        self._sequences = Sequences()
        self._endpoint = network.endpoint(plan.name)
        self._endpoint.subscribe(CHANNELS.incoming(plan.name), self._deliver)
        # What has arrived for each key that something is expected for.
        self._queues: dict[str, deque[Heard]] = {}
        self._running: Wait[None] | None = None
        self._waiting_for = ""
        # Counts waits, so that the end of an earlier one is known.
        self._wait_number = 0
        self._proposer = ""

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
            self._waiting_for, until = self._running.send(heard)
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
            self._hear(_key(letter.group, letter.message), (envelope.source, letter.message))

    def _hear(self, key: str, heard: Heard) -> None:
        queue = self._queues.get(key)
        if queue is None:
            return
        if self._running is not None and self._waiting_for == key:
            self._go_on(heard)
        else:
            queue.append(heard)

    def _next(self, key: str, until: float) -> Wait[Heard | None]:
        """The next answer for a key, or None when the time is over."""
        queue = self._queues[key]
        if queue:
            return queue.popleft()
        if until <= self._world.now:
            return None
        heard = yield key, until
        self._waiting_for = ""
        return heard

    def _pause(self, until: float) -> Wait[None]:
        yield "", until

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
        """Propose, decide or query: repeat it until it is answered or its time is over."""
        deadline = self._world.now + request.timeout
        if request.verb != "query":
            self._invariants.submits(_group(request), Command(request.id, request.value))
        key = f"{_group(request)}/{request.id}"
        self._queues[key] = deque()
        while self._world.now < deadline:
            proposer = self._proposer or (yield from self._locate(deadline))
            if proposer:
                outcome = yield from self._attempt(told, proposer, key, deadline)
                if outcome is not None:
                    return outcome
        del self._queues[key]
        return OutcomeKind.UNKNOWN if told.is_open else OutcomeKind.NOT_DONE

    def _attempt(self, told: Told, proposer: str, key: str, deadline: float) -> Wait[OutcomeKind | None]:
        """Ask one proposer and wait for a while; None if the request should be tried again."""
        attempts = told.open_attempts
        attempts[proposer] = attempts.get(proposer, 0) + 1
        try:
            self._send(proposer, _group(told.request), _question(told.request))
        except TransportDownError:
            attempts[proposer] -= 1
            yield from self._pause(self._world.now + _PAUSE_SECONDS)
            return None
        except TransportError:
            yield from self._pause(self._world.now + _PAUSE_SECONDS)
        until = min(deadline, self._world.now + _ATTEMPT_SECONDS)
        while (heard := (yield from self._next(key, until))) is not None:
            source, outcome = heard
            if not isinstance(outcome, Outcome):
                continue
            if outcome.kind is OutcomeKind.DONE:
                told.entries = outcome.entries
                return OutcomeKind.DONE
            if outcome.kind is OutcomeKind.UNKNOWN:
                self._proposer = outcome.leader
                return None
            attempts[source] = max(0, attempts.get(source, 0) - outcome.answered_count)
            if outcome.kind is OutcomeKind.REDIRECT:
                self._proposer = outcome.leader
                return None
            if outcome.kind in (OutcomeKind.UNDECIDED, OutcomeKind.REJECTED) or not told.is_open:
                return outcome.kind
        self._proposer = ""
        return None

    def _locate(self, deadline: float) -> Wait[str]:
        """Find a proposer, the leader if anybody knows it; empty if nobody answers yet."""
        self._queues["locate"] = deque()
        try:
            self._send(PROPOSERS, LOG, Locate())
        except TransportError:
            yield from self._pause(self._world.now + _PAUSE_SECONDS)
            return ""
        heard: list[str] = []
        until = min(deadline, self._world.now + _LOCATE_SECONDS)
        while (answer := (yield from self._next("locate", until))) is not None:
            source, message = answer
            if isinstance(message, Located):
                if message.leader:
                    self._proposer = message.leader
                    return message.leader
                heard.append(source)
        self._proposer = self._chance.choice(heard) if heard else ""
        return self._proposer

    def _read(self, request: Request, told: Told) -> Wait[OutcomeKind]:
        """One page of the log, from whichever node answers."""
        deadline = self._world.now + request.timeout
        first_revision = int(request.value)
        while self._world.now < deadline:
            proposer = self._proposer or (yield from self._locate(deadline))
            if not proposer:
                continue
            number = self._chance.getrandbits(60)
            key = f"page-{number}"
            self._queues[key] = deque()
            try:
                self._send(proposer, _group(request), ReadLog(number, first_revision, waits=bool(request.id)))
            except TransportError:
                yield from self._pause(self._world.now + _PAUSE_SECONDS)
            answer = yield from self._next(key, min(deadline, self._world.now + _ATTEMPT_SECONDS))
            del self._queues[key]
            if answer is not None and isinstance(answer[1], LogPage):
                told.entries = answer[1].entries
                return OutcomeKind.DONE
            self._proposer = ""
        return OutcomeKind.NOT_DONE

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


def _question(request: Request) -> Submit | Query:
    return Query(request.id) if request.verb == "query" else Submit((Command(request.id, request.value),))


def _key(group: str, message: WireMessage) -> str:
    """Which request a message answers."""
    match message:
        case Outcome(id=request_id):
            return f"{group}/{request_id}"
        case LogPage(number=number):
            return f"page-{number}"
        case Located():
            return "locate"
        case _:
            return ""
