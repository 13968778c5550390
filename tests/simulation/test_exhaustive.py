"""The exhaustive search finds nothing wrong with the real roles, sees all there is to see, and finds every planted mistake."""

from collections import Counter

import pytest
from msgspec.structs import replace

from paxos.effects import Effects
from paxos.proposer import Proposer, ProposerMessage
from redpaxos.simulation.exhaustive.actors import Actors
from redpaxos.simulation.exhaustive.case import DECREE, LOG_OF_TWO, Case
from redpaxos.simulation.exhaustive.network import Network, System
from redpaxos.simulation.exhaustive.search import EndlessError, search
from tests.planted.catalogue.all import BY_NAME
from tests.planted.planting import planted

COUNTING = replace(DECREE, proposers_learn=True, rounds=1, crashes=0)
"""Two ballots, whose owners count their votes, and tell each other."""

TELLING = replace(COUNTING, learners=("l1",))
"""And a learner that only they tell."""

FIRST = replace(DECREE, first_owners=("p1",))
"""One proposer may begin without phase 1, and crash."""

AGREEMENT = frozenset(("agreement",))


def test_no_schedule_of_a_decree_breaks_a_promise() -> None:
    """Paxos Made Simple, section 2.2: P1a and P2c hold, and only a single value is chosen; four ballots, one crash."""
    result = search(DECREE, states=100_000)
    assert result.counterexample is None
    assert result.states == 100_000
    assert result.depth >= 15


def test_every_schedule_of_two_ballots_and_one_crash_is_searched() -> None:
    result = search(replace(DECREE, rounds=1), states=100_000)
    assert result.counterexample is None
    assert result.exhausted
    assert result.states > 5_000


def test_every_schedule_of_proposers_that_count_votes_and_tell_and_of_one_crash_is_searched() -> None:
    result = search(replace(COUNTING, crashes=1), states=100_000)
    assert result.counterexample is None
    assert result.exhausted
    assert result.states > 45_000


def test_every_schedule_with_a_first_ballot_that_needs_no_phase_1_is_searched() -> None:
    result = search(FIRST, states=200_000)
    assert result.counterexample is None
    assert result.exhausted
    assert result.states > 80_000


def test_two_owners_of_a_first_ballot_would_be_found() -> None:
    result = search(replace(FIRST, first_owners=("p1", "p2")))
    assert result.counterexample is not None
    assert result.counterexample.violation.startswith("agreement: slot 0 has two chosen values")
    assert result.counterexample.event_count == 6


def test_no_schedule_makes_a_learner_believe_what_was_not_decided() -> None:
    result = search(TELLING, states=100_000)
    assert result.counterexample is None
    assert result.exhausted
    assert result.states > 30_000


def test_no_schedule_of_a_log_breaks_a_promise_whoever_is_told_to_lead() -> None:
    result = search(LOG_OF_TWO, states=20_000)
    assert result.counterexample is None
    assert result.states == 20_000


# ---- the search can fail --------------------------------------------------------------------------------------------------------

MISTAKES: list[tuple[str, Case, str, int]] = [
    ("an acceptor accepts below its promise", DECREE, "promise", 8),
    ("an acceptor accepts below its promise", replace(DECREE, checks=AGREEMENT), "agreement", 14),
    ("an acceptor keeps its promise in memory only", DECREE, "promise", 3),
    ("an acceptor keeps its promise in memory only", replace(DECREE, checks=AGREEMENT), "agreement", 15),
    ("an acceptor keeps its votes in memory only", DECREE, "agreement", 15),
    ("an Accept above the promise does not raise it", DECREE, "promise", 6),
    ("an acceptor promises one round to two proposers", DECREE, "promise", 4),
    ("an acceptor keeps its votes to itself", DECREE, "agreement", 14),
    ("a proposer takes the first vote that it hears of", replace(DECREE, crashes=0), "agreement", 21),
    ("a proposer does not listen to votes", DECREE, "agreement", 14),
    ("a proposer counts promises and not acceptors", DECREE, "agreement", 12),
    ("a proposer uses a round that is not on disk", DECREE, "one value a ballot", 9),
    ("a proposer is content with any promise", DECREE, "agreement", 10),
    ("a first ballot is used and not written down", FIRST, "one value a ballot", 3),
    ("a first ballot is used again", FIRST, "one value a ballot", 3),
    ("a learner believes one acceptor", COUNTING, "agreement", 7),
    ("a learner counts votes and not acceptors", COUNTING, "agreement", 8),
    ("a learner takes what is proposed beside it for chosen", COUNTING, "agreement", 7),
    ("a learner takes what was decided at one ballot for a value of another", COUNTING, "the code stops itself", 15),
]


@pytest.mark.parametrize(("mistake", "case", "check", "event_count"), MISTAKES, ids=[f"{row[0]}-{row[2]}" for row in MISTAKES])
def test_a_planted_mistake_has_a_shortest_counterexample(mistake: str, case: Case, check: str, event_count: int) -> None:
    with planted(BY_NAME[mistake]):
        result = search(case, states=200_000)
    assert result.counterexample is not None
    assert result.counterexample.violation.startswith(f"{check}: ")
    assert result.counterexample.event_count == result.depth == event_count


def test_a_counterexample_is_told_as_a_ladder() -> None:
    with planted(BY_NAME["an acceptor keeps its promise in memory only"]):
        result = search(DECREE)
    assert str(result).splitlines() == [
        "15 distinct states, every schedule of up to 3 events",
        "promise: the promise fell from 1.p1 to 0",
        "",
        " p1        p2        a1        a2        a3",
        "  |         |         |         |         |",
        "  * propose p1-1      |         |         |",
        "  |-- Prepare 1.p1 -->|         |         |",
        "  |         |         * crash, restart    |",
        "-- promise: the promise fell from 1.p1 to 0",
        "  |         |         |         |         |",
    ]


class CountsForEver(Proposer):
    """Counts all that it hears, to no end."""

    heard_count = 0

    def handle(self, source: str, message: ProposerMessage) -> Effects:
        self.heard_count += 1
        return super().handle(source, message)


def test_a_role_that_counts_for_ever_is_refused_rather_than_searched_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.casting.Proposer", CountsForEver)
    with pytest.raises(EndlessError, match="proposer p1: 100 events without any effect"):
        search(DECREE)


# ---- what makes it fast hides nothing -------------------------------------------------------------------------------------------


SMALL = [
    replace(DECREE, proposers=("p1",), rounds=2),
    replace(DECREE, acceptors=("a1",), rounds=1, crashes=1),
    replace(DECREE, acceptors=("a1",), learners=("l1",), rounds=1, crashes=0),
    replace(LOG_OF_TWO, acceptors=("a1",), rounds=1, crashes=0),
]


@pytest.mark.parametrize("case", SMALL, ids=["one proposer", "one acceptor", "a learner", "a log"])
def test_the_search_sees_as_many_facts_as_one_without_reductions(case: Case) -> None:
    """Facts are what the checks judge: who voted for, proposed and learned what."""
    plain, reduced = _facts_of_every_schedule(case), search(case, states=1_000_000)
    assert reduced.exhausted
    assert reduced.publicly_distinct == len(plain)


def _facts_of_every_schedule(case: Case) -> Counter[object]:
    """One event at a time, in every order, nothing merged but equal states; the publicly distinct systems it meets."""
    actors = Actors(case)
    network = Network(actors)
    first: System = (*(actors.first(name) for name in case.names()), case.crashes)
    known, waiting = {first}, [first]
    for system in waiting:
        for child in _every_next(system, actors, network):
            if child not in known:
                known.add(child)
                waiting.append(child)
    return Counter(_public(system, actors) for system in known)


def _every_next(system: System, actors: Actors, network: Network) -> list[System]:
    following = []
    for position in range(len(system) - 1):
        standing = actors.standings[system[position]]
        events = network.deliveries(network.waiting(system, position)) + [actors.event(event) for event in standing.own_events]
        crashes = [actors.event(event) for event in standing.crash_events] if system[-1] else []
        for event, cost in [*((event, 0) for event in events), *((event, 1) for event in crashes)]:
            after = actors.step(system[position], event)
            if after is not None:
                following.append((*system[:position], after, *system[position + 1 : -1], system[-1] - cost))
    return following


def _public(system: System, actors: Actors) -> object:
    """What anybody can tell this system by, whichever acceptor is which."""
    count = len(actors.case.acceptors)
    publics = [actors.standings[state].public for state in system[:-1]]
    return (*sorted(publics[:count]), *publics[count:])
