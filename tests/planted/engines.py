"""The general engines, each against one mistake: what they find without knowing what to look for, within a stated budget."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from redpaxos.simulation.exhaustive.case import DECREE, LOG_OF_TWO
from redpaxos.simulation.exhaustive.search import EndlessError, search
from redpaxos.simulation.runs.running import run
from tests.planted.planting import Mistake, planted

SEED_COUNT = 400
STATE_COUNT = 100_000
LIMIT_SECONDS = 120
# One proposer may begin without phase 1.
FIRST = replace(DECREE, first_owners=("p1",))
CASES = (DECREE, FIRST, replace(DECREE, learners=("l1",), proposers_learn=True, rounds=1, crashes=0), LOG_OF_TWO)
_ROLES = ("acceptor", "proposer", "phases", "first_ballots", "learner", "informer", "replica", "quorum")
SEARCHED = frozenset(f"paxos/{role}.py" for role in _ROLES)
"""The search plays these roles only, so what is wrong elsewhere is not looked for."""


class Finding(Struct, frozen=True):
    """What an engine came to: `found` is how the violation was told, empty when the budget was used up."""

    found: str
    # Seeds or states until it was found, or all that the budget allowed.
    count: int
    budget: int = 0
    seconds: float = 0.0


class HungError(Exception):
    """With the mistake a run did not end."""


def simulate(seed_count: int = SEED_COUNT) -> Finding:
    """Random clusters, seed after seed, until an invariant breaks."""
    for seed in range(seed_count):
        try:
            violation = run(seed).violation
        except HungError:
            raise
        except Exception as error:
            return Finding(f"{type(error).__name__}: {error}", seed + 1)
        if violation is not None:
            return Finding(violation.invariant, seed + 1)
    return Finding("", seed_count)


def explore(state_count: int = STATE_COUNT) -> Finding:
    """Every schedule of some small cases, shortest first."""
    total = 0
    for case in CASES:
        try:
            result = search(case, states=state_count)
        except EndlessError:
            # The mistake counts for ever, so there are too many states to search.
            continue
        except Exception as error:
            return Finding(f"{type(error).__name__}: {error}", total + 1)
        total += result.states
        if result.counterexample is not None:
            return Finding(result.counterexample.violation.split(":")[0], total)
    return Finding("", total)


ENGINES: dict[str, Callable[[int], Finding]] = {"simulation": simulate, "search": explore}
BUDGETS = {"simulation": SEED_COUNT, "search": STATE_COUNT}


def applies(engine: str, mistake: Mistake) -> bool:
    """Whether the engine plays the code that the mistake is in."""
    return engine != "search" or mistake.file in SEARCHED


def hunt(engine: str, mistakes: tuple[Mistake, ...], budget: int) -> Finding:
    """Let one engine look for what the mistakes break; called in a process of its own."""
    began = time.process_time()
    try:
        with _limited(30 + LIMIT_SECONDS * budget // BUDGETS[engine]), planted(*mistakes):
            finding = ENGINES[engine](budget)
    except HungError:
        finding = Finding("it hangs", 0)
    return replace(finding, budget=budget, seconds=round(time.process_time() - began, 1))


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    """HungError if it takes longer, by the processor's clock: however busy the machine is, an engine gets as far."""

    def stop(*_: Any) -> None:
        raise HungError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
