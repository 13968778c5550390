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
        "self._quorum.accepted(tally.voters.get(ballot, ()))]",
        "self._quorum.accepted(set().union(*tally.voters.values()))]",
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
        "a learner counts votes of a decree for another value",
        LEARNER,
        "if value_digest(value) != message.value_digest:",
        "if not message.value_digest:",
        "a ballot that was used twice, by a copy of a store, is never believed",
        UNIT + "test_a_vote_for_what_a_forgotten_life_proposed_in_a_decree_stops_the_node",
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
        "if ballot in tally.decided or",
        "if tally.decided or",
        "PMS 2.2: chosen is what a majority accepted at one number",
        SCRIPT + "a_leader_learns_what_another_decided]",
        "two values chosen",
    ),
    Mistake(
        "a learner takes what is proposed beside it for chosen",
        LEARNER,
        "if ballot in tally.decided or",
        "if ballot in tally.values or",
        "PMS 2.3: a majority of acceptors",
        SCRIPT + "one_vote_convinces_nobody]",
        "agreement",
    ),
    Mistake(
        "a learner takes what was decided in one slot for the slot that it waits for",
        LEARNER,
        """        self._note_value(message.slot, message.ballot, message.value)
        if (tally := self._tallies.get(message.slot)) is not None and tally""",
        """        self._note_value(self.next_slot, message.ballot, message.value)
        if (tally := self._tallies.get(self.next_slot)) is not None and tally""",
        "PMS 2.3",
        UNIT + "test_what_was_decided_out_of_order_is_kept_and_what_is_missing_is_asked_for",
    ),
    Mistake(
        "a learner takes the first value that it saw for what was chosen",
        LEARNER,
        "Chosen(self.next_slot, ballot, tally.values[ballot])",
        "Chosen(self.next_slot, ballot, next(iter(tally.values.values())))",
        "PMS 2.3",
        UNIT + "test_what_was_decided_at_one_ballot_says_nothing_of_another",
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
