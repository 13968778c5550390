"""First ballots: the lowest ballot of a decree needs no phase 1, and has one owner, which uses it once."""

import pytest

from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.company import Company
from paxos.cues import Elected, Expired, Inspect, Lead, Propose, Proposed
from paxos.effects import ACCEPTORS, Effects, Send, StartTimer
from paxos.first_ballots import FIRST_ROUND, FirstBallots, first_owner
from paxos.groups import LOG, decree_group
from paxos.messages import Accept, Nack, Prepare, Promise
from paxos.phases import Idle, Preparing
from paxos.proposer import BACK_OFF, RETRY, Proposer
from paxos.quorum import Quorum, flexible, majority
from paxos.records import RoundUsed
from tests.unit.company import BLUE, RED, SETTINGS, batch, empty_archive

GROUP = decree_group("colour")
MEMBERS = ("n2", "n1", "n3")
LOWEST = Ballot(FIRST_ROUND, "n1")
OTHER = Ballot(1, "n2")


def firsts(node: str = "n1", quorum: Quorum | None = None) -> FirstBallots:
    """Those of a node that has won a phase 1."""
    found = FirstBallots(Company(node, quorum or majority(MEMBERS)))
    found.won_phase_1()
    return found


def new_proposer(group: str = GROUP, known: FirstBallots | None = None, round_used: int = 0) -> Proposer:
    """The proposer of n1 beside these first ballots."""
    archive = empty_archive("n1")
    if round_used:
        archive.write((RoundUsed(group, round_used),), sync=True)
    return Proposer(group, Company("n1", majority(MEMBERS), SETTINGS), archive, firsts=known or firsts())


# ---- whose they are --------------------------------------------------------------------------------------------------------------


def test_one_member_owns_them_whoever_asks_and_in_whichever_order_members_are_named() -> None:
    assert {first_owner(members) for members in (MEMBERS, sorted(MEMBERS), frozenset(MEMBERS))} == {"n1"}
    assert first_owner(()) == ""


def test_the_first_ballot_is_below_every_other_and_above_no_promise() -> None:
    assert ZERO < LOWEST < Ballot(1, "")


def test_only_the_owner_may_use_them_and_only_for_decrees() -> None:
    assert firsts().of(GROUP) == LOWEST
    assert firsts().of(LOG) is None
    assert firsts("n2").of(GROUP) is None
    assert firsts("n9").of(GROUP) is None


def test_nobody_uses_them_before_a_quorum_has_written_down_its_store() -> None:
    unknown = FirstBallots(Company("n1", majority(MEMBERS)))
    assert unknown.of(GROUP) is None
    unknown.won_phase_1()
    assert unknown.of(GROUP) == LOWEST


def test_where_quorums_of_a_phase_need_not_meet_nobody_uses_them() -> None:
    five = ("n1", "n2", "n3", "n4", "n5")
    assert firsts(quorum=flexible(five, 2, 4)).of(GROUP) is None
    assert firsts(quorum=flexible(five, 4, 2)).of(GROUP) is None
    assert firsts(quorum=flexible(five, 4, 3)).of(GROUP) == LOWEST
    four = five[:4]
    assert firsts(quorum=flexible(four, 2, 3)).of(GROUP) is None, "two halves need not meet"
    assert firsts(quorum=flexible(four, 3, 2)).of(GROUP) is None


# ---- using them ------------------------------------------------------------------------------------------------------------------


def test_the_owner_proposes_at_once_and_writes_down_that_its_first_ballot_is_used() -> None:
    proposer = new_proposer()
    effects = proposer.handle("n1", Propose((BLUE,))) + proposer.flush()
    value = batch(BLUE, ballot=LOWEST)
    retry = StartTimer(RETRY, SETTINGS.retry_seconds, SETTINGS.retry_seconds)
    assert effects == Effects(
        persist=(RoundUsed(GROUP, 1),),
        send=(Send(ACCEPTORS, Accept(LOWEST, 0, value, 0)),),
        timers=(retry,),
        tell=(Elected(LOWEST, 0), Proposed(0, LOWEST, value)),
    )


@pytest.mark.parametrize("round_used", [1, 7])
def test_after_a_restart_the_first_ballot_is_not_used_again(round_used: int) -> None:
    proposer = new_proposer(round_used=round_used)
    effects = proposer.handle("n1", Propose((RED,)))
    assert effects.send == (Send(ACCEPTORS, Prepare(Ballot(round_used + 1, "n1"), 0)),)


def test_whose_first_ballot_is_refused_goes_above_it_by_phase_1() -> None:
    proposer = new_proposer()
    proposer.handle("n1", Propose((BLUE,)))
    proposer.flush()
    proposer.handle("n2", Nack(LOWEST, OTHER))
    assert isinstance(proposer.phase, Idle)
    assert proposer.handle("n1", Expired(BACK_OFF)).send == (Send(ACCEPTORS, Prepare(Ballot(2, "n1"), 0)),)


def test_whoever_was_refused_before_it_had_work_does_not_try_the_first_ballot() -> None:
    proposer = new_proposer()
    proposer.handle("n1", Inspect())
    proposer.handle("n2", Nack(Ballot(1, "n1"), OTHER))
    proposer.handle("n1", Propose((BLUE,)))
    assert isinstance(proposer.handle("n1", Expired(BACK_OFF)).send[0].message, Prepare)


def test_a_question_is_asked_of_a_quorum_also_by_the_owner() -> None:
    proposer = new_proposer()
    assert proposer.handle("n1", Inspect()).send == (Send(ACCEPTORS, Prepare(Ballot(1, "n1"), 0)),)
    proposer.handle("n1", Propose((BLUE,)))
    assert isinstance(proposer.phase, Preparing)


def test_whoever_wins_phase_1_of_any_group_may_use_its_first_ballots_from_then_on() -> None:
    known = FirstBallots(Company("n1", majority(MEMBERS)))
    log = new_proposer(LOG, known)
    log.handle("n1", Lead(ZERO))
    log.handle("n2", Promise(Ballot(1, "n1"), 0, END_SLOT, ()))
    assert known.of(GROUP) is None
    log.handle("n3", Promise(Ballot(1, "n1"), 0, END_SLOT, ()))
    assert known.of(GROUP) == LOWEST


def test_without_first_ballots_a_proposer_asks() -> None:
    proposer = Proposer(GROUP, Company("n1", majority(MEMBERS), SETTINGS), empty_archive("n1"))
    assert isinstance(proposer.handle("n1", Propose((BLUE,))).send[0].message, Prepare)
