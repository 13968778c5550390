"""Mistakes in fresh reads and at the desk: what is said to be fresh is stale, or a session is told what is not true."""

from tests.planted.planting import Mistake

READER = "tests/unit/test_reader.py::"
DESK = "tests/unit/test_desk.py::"
FRESH = "tests/unit/test_fresh_reads.py::"

MISTAKES = (
    Mistake(
        "a leader answers before a quorum has confirmed it",
        "paxos/reader.py",
        "if not self._company.quorum.accepted(current.confirmed):",
        "if not current.confirmed:",
        "Ongaro 6.4: a quorum confirms the leader",
        READER + "test_a_leader_answers_when_a_quorum_has_promised_nothing_higher_since_the_question",
    ),
    Mistake(
        "a replica answers a fresh question without asking the leader",
        "paxos/reader.py",
        """        if message.fresh:
""",
        """        if message.fresh and self._ballot != ZERO:
""",
        "Ongaro 6.4: a read waits until its index is applied",
        READER + "test_a_replica_asks_the_leader_how_far_it_must_be",
    ),
    Mistake(
        "a question joins a confirmation that began before it",
        "paxos/reader.py",
        """            self._next.append((source, message))
            overflow""",
        """            (self._round.questions if self._round else self._next).append((source, message))
            overflow""",
        "Ongaro 6.4: the confirmation begins after the question",
        READER + "test_questions_that_come_meanwhile_share_the_next_round",
    ),
    Mistake(
        "a leader answers before it has executed what its predecessors answered",
        "paxos/reader.py",
        "return self._confirm() if self._end_slot >= self._ready_slot else NOTHING",
        "return self._confirm()",
        "Ongaro 6.4: a leader first commits in its own term",
        READER + "test_a_leader_that_has_not_executed_what_its_predecessors_may_have_answered_waits",
    ),
    Mistake(
        "a leader answers with less than another replica has shown",
        "paxos/reader.py",
        "end_slot = max(self._end_slot, self._proposer.proposed_end if self._proposer is not None else 0)",
        "end_slot = self._end_slot",
        "linearizability: no read goes back behind another",
        READER + "test_a_round_covers_what_the_leader_has_proposed_since_another_replica_may_have_shown_it",
    ),
    Mistake(
        "a confirmation of an earlier round counts",
        "paxos/reader.py",
        " or message.number != current.number",
        "",
        "Ongaro 6.4: the confirmation begins after the question",
        READER + "test_a_confirmation_of_another_round_or_ballot_does_not_count",
    ),
    Mistake(
        "a confirmation of an earlier ballot counts",
        "paxos/reader.py",
        " or message.ballot != self._ballot or",
        " or",
        "Ongaro 6.4: a quorum confirms the leader",
        READER + "test_a_confirmation_of_another_round_or_ballot_does_not_count",
    ),
    Mistake(
        "a lost confirmation is not asked for again",
        "paxos/reader.py",
        "return self._ask_again() if message.timer == CONFIRM else NOTHING",
        "return NOTHING",
        "progress: a lost message is sent again",
        READER + "test_a_lost_confirmation_is_asked_for_again",
    ),
    Mistake(
        "a replica answers before it has executed what it must have",
        "paxos/reader.py",
        """if end_slot <= self._end_slot:
            return self._answer(reads)""",
        """if reads:
            return self._answer(reads)""",
        "Ongaro 6.4: a read waits until its index is applied",
        READER + "test_a_replica_asks_the_leader_how_far_it_must_be",
    ),
    Mistake(
        "an answer to a former life is taken for a fresh one",
        "paxos/reader.py",
        "self._forwarded_count = first_number(company.incarnation)",
        "self._forwarded_count = 0",
        "linearizability: a late answer is no fresh one",
        FRESH + "test_an_answer_to_a_former_life_is_none_to_this_one",
    ),
    Mistake(
        "a deposed leader answers what it was asked as leader",
        "paxos/reader.py",
        """                self._round = None
                return self._refuse(asked) + self._let_go()""",
        """                self._round = None
                return self._answer(asked) + self._let_go()""",
        "Ongaro 6.4: a quorum confirms the leader",
        READER + "test_who_is_deposed_answers_nobody_who_asked_it_as_leader",
    ),
    Mistake(
        "a replica keeps asking a leader that was replaced",
        "paxos/reader.py",
        "return self._let_go() if changed else NOTHING",
        "return NOTHING",
        "progress: who cannot be answered is told so",
        READER + "test_what_a_former_leader_was_asked_is_given_back_and_what_a_replica_waits_for_too",
    ),
    Mistake(
        "a deposed leader answers what its successor got chosen",
        "paxos/desk.py",
        "if message.ballot <= self._ballot:",
        "if True:",
        "linearizability: what was answered can be read",
        FRESH + "test_a_result_that_a_successor_had_chosen_is_left_to_the_successor_which_may_be_read_before_it_executes_it",
    ),
    Mistake(
        "a session that is opened elsewhere is called ended",
        "paxos/desk.py",
        " or operation.session > self._executor.sessions.opened_count",
        "",
        "not done is said only of what was never executed",
        FRESH + "test_a_session_that_was_not_opened_here_may_be_open_elsewhere_and_has_not_ended",
    ),
    Mistake(
        "a leader that is behind calls a session ended",
        "paxos/desk.py",
        "self._proposer.next_slot < self._ready_slot or ",
        "",
        "not done is said only of what was never executed",
        DESK + "test_a_session_that_ended_is_told_so_once_the_leader_has_caught_up",
    ),
    Mistake(
        "the desk takes what was meant for a former life",
        "paxos/desk.py",
        "if message.incarnation != self._company.incarnation:",
        "if False:",
        "an answer names the attempt that it is for",
        DESK + "test_a_call_for_another_life_of_the_node_is_not_heard",
    ),
)
