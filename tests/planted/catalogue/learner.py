"""Mistakes of a learner: it believes too little evidence, or misses what it should ask for."""

from tests.planted.planting import Mistake

LEARNER = "paxos/learner.py"
UNIT = "tests/unit/test_learner.py::"
CATCH_UP = "tests/unit/test_learner_catch_up.py::"
SCRIPT = "tests/transcripts/test_transcripts.py::test_the_real_roles_get_through["

MISTAKES = (
    Mistake(
        "a learner counts votes and not acceptors",
        LEARNER,
        "voters.add(acceptor)",
        'voters.add(f"{acceptor} again" if acceptor in voters else acceptor)',
        "PMS 2.3: a majority of acceptors",
        SCRIPT + "a_duplicated_vote_counts_once]",
        "agreement",
    ),
    Mistake(
        "a learner adds up votes of different ballots",
        LEARNER,
        ".voters.setdefault(ballot, set())",
        ".voters.setdefault(min([ballot, *self._tallies[slot].voters]), set())",
        "PMS 2.2: chosen is what a majority accepted at one number",
        SCRIPT + "votes_of_different_ballots_never_add_up]",
        "agreement",
    ),
    Mistake(
        "a learner believes one acceptor",
        LEARNER,
        "self._quorum.accepted(tally.voters.get(ballot, ()))]",
        "tally.voters.get(ballot)]",
        "PMS 2.3",
        SCRIPT + "one_vote_convinces_nobody]",
        "agreement",
    ),
    Mistake(
        "a learner believes anybody who says that something was decided",
        LEARNER,
        """    def _decided(self, source: str, message: Decided) -> Effects:
        if message.ballot.node != source:""",
        """    def _decided(self, source: str, message: Decided) -> Effects:
        if not source:""",
        "PMS 2.3: the distinguished learner has counted for itself",
        UNIT + "test_nobody_else_is_believed_about_a_ballot",
    ),
    Mistake(
        "a learner takes what was decided at one ballot for a value of another",
        LEARNER,
        "if self._is_decided(ballot) or",
        "if self._runs or",
        "PMS 2.2: chosen is what a majority accepted at one number",
        SCRIPT + "a_decision_is_for_one_ballot]",
        "agreement",
    ),
    Mistake(
        "a learner takes one slot more for decided than it was told",
        LEARNER,
        "return first_slot <= self.next_slot < end_slot",
        "return first_slot <= self.next_slot <= end_slot",
        "PMS 2.3",
        UNIT + "test_the_owner_of_a_ballot_is_believed_about_what_it_proposed",
    ),
    Mistake(
        "a learner takes the first value that it saw for what was chosen",
        LEARNER,
        "Chosen(self.next_slot, ballot, tally.values[ballot])",
        "Chosen(self.next_slot, ballot, next(iter(tally.values.values())))",
        "PMS 2.3",
        UNIT + "test_votes_of_different_ballots_never_add_up",
    ),
    Mistake(
        "a learner counts who is no acceptor",
        LEARNER,
        """    def _accepted(self, source: str, message: Accepted) -> Effects:
        if source not in self._quorum.members:""",
        """    def _accepted(self, source: str, message: Accepted) -> Effects:
        if not source:""",
        "PMS 2.3: a majority of acceptors",
        UNIT + "test_a_vote_of_somebody_who_is_no_acceptor_does_not_count",
    ),
    Mistake(
        "a learner takes a value from somebody else than its proposer",
        LEARNER,
        """        if message.ballot.node != source:
            return NOTHING
        self._note_value""",
        """        if not source:
            return NOTHING
        self._note_value""",
        "a ballot is only its owner's",
        UNIT + "test_a_value_that_the_owner_of_its_ballot_did_not_send_is_not_believed",
    ),
    Mistake(
        "a learner skips slots that it is told of later",
        LEARNER,
        "if slot == self.next_slot:",
        "if slot >= self.next_slot:",
        "PMMC 2: slots are learned in order",
        UNIT + "test_a_page_of_chosen_values_that_begins_too_late_or_too_early_gives_only_what_is_next",
    ),
    Mistake(
        "a learner never asks for what it missed",
        LEARNER,
        "return (self._ask() if stuck else NOTHING) + self._wait_if_behind()",
        "return self._wait_if_behind()",
        "progress: a lost message is asked for again",
        CATCH_UP + "test_a_learner_that_is_stuck_asks_the_informed_in_turn_and_then_the_acceptors",
    ),
    Mistake(
        "a learner asks the same node for ever",
        LEARNER,
        """        self._asked_count += 1
""",
        "",
        "progress: one that is gone costs one wait",
        CATCH_UP + "test_a_learner_that_is_stuck_asks_the_informed_in_turn_and_then_the_acceptors",
    ),
    Mistake(
        "a learner forgets where it stood",
        LEARNER,
        "self.next_slot = archive.learned_end(group)[0]",
        "self.next_slot = 0",
        "PMMC 2: a slot is executed once",
        UNIT + "test_a_learner_rebuilt_from_its_archive_goes_on_where_it_was",
    ),
)
