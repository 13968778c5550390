"""Mistakes with the one ballot that needs no phase 1: it is used twice, by two, or where something is below it."""

from tests.planted.planting import Mistake

FIRSTS = "paxos/first_ballots.py"
PROPOSER = "paxos/proposer.py"
UNIT = "tests/unit/test_first_ballots.py::"
SCRIPT = "tests/transcripts/test_transcripts.py::test_the_real_roles_get_through["

MISTAKES = (
    Mistake(
        "everybody owns first ballots",
        FIRSTS,
        "if self._is_owner and self._is_known",
        "if self._is_known",
        "PMS 2.2: below the lowest ballot there is nothing to find, and nowhere else",
        UNIT + "test_only_the_owner_may_use_them_and_only_for_decrees",
    ),
    Mistake(
        "a first ballot is used before a quorum knows the store",
        FIRSTS,
        "self._is_known = False",
        "self._is_known = True",
        "PMS 2.5: a store that was lost may have used it",
        UNIT + "test_nobody_uses_them_before_a_quorum_has_written_down_its_store",
    ),
    Mistake(
        "quorums that need not meet tell stores apart",
        FIRSTS,
        "2 * company.quorum.prepare_count > size",
        "company.quorum.prepare_count > 0",
        "FP: quorums of one phase need not intersect",
        UNIT + "test_where_quorums_of_a_phase_need_not_meet_nobody_uses_them",
    ),
    Mistake(
        "a log is begun with a first ballot",
        FIRSTS,
        " and is_decree(group) else None",
        " else None",
        "PMS 3: a leader asks before it leads",
        UNIT + "test_only_the_owner_may_use_them_and_only_for_decrees",
    ),
    Mistake(
        "a first ballot is used and not written down",
        PROPOSER,
        "return Effects(persist=(RoundUsed(self.group, self.round_used),), tell=(Elected(ballot, self.next_slot),))",
        "return Effects(tell=(Elected(ballot, self.next_slot),))",
        "PMS 2.5: no number is used twice",
        SCRIPT + "a_first_ballot_is_never_used_twice]",
        "one value a ballot",
    ),
    Mistake(
        "a first ballot is used again",
        PROPOSER,
        "if ballot is None or self.round_used > 0 or",
        "if ballot is None or",
        "PMS 2.5: no number is used twice",
        UNIT + "test_after_a_restart_the_first_ballot_is_not_used_again",
    ),
    Mistake(
        "a first ballot answers a question that only a quorum can",
        PROPOSER,
        " or self._inspecting or self.next_slot > 0:",
        " or self.next_slot > 0:",
        "PMS 2.2: what may have been chosen is known to a quorum",
        UNIT + "test_a_question_is_asked_of_a_quorum_also_by_the_owner",
    ),
    Mistake(
        "votes for two values at one ballot are taken for one",
        "paxos/phases.py",
        "for acceptor in max(values.values(), key=len)}",
        "for backing in values.values() for acceptor in backing}",
        "PMS 2.2: one value a proposal number, or nobody knows what was chosen",
        "tests/unit/test_proposer_decree.py::test_a_promise_that_contradicts_another_is_not_counted",
    ),
)
