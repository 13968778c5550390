"""Mistakes of a proposer that is refused, deposed, or asked to take something back."""

from tests.planted.planting import Mistake

PROPOSER = "paxos/proposer.py"
UNIT = "tests/unit/test_proposer.py::"
DECREE = "tests/unit/test_proposer_decree.py::"
WINDOW = "tests/unit/test_proposer_window.py::"
CLOCK = "tests/unit/test_log_clock.py::"
SCRIPT = "tests/transcripts/test_transcripts.py::test_the_real_roles_get_through["

MISTAKES = (
    Mistake(
        "a proposer heeds a refusal of an earlier ballot",
        PROPOSER,
        "if isinstance(self.phase, Idle) or message.ballot != self.phase.ballot or",
        "if isinstance(self.phase, Idle) or",
        "PMS 2.4: progress",
        SCRIPT + "an_old_refusal_is_ignored]",
        "no such message is under way",
    ),
    Mistake(
        "a proposer calls not done what it has proposed",
        PROPOSER,
        "effects = telling(Withdrawn(self.waiting.withdraw(set(message.commands))))",
        "effects = telling(Withdrawn(message.commands))",
        "not done is said only of what was never proposed",
        SCRIPT + "a_ghost_is_never_called_not_done]",
        "answered to c1",
    ),
    Mistake(
        "a proposer takes back a command that is in flight as well",
        "paxos/waiting.py",
        " and action not in self._proposed)",
        ")",
        "not done is said only of what was never proposed",
        DECREE + "test_a_proposed_command_is_not_withdrawn_although_it_was_asked_for_twice",
    ),
    Mistake(
        "a deposed leader keeps the work that it is handed",
        PROPOSER,
        """if isinstance(self.phase, Idle) and not self._contends:
            return telling""",
        """if False:
            return telling""",
        "a command is proposed once",
        UNIT + "test_work_for_a_proposer_that_has_just_stepped_down_is_given_back",
    ),
    Mistake(
        "a question is answered by promises older than itself",
        PROPOSER,
        "return self._campaign() if isinstance(self.phase, Preparing) else self._contend()",
        "return self._contend()",
        "linearizability: undecided is true when it is said",
        DECREE + "test_a_question_is_never_answered_by_promises_older_than_itself",
    ),
    Mistake(
        "a proposer never sends again",
        PROPOSER,
        """        match self.phase:
            case Idle():
                return NOTHING
            case Preparing() as phase:""",
        """        match Idle():
            case Idle():
                return NOTHING
            case Preparing() as phase:""",
        "progress: a lost message is sent again",
        WINDOW + "test_an_accept_that_was_not_chosen_in_time_is_sent_again_unchanged",
    ),
    Mistake(
        "a leader does not heed that it lost",
        PROPOSER,
        """        if message.ballot > phase.ballot:
            return self._lost_to(message.ballot)
""",
        "",
        "PMS 3: a leader that learns of a higher ballot stops",
        UNIT + "test_a_leader_that_learns_of_a_higher_ballot_stops",
    ),
    Mistake(
        "a leader overlooks that another value was chosen where it leads",
        PROPOSER,
        "(proposed is not None and proposed != message.value)",
        "False",
        "a broken invariant stops the node",
        UNIT + "test_another_value_chosen_where_we_lead_stops_the_node",
    ),
    Mistake(
        "a decree's proposer forgets what it proposed when it is refused",
        "paxos/waiting.py",
        "self._keep((*again, *self._actions))",
        "pass",
        "progress: whoever waits is answered",
        DECREE + "test_a_value_refused_in_phase_two_is_proposed_again_after_the_back_off",
    ),
    Mistake(
        "a proposer takes its own clock for the log's",
        PROPOSER,
        "self._stamp += max(0, milliseconds - self._now)",
        "self._stamp = milliseconds",
        "Ongaro 6.3: no node's date ends a session",
        CLOCK + "test_the_clock_moves_by_what_elapses_while_leading_whatever_the_nodes_own_clock_shows",
    ),
    Mistake(
        "a leader stamps with a clock that runs backwards",
        PROPOSER,
        "self._stamp = max(self._stamp, message.clock)",
        "pass",
        "Ongaro 6.3: the log's clock never runs backwards",
        CLOCK + "test_the_clock_goes_on_from_where_the_log_left_it",
    ),
    Mistake(
        "a proposer that is refused tries again at once",
        PROPOSER,
        """        self._backing_off = True
        ceiling""",
        "        ceiling",
        "PMS 2.4: progress",
        DECREE + "test_more_work_does_not_cut_a_back_off_short",
    ),
)
