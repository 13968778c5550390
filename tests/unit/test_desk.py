"""The desk: it takes operations in while it leads, and hands results back; what it turned away is left nowhere."""

import pytest

from paxos.ballot import Ballot
from paxos.cues import Deposed, Elected, Executed, Following, Propose
from paxos.desk import Desk
from paxos.effects import NOTHING, Effects, Send, sending, telling
from paxos.executor import Executor
from paxos.groups import LOG
from paxos.messages import Call, Located, Result, ResultKind, Results, Turned
from paxos.proposer import Proposer
from paxos.settings import Settings
from paxos.values import Action, Batch, Close, Open, Operation
from tests.unit.company import FIRST, company, empty_archive

OPEN = Open("c1", 7, 1000)
SETTINGS = Settings(value_bytes=10, waiting_bytes=100)


class Stage:
    """A desk with its proposer and executor."""

    def __init__(self, *, leads: bool = True) -> None:
        members = company(settings=SETTINGS)
        self.proposer = Proposer(LOG, members, empty_archive())
        self.executor = Executor({})
        self.desk = Desk(members, self.proposer, self.executor)
        if leads:
            self.desk.handle("p1", Elected(FIRST, 0))

    def execute(self, slot: int, *actions: Action, ballot: Ballot = FIRST) -> None:
        """Execute a slot, and tell the desk."""
        replies = self.executor.execute(slot, Batch(ballot, actions))
        self.desk.handle("p1", Executed(slot, ballot, (), (), replies))

    def call(self, *actions: Open | Operation | Close, incarnation: int = 1) -> Effects:
        """What comes of a Call of client c1, its 3rd attempt."""
        return self.desk.handle("c1", Call(actions, 3, incarnation))


def operation(number: int, body: bytes = b"x") -> Operation:
    """An operation of session 1 for no machine."""
    return Operation(1, number, 0, "", body)


def done(number: int) -> Result:
    """Its result."""
    return Result(1, number, ResultKind.DONE, b"")


def test_a_leader_proposes_what_it_is_called_for() -> None:
    stage = Stage()
    assert stage.call(OPEN, operation(1)) == telling(Propose((OPEN, operation(1))))
    assert stage.desk.flush() == NOTHING


def test_all_results_of_a_drain_for_one_client_go_together() -> None:
    stage = Stage()
    stage.execute(0, OPEN, Open("c2", 8, 1000))
    stage.execute(1, operation(1))
    opened = [Result(session, nonce, ResultKind.OPENED, b"") for session, nonce in ((1, 7), (2, 8))]
    assert stage.desk.flush() == Effects(send=(Send("c1", Results((opened[0], done(1)), 2)), Send("c2", Results((opened[1],), 2))))
    assert stage.desk.flush() == NOTHING


def test_results_that_do_not_fit_a_page_go_in_several() -> None:
    stage = Stage()
    big, small = (Result(1, number, ResultKind.DONE, b"x" * size) for number, size in ((1, SETTINGS.page_bytes), (2, 1)))
    stage.desk.handle("p1", Executed(0, FIRST, (), (), (("c1", small), ("c1", big), ("c1", small))))
    assert stage.desk.flush().send == (Send("c1", Results((small, big))), Send("c1", Results((small,))))
    stage.desk.handle("p1", Executed(1, FIRST, (), (), (("c1", big),)))
    assert stage.desk.flush() == sending("c1", Results((big,)))


def test_a_page_ends_with_the_result_that_fills_it() -> None:
    stage = Stage()
    sizes = (SETTINGS.page_bytes - 1, 1, SETTINGS.page_bytes - 1, 1, 1)
    found = tuple(Result(1, number, ResultKind.DONE, b"x" * size) for number, size in enumerate(sizes))
    stage.desk.handle("p1", Executed(0, FIRST, (), (), tuple(("c1", result) for result in found)))
    assert stage.desk.flush().send == tuple(Send("c1", Results(page)) for page in (found[:2], found[2:4], found[4:]))


def test_a_result_that_is_remembered_is_given_without_the_log() -> None:
    stage = Stage()
    stage.execute(0, OPEN, operation(1))
    stage.desk.flush()
    assert stage.call(operation(1), operation(2)) == telling(Propose((operation(2),)))
    assert stage.desk.flush() == sending("c1", Results((done(1),), 1))


def test_the_end_of_a_session_is_proposed_and_not_answered() -> None:
    stage = Stage()
    stage.execute(0, OPEN)
    stage.desk.flush()
    assert stage.call(Close(1)) == telling(Propose((Close(1),)))
    stage.execute(1, Close(1))
    assert stage.desk.flush() == NOTHING


def test_a_call_for_another_life_of_the_node_is_not_heard() -> None:
    assert Stage().call(OPEN, incarnation=2) == NOTHING


def test_who_does_not_lead_turns_a_call_away_to_whoever_does() -> None:
    stage = Stage(leads=False)
    assert stage.call(OPEN) == sending("c1", Turned(3, "nobody leads", ""))
    stage.desk.handle("p1", Following("p2"))
    assert stage.call(OPEN) == sending("c1", Turned(3, "another node leads", "p2"))


def test_who_is_deposed_turns_calls_away_and_answers_for_nobody() -> None:
    stage = Stage()
    stage.desk.handle("p1", Deposed(Ballot(2, "p2")))
    stage.execute(0, OPEN)
    assert stage.desk.flush() == NOTHING
    assert stage.call(OPEN) == sending("c1", Turned(3, "nobody leads", ""))


def test_a_leader_with_too_much_to_do_turns_calls_away() -> None:
    stage = Stage()
    stage.proposer.waiting.size_bytes = 100
    assert stage.call(OPEN) == telling(Propose((OPEN,)))
    stage.proposer.waiting.size_bytes = 101
    assert stage.call(OPEN) == sending("c1", Turned(3, "overloaded, try later", ""))


def test_an_operation_over_the_limit_is_a_definite_no() -> None:
    stage = Stage()
    largest = operation(2, b"x" * 10)
    assert stage.call(operation(1, b"x" * 11), largest) == telling(Propose((largest,)))
    reason = b"the operation has 11 bytes, at most 10 are allowed"
    assert stage.desk.flush() == sending("c1", Results((Result(1, 1, ResultKind.REJECTED, reason),)))


def test_what_a_leader_with_a_higher_limit_had_executed_is_done_whatever_its_size() -> None:
    stage = Stage()
    stage.execute(0, OPEN)
    stage.execute(1, operation(1, b"x" * 11))
    stage.desk.flush()
    assert stage.call(operation(1, b"x" * 11)) == NOTHING
    assert stage.desk.flush() == sending("c1", Results((done(1),), 2))


def test_nobody_works_in_the_session_of_another_client_which_may_have_the_number_of_one_in_a_former_cluster() -> None:
    stage = Stage()
    stage.execute(0, OPEN)
    stage.desk.flush()
    assert stage.desk.handle("c2", Call((operation(1),), 3, 1)) == NOTHING
    assert stage.desk.flush() == sending("c2", Results((Result(1, 1, ResultKind.EXPIRED, b""),), 1))


def test_a_session_that_ended_is_told_so_once_the_leader_has_caught_up() -> None:
    stage = Stage(leads=False)
    stage.executor.sessions.open(OPEN)
    stage.executor.sessions.advance(5000)
    stage.desk.handle("p1", Elected(FIRST, 1))
    assert stage.call(operation(1)) == telling(Propose((operation(1),)))
    stage.proposer.next_slot = 1
    assert stage.call(operation(1)) == NOTHING
    assert stage.desk.flush() == sending("c1", Results((Result(1, 1, ResultKind.EXPIRED, b""),)))


def test_a_session_that_nobody_opened_here_is_left_to_the_log() -> None:
    assert Stage().call(operation(1)) == telling(Propose((operation(1),)))


def test_a_new_leader_tells_the_clients_of_sessions_that_it_leads() -> None:
    stage = Stage(leads=False)
    stage.execute(0, OPEN, Open("c2", 8, 1000), Open("c1", 9, 1000))
    located = Located("p1", 1)
    assert stage.desk.handle("p1", Elected(FIRST, 1)) == Effects(send=(Send("c1", located), Send("c2", located)))


def test_a_new_leader_tells_only_the_clients_that_came_last_where_there_are_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.desk._CLIENT_COUNT", 1)
    stage = Stage(leads=False)
    stage.execute(0, OPEN, Open("c2", 8, 1000))
    assert stage.desk.handle("p1", Elected(FIRST, 1)) == sending("c2", Located("p1", 1))


def test_an_operation_for_a_machine_that_there_is_not_is_rejected_and_does_not_reach_the_log() -> None:
    stage = Stage()
    stage.execute(0, OPEN)
    stage.desk.flush()
    assert stage.call(Operation(1, 1, 0, "no", b"x")) == NOTHING
    rejected = Result(1, 1, ResultKind.REJECTED, b"no state machine is called 'no'")
    assert stage.desk.flush() == sending("c1", Results((rejected,), 1))
