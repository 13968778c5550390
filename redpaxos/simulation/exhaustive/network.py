"""The network of an exhaustive search: what an actor may be given next.

Everything ever sent to it, any number of times; and two kinds of message that are worked out rather than kept, which leaves far fewer
states. A proposer may be refused at any of its ballots by any acceptor that ever spoke at a higher one: acceptors really do refuse then,
and a refusal changes nothing in the acceptor. A proposer may be told what the votes have chosen, at any time after it is chosen: no more
is known of when a learner has counted its votes, and learners that count are searched as actors of their own.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

from paxos.cues import Chosen
from paxos.messages import Nack
from redpaxos.simulation.exhaustive.actors import Actors, Event, Heard, State
from redpaxos.simulation.exhaustive.verdict import chosen_by_votes
from redpaxos.simulation.scripted.conduct import Fact

System = tuple[int, ...]
"""The states of all actors in the order of `Case.names()`, and how many crashes are left."""

Waiting = tuple[tuple[int, ...], tuple[int, ...]]
"""What one actor may be given: the messages of each other actor as sets of bits, and the events that are worked out."""


class Network:
    """What the actors of one search may hear."""

    def __init__(self, actors: Actors) -> None:
        self._actors = actors
        self._case = actors.case
        self._tidings: dict[tuple[Any, ...], tuple[int, ...]] = {}

    def waiting(self, system: System, position: int) -> Waiting:
        """All that the actor at this position may hear next."""
        standings = self._actors.standings
        sent = tuple([standings[state].sent[position] for state in system[:-1]])
        return sent, self._news(system, position)

    def deliveries(self, waiting: Waiting) -> list[int]:
        """The numbers of the events that this causes, one at a time."""
        sent, news = waiting
        actors = self._actors
        heard = (
            actors.event(Heard(source, actors.messages[number]))
            for source, bits in zip(actors.names, sent, strict=True)
            for number in _positions(bits)
        )
        return [*heard, *news]

    def facts(self, states: Sequence[State]) -> list[tuple[str, Fact]]:
        """What these first actors of a system have voted for, proposed and learned, each fact with its actor."""
        pairs = zip(self._actors.names, states, strict=False)
        return [(name, fact) for name, state in pairs for fact in _sorted(self._actors.standings[state].facts)]

    def _news(self, system: System, position: int) -> tuple[int, ...]:
        name = self._actors.names[position]
        if name not in self._case.proposers:
            return ()
        standings = self._actors.standings
        acceptors = system[: len(self._case.acceptors)]
        key = (name, standings[system[position]].ballots, *[standings[state].verdict for state in acceptors])
        if key not in self._tidings:
            self._tidings[key] = tuple(map(self._actors.event, self._work_out(name, system[position], acceptors)))
        return self._tidings[key]

    def _work_out(self, name: str, state: State, acceptors: Sequence[State]) -> Iterator[Event]:
        standings = self._actors.standings
        known = {} if self._case.proposers_learn else chosen_by_votes(self.facts(acceptors), self._case.majority_count)
        for slot, values in known.items():
            yield from (Heard(name, Chosen(slot, ballot, value)) for value, ballot in values.items())
        for acceptor, speaking in zip(self._case.acceptors, acceptors, strict=True):
            pairs = product(sorted(standings[state].ballots), sorted(standings[speaking].ballots))
            yield from (Heard(acceptor, Nack(ballot, higher)) for ballot, higher in pairs if ballot < higher)


def _positions(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def _sorted(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: (fact.kind, fact.slot, fact.ballot, fact.value))
