"""Mistakes about what became of a request: done, not done and unknown are confused, at a node or in its client."""

from tests.planted.planting import Mistake

INTAKE = "tests/unit/test_intake.py::"
DOOR = "tests/unit/test_intake_door.py::"
DECREE = "tests/unit/test_decree.py::"
ERRAND = "tests/unit/test_errand.py::"
CALLS = "tests/unit/test_calls.py::"

MISTAKES = (
    Mistake(
        "a node calls not done what its proposer has",
        "paxos/intake.py",
        """                if request.handed:
""",
        """                if False:
""",
        "not done is said only of what was never proposed",
        INTAKE + "test_what_cannot_be_taken_back_is_never_called_not_done",
    ),
    Mistake(
        "a leader that lost calls its commands not done",
        "paxos/intake.py",
        'request, OutcomeKind.UNKNOWN, "the leader changed")',
        'request, OutcomeKind.NOT_DONE, "the leader changed")',
        "not done is said only of what was never proposed",
        INTAKE + "test_what_may_be_in_an_accept_is_unknown_when_the_leader_is_deposed",
    ),
    Mistake(
        "a node forgets that a former reign has proposed a command",
        "paxos/intake.py",
        "request.exposed or request.handed, False",
        "False, False",
        "not done is said only of what was never proposed",
        DOOR + "test_not_done_is_never_said_of_what_a_former_reign_proposed",
    ),
    Mistake(
        "an intake does not recognise what was executed",
        "paxos/intake.py",
        """        if command.id and (entry := self._entry(command.id)) is not None:
            return self._done""",
        """        if command.id and (entry := self._entry(command.id)) is not None and False:
            return self._done""",
        "a command executed before is done",
        INTAKE + "test_a_command_executed_before_is_done_and_not_proposed_again",
    ),
    Mistake(
        "a leader takes commands before it has executed what it found",
        "paxos/intake.py",
        " or self._next_slot < self._ready_slot",
        "",
        "a command with an id is executed once",
        INTAKE + "test_a_leader_hands_nothing_over_before_it_has_executed_what_former_leaders_did",
    ),
    Mistake(
        "an intake takes what was meant for a former life",
        "paxos/intake.py",
        """        if message.incarnation != self._incarnation:
            return NOTHING
""",
        "",
        "an answer names the attempt that it is for",
        INTAKE + "test_what_is_meant_for_another_life_of_the_node_is_left_unanswered",
    ),
    Mistake(
        "an intake takes more than its waiting room holds",
        "paxos/intake.py",
        """            return self._outcome(command.id, OutcomeKind.NOT_DONE, "overloaded, try later", attempts)
""",
        """            pass
""",
        "memory is bounded: overload answers not done",
        INTAKE + "test_what_does_not_fit_the_waiting_room_is_not_done",
    ),
    Mistake(
        "who asks again is not answered",
        "paxos/intake.py",
        "known.clients.append(asker)",
        "pass",
        "progress: whoever waits is answered",
        INTAKE + "test_a_command_that_is_executed_is_answered_to_everyone_who_asked_for_it",
    ),
    Mistake(
        "undecided answers a question that came too late",
        "paxos/decree.py",
        "answered, self._inspected = self._inspected, []",
        "answered, self._inspected = [request for request in self.requests if request.command is None], []",
        "linearizability: undecided is true when it is said",
        DECREE + "test_undecided_answers_only_what_was_asked_before_the_proposer_began_to_find_out",
    ),
    Mistake(
        "a decree's intake takes what was meant for a former life",
        "paxos/decree.py",
        "if message.incarnation != self._incarnation:",
        "if False:",
        "an answer names the attempt that it is for",
        DECREE + "test_what_is_meant_for_another_life_of_the_node_is_left_unanswered",
    ),
    Mistake(
        "a decree is not remembered in the drain that decides it",
        "paxos/decree.py",
        "return self._decided or entry_at",
        "return entry_at",
        "a decree is decided once",
        DECREE + "test_who_asks_in_the_drain_that_decides_is_answered_although_the_archive_does_not_know_yet",
    ),
    Mistake(
        "patience answers every decree request with not done",
        "paxos/decree.py",
        "return self._end(questions, OutcomeKind.NOT_DONE, NO_QUORUM)",
        "return self._end(self.requests, OutcomeKind.NOT_DONE, NO_QUORUM)",
        "not done is said only of what was never proposed",
        DECREE + "test_not_done_is_only_said_of_what_was_never_proposed",
    ),
    Mistake(
        "a client takes one refusal for all",
        "paxos/errand.py",
        "return NOTHING if self.open_attempts else self._end(message)",
        "return self._end(message)",
        "not done is said only when no attempt is open",
        ERRAND + "test_not_done_is_said_only_when_no_attempt_is_open",
    ),
    Mistake(
        "a client takes the answer to another attempt for its own",
        "paxos/errand.py",
        "case _ if self.open_attempts.isdisjoint(message.attempts):",
        "case _ if False:",
        "an answer names the attempt that it is for",
        ERRAND + "test_what_answers_none_of_its_attempts_says_nothing_to_it",
    ),
    Mistake(
        "a client closes an attempt whose outcome is unknown",
        "paxos/errand.py",
        """            case OutcomeKind.UNKNOWN:
                return self._search_again()""",
        """            case OutcomeKind.UNKNOWN:
                self.open_attempts -= set(message.attempts)
                return self._search_again()""",
        "not done is said only when no attempt is open",
        ERRAND + "test_an_unknown_attempt_stays_open",
    ),
    Mistake(
        "a client closes an attempt that nobody has answered",
        "paxos/errand.py",
        """        if timer in (ATTEMPT, PAUSE):
            return self._search()""",
        """        if timer in (ATTEMPT, PAUSE):
            self.open_attempts.clear()
            return self._search()""",
        "not done is said only when no attempt is open",
        ERRAND + "test_not_done_is_said_only_when_no_attempt_is_open",
    ),
    Mistake(
        "a client never asks again",
        "paxos/errand.py",
        "timers=(CancelTimer(LOCATE), patience))",
        "timers=(CancelTimer(LOCATE),))",
        "progress: a lost message is sent again",
        ERRAND + "test_whom_the_caller_knows_is_asked_at_once",
    ),
    Mistake(
        "a client that is sent back and forth asks without a pause",
        "paxos/errand.py",
        "if not self._pause_seconds:",
        "if True:",
        "progress: messages do not breed messages",
        ERRAND + "test_who_is_sent_back_and_forth_asks_less_and_less_often",
    ),
    Mistake(
        "a session's client gives up what may have been executed as not done",
        "paxos/calls.py",
        "OutcomeKind.UNKNOWN if pending.open_count else OutcomeKind.NOT_DONE",
        "OutcomeKind.NOT_DONE",
        "not done is said only when no attempt is open",
        CALLS + "test_what_an_open_attempt_is_left_of_is_unknown_when_its_time_is_over",
    ),
    Mistake(
        "a session's client repeats in the next session what the ended one may have executed",
        "paxos/calls.py",
        "pending.open_count == (pending.number in expired) and",
        "pending.number in expired and",
        "Ongaro 6.3: an operation is executed once",
        CALLS + "test_what_the_ended_session_may_have_executed_is_unknown",
    ),
    Mistake(
        "a session's client takes the answer of another session for its own",
        "paxos/calls.py",
        "result.session == self._session and ",
        "",
        "an answer names the attempt that it is for",
        CALLS + "test_an_answer_of_another_session_is_none",
    ),
    Mistake(
        "a session's client settles what was not answered",
        "paxos/calls.py",
        """settled = next(iter(self._unanswered))
        sends""",
        """settled = next(reversed(self._unanswered))
        sends""",
        "Ongaro 6.3: an operation is executed once",
        CALLS + "test_what_waits_travels_together_and_tells_what_is_settled",
    ),
)
