"""Mistakes of a proposer in phase 1 and phase 2: it does not keep what may have been chosen, or uses a ballot twice."""

from tests.planted.planting import Mistake

PROPOSER = "paxos/proposer.py"
PHASES = "paxos/phases.py"
UNIT = "tests/unit/test_proposer.py::"
WINDOW = "tests/unit/test_proposer_window.py::"
SCRIPT = "tests/transcripts/test_transcripts.py::test_the_real_roles_get_through["

MISTAKES = (
    Mistake(
        "a proposer takes the first vote that it hears of",
        PHASES,
        " or known.ballot < vote.ballot",
        "",
        "PMS 2.2, P2c: the value of the highest-numbered proposal",
        SCRIPT + "the_highest_vote_is_kept]",
        "agreement",
    ),
    Mistake(
        "a proposer takes the vote of the lowest ballot",
        PHASES,
        "known.ballot < vote.ballot",
        "known.ballot > vote.ballot",
        "PMS 2.2, P2c",
        UNIT + "test_p2c_the_value_with_the_highest_ballot_among_the_promises_is_kept",
    ),
    Mistake(
        "a proposer does not listen to votes",
        PROPOSER,
        "phase.keep(message.votes)",
        "phase.keep(())",
        "PMS 2.2, P2c",
        SCRIPT + "a_value_known_to_a_dead_leader_only]",
        "agreement",
    ),
    Mistake(
        "a proposer fills every slot with a NOOP",
        PROPOSER,
        "found[slot].value if slot in found else noop",
        "noop",
        "PMS 2.2, P2c",
        SCRIPT + "a_leader_that_missed_a_value_finds_it]",
    ),
    Mistake(
        "a proposer puts its own value where it found another",
        PROPOSER,
        "free_slot = max(found, default=self.next_slot - 1) + 1",
        "free_slot = self.next_slot",
        "PMS 2.2, P2c",
        UNIT + "test_own_values_go_behind_everything_that_was_found",
    ),
    Mistake(
        "a new leader fills slots that it has learned with NOOPs",
        PROPOSER,
        "for slot in range(self.next_slot, free_slot)]",
        "for slot in range(free_slot)]",
        "PMS 2.2, P2c: what was chosen stays chosen",
        UNIT + "test_a_new_leader_proposes_nothing_in_slots_that_it_has_learned",
    ),
    Mistake(
        "a proposer leaves gaps",
        PROPOSER,
        "for slot in range(self.next_slot, free_slot)]",
        "for slot in sorted(found)]",
        "PMS 3: gaps are filled with no-ops",
        SCRIPT + "a_gap_is_filled]",
        "no such message is under way",
    ),
    Mistake(
        "a proposer is content with any promise",
        PROPOSER,
        "if self._quorum.prepared(phase.complete) else NOTHING",
        "if phase.complete else NOTHING",
        "PMS 2.2: phase 1 needs a majority",
        UNIT + "test_p2c_a_quorum_of_promises_is_enough_and_nobody_waits_for_all",
    ),
    Mistake(
        "a proposer counts promises and not acceptors",
        PROPOSER,
        "phase.covered[source] = max(phase.covered.get(source, 0), message.end_slot)",
        'phase.covered[f"{source}{len(phase.covered)}"] = message.end_slot',
        "PMS 2.2: a majority of acceptors",
        SCRIPT + "a_duplicated_promise_counts_once]",
        "sent as",
    ),
    Mistake(
        "a proposer counts promises of other ballots",
        PROPOSER,
        """ or message.ballot != phase.ballot:
            return NOTHING
        if source not in""",
        """:
            return NOTHING
        if source not in""",
        "PMS 2.2",
        SCRIPT + "a_promise_for_an_old_ballot_does_not_count]",
        "sent as",
    ),
    Mistake(
        "a proposer counts acceptors that have told a part of their votes",
        PHASES,
        "[acceptor for acceptor, end_slot in self.covered.items() if end_slot == END_SLOT]",
        "list(self.covered)",
        "PMS 2.2, P2c",
        UNIT + "test_an_acceptor_whose_pages_are_not_all_there_is_no_part_of_a_quorum",
    ),
    Mistake(
        "a proposer takes a page before the one that precedes it",
        PROPOSER,
        " or message.first_slot > max(phase.covered.get(source, phase.first_slot), self.next_slot):",
        ":",
        "PMS 2.2, P2c",
        UNIT + "test_a_page_is_not_taken_before_the_one_that_precedes_it",
    ),
    Mistake(
        "a proposer reconsiders on a late promise",
        PROPOSER,
        """        phase = self.phase
        if not isinstance(phase, Preparing) or""",
        """        phase = self.phase
        if isinstance(phase, Leading): return _proposing([self._propose(phase, vote.slot, vote.value) for vote in message.votes], 0, ())
        if not isinstance(phase, Preparing) or""",
        "PMS 2.2: one value a proposal number",
        SCRIPT + "a_late_promise_changes_nothing]",
        "votes for two values",
    ),
    Mistake(
        "a proposer starts again at round 0",
        PROPOSER,
        "self.round_used = archive.round_used(group)",
        "self.round_used = 0",
        "PMS 2.5: no number is used twice",
        UNIT + "test_ballots_do_not_restart_at_the_same_number",
    ),
    Mistake(
        "a proposer uses a round that is not on disk",
        PROPOSER,
        "            persist=(RoundUsed(self.group, self.round_used),),\n",
        "",
        "PMS 2.5: no number is used twice",
        SCRIPT + "a_round_is_never_used_twice]",
        "one value a ballot",
    ),
    Mistake(
        "a proposer sends another value at the same ballot",
        PROPOSER,
        "Accept(phase.ballot, slot, phase.in_flight[slot], self.next_slot)) for slot in slots)",
        "Accept(phase.ballot, slot, encode_batch(phase.ballot, ()), self.next_slot)) for slot in slots)",
        "PMS 2.2: one value a proposal number",
        WINDOW + "test_an_accept_that_was_not_chosen_in_time_is_sent_again_unchanged",
    ),
    Mistake(
        "a proposer goes up by one",
        PROPOSER,
        "max(self.round_used, self.refused_by.round) + 1",
        "self.round_used + 1",
        "PMS 2.4: progress",
        SCRIPT + "a_refused_proposer_goes_straight_above]",
        "sent as",
    ),
)
