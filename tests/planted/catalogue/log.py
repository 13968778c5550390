"""Mistakes in what executes the log: twice, not at all, or not the same on every node."""

from tests.planted.planting import Mistake

REPLICA = "tests/unit/test_replica.py::"
EXECUTOR = "tests/unit/test_executor.py::"
SESSIONS = "tests/unit/test_sessions.py::"
SCRIPT = "tests/transcripts/test_transcripts.py::test_the_real_roles_get_through["

MISTAKES = (
    Mistake(
        "a replica executes an id twice",
        "paxos/replica.py",
        "if command.id and self._revision_of(command.id):",
        "if False:",
        "a command with an id is executed once",
        SCRIPT + "a_command_through_two_leaders_executes_once]",
        "executed by l1",
    ),
    Mistake(
        "a replica forgets what it executed in this drain",
        "paxos/replica.py",
        "self._unwritten.get(command_id) or ",
        "",
        "a command with an id is executed once",
        REPLICA + "test_a_command_with_an_id_is_executed_once_however_often_it_is_chosen",
    ),
    Mistake(
        "a replica overlooks commands behind an operation",
        "paxos/replica.py",
        """            if not isinstance(command, Command):
                continue""",
        """            if not isinstance(command, Command):
                break""",
        "PMMC 2: what is chosen is executed",
        REPLICA + "test_commands_behind_what_is_no_command_are_executed_too",
    ),
    Mistake(
        "a replica counts repeated commands",
        "paxos/replica.py",
        "self.next_revision += len(entries)",
        "self.next_revision += len(batch.actions)",
        "revisions are 1, 2, 3 …, the same on every node",
        REPLICA + "test_a_command_with_an_id_is_executed_once_however_often_it_is_chosen",
    ),
    Mistake(
        "a replica takes slots in any order",
        "paxos/replica.py",
        "if message.slot != self.next_slot:",
        "if False:",
        "PMMC 2: slots are executed in order",
        REPLICA + "test_a_slot_told_out_of_order_stops_the_node",
    ),
    Mistake(
        "a replica starts again with empty machines",
        "paxos/replica.py",
        """        if machines:
            self._resume()""",
        """        if machines and not self.next_slot:
            self._resume()""",
        "every replica has the same state at the same slot",
        REPLICA + "test_a_replica_rebuilt_from_its_archive_makes_its_machines_again",
    ),
    Mistake(
        "a replica executes again what its snapshot has",
        "paxos/replica.py",
        """        slot = self.saved_slot
        while""",
        """        slot = 0
        while""",
        "PMMC 2: a slot is executed once",
        REPLICA + "test_a_start_executes_only_what_came_after_the_snapshot",
    ),
    Mistake(
        "a damaged snapshot is believed",
        "paxos/snapshots.py",
        "if last.digest != digest.digest():",
        "if False:",
        "a snapshot is believed only if its digest holds",
        "tests/unit/test_snapshots.py::test_a_snapshot_with_a_changed_byte_is_not_believed",
    ),
    Mistake(
        "a snapshot of what the log has lost is believed",
        "paxos/snapshots.py",
        "if last.slot > end_slot:",
        "if False:",
        "every replica has the same state at the same slot",
        "tests/unit/test_snapshots.py::test_a_snapshot_of_slots_that_the_log_has_lost_is_not_believed",
    ),
    Mistake(
        "a replica starts again at slot 0",
        "paxos/replica.py",
        "self.next_slot, self.next_revision = archive.learned_end(group)",
        "self.next_slot, self.next_revision = 0, 1",
        "PMMC 2: a slot is executed once",
        REPLICA + "test_a_replica_rebuilt_from_its_archive_goes_on_where_it_was",
    ),
    Mistake(
        "an operation is executed each time that it is chosen",
        "paxos/executor.py",
        """        if result is None:
            result = session.remember""",
        """        if True:
            result = session.remember""",
        "Ongaro 6.3: an operation is executed once",
        EXECUTOR + "test_a_repeated_operation_is_answered_with_the_result_that_it_had",
    ),
    Mistake(
        "an operation that was settled is executed again",
        "paxos/executor.py",
        "if operation.number < session.settled:",
        "if False:",
        "Ongaro 6.3: an operation is executed once",
        EXECUTOR + "test_an_operation_that_was_settled_is_not_executed_again",
    ),
    Mistake(
        "an executor does not compare digests",
        "paxos/executor.py",
        "if digest and mine != digest:",
        "if False:",
        "a replica that differs stops",
        EXECUTOR + "test_who_had_another_digest_than_the_leader_does_not_go_on",
    ),
    Mistake(
        "an executor keeps operations after the clock instead of before",
        "paxos/executor.py",
        """        self.sessions.advance(batch.stamp)
        replies: list[Reply] = []""",
        "        replies: list[Reply] = []",
        "Ongaro 6.3: sessions end by the log's clock",
        EXECUTOR + "test_an_operation_of_a_session_that_has_ended_is_not_executed",
    ),
    Mistake(
        "the log's clock runs backwards",
        "paxos/sessions.py",
        "self.clock = max(self.clock, stamp)",
        "self.clock = stamp",
        "Ongaro 6.3: time in the log never runs backwards",
        SESSIONS + "test_the_clock_never_runs_backwards",
    ),
    Mistake(
        "a session ends while it is used",
        "paxos/sessions.py",
        """        session.ends_at = self.clock + session.expiry_milliseconds
""",
        "",
        "Ongaro 6.3: a session ends when nothing of it is executed",
        SESSIONS + "test_an_operation_keeps_its_session_alive",
    ),
    Mistake(
        "a session lives for ever once something of it was executed",
        "paxos/sessions.py",
        """session.ends_at = self.clock + session.expiry_milliseconds
        if""",
        """session.ends_at = self.clock + 10**9
        if""",
        "Ongaro 6.3: sessions end by the log's clock",
        SESSIONS + "test_an_operation_keeps_its_session_alive",
    ),
    Mistake(
        "a session never ends",
        "paxos/sessions.py",
        "if session.ends_at <= self.clock:",
        "if False:",
        "memory is bounded: sessions end",
        SESSIONS + "test_a_session_ends_when_the_clock_of_the_log_reaches_its_end",
    ),
    Mistake(
        "what a client has not settled is forgotten",
        "paxos/sessions.py",
        "for number in range(session.settled, settled):",
        "for number in range(session.settled, settled + 1):",
        "Ongaro 6.3: an operation is executed once",
        SESSIONS + "test_results_that_the_client_has_are_forgotten",
    ),
    Mistake(
        "a client that settles an earlier operation unsettles later ones",
        "paxos/sessions.py",
        "if operation.settled > session.settled:",
        "if operation.settled != session.settled:",
        "Ongaro 6.3: an operation is executed once",
        SESSIONS + "test_what_was_settled_stays_settled",
    ),
    Mistake(
        "a snapshot of other machines is believed",
        "paxos/snapshots.py",
        "if saved.machines != mine.machines:",
        "if False:",
        "every replica has the same state at the same slot",
        "tests/unit/test_snapshots.py::test_a_snapshot_of_other_machines_is_not_believed",
    ),
    Mistake(
        "a snapshot of another store is believed",
        "paxos/snapshots.py",
        "if saved.store_id != mine.store_id:",
        "if False:",
        "every replica has the same state at the same slot",
        "tests/unit/test_snapshots.py::test_a_snapshot_that_another_store_has_left_behind_is_not_believed",
    ),
    Mistake(
        "a snapshot by a generator function begins when it is written",
        "paxos/executor.py",
        "if inspect.isgeneratorfunction(machine.snapshot)",
        "if False",
        "every replica has the same state at the same slot",
        EXECUTOR + "test_a_snapshot_by_a_generator_function_has_the_state_at_the_call",
    ),
)
