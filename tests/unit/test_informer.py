"""The informer: what was decided at our own ballot is told to the other learners, and nothing else is."""

import pytest

from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.cues import Chosen, Deposed, Elected, Expired, Lead, Propose
from paxos.effects import LEARNERS, NOTHING, CancelTimer, Effects, Send, StartTimer
from paxos.election import HEARTBEAT
from paxos.groups import LOG, decree_group
from paxos.informer import TELL, Informer
from paxos.messages import Decided, Promise
from paxos.proposer import Proposer
from tests.unit.company import BLUE, FIRST, RIVAL, batch, company, empty_archive

SECOND = Ballot(2, "p1")
WAIT = Effects(timers=(StartTimer(TELL, 0.002),))


class Stage:
    """An informer beside a proposer that leads with FIRST."""

    def __init__(self, group: str = LOG) -> None:
        self.proposer = Proposer(group, company("p1"), empty_archive("p1"))
        self.informer = Informer(group, company("p1"), self.proposer)
        self.proposer.handle("p1", Lead(ZERO))
        for acceptor in ("a1", "a2"):
            self.proposer.handle(acceptor, Promise(FIRST, 0, END_SLOT, ()))
        self.informer.handle("p1", Elected(FIRST, 0))

    def choose(self, *slots: int, ballot: Ballot = FIRST) -> None:
        """Let these slots be chosen."""
        for slot in slots:
            assert self.informer.handle("p1", Chosen(slot, ballot, batch(BLUE))) == NOTHING


def telling_of(*slots: int, ballot: Ballot = FIRST) -> tuple[Send, ...]:
    """What tells the other learners that these were decided."""
    return tuple(Send(LEARNERS, Decided(ballot, slot, batch(BLUE))) for slot in slots)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_with_nothing_decided_there_is_nothing_to_tell(stage: Stage) -> None:
    assert stage.informer.flush() == NOTHING


def test_who_never_led_has_nothing_to_tell() -> None:
    informer = Informer(LOG, company("p1"), Proposer(LOG, company("p1"), empty_archive("p1")))
    assert informer.flush() == NOTHING
    informer.handle("p1", Chosen(0, RIVAL, batch(BLUE)))
    assert informer.flush() == NOTHING


def test_it_waits_a_moment_for_a_proposal_that_it_can_ride_with(stage: Stage) -> None:
    stage.choose(0)
    assert stage.informer.flush() == WAIT
    stage.choose(1)
    assert stage.informer.flush() == NOTHING
    stage.proposer.handle("p1", Propose((BLUE,)))
    assert stage.informer.flush() == Effects(send=telling_of(0, 1), timers=(CancelTimer(TELL),))
    assert stage.informer.flush() == NOTHING


def test_if_none_comes_it_tells_by_itself(stage: Stage) -> None:
    stage.choose(0)
    stage.informer.flush()
    assert stage.informer.handle("p1", Expired("retry")) == NOTHING
    assert stage.informer.handle("p1", Expired(TELL)) == Effects(send=telling_of(0))
    assert stage.informer.handle("p1", Expired(TELL)) == NOTHING
    assert stage.informer.flush() == NOTHING


def test_everything_is_told_once(stage: Stage) -> None:
    stage.choose(0)
    stage.informer.flush()
    stage.informer.handle("p1", Expired(TELL))
    stage.choose(1)
    assert stage.informer.flush() == WAIT
    assert stage.informer.handle("p1", Expired(TELL)) == Effects(send=telling_of(1))


def test_what_was_decided_at_another_ballot_is_not_told(stage: Stage) -> None:
    stage.choose(0, 1, ballot=RIVAL)
    assert stage.informer.flush() == NOTHING
    stage.choose(2)
    assert stage.informer.flush() == WAIT
    assert stage.informer.handle("p1", Expired(TELL)) == Effects(send=telling_of(2))


def test_a_new_reign_tells_what_was_decided_in_it_and_before(stage: Stage) -> None:
    stage.choose(0)
    stage.informer.handle("p1", Elected(SECOND, 1))
    stage.choose(1, ballot=SECOND)
    stage.choose(2)
    assert stage.informer.flush() == WAIT
    assert stage.informer.handle("p1", Expired(TELL)).send == (*telling_of(0), *telling_of(1, ballot=SECOND))


def test_who_is_deposed_still_tells_what_is_true(stage: Stage) -> None:
    assert stage.informer.handle("p1", Deposed(RIVAL)) == NOTHING
    stage.choose(0)
    stage.informer.flush()
    assert stage.informer.handle("p1", Deposed(RIVAL)) == Effects(send=telling_of(0), timers=(CancelTimer(TELL),))


def test_the_outcome_of_a_decree_is_told_at_once() -> None:
    stage = Stage(decree_group("colour"))
    stage.choose(0)
    assert stage.informer.flush() == Effects(send=telling_of(0))
    assert stage.informer.flush() == NOTHING


def test_a_heartbeat_says_no_more_than_the_others_were_told(stage: Stage) -> None:
    assert stage.informer.handle("p1", Expired(HEARTBEAT)) == NOTHING
    stage.choose(0)
    stage.informer.flush()
    assert stage.informer.handle("p1", Expired(HEARTBEAT)) == Effects(send=telling_of(0), timers=(CancelTimer(TELL),))
