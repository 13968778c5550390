"""Mistakes that hide each other: two defences guard one thing, and either of them alone is enough."""

from tests.planted.catalogue import learner, log, proposer, requests, shell
from tests.planted.planting import Mistake, Pair

_BY_NAME = {mistake.name: mistake for area in (learner, log, proposer, requests, shell) for mistake in area.MISTAKES}


_WAKES = Mistake(
    "an old timer wakes its actor",
    "actors/running.py",
    "if self._is_running(ring):",
    "if ring.generation:",
    "nothing but an idle actor's rest",
    "",
)


def _pair(first: str, second: str, test: str, because: str) -> Pair:
    return Pair(_BY_NAME[first], _BY_NAME[second], test, because)


PAIRS = (
    _pair(
        "a repeated frame is heard twice",
        "a learner counts votes and not acceptors",
        "tests/actors/test_shell.py::test_a_vote_that_is_delivered_twice_convinces_nobody",
        "a frame that was delivered twice is dropped by its number, and votes are sets of acceptors",
    ),
    _pair(
        "a repeated frame is heard twice",
        "a proposer counts promises and not acceptors",
        "tests/actors/test_shell.py::test_a_promise_that_is_delivered_twice_elects_nobody",
        "a frame that was delivered twice is dropped by its number, and promises are kept by acceptor",
    ),
    _pair(
        "a replica executes an id twice",
        "an intake does not recognise what was executed",
        "tests/simulation/test_defences.py::test_a_command_that_is_asked_for_again_is_executed_once",
        "a leader answers what it has executed, and a replica gives no second entry to an id",
    ),
    Pair(
        _BY_NAME["an old timer rings"],
        _WAKES,
        "tests/actors/test_actor_timers.py::test_a_restarted_timer_is_seen_when_it_runs_out_again_and_not_before",
        "an old timer is stopped before the mailbox, and again where the mailbox is emptied, in case that it became old in between",
    ),
)
