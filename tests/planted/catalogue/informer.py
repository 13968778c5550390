"""Mistakes of an informer: it tells what was not decided at its ballot, or does not tell what was."""

from tests.planted.planting import Mistake

INFORMER = "paxos/informer.py"
UNIT = "tests/unit/test_informer.py::"

MISTAKES = (
    Mistake(
        "an informer tells what was decided at another's ballot",
        INFORMER,
        "if message.ballot == self._ballot:",
        "if message:",
        "PMS 2.3: the distinguished learner tells what it has counted",
        UNIT + "test_what_was_decided_at_another_ballot_is_not_told",
    ),
    Mistake(
        "an informer tells the slot after the one that was decided",
        INFORMER,
        "Decided(told.ballot, told.slot, told.value)",
        "Decided(told.ballot, told.slot + 1, told.value)",
        "PMS 2.3: the distinguished learner tells what it has counted",
        UNIT + "test_if_none_comes_it_tells_by_itself",
    ),
    Mistake(
        "an informer tells what was decided as of the ballot that it leads with now",
        INFORMER,
        "Decided(told.ballot, told.slot, told.value)",
        "Decided(self._ballot, told.slot, told.value)",
        "PMS 2.2: chosen is what a majority accepted at one number",
        UNIT + "test_a_new_reign_tells_what_was_decided_in_it_and_before",
    ),
    Mistake(
        "an informer forgets in a new reign what it has not told yet",
        INFORMER,
        "self._ballot = message.ballot\n",
        "self._ballot, self._untold = message.ballot, []\n",
        "progress: the other learners are told",
        UNIT + "test_a_new_reign_tells_what_was_decided_in_it_and_before",
    ),
    Mistake(
        "an informer tells everything again",
        INFORMER,
        "        self._untold = []\n        timers",
        "        timers",
        "what was told once is not told for ever",
        UNIT + "test_everything_is_told_once",
    ),
    Mistake(
        "an informer waits for a proposal that may never come",
        INFORMER,
        "return Effects(timers=(StartTimer(TELL, self._settings.tell_seconds),))",
        "return NOTHING",
        "progress: the other learners are told",
        UNIT + "test_it_waits_a_moment_for_a_proposal_that_it_can_ride_with",
    ),
    Mistake(
        "an informer keeps a decree's outcome back",
        INFORMER,
        "self._is_patient = not is_decree(group)",
        "self._is_patient = True",
        "progress: of a decree nothing follows",
        UNIT + "test_the_outcome_of_a_decree_is_told_at_once",
    ),
)
