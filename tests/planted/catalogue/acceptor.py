"""Mistakes of an acceptor: it forgets, or it votes for what it has promised away."""

from tests.planted.planting import Mistake

ACCEPTOR = "paxos/acceptor.py"
UNIT = "tests/unit/test_acceptor.py::"
SCRIPT = "tests/transcripts/test_transcripts.py::test_the_real_roles_get_through["

MISTAKES = (
    Mistake(
        "an acceptor accepts below its promise",
        ACCEPTOR,
        """    def _accept(self, source: str, message: Accept) -> Effects:
        if message.ballot < self.promised or message.ballot.node != source:""",
        """    def _accept(self, source: str, message: Accept) -> Effects:
        if message.ballot.node != source:""",
        "PMS 2.2, P1a",
        SCRIPT + "a_stale_accept_is_refused]",
        "Accepted at 1.p1 after one at 1.p2",
    ),
    Mistake(
        "an acceptor votes for another ballot of the round that it promised",
        ACCEPTOR,
        """    def _accept(self, source: str, message: Accept) -> Effects:
        if message.ballot < self.promised or message.ballot.node != source:""",
        """    def _accept(self, source: str, message: Accept) -> Effects:
        if message.ballot.round < self.promised.round or message.ballot.node != source:""",
        "PMS 2.2, P1a",
        SCRIPT + "duelling_proposers_end]",
        "Accepted at 1.p1 after one at 1.p2",
    ),
    Mistake(
        "an acceptor refuses only what is known to be chosen",
        ACCEPTOR,
        """    def _accept(self, source: str, message: Accept) -> Effects:
        if message.ballot < self.promised or message.ballot.node != source:""",
        """    def _accept(self, source: str, message: Accept) -> Effects:
        if (message.ballot < self.promised and message.slot < self.chosen_through) or message.ballot.node != source:""",
        "PMS 2.2, P1a",
        SCRIPT + "two_leaders_at_once]",
        "Accepted at 1.p1 after one at 1.p2",
    ),
    Mistake(
        "an acceptor promises below its promise",
        ACCEPTOR,
        """    def _prepare(self, source: str, message: Prepare) -> Effects:
        if message.ballot < self.promised or message.ballot.node != source:""",
        """    def _prepare(self, source: str, message: Prepare) -> Effects:
        if message.ballot.node != source:""",
        "PMS 2.2, P1a",
        UNIT + "test_p1a_a_prepare_below_the_promise_is_refused_with_the_promise",
    ),
    Mistake(
        "an acceptor promises one round to two proposers",
        ACCEPTOR,
        """    def _prepare(self, source: str, message: Prepare) -> Effects:
        if message.ballot < self.promised or message.ballot.node != source:""",
        """    def _prepare(self, source: str, message: Prepare) -> Effects:
        if message.ballot.round < self.promised.round or message.ballot.node != source:""",
        "PMS 2.2: proposal numbers are totally ordered",
        SCRIPT + "a_prepare_with_an_equal_round_is_refused]",
    ),
    Mistake(
        "an acceptor refuses the ballot that it promised",
        ACCEPTOR,
        """    def _accept(self, source: str, message: Accept) -> Effects:
        if message.ballot < self.promised or message.ballot.node != source:""",
        """    def _accept(self, source: str, message: Accept) -> Effects:
        if message.ballot <= self.promised or message.ballot.node != source:""",
        "PMS 2.2, P1a: only what is below the promise is refused",
        SCRIPT + "an_accept_at_the_promised_ballot_is_taken]",
    ),
    Mistake(
        "an Accept above the promise does not raise it",
        ACCEPTOR,
        """promise = self._promise(message.ballot)
        self.votes""",
        """promise: tuple[Record, ...] = ()
        self.votes""",
        "PMS 2.2: to accept is to have promised",
        SCRIPT + "an_accept_above_the_promise_raises_it]",
        "the promise fell",
    ),
    Mistake(
        "an acceptor keeps its promise in memory only",
        ACCEPTOR,
        "return (Promised(self.group, ballot),)",
        "return ()",
        "PMS 2.5: what was promised outlives a failure",
        SCRIPT + "a_promise_outlives_a_crash]",
        "the promise fell",
    ),
    Mistake(
        "an acceptor keeps its votes in memory only",
        ACCEPTOR,
        "persist=(*promise, Voted(self.group, vote.slot, vote.ballot, vote.value))",
        "persist=promise",
        "PMS 2.5: what was accepted outlives a failure",
        SCRIPT + "a_vote_outlives_a_crash]",
        "agreement",
    ),
    Mistake(
        "an acceptor forgets its promise when it restarts",
        ACCEPTOR,
        "self.promised = state.promised",
        'self.promised = Ballot(0, "")',
        "PMS 2.5",
        UNIT + "test_an_acceptor_rebuilt_from_its_archive_remembers_its_promise_and_its_votes",
    ),
    Mistake(
        "an acceptor forgets its votes when it restarts",
        ACCEPTOR,
        "for vote in state.votes}",
        "for vote in ()}",
        "PMS 2.5",
        UNIT + "test_an_acceptor_rebuilt_from_its_archive_remembers_its_promise_and_its_votes",
    ),
    Mistake(
        "an acceptor keeps its votes to itself",
        ACCEPTOR,
        "end_slot, tuple(found))",
        "end_slot, ())",
        "PMS 2.2, P2c",
        SCRIPT + "a_proposer_that_missed_the_choice_repeats_it]",
        "agreement",
    ),
    Mistake(
        "an acceptor takes null for no vote",
        ACCEPTOR,
        "end_slot, tuple(found))",
        'end_slot, tuple(vote for vote in found if b"null" not in vote.value))',
        "PMS 2.2, P2c: any value is a value",
        SCRIPT + "null_is_a_value]",
        "agreement",
    ),
    Mistake(
        "an acceptor takes an empty value for no vote",
        ACCEPTOR,
        "end_slot, tuple(found))",
        'end_slot, tuple(vote for vote in found if b"\\xc4\\x00" not in vote.value))',
        "PMS 2.2, P2c: any value is a value",
        SCRIPT + "an_empty_value_is_a_value]",
        "agreement",
    ),
    Mistake(
        "an acceptor tells its first vote and not its latest",
        ACCEPTOR,
        "self.votes[message.slot] = vote",
        "self.votes.setdefault(message.slot, vote)",
        "PMS 2.2, P2c",
        UNIT + "test_a_vote_at_a_higher_ballot_replaces_the_earlier_one",
    ),
    Mistake(
        "an acceptor leaves out the first slot that it is asked for",
        ACCEPTOR,
        "if first_slot <= slot < end_slot}",
        "if first_slot < slot < end_slot}",
        "PMS 2.2, P2c",
        UNIT + "test_p2c_a_promise_tells_the_latest_vote_of_every_slot_from_the_first_one_on",
    ),
    Mistake(
        "an acceptor does not look for old votes on its disk",
        ACCEPTOR,
        "if first_slot < self.chosen_through else []",
        "if False else []",
        "PMS 2.2, P2c",
        UNIT + "test_a_trimmed_vote_is_still_told_in_a_promise",
    ),
    Mistake(
        "an acceptor tells the votes on its disk without their ballots",
        ACCEPTOR,
        "votes = {vote.slot: Vote(vote.slot, vote.ballot, vote.value) for vote in page}",
        'votes = {vote.slot: Vote(vote.slot, Ballot(0, ""), vote.value) for vote in page}',
        "PMS 2.2, P2c: the vote of the highest ballot counts",
        UNIT + "test_a_trimmed_vote_is_still_told_in_a_promise",
    ),
    Mistake(
        "an acceptor prefers the vote on its disk to the one in memory",
        ACCEPTOR,
        "votes |= {slot: vote for slot, vote in self.votes.items() if first_slot <= slot < end_slot}",
        "votes = {slot: vote for slot, vote in self.votes.items() if first_slot <= slot < end_slot} | votes",
        "PMS 2.2, P2c: the vote of the highest ballot counts",
        UNIT + "test_a_trimmed_slot_that_is_voted_for_again_is_told_with_its_latest_vote",
    ),
    Mistake(
        "an acceptor calls the first page of its promise the whole",
        ACCEPTOR,
        "return votes[:index], vote.slot",
        "return votes[:index], end_slot",
        "PMS 2.2, P2c",
        UNIT + "test_a_promise_whose_votes_in_memory_fit_no_frame_comes_in_pages",
    ),
    Mistake(
        "an acceptor acknowledges a second value at one ballot",
        ACCEPTOR,
        "return Effects(send=(accepted,)) if known == vote else sending(source, Nack(message.ballot, self.promised))",
        "return Effects(send=(accepted,))",
        "PMS 2.2: one value a proposal number",
        UNIT + "test_a_second_value_at_the_same_ballot_and_slot_is_not_voted_for_and_its_owner_is_told",
    ),
    Mistake(
        "an acceptor confirms a leader that it has promised away",
        ACCEPTOR,
        """        \"""Tell a leader whether it still is one, as far as this acceptor's promise goes.\"""
        if message.ballot < self.promised or message.ballot.node != source:""",
        """        \"""Tell a leader whether it still is one, as far as this acceptor's promise goes.\"""
        if message.ballot.node != source:""",
        "Ongaro 6.4: a leader is confirmed by a quorum that knows no other",
        UNIT + "test_a_leader_is_confirmed_while_nothing_above_its_ballot_is_promised_and_only_to_itself",
    ),
    Mistake(
        "an acceptor lets an idle leader believe in a ballot that it has promised away",
        ACCEPTOR,
        "return sending(source, Nack(message.ballot, self.promised)) if preempted else NOTHING",
        "return NOTHING",
        "progress: who was preempted gives up",
        UNIT + "test_an_idle_leader_whose_ballot_was_promised_away_is_told_at_its_next_heartbeat",
    ),
    Mistake(
        "an acceptor acknowledges the slots between two votes",
        ACCEPTOR,
        "ballot == second and end + 1 == start",
        "ballot == second and end + 1 <= start",
        "PMS 2.2: a vote is for one proposal",
        UNIT + "test_acknowledgements_are_not_merged_over_gaps_ballots_groups_and_other_letters",
    ),
)
