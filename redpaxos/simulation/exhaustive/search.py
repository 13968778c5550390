"""Exhaustive search: every schedule of a small system, with the real role code.

The network is the set of all messages ever sent: one that is never delivered is lost, one that is delivered again is a duplicate, and
any order is tried. Timers expire whenever they run, actors crash and restart from their disks at any point, within the bounds of the
case. Every state is checked; the first that breaks a promise is a counterexample with the fewest events.

What makes it fast hides no violation:
- A state of one actor is numbered when it is first reached, and a step from it is computed once (exhaustive_actors.py).
- An event that nobody else can observe (it sends nothing fresh, votes for nothing and learns nothing) commutes with every event of
  the other actors, because messages never leave the network. It is put off until just before the actor's next observable event, and
  the two make one move.
- Acceptors differ in their names only: of all states that permuting them gives, one is kept. Proposers are not exchangeable, since
  ballots are ordered by their names.
- Refusals and the news of what is chosen need no bookkeeping of their own (exhaustive_network.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise, permutations, product

from msgspec import Struct

from redpaxos.simulation.exhaustive.actors import Actors, Crashed, Event, Heard, State
from redpaxos.simulation.exhaustive.case import DECREE, Case
from redpaxos.simulation.exhaustive.network import Network, System, Waiting
from redpaxos.simulation.exhaustive.story import Happened, tell
from redpaxos.simulation.exhaustive.verdict import judge

_LONGEST_MOVE = 100


class EndlessError(Exception):
    """An actor goes on and on without any effect, each time in a state of its own, so that the search would not end."""


class Move(Struct, frozen=True):
    """What one actor can do by itself: unobserved events and then one that is observed, if it is given these messages."""

    state: State
    event_count: int
    crash_count: int


class Counterexample(Struct, frozen=True):
    """What was broken, and the shortest way there."""

    violation: str
    event_count: int
    ladder: str


class Result(Struct, frozen=True):
    """What was searched: `depth` is the number of events up to which nothing was left out."""

    states: int
    depth: int
    # Everything within the bounds of the case was searched.
    exhausted: bool
    # Distinct states of single actors, each computed with the real roles.
    actor_states: int
    # Of an exhausted case, the states that differ in what anybody can tell them by.
    publicly_distinct: int
    counterexample: Counterexample | None

    def __str__(self) -> str:
        extent = "all that the bounds allow" if self.exhausted else f"every schedule of up to {self.depth} events"
        found = f"{self.states:,} distinct states, {extent}"
        if self.counterexample is None:
            return f"{found}: no violation"
        return f"{found}\n{self.counterexample.violation}\n\n{self.counterexample.ladder}"


def search(case: Case = DECREE, *, states: int = 100_000) -> Result:
    """Search a case breadth first until everything is seen, something is broken, or this many distinct states are checked."""
    return _Search(case).run(states)


class _Search:
    """One search: the systems known, in layers by the number of events that lead there."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._actors = Actors(case)
        self._network = Network(self._actors)
        self._acceptor_count = len(case.acceptors)
        self._moves: dict[tuple[State, Waiting, int], list[Move]] = {}
        # The permutations that sort these states of acceptors, with the names that each gives them.
        self._orders: dict[tuple[State, ...], list[tuple[tuple[int, ...], tuple[str, ...]]]] = {}
        self._verdicts: dict[tuple[int, ...], str] = {}
        # How each system is first reached: from which other, and in how many events.
        self._parents: dict[System, System | None] = {}
        self._depths: dict[System, int] = {}
        self._checked_count = 0

    def run(self, state_count: int) -> Result:
        first = (*(self._actors.first(name) for name in self._case.names()), self._case.crashes)
        layers: dict[int, list[System]] = {0: [first]}
        self._parents[first], self._depths[first] = None, 0
        depth = 0
        while layers:
            for system in layers.pop(depth, ()):
                if self._depths[system] < depth:
                    continue
                if self._checked_count == state_count:
                    return self._result(depth - 1)
                self._checked_count += 1
                if violation := self._violation(system):
                    return self._result(depth, system, violation)
                for child, event_count in self._children(system):
                    self._reach(child, system, depth + event_count, layers)
            depth += 1
        return self._result(depth - 1, exhausted=True)

    def _reach(self, child: System, parent: System, depth: int, layers: dict[int, list[System]]) -> None:
        known = self._depths.get(child)
        if known is None or depth < known:
            self._depths[child] = depth
            self._parents[child] = parent
            layers.setdefault(depth, []).append(child)

    def _result(self, depth: int, broken: System | None = None, violation: str = "", *, exhausted: bool = False) -> Result:
        story = None if broken is None else self._story(broken, violation)
        return Result(self._checked_count, depth, exhausted, len(self._actors.standings), self._count_public() if exhausted else 0, story)

    def _count_public(self) -> int:
        standings = self._actors.standings
        count = self._acceptor_count
        publics = ([standings[state].public for state in system[:-1]] for system in self._parents)
        return len({(*sorted(public[:count]), *public[count:]) for public in publics})

    # ---- moves -------------------------------------------------------------------------------------------------------------------

    def _children(self, system: System) -> Iterator[tuple[System, int]]:
        """Every system that one move leads to, and the number of its events."""
        for position in range(len(system) - 1):
            for move in self._moves_of(system, position):
                yield self._canonical(_moved(system, position, move))[0], move.event_count

    def _moves_of(self, system: System, position: int) -> list[Move]:
        """What the actor at this position can do, given all that was ever sent to it."""
        _state, _crashes = system[position], system[-1]
        key = (system[position], self._network.waiting(system, position), system[-1])
        moves = self._moves.get(key)
        if moves is None:
            moves = self._moves[key] = list(self._explore(system[position], self._network.deliveries(key[1]), system[-1]))
        return moves

    def _explore(self, start: State, deliveries: Sequence[int], crashes: int) -> Iterator[Move]:
        """Walk through unobserved events, breadth first, and stop at each that is observed."""
        for found, path, left in self._walk(start, deliveries, crashes):
            if self._actors.standings[found].public != self._actors.standings[start].public:
                yield Move(found, len(path), crashes - left)

    def _walk(self, start: State, deliveries: Sequence[int], crashes: int) -> Iterator[tuple[State, tuple[int, ...], int]]:
        """States that the actor reaches by itself, each with the events that lead there and the crashes left."""
        standings = self._actors.standings
        seen = {(start, crashes)}
        reached: list[tuple[State, tuple[int, ...], int]] = [(start, (), crashes)]
        for state, path, left in reached:
            if len(path) == _LONGEST_MOVE:
                raise EndlessError(f"{standings[start].kind}: {len(path)} events without any effect; does a counter never stop?")
            for event, cost in self._events(state, deliveries, left):
                after = self._actors.step(state, event)
                if after is None or (after, left - cost) in seen:
                    continue
                seen.add((after, left - cost))
                step = (after, (*path, event), left - cost)
                if standings[after].public == standings[start].public:
                    reached.append(step)
                else:
                    yield step

    def _events(self, state: State, deliveries: Iterable[int], crashes: int) -> Iterator[tuple[int, int]]:
        standing = self._actors.standings[state]
        yield from ((event, 0) for event in deliveries)
        yield from ((self._actors.event(event), 0) for event in standing.own_events)
        if crashes:
            yield from ((self._actors.event(event), 1) for event in standing.crash_events)

    # ---- symmetry ----------------------------------------------------------------------------------------------------------------

    def _canonical(self, system: System) -> tuple[System, tuple[int, ...]]:
        """The one kept of all systems that permuting the acceptors gives, and the permutation: old positions in new order."""
        acceptors = system[: self._acceptor_count]
        orders = self._orders.get(acceptors)
        if orders is None:
            orders = self._orders[acceptors] = [(order, self._names_in(order)) for order in _sorting_orders(acceptors)]
        return min([(self._permuted(system, order, names), order) for order, names in orders])

    def _names_in(self, order: Sequence[int]) -> tuple[str, ...]:
        """What each acceptor is called when those at the old positions stand in this order."""
        return tuple(self._case.acceptors[order.index(old)] for old in range(len(order)))

    def _permuted(self, system: System, order: tuple[int, ...], names: tuple[str, ...]) -> System:
        if names == self._case.acceptors:
            return system
        others = [self._actors.renamed(state, names) for state in system[self._acceptor_count : -1]]
        return (*[system[old] for old in order], *others, system[-1])

    # ---- checks ------------------------------------------------------------------------------------------------------------------

    def _violation(self, system: System) -> str:
        """What is wrong with this state of the system, or an empty string."""
        standings = [self._actors.standings[state] for state in system[:-1]]
        key = tuple([standing.verdict for standing in standings])
        if key not in self._verdicts:
            broken = next((standing.violation for standing in standings if standing.violation), "")
            self._verdicts[key] = broken or judge(self._network.facts(system[:-1]), self._case.majority_count, self._case.checks)
        return self._verdicts[key]

    # ---- the way there -----------------------------------------------------------------------------------------------------------

    def _story(self, broken: System, violation: str) -> Counterexample:
        systems = [broken]
        while (parent := self._parents[systems[-1]]) is not None:
            systems.append(parent)
        systems.reverse()
        happened: list[Happened] = []
        # What each acceptor of the current system was called in the first.
        called = {name: name for name in self._case.acceptors}
        for system, child in pairwise(systems):
            position, path, order = self._edge(system, child)
            actor = self._actors.names[position]
            happened += [Happened(called.get(actor, actor), _renamed(self._actors.events[event], called)) for event in path]
            called = {name: called[self._case.acceptors[old]] for name, old in zip(self._case.acceptors, order, strict=True)}
        return Counterexample(violation, len(happened), tell(self._actors.names, happened, violation))

    def _edge(self, system: System, child: System) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
        """The shortest move between two systems: who moves, by which events, and how the acceptors are permuted after it."""
        edges = []
        for position in range(len(system) - 1):
            deliveries = self._network.deliveries(self._network.waiting(system, position))
            for state, path, left in self._walk(system[position], deliveries, system[-1]):
                canonical, order = self._canonical(_moved(system, position, Move(state, len(path), system[-1] - left)))
                if canonical == child:
                    edges.append((len(path), position, path, order))
        _, position, path, order = min(edges)
        return position, path, order


def _moved(system: System, position: int, move: Move) -> System:
    return (*system[:position], move.state, *system[position + 1 : -1], system[-1] - move.crash_count)


def _sorting_orders(numbers: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every permutation that sorts these numbers; more than one where some are equal."""
    ranked = sorted(range(len(numbers)), key=lambda position: numbers[position])
    ties = [list(group) for _, group in groupby(ranked, key=lambda position: numbers[position])]
    for choice in product(*(permutations(tie) for tie in ties)):
        yield tuple(position for tie in choice for position in tie)


def _renamed(event: Event, called: dict[str, str]) -> Event:
    return event if isinstance(event, Crashed) else Heard(called.get(event.source, event.source), event.message)
