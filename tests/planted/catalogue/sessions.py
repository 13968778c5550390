"""Mistakes in sessions, session reads and snapshots: something is executed twice, is remembered for ever, or is believed that is not so."""

from tests.planted.planting import Mistake

EXECUTOR = "tests/unit/test_executor.py::"
READER = "tests/unit/test_reader.py::"

MISTAKES = (
    Mistake(
        "a closed session lives on",
        "paxos/sessions.py",
        "self._sessions.pop(number, None)",
        "self._sessions.get(number)",
        "a client that ended leaves no session behind",
        EXECUTOR + "test_nothing_of_a_session_is_executed_after_it_was_closed",
    ),
    Mistake(
        "results that nobody settles are kept without bound",
        "paxos/executor.py",
        "self._carry_out(operation) if session.has_room else None",
        "self._carry_out(operation)",
        "no client makes a node grow",
        EXECUTOR + "test_an_operation_is_refused_for_good_where_too_many_bytes_are_not_settled",
    ),
    Mistake(
        "a snapshot leaves the sessions out",
        "paxos/executor.py",
        '[("", in_parts(sessions, sizes)), *machines]',
        "[*machines]",
        "a restored replica goes on as the one that was saved",
        EXECUTOR + "test_a_restored_executor_goes_on_as_the_one_that_was_saved",
    ),
    Mistake(
        "a session read is answered by a replica that is behind",
        "paxos/reader.py",
        "return self._answer_at(message.from_slot, [(source, message)])",
        "return self._answer_at(0, [(source, message)])",
        "a session never reads what is older than what it wrote or read",
        READER + "test_a_session_read_waits_for_what_its_client_has_seen_elsewhere",
    ),
    Mistake(
        "a learner that is behind keeps every value that it hears",
        "paxos/learner.py",
        "self._noted_bytes + len(value) <= self._settings.window_bytes",
        "self._noted_bytes >= 0",
        "memory is bounded by what is in flight",
        "tests/unit/test_learner_catch_up.py::test_values_that_come_while_it_is_behind_are_bounded_and_fetched_when_their_turn_comes",
    ),
)
