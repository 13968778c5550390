"""A decree's proposer: classic single-decree Paxos, in slot 0 of a group of its own, with any number of competitors."""

from itertools import permutations

import pytest

from paxos.ballot import END_SLOT, Ballot
from paxos.cues import Chosen, Contradicted, Deposed, Elected, Expired, Inspect, Propose, Undecided, Withdraw, Withdrawn
from paxos.effects import ACCEPTORS, NOTHING, CancelTimer, Effects, Send, StartTimer, telling
from paxos.errors import InvariantViolation
from paxos.groups import decree_group
from paxos.messages import Accept, Nack, Prepare, Promise, Vote
from paxos.phases import Idle, Leading, Preparing
from paxos.proposer import BACK_OFF, RETRY, Proposer
from paxos.records import RoundUsed
from paxos.settings import Settings
from paxos.values import Command
from tests.unit.company import BLUE, FIRST, RED, SETTINGS, batch, company, empty_archive, started

GROUP = decree_group("colour")
HIGH = Ballot(7, "p2")
RETRYING = StartTimer(RETRY, SETTINGS.retry_seconds, SETTINGS.retry_seconds)


def new_proposer(settings: Settings = SETTINGS) -> Proposer:
    """A proposer that nobody asked for anything."""
    return Proposer(GROUP, company(settings=settings), empty_archive())


def proposing(*commands: Command, settings: Settings = SETTINGS) -> Proposer:
    """A proposer in phase 1 with work."""
    proposer = new_proposer(settings)
    proposer.handle("p1", Propose(commands or (BLUE,)))
    return proposer


def promised(proposer: Proposer, *votes: Vote) -> Effects:
    """Two acceptors promise the ballot that the proposer prepares."""
    assert isinstance(proposer.phase, Preparing)
    promise = Promise(proposer.phase.ballot, 0, END_SLOT, votes)
    return proposer.handle("a1", promise) + proposer.handle("a2", promise)


def refused(proposer: Proposer, by: Ballot = HIGH) -> Effects:
    """An acceptor refuses the ballot that the proposer prepares or leads with."""
    assert isinstance(proposer.phase, Preparing | Leading)
    return proposer.handle("a1", Nack(proposer.phase.ballot, by))


def test_work_begins_a_campaign_at_once() -> None:
    assert new_proposer().handle("p1", Propose((BLUE,))) == Effects(
        persist=(RoundUsed(GROUP, 1),), send=(Send(ACCEPTORS, Prepare(FIRST, 0)),), timers=(RETRYING,)
    )


def test_one_command_is_proposed_and_only_in_slot_zero() -> None:
    proposer = proposing(BLUE, RED)
    promised(proposer)
    assert proposer.flush().send == (Send(ACCEPTORS, Accept(FIRST, 0, batch(BLUE), 0)),)
    assert proposer.flush() == NOTHING


def test_p2c_a_found_value_is_proposed_instead_of_ones_own() -> None:
    proposer = proposing()
    effects = promised(proposer, Vote(0, Ballot(1, "p0"), batch(RED)))
    assert effects.send == (Send(ACCEPTORS, Accept(FIRST, 0, batch(RED), 0)),)
    assert proposer.flush() == NOTHING


def test_the_decision_ends_all_work() -> None:
    proposer = proposing(BLUE, RED)
    promised(proposer)
    proposer.flush()
    assert proposer.handle("p1", Chosen(0, FIRST, batch(BLUE))) == Effects(timers=(CancelTimer(RETRY), CancelTimer(BACK_OFF)))
    assert proposer.waiting.size_bytes == 0
    assert isinstance(proposer.phase, Idle)
    assert not proposer.waiting
    assert proposer.handle("p1", Expired(BACK_OFF)) == NOTHING


# ---- refusals --------------------------------------------------------------------------------------------------------------------


def test_a_refused_proposer_waits_with_full_jitter_and_tells_that_it_stopped() -> None:
    assert refused(proposing()) == Effects(
        timers=(CancelTimer(RETRY), StartTimer(BACK_OFF, 0.0, SETTINGS.backoff_base_seconds * 2)), tell=(Withdrawn(()), Deposed(HIGH))
    )


def test_after_its_back_off_it_goes_straight_above_the_ballot_that_it_lost_to() -> None:
    proposer = proposing()
    refused(proposer)
    effects = proposer.handle("p1", Expired(BACK_OFF))
    assert (effects.persist, effects.send) == ((RoundUsed(GROUP, 8),), (Send(ACCEPTORS, Prepare(Ballot(8, "p1"), 0)),))


def test_the_back_off_doubles_up_to_a_cap() -> None:
    proposer = proposing()
    ceilings = []
    for round_ in range(10, 50):
        ceilings.append(started(refused(proposer, Ballot(round_, "p2")))[BACK_OFF].jitter_seconds)
        proposer.handle("p1", Expired(BACK_OFF))
    assert ceilings[:4] == pytest.approx([0.04, 0.08, 0.16, 0.32])
    assert ceilings[-1] == max(ceilings) == SETTINGS.backoff_cap_seconds


def test_more_work_does_not_cut_a_back_off_short() -> None:
    proposer = proposing()
    refused(proposer)
    assert proposer.handle("p1", Propose((RED,))) == NOTHING
    assert proposer.handle("p1", Inspect()) == NOTHING


def test_a_value_refused_in_phase_two_is_proposed_again_after_the_back_off() -> None:
    proposer = proposing(BLUE)
    promised(proposer)
    proposer.flush()
    refused(proposer)
    proposer.handle("p1", Expired(BACK_OFF))
    promised(proposer)
    assert proposer.flush().send == (Send(ACCEPTORS, Accept(Ballot(8, "p1"), 0, batch(BLUE, ballot=Ballot(8, "p1")), 0)),)


def test_after_a_back_off_without_work_nothing_happens_and_refusals_are_forgotten() -> None:
    proposer = proposing()
    refused(proposer)
    proposer.handle("p1", Withdraw((BLUE,)))
    assert proposer.handle("p1", Expired(BACK_OFF)) == NOTHING
    assert proposer.handle("p1", Propose((RED,))).send == (Send(ACCEPTORS, Prepare(Ballot(8, "p1"), 0)),)
    assert started(refused(proposer, Ballot(9, "p2")))[BACK_OFF].jitter_seconds == SETTINGS.backoff_base_seconds * 2


def test_a_proposer_that_was_refused_once_and_then_ran_out_of_work_takes_work_again() -> None:
    proposer = proposing()
    refused(proposer)
    proposer.handle("p1", Expired(BACK_OFF))
    proposer.handle("p1", Withdraw((BLUE,)))
    assert isinstance(proposer.phase, Idle)
    assert proposer.handle("p1", Propose((RED,))).send == (Send(ACCEPTORS, Prepare(Ballot(9, "p1"), 0)),)


# ---- withdrawing -----------------------------------------------------------------------------------------------------------------


def test_not_done_is_only_said_of_what_was_never_proposed() -> None:
    proposer = proposing(BLUE)
    assert proposer.handle("p1", Withdraw((BLUE,))) == telling(Withdrawn((BLUE,))) + Effects(timers=(CancelTimer(RETRY),))
    assert isinstance(proposer.phase, Idle)
    proposer = proposing(BLUE)
    promised(proposer)
    proposer.flush()
    assert proposer.handle("p1", Withdraw((BLUE,))) == telling(Withdrawn(()))
    refused(proposer)
    assert proposer.handle("p1", Withdraw((BLUE,))) == telling(Withdrawn(()))
    assert proposer.handle("p1", Expired(BACK_OFF)).send != ()


def test_a_proposed_command_is_not_withdrawn_although_it_was_asked_for_twice() -> None:
    proposer = proposing(BLUE, BLUE)
    promised(proposer)
    proposer.flush()
    assert proposer.handle("p1", Withdraw((BLUE,))) == telling(Withdrawn(()))


def test_withdrawing_some_work_goes_on_with_the_rest() -> None:
    proposer = proposing(BLUE, RED)
    assert proposer.handle("p1", Withdraw((BLUE,))) == telling(Withdrawn((BLUE,)))
    assert isinstance(proposer.phase, Preparing)


# ---- questions -------------------------------------------------------------------------------------------------------------------


def test_a_question_is_answered_with_undecided_when_a_quorum_has_voted_for_nothing() -> None:
    proposer = new_proposer()
    assert proposer.handle("p1", Inspect()).send == (Send(ACCEPTORS, Prepare(FIRST, 0)),)
    assert promised(proposer).tell == (Elected(FIRST, 0), Undecided())
    assert isinstance(proposer.phase, Idle)
    assert proposer.handle("p1", Expired(RETRY)) == NOTHING


def test_a_question_that_was_answered_is_not_asked_again() -> None:
    proposer = new_proposer()
    proposer.handle("p1", Inspect())
    promised(proposer)
    assert proposer.handle("p1", Expired(BACK_OFF)) == NOTHING


def test_a_question_is_never_answered_by_promises_older_than_itself() -> None:
    proposer = proposing(BLUE)
    assert proposer.handle("p1", Inspect()).send == (Send(ACCEPTORS, Prepare(Ballot(2, "p1"), 0)),)
    proposer = proposing(BLUE)
    promised(proposer)
    proposer.handle("p1", Withdraw((BLUE,)))
    proposer.handle("p1", Inspect())
    assert proposer.handle("a3", Promise(FIRST, 0, END_SLOT, ())) == NOTHING


def test_a_question_to_a_proposer_with_a_value_in_flight_waits_for_what_wins() -> None:
    proposer = proposing(BLUE)
    promised(proposer)
    proposer.flush()
    assert proposer.handle("p1", Inspect()) == NOTHING
    assert isinstance(proposer.phase, Leading)


def test_a_question_finishes_what_it_finds() -> None:
    proposer = new_proposer()
    proposer.handle("p1", Inspect())
    effects = promised(proposer, Vote(0, Ballot(1, "p0"), batch(RED)))
    assert effects.send == (Send(ACCEPTORS, Accept(FIRST, 0, batch(RED), 0)),)
    assert Undecided() not in effects.tell


def test_a_question_beside_work_waits_for_what_wins() -> None:
    proposer = new_proposer()
    proposer.handle("p1", Inspect())
    proposer.handle("p1", Propose((BLUE,)))
    assert Undecided() not in promised(proposer).tell
    assert proposer.flush().send == (Send(ACCEPTORS, Accept(FIRST, 0, batch(BLUE), 0)),)


def test_a_question_that_was_refused_is_asked_again_after_the_back_off() -> None:
    proposer = new_proposer()
    proposer.handle("p1", Inspect())
    refused(proposer)
    assert proposer.handle("p1", Expired(BACK_OFF)).send == (Send(ACCEPTORS, Prepare(Ballot(8, "p1"), 0)),)


def test_after_a_refused_question_was_answered_undecided_a_proposal_begins_at_once() -> None:
    proposer = new_proposer()
    proposer.handle("p1", Inspect())
    refused(proposer)
    proposer.handle("p1", Expired(BACK_OFF))
    assert Undecided() in promised(proposer).tell
    assert proposer.handle("p1", Propose((BLUE,))).send == (Send(ACCEPTORS, Prepare(Ballot(9, "p1"), 0)),)


def test_a_question_is_not_stuck_behind_a_reign_whose_work_was_withdrawn() -> None:
    proposer = proposing(BLUE)
    promised(proposer)
    proposer.handle("p1", Withdraw((BLUE,)))
    assert proposer.flush() == NOTHING
    assert proposer.handle("p1", Inspect()).send == (Send(ACCEPTORS, Prepare(Ballot(2, "p1"), 0)),)


def test_a_decree_that_nobody_answers_asks_less_and_less_often() -> None:
    proposer = proposing(BLUE)
    waits = [proposer.handle("p1", Expired(RETRY)).timers[0] for _ in range(5)]
    factors = [2, 4, 8, 8, 8]
    assert waits == [StartTimer(RETRY, SETTINGS.retry_seconds * factor, SETTINGS.retry_seconds * factor) for factor in factors]


# ---- a ballot that was used twice ------------------------------------------------------------------------------------------------

TWICE = Ballot(1, "p0")
VOTES = {"a1": RED, "a2": BLUE, "a3": RED}


def voted(command: Command, ballot: Ballot = TWICE) -> Promise:
    """What an acceptor that voted for it promises."""
    return Promise(FIRST, 0, END_SLOT, (Vote(0, ballot, batch(command)),))


@pytest.mark.parametrize("order", list(permutations(VOTES)))
def test_a_promise_that_contradicts_another_is_not_counted(order: tuple[str, ...]) -> None:
    """PMS 2.2, P2c: a quorum that agrees on the vote at each ballot has met every value that was chosen."""
    proposer = proposing()
    effects = NOTHING
    for acceptor in order:
        if effects.send == ():
            # Who says the same again is still one.
            effects = proposer.handle(acceptor, voted(VOTES[acceptor])) + proposer.handle(acceptor, voted(VOTES[acceptor]))
    assert effects.send == (Send(ACCEPTORS, Accept(FIRST, 0, batch(RED), 0)),)


def test_votes_that_contradict_each_other_are_told() -> None:
    proposer = proposing()
    assert proposer.handle("a1", voted(RED)) == NOTHING
    assert proposer.handle("a2", voted(BLUE)) == Effects(tell=(Contradicted(TWICE),))
    assert str(Contradicted(TWICE)) == "votes for two values at 1.p0: node p0 came back with an old log store"
    assert isinstance(proposer.phase, Preparing)


def test_who_used_a_ballot_twice_itself_stops() -> None:
    proposer = proposing()
    own = Ballot(0, "p1")
    proposer.handle("a1", voted(RED, own))
    with pytest.raises(InvariantViolation, match=r"votes for two values in slot 0 at 0\.p1"):
        proposer.handle("a2", voted(BLUE, own))


def test_who_is_told_that_its_ballot_has_another_value_asks_at_a_higher_one() -> None:
    proposer = proposing(BLUE)
    assert proposer.handle("a1", Nack(FIRST, FIRST)) == NOTHING, "nothing was proposed at it yet"
    promised(proposer)
    proposer.flush()
    assert proposer.handle("a1", Nack(FIRST, FIRST)).tell == (Withdrawn(()), Deposed(FIRST))
    assert proposer.handle("p1", Expired(BACK_OFF)).send == (Send(ACCEPTORS, Prepare(Ballot(2, "p1"), 0)),)
