"""Mistakes of an informer: it tells what was not decided at its ballot, or does not tell what was."""

from tests.planted.planting import Mistake

INFORMER = "paxos/informer.py"
UNIT = "tests/unit/test_informer.py::"
SCRIPT = "tests/transcripts/test_transcripts.py::test_the_real_roles_get_through["

MISTAKES = (
    Mistake(
        "an informer tells what was decided at another's ballot as its own",
        INFORMER,
        "if message.ballot != self._ballot:",
        "if False:",
        "PMS 2.2: chosen is what a majority accepted at one number",
        SCRIPT + "a_leader_learns_what_another_decided]",
        "agreement",
    ),
    Mistake(
        "an informer tells one slot too many",
        INFORMER,
        "Decided(self._ballot, self._first_slot, self._end_slot)",
        "Decided(self._ballot, self._first_slot, self._end_slot + 1)",
        "PMS 2.3: the distinguished learner tells what it has counted",
        UNIT + "test_if_none_comes_it_tells_by_itself",
    ),
    Mistake(
        "an informer tells what lies between as well",
        INFORMER,
        "self._first_slot = self._told_end = message.slot + 1",
        "self._told_end = message.slot + 1",
        "PMS 2.2: chosen is what a majority accepted at one number",
        UNIT + "test_what_was_decided_at_another_ballot_is_not_told",
    ),
    Mistake(
        "an informer takes what was decided in one reign for the next",
        INFORMER,
        "self._first_slot = self._end_slot = self._told_end = 0",
        "self._told_end = self._end_slot",
        "PMS 2.2: chosen is what a majority accepted at one number",
        UNIT + "test_a_new_reign_has_decided_nothing_yet",
    ),
    Mistake(
        "an informer tells only what is new",
        INFORMER,
        """        self._told_end = self._end_slot
        timers""",
        """        self._first_slot, self._told_end = max(self._first_slot, self._told_end), self._end_slot
        timers""",
        "progress: what was lost is made up for by the next",
        UNIT + "test_a_lost_telling_is_made_up_for_by_the_next",
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
