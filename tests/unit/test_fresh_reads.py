"""Mistakes that make a read stale, or a session end, when two nodes believe that they lead."""

from paxos.ballot import Ballot
from paxos.cues import Elected, Executed, Following, Propose
from paxos.desk import Desk
from paxos.effects import NOTHING, sending, telling
from paxos.executor import Executor
from paxos.groups import LOG
from paxos.messages import AskSlot, Call, FreshSlot, Read, Result, ResultKind, Results
from paxos.proposer import Proposer
from paxos.reader import Reader
from paxos.values import Open, Operation
from tests.unit.company import FIRST, company, empty_archive

LATER = Ballot(2, "p2")
DONE = Result(1, 1, ResultKind.DONE, b"done")


def leading() -> Desk:
    """The desk of p1, which leads and has executed nothing."""
    desk = Desk(company(), Proposer(LOG, company(), empty_archive()), Executor({}))
    desk.handle("p1", Elected(FIRST, 0))
    return desk


def test_a_result_that_a_successor_had_chosen_is_left_to_the_successor_which_may_be_read_before_it_executes_it() -> None:
    desk = leading()
    desk.handle("p1", Executed(0, LATER, (), (), (("c1", DONE),)))
    assert desk.flush() == NOTHING
    desk.handle("p1", Executed(1, FIRST, (), (), (("c1", DONE),)))
    assert desk.flush() == sending("c1", Results((DONE,)))


def test_a_session_that_was_not_opened_here_may_be_open_elsewhere_and_has_not_ended() -> None:
    operation = Operation(1, 1, 0, "", b"")
    assert leading().handle("c1", Call((operation,), 1, 1)) == telling(Propose((operation,)))


def test_a_session_that_was_opened_here_and_is_gone_has_ended() -> None:
    executor = Executor({})
    desk = Desk(company(), Proposer(LOG, company(), empty_archive()), executor)
    desk.handle("p1", Elected(FIRST, 0))
    executor.sessions.open(Open("c1", 1, 10))
    executor.sessions.advance(11)
    assert desk.handle("c1", Call((Operation(1, 1, 0, "", b""),), 1, 1)) == NOTHING
    assert desk.flush() == sending("c1", Results((Result(1, 1, ResultKind.EXPIRED, b""),)))


def test_an_answer_to_a_former_life_is_none_to_this_one() -> None:
    numbers = []
    for incarnation in (1, 2):
        reader = Reader(company(incarnation=incarnation), Executor({}), 0)
        reader.handle("p1", Following("p2"))
        reader.handle("c1", Read(7, "", b"", fresh=True))
        (send,) = reader.flush().send
        assert isinstance(send.message, AskSlot)
        numbers.append(send.message.number)
    assert reader.handle("p2", FreshSlot(numbers[0], 0)) == NOTHING
    assert reader.handle("p2", FreshSlot(numbers[1], 0)).send
