"""The reader: a fresh answer reflects every write that was answered before the question, and whoever waits is told of changes."""

from collections.abc import Callable

import pytest

from paxos.ballot import END_SLOT, Ballot
from paxos.cues import Deposed, Elected, Executed, Expired, Following, Lead, Propose
from paxos.effects import ACCEPTORS, NOTHING, CancelTimer, Effects, Send, StartTimer, sending
from paxos.executor import Executor
from paxos.groups import LOG
from paxos.messages import Answer, AskSlot, Confirm, Confirmed, FreshSlot, Promise, Read, Result, ResultKind
from paxos.proposer import Proposer
from paxos.reader import CONFIRM, Reader, first_number
from paxos.values import Batch, Command
from tests.unit.company import FIRST, Unsaved, company, empty_archive

READ = Read(5, "shelf", b"?", fresh=True)
RESULT = ("c", Result(1, 1, ResultKind.DONE, b""))
FIRST_NUMBER = first_number(company().incarnation)
CONFIRMING = Effects(send=(Send(ACCEPTORS, Confirm(FIRST, 1)),), timers=(StartTimer(CONFIRM, 0.25),))


class Shelf(Unsaved):
    """A machine that tells how often it changed in place of each question mark, and has something to say once it did."""

    def __init__(self) -> None:
        self.changes = 0

    def execute(self, command: bytes) -> bytes:
        self.changes += 1
        return b""

    def query(self, question: bytes) -> bytes:
        return question.replace(b"?", b"%d" % self.changes)

    def waiter(self, question: bytes) -> Callable[[], bytes]:
        return lambda: self.query(question) if self.changes else b""


class Stage:
    """A reader and its machine; nothing is executed."""

    def __init__(self, proposer: Proposer | None = None) -> None:
        self.shelf = Shelf()
        self.reader = Reader(company(), Executor({"shelf": self.shelf}), 0, proposer)

    def lead(self, free_slot: int = 0) -> None:
        """Its node is elected."""
        self.reader.handle("p1", Elected(FIRST, free_slot))

    def follow(self, leader: str = "p2") -> Effects:
        """Somebody else is."""
        return self.reader.handle("p1", Following(leader))

    def ask(self, read: Read | AskSlot = READ, source: str = "c") -> Effects:
        """Put a question, and end the drain."""
        return self.reader.handle(source, read) + self.reader.flush()

    def execute(self, slot: int) -> Effects:
        """Execute a slot that changes the machine."""
        self.shelf.changes += 1
        return self.reader.handle("p1", Executed(slot, FIRST, (), (), (RESULT,)))

    def confirm(self, acceptor: str, number: int = 1, ballot: Ballot = FIRST) -> Effects:
        """An acceptor answers."""
        return self.reader.handle(acceptor, Confirmed(ballot, number))


def answered(body: bytes, number: int = 5) -> Send:
    """An answer to client c."""
    return Send("c", Answer(number, True, body))


def refused(number: int = 5) -> Send:
    """This node cannot tell."""
    return Send("c", Answer(number, False, b""))


def proposing() -> Proposer:
    """A proposer that leads, with slot 0 proposed and not chosen."""
    proposer = Proposer(LOG, company(), empty_archive())
    proposer.handle("p1", Lead(FIRST))
    for acceptor in ("a1", "a2"):
        proposer.handle(acceptor, Promise(Ballot(2, "p1"), 0, END_SLOT, ()))
    proposer.handle("p1", Propose((Command("", b"1"),)))
    proposer.flush()
    return proposer


def test_a_stale_answer_is_what_this_node_has() -> None:
    stage = Stage()
    stage.execute(0)
    assert stage.ask(Read(5, "shelf", b"?", fresh=False)) == Effects(send=(answered(b"1"),))


def test_a_session_read_is_answered_by_any_replica_that_has_executed_enough_and_asks_nobody() -> None:
    stage = Stage()
    stage.execute(0)
    assert stage.ask(Read(5, "shelf", b"?", fresh=False, from_slot=1)) == Effects(send=(answered(b"1"),))


def test_a_session_read_waits_for_what_its_client_has_seen_elsewhere() -> None:
    stage = Stage()
    assert stage.ask(Read(5, "shelf", b"?", fresh=False, from_slot=2)) == NOTHING
    assert stage.execute(0) == NOTHING
    assert stage.execute(1) == Effects(send=(answered(b"2"),))


def test_an_answer_says_which_slots_it_reflects_even_if_its_machine_is_ahead_of_what_is_told() -> None:
    executor = Executor({"shelf": Shelf()})
    reader = Reader(company(), executor, 0)
    for slot in range(2):
        executor.execute(slot, Batch(FIRST, ()))
    told = Executed(0, FIRST, (), (), (RESULT,))
    assert reader.handle("c", Read(5, "shelf", b"?", fresh=False, from_slot=1)) == NOTHING
    assert reader.handle("p1", told) == Effects(send=(Send("c", Answer(5, True, b"0", 2)),))


def test_who_waits_is_told_which_slots_the_answer_reflects() -> None:
    shelf = Shelf()
    executor = Executor({"shelf": shelf})
    reader = Reader(company(), executor, 0)
    waiting = Read(5, "shelf", b"?", fresh=False, waits=True)
    assert reader.handle("c", waiting) == NOTHING
    shelf.changes = 1
    executor.execute(0, Batch(FIRST, ()))
    reader.handle("p1", Executed(0, FIRST, (), (), (RESULT,)))
    assert reader.flush() == Effects(send=(Send("c", Answer(5, True, b"1", 1)),))
    executor.execute(1, Batch(FIRST, ()))
    assert reader.handle("c", waiting) == Effects(send=(Send("c", Answer(5, True, b"1", 2)),))


@pytest.mark.parametrize("waits", [False, True])
def test_a_machine_that_is_not_here_has_no_answer(waits: bool) -> None:
    told = Answer(5, False, b"no state machine is called 'no'")
    assert Stage().ask(Read(5, "no", b"?", fresh=False, waits=waits)) == sending("c", told)


def test_a_leader_answers_when_a_quorum_has_promised_nothing_higher_since_the_question() -> None:
    stage = Stage()
    stage.lead()
    assert stage.ask() == CONFIRMING
    assert stage.confirm("a1") == NOTHING
    assert stage.confirm("a1") == NOTHING, "one acceptor is no quorum, however often it answers"
    assert stage.confirm("stranger") == NOTHING
    assert stage.confirm("a2") == Effects(send=(answered(b"0"),), timers=(CancelTimer(CONFIRM),))
    assert stage.confirm("a3") == NOTHING


def test_a_confirmation_of_another_round_or_ballot_does_not_count() -> None:
    stage = Stage()
    stage.lead()
    stage.ask()
    stage.confirm("a1")
    assert stage.confirm("a2", number=2) == NOTHING
    assert stage.confirm("a2", ballot=Ballot(7, "p1")) == NOTHING


def test_questions_that_come_meanwhile_share_the_next_round() -> None:
    stage = Stage()
    stage.lead()
    stage.ask()
    assert stage.ask(Read(6, "shelf", b"?", fresh=True)) == NOTHING
    assert stage.ask(Read(7, "shelf", b"?", fresh=True)) == NOTHING
    stage.confirm("a1")
    stage.confirm("a2")
    assert stage.reader.flush().send == (Send(ACCEPTORS, Confirm(FIRST, 2)),)
    stage.confirm("a1", 2)
    assert stage.confirm("a2", 2).send == (answered(b"0", 6), answered(b"0", 7))


def test_a_leader_that_has_not_executed_what_its_predecessors_may_have_answered_waits() -> None:
    stage = Stage()
    stage.lead(free_slot=1)
    assert stage.ask() == NOTHING
    stage.execute(0)
    assert stage.reader.flush() == CONFIRMING


def test_a_round_covers_what_the_leader_has_proposed_since_another_replica_may_have_shown_it() -> None:
    stage = Stage(proposing())
    stage.lead()
    stage.ask()
    stage.confirm("a1")
    assert stage.confirm("a2") == Effects(timers=(CancelTimer(CONFIRM),))
    assert stage.execute(0) == Effects(send=(answered(b"1"),))


def test_a_lost_confirmation_is_asked_for_again() -> None:
    stage = Stage()
    stage.lead()
    stage.ask()
    assert stage.reader.handle("p1", Expired(CONFIRM)) == CONFIRMING
    assert stage.reader.handle("p1", Expired("other")) == NOTHING
    stage.confirm("a1")
    stage.confirm("a2")
    assert stage.reader.handle("p1", Expired(CONFIRM)) == NOTHING


def test_a_replica_asks_the_leader_how_far_it_must_be() -> None:
    stage = Stage()
    stage.follow()
    effects = stage.ask()
    number = FIRST_NUMBER + 1
    assert effects == sending("p2", AskSlot(number))
    assert stage.reader.handle("p2", FreshSlot(number, 2)) == NOTHING
    assert stage.execute(0) == NOTHING
    assert stage.execute(1) == Effects(send=(answered(b"2"),))
    assert stage.reader.handle("p2", FreshSlot(number, 2)) == NOTHING, "nobody asks any more"


def test_a_leader_tells_a_replica_how_far_it_must_be() -> None:
    stage = Stage(proposing())
    stage.lead()
    assert stage.ask(AskSlot(9), "p3") == CONFIRMING
    stage.confirm("a1")
    assert stage.confirm("a2").send == (Send("p3", FreshSlot(9, 1)),)


def test_without_a_leader_nobody_can_tell() -> None:
    stage = Stage()
    assert stage.ask() == Effects(send=(refused(),))
    assert stage.ask(AskSlot(9), "p3") == NOTHING
    stage.follow("p1")
    assert stage.ask() == Effects(send=(refused(),))


def test_who_is_deposed_answers_nobody_who_asked_it_as_leader() -> None:
    stage = Stage(proposing())
    stage.lead()
    stage.ask()
    stage.confirm("a1")
    stage.confirm("a2")
    stage.ask(Read(6, "shelf", b"?", fresh=True))
    assert stage.reader.handle("p1", Deposed(Ballot(2, "p2"))).send == (refused(6), refused(5))
    assert stage.reader.handle("p1", Deposed(Ballot(2, "p2"))) == NOTHING
    assert stage.execute(0) == NOTHING
    assert stage.ask() == Effects(send=(refused(),))


def test_what_a_former_leader_was_asked_is_given_back_and_what_a_replica_waits_for_too() -> None:
    stage = Stage()
    stage.follow()
    stage.ask()
    stage.reader.handle("p2", FreshSlot(FIRST_NUMBER + 1, 5))
    stage.ask(Read(6, "shelf", b"?", fresh=True))
    assert stage.follow() == NOTHING
    assert stage.follow("p3").send == (refused(6), refused(5))


def test_questions_are_bounded_wherever_they_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.reader._QUESTION_COUNT", 1)
    stage = Stage()
    stage.follow()
    stage.reader.handle("c", READ)
    assert stage.reader.handle("c", Read(6, "shelf", b"?", fresh=True)).send == (refused(),)
    stage.reader.flush()
    stage.ask(Read(7, "shelf", b"?", fresh=True))
    assert stage.reader.handle("p2", FreshSlot(FIRST_NUMBER + 1, 0)) == NOTHING, "crowded out"
    assert stage.reader.handle("p2", FreshSlot(FIRST_NUMBER + 2, 0)).send == (answered(b"0", 7),)


def session_read(number: int, from_slot: int) -> Read:
    """A question that is to reflect every slot below."""
    return Read(number, "shelf", b"?", fresh=False, from_slot=from_slot)


def test_who_wants_what_is_far_ahead_waits_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.reader._QUESTION_COUNT", 4)
    stage = Stage()
    for number, from_slot in enumerate((900, 1, 700, 800)):
        assert stage.ask(session_read(number, from_slot)) == NOTHING
    assert stage.ask(session_read(4, 2)).send == (refused(0), refused(3)), "what would wait longest"
    assert stage.execute(0).send == (answered(b"1", 1),)
    assert stage.execute(1).send == (answered(b"2", 4),)
    for number in range(5, 8):
        assert stage.ask(session_read(number, 3)) == NOTHING
    assert stage.ask(session_read(8, 3)).send == (refused(2), refused(8))


def test_who_was_answered_takes_no_room_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.reader._QUESTION_COUNT", 4)
    stage = Stage()
    for number in range(3):
        assert stage.ask(session_read(number, 1)) == NOTHING
    assert len(stage.execute(0).send) == 3
    for number in range(4):
        assert stage.ask(session_read(number, 2)) == NOTHING


def test_a_question_about_slots_that_nobody_will_wait_for_is_refused_at_once() -> None:
    stage = Stage()
    assert stage.ask(session_read(5, 1 << 62)).send == (refused(),)
    stage.execute(0)
    assert stage.ask(session_read(5, 10_001)) == NOTHING
    assert stage.ask(session_read(6, 10_002)).send == (refused(6),)


def test_who_waits_is_told_as_soon_as_the_machine_has_something_to_say() -> None:
    stage = Stage()
    waiting = Read(5, "shelf", b"?", fresh=False, waits=True)
    assert stage.ask(waiting) == NOTHING
    assert stage.ask(waiting) == NOTHING, "asked again under the same number, it waits once"
    stage.reader.handle("p1", Executed(0, FIRST, (), ()))
    assert stage.reader.flush() == NOTHING
    stage.execute(1)
    assert stage.reader.flush() == Effects(send=(answered(b"1"),))
    stage.execute(2)
    assert stage.reader.flush() == NOTHING
    assert stage.ask(waiting) == Effects(send=(answered(b"2"),))


def test_who_is_crowded_out_asks_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.reader._WATCHER_COUNT", 1)
    stage = Stage()
    stage.ask(Read(5, "shelf", b"?", fresh=False, waits=True))
    assert stage.ask(Read(6, "shelf", b"?", fresh=False, waits=True)) == Effects(send=(refused(5),))


def test_questions_that_wait_for_different_slots_are_answered_each_once_and_in_time() -> None:
    stage = Stage()
    stage.follow()
    stage.ask()
    stage.ask(Read(6, "shelf", b"?", fresh=True))
    first, second = FIRST_NUMBER + 1, FIRST_NUMBER + 2
    stage.reader.handle("p2", FreshSlot(first, 1))
    stage.reader.handle("p2", FreshSlot(second, 2))
    assert stage.execute(0).send == (answered(b"1"),)
    assert stage.execute(1).send == (answered(b"2", 6),)
    assert stage.execute(2).send == ()
