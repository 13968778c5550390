"""The actors of an exhaustive search: every state that an actor can be in, found once and numbered.

A state of one actor is the shortest history of events that leads to it. To take one more step, the history is replayed on fresh roles:
nothing is copied and nothing private is set, so any role class can be searched. A step from a numbered state by a numbered event is
computed once; after that a whole system of actors moves by table look-ups.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from paxos.acceptor import Acceptor
from paxos.ballot import Ballot
from paxos.cast import Cast
from paxos.cues import Chosen, Expired, Lead, Message, Propose
from paxos.effects import ACCEPTORS, EVERYONE, LEARNERS, PROPOSERS
from paxos.errors import InvariantViolation
from paxos.messages import Accept, Nack, Prepare
from paxos.phases import Leading
from paxos.proposer import Proposer
from paxos.replica import Replica
from redpaxos.simulation.exhaustive.case import Case
from redpaxos.simulation.scripted.conduct import Conduct, Fact
from redpaxos.simulation.scripted.ladder import describe_value

State = int
"""The number of one actor's state."""


class Heard(Struct, frozen=True):
    """An actor took a message: from another actor, or from within its node."""

    source: str
    message: Message


class Crashed(Struct, frozen=True):
    """An actor stopped and started again from its disk."""

    loses_unsynced: bool


Event = Heard | Crashed


class Standing(Struct):
    """All that is known of one numbered state."""

    kind: str
    path: tuple[Event, ...]
    # What it ever sent, one set of bits over the numbered messages for each actor of the system.
    sent: tuple[int, ...]
    facts: frozenset[Fact]
    # The ballots that it ever prepared, promised or voted at.
    ballots: frozenset[Ballot]
    # What the rest of the system can tell states apart by: equal numbers for equal `sent`, `facts` and `violation`.
    public: int
    # What can be judged: equal numbers for equal `facts`, `ballots` and `violation`.
    verdict: int
    # What its own step broke, or an empty string.
    violation: str
    # What it may do next without a message.
    own_events: tuple[Event, ...]
    crash_events: tuple[Event, ...]


class Actors:
    """The numbered states, events and messages of a case."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.names = case.names()
        self.standings: list[Standing] = []
        self.messages: list[Message] = []
        self.events: list[Event] = []
        self._message_numbers: dict[Message, int] = {}
        self._event_numbers: dict[Event, int] = {}
        self._numbers: dict[Any, State] = {}
        self._alike: dict[Any, int] = {}
        self._steps: dict[tuple[State, int], State | None] = {}
        self._renamed: dict[tuple[State, tuple[str, ...]], State] = {}
        self._heard_kinds = {kind: _heard_kinds(case.make_player(kind).cast) for kind in case.kinds()}
        self._hearers = {
            ACCEPTORS: case.acceptors,
            PROPOSERS: case.proposers,
            LEARNERS: (*case.proposers, *case.learners),
            EVERYONE: case.names(),
        }

    def first(self, name: str) -> State:
        """The state in which this actor starts."""
        return self._replay(self.case.kind_of(name), ())

    def step(self, state: State, event: int) -> State | None:
        """The state after the event; None where the case's bounds forbid it."""
        key = (state, event)
        if key not in self._steps:
            standing = self.standings[state]
            number = self._replay(standing.kind, (*standing.path, self.events[event]))
            self._steps[key] = number if number >= 0 else None
        return self._steps[key]

    def renamed(self, state: State, order: tuple[str, ...]) -> State:
        """The same state if the case's acceptors had been called by these names, in order."""
        key = (state, order)
        if key not in self._renamed:
            standing = self.standings[state]
            new_names = dict(zip(self.case.acceptors, order, strict=True))
            self._renamed[key] = self._replay(standing.kind, tuple(_rename(event, new_names) for event in standing.path))
        return self._renamed[key]

    def event(self, event: Event) -> int:
        """The number of an event."""
        if event not in self._event_numbers:
            self._event_numbers[event] = len(self.events)
            self.events.append(event)
        return self._event_numbers[event]

    # ---- replaying ---------------------------------------------------------------------------------------------------------------

    def _replay(self, kind: str, path: tuple[Event, ...]) -> State:
        """The number of the state that this history leads to, -1 if it leaves the bounds."""
        history = _History(self, kind)
        for event in path:
            history.take(event)
        if history.is_out_of_bounds:
            return -1
        key = history.key()
        if key not in self._numbers:
            self._numbers[key] = len(self.standings)
            self.standings.append(history.standing(path))
        return self._numbers[key]

    def alike(self, *parts: Any) -> int:
        """The same small number for the same parts."""
        return self._alike.setdefault(parts, len(self._alike))

    def number(self, message: Message) -> int:
        """The number of a message."""
        if message not in self._message_numbers:
            self._message_numbers[message] = len(self.messages)
            self.messages.append(message)
        return self._message_numbers[message]

    def reached_by(self, target: str, message: Message) -> Iterator[int]:
        """The positions of the actors that hear what is sent to this target."""
        for name in self._hearers.get(target, (target,)):
            if name in self.names and type(message) in self._heard_kinds[self.case.kind_of(name)]:
                yield self.names.index(name)


class _History:
    """One actor while its history is replayed, and what it has shown of itself."""

    def __init__(self, actors: Actors, kind: str) -> None:
        self._actors = actors
        self._case = actors.case
        self._kind = kind
        self._player = actors.case.make_player(kind)
        self._sent = [0] * len(actors.names)
        self._conduct = Conduct()
        self._has_proposed = False
        self._violation = ""
        self.is_out_of_bounds = False

    def take(self, event: Event) -> None:
        """Let it happen."""
        if isinstance(event, Crashed):
            self._has_proposed = False
            self._player.crash(loses_unsynced=event.loses_unsynced)
        else:
            self._hear(event)
        if self._kind == "acceptor":
            self._conduct.inspect(self._player.role(Acceptor))
        if self._conduct.breach:
            self._break("promise", self._conduct.breach)

    def key(self) -> Any:
        """All that its future depends on."""
        player = self._player
        roles = (player.snapshot(), player.written(), frozenset(player.timers))
        life = (player.life, self._has_proposed) if self._kind == "proposer" else None
        return (self._kind, roles, life, tuple(self._sent), frozenset(self._conduct.facts), self._conduct.spoken, self._violation)

    def standing(self, path: tuple[Event, ...]) -> Standing:
        sent, facts = tuple(self._sent), frozenset(self._conduct.facts)
        ballots = frozenset(self._conduct.ballots)
        public = self._actors.alike(sent, facts, self._violation)
        verdict = self._actors.alike(facts, ballots, self._violation)
        own = () if self._violation else tuple(self._own_events())
        return Standing(self._kind, path, sent, facts, ballots, public, verdict, self._violation, own, self._crash_events())

    # ---- what it did -------------------------------------------------------------------------------------------------------------

    def _hear(self, event: Heard) -> None:
        message = event.message
        if isinstance(message, Expired):
            self._player.timers.discard(message.timer)
        self._has_proposed = self._has_proposed or isinstance(message, Propose)
        if isinstance(message, Chosen) and message.slot != self._player.role(Replica).next_slot:
            self.is_out_of_bounds = True
            return
        try:
            effects = self._player.hear(event.source, message)
        except InvariantViolation as violation:
            self._violation = f"the code stops itself: {violation}"
            return
        self._conduct.observe(message, effects)
        for send in effects.send:
            # Refusals are offered to the proposer by the network, whenever this acceptor has spoken at a higher ballot.
            if not isinstance(send.message, Nack):
                self._check_bounds(send.message)
                bit = 1 << self._actors.number(send.message)
                for position in self._actors.reached_by(send.target, send.message):
                    self._sent[position] |= bit

    def _check_bounds(self, message: Message) -> None:
        if isinstance(message, Prepare):
            self.is_out_of_bounds |= message.ballot.round > self._case.rounds
        if isinstance(message, Accept):
            self.is_out_of_bounds |= message.slot >= self._case.slots
            if not self._case.allows(message.value):
                self._break("validity", f"{describe_value(message.value)} was never asked for")

    def _break(self, check: str, what: str) -> None:
        if check in self._case.checks and not self._violation:
            self._violation = f"{check}: {what}"

    # ---- what it may do ----------------------------------------------------------------------------------------------------------

    def _own_events(self) -> Iterator[Event]:
        """Timers may expire at any time; work may arrive, and anybody may be named leader, at any time."""
        here = self._case.node_of(self._kind)
        for timer in sorted(self._player.timers & self._case.timers):
            yield Heard(here, Expired(timer))
        if self._kind.startswith("proposer"):
            yield from (Heard(here, message) for message in self._work(here))

    def _work(self, here: str) -> Iterable[Message]:
        proposer = self._player.role(Proposer)
        ready = self._case.is_decree or isinstance(proposer.phase, Leading)
        if ready and not self._has_proposed:
            yield Propose((self._case.command(here, self._player.life),))
        if not self._case.is_decree:
            yield Lead(proposer.refused_by)

    def _crash_events(self) -> tuple[Event, ...]:
        if self._violation:
            return ()
        return (Crashed(True), Crashed(False)) if self._player.has_unsynced else (Crashed(True),)


def _heard_kinds(cast: Cast) -> frozenset[type]:
    return frozenset(kind for role in cast.roles for kind in role.handles)


def _rename(event: Event, new_names: dict[str, str]) -> Event:
    if isinstance(event, Crashed):
        return event
    return Heard(new_names.get(event.source, event.source), event.message)
