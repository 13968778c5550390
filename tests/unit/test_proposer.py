"""The log's proposer. "Paxos Made Simple", sections 2.2 and 3: it gets values chosen, one a slot, whatever others propose."""

import pytest

from actors.storage.memory import MemoryStorage
from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.cues import Begin, Chosen, Deposed, Elected, Expired, Lead, Propose, Proposed, Resign, Withdraw, Withdrawn
from paxos.effects import ACCEPTORS, NOTHING, CancelTimer, Effects, Send, StartTimer, telling
from paxos.errors import InvariantViolation
from paxos.groups import LOG
from paxos.messages import Accept, Nack, Prepare, Promise, Vote
from paxos.phases import Idle, Leading, Preparing
from paxos.proposer import RETRY, Proposer
from paxos.records import Learned, RoundUsed
from paxos.settings import Settings
from paxos.values import Command
from tests.unit.company import BLUE, FIRST, GREEN, RED, RIVAL, SETTINGS, batch, company, empty_archive, keep

RETRYING = StartTimer(RETRY, SETTINGS.retry_seconds)
HIGH = Ballot(7, "p2")


def new_proposer(archive: MemoryStorage | None = None, settings: Settings = SETTINGS) -> Proposer:
    """An idle proposer of the log."""
    return Proposer(LOG, company(settings=settings), archive or empty_archive())


def campaigning(archive: MemoryStorage | None = None) -> Proposer:
    """A proposer that has asked for promises at FIRST."""
    proposer = new_proposer(archive)
    proposer.handle("p1", Lead(ZERO))
    return proposer


def promise(*votes: Vote, first_slot: int = 0, end_slot: int = END_SLOT, ballot: Ballot = FIRST) -> Promise:
    """A 1b with these votes."""
    return Promise(ballot, first_slot, end_slot, votes)


def leading(settings: Settings = SETTINGS) -> Proposer:
    """A proposer that leads at FIRST, with nothing in flight."""
    proposer = new_proposer(settings=settings)
    proposer.handle("p1", Lead(ZERO))
    for acceptor in ("a1", "a2"):
        proposer.handle(acceptor, promise())
    return proposer


def accepts(effects: Effects) -> list[Accept]:
    """What is proposed in these effects."""
    return [send.message for send in effects.send if isinstance(send.message, Accept)]


# ---- ballots ---------------------------------------------------------------------------------------------------------------------


def test_a_campaign_persists_its_round_in_the_effects_that_use_it() -> None:
    assert new_proposer().handle("p1", Lead(ZERO)) == Effects(
        persist=(RoundUsed(LOG, 1),), send=(Send(ACCEPTORS, Prepare(FIRST, 0)),), timers=(RETRYING,)
    )


def test_ballots_do_not_restart_at_the_same_number() -> None:
    archive = empty_archive()
    keep(archive, new_proposer(archive).handle("p1", Lead(Ballot(4, "p3"))))
    (send,) = new_proposer(archive).handle("p1", Lead(ZERO)).send
    assert send.message == Prepare(Ballot(6, "p1"), 0)


def test_a_refused_proposer_goes_straight_above_the_ballot_that_it_lost_to() -> None:
    proposer = campaigning()
    proposer.handle("a1", Nack(FIRST, HIGH))
    (send,) = proposer.handle("p1", Lead(ZERO)).send
    assert send.message == Prepare(Ballot(8, "p1"), 0)


def test_a_campaign_goes_above_what_the_election_has_heard_of() -> None:
    (send,) = new_proposer().handle("p1", Lead(HIGH)).send
    assert send.message == Prepare(Ballot(8, "p1"), 0)


def test_a_campaign_begins_at_the_first_slot_that_is_not_learned() -> None:
    archive = empty_archive()
    archive.write((Learned(LOG, 0, FIRST, batch(BLUE), 1, 1, ()),), sync=True)
    (send,) = new_proposer(archive).handle("p1", Lead(ZERO)).send
    assert send.message == Prepare(FIRST, 1)


def test_only_an_idle_proposer_begins_a_campaign() -> None:
    assert campaigning().handle("p1", Lead(HIGH)) == NOTHING
    assert leading().handle("p1", Lead(HIGH)) == NOTHING


def test_nothing_begins_by_itself() -> None:
    proposer = new_proposer()
    assert proposer.handle("p1", Begin()) == NOTHING
    assert proposer.handle("p1", Expired(RETRY)) == NOTHING
    assert proposer.handle("p1", Expired("election")) == NOTHING
    assert proposer.flush() == NOTHING


# ---- phase 1 ---------------------------------------------------------------------------------------------------------------------


def test_p2c_a_quorum_of_promises_is_enough_and_nobody_waits_for_all() -> None:
    proposer = campaigning()
    assert proposer.handle("a1", promise()) == NOTHING
    assert proposer.handle("a3", promise()) == Effects(timers=(RETRYING,), tell=(Elected(FIRST, 0),))
    assert isinstance(proposer.phase, Leading)


def test_one_acceptor_that_promises_twice_is_not_counted_twice() -> None:
    proposer = campaigning()
    proposer.handle("a1", promise())
    assert proposer.handle("a1", promise()) == NOTHING
    assert isinstance(proposer.phase, Preparing)


def test_a_promise_of_somebody_who_is_no_acceptor_does_not_count() -> None:
    proposer = campaigning()
    proposer.handle("a1", promise())
    assert proposer.handle("a9", promise()) == NOTHING
    assert isinstance(proposer.phase, Preparing)


def test_a_promise_of_an_earlier_campaign_does_not_count() -> None:
    proposer = campaigning()
    proposer.handle("p1", Resign())
    proposer.handle("p1", Lead(ZERO))
    proposer.handle("a1", promise(ballot=Ballot(2, "p1")))
    assert proposer.handle("a2", promise(ballot=FIRST)) == NOTHING
    assert isinstance(proposer.phase, Preparing)


def test_p2c_the_value_with_the_highest_ballot_among_the_promises_is_kept() -> None:
    archive = empty_archive()
    archive.write((RoundUsed(LOG, 8),), sync=True)
    proposer = campaigning(archive)
    ballot = Ballot(9, "p1")
    proposer.handle("a1", promise(Vote(0, Ballot(3, "p3"), b"middle"), ballot=ballot))
    proposer.handle("a2", promise(Vote(0, HIGH, b"highest"), end_slot=1, ballot=ballot))
    effects = proposer.handle("a3", promise(Vote(0, Ballot(1, "p9"), b"lowest"), ballot=ballot))
    assert accepts(effects) == [Accept(ballot, 0, b"highest", 0)]


@pytest.mark.parametrize("value", [b"", b"null", b"0", b"false", b'""', b"x" * 1_000_000])
def test_p2c_any_bytes_found_in_slot_zero_are_a_value_to_keep(value: bytes) -> None:
    proposer = campaigning()
    proposer.handle("a1", promise(Vote(0, Ballot(1, "p0"), value)))
    assert accepts(proposer.handle("a2", promise())) == [Accept(FIRST, 0, value, 0)]


def test_gaps_between_found_values_are_filled_with_noop() -> None:
    proposer = campaigning()
    proposer.handle("a1", promise(Vote(1, Ballot(1, "p0"), b"one")))
    effects = proposer.handle("a2", promise(Vote(3, Ballot(1, "p0"), b"three")))
    assert [(accept.slot, accept.value) for accept in accepts(effects)] == [(0, batch()), (1, b"one"), (2, batch()), (3, b"three")]
    assert effects.tell == (Elected(FIRST, 4), *(Proposed(accept.slot, FIRST, accept.value) for accept in accepts(effects)))


def test_own_values_go_behind_everything_that_was_found() -> None:
    proposer = campaigning()
    proposer.handle("a1", promise(Vote(2, Ballot(1, "p0"), b"two")))
    proposer.handle("a2", promise())
    proposer.handle("p1", Propose((BLUE,)))
    assert [accept.slot for accept in accepts(proposer.flush())] == [3]


def test_a_late_promise_never_changes_a_value_already_proposed() -> None:
    proposer = leading()
    proposer.handle("p1", Propose((BLUE,)))
    (proposed,) = accepts(proposer.flush())
    assert proposer.handle("a3", promise(Vote(0, Ballot(1, "p0"), b"late"))) == NOTHING
    proposer.handle("p1", Expired(RETRY))
    assert accepts(proposer.handle("p1", Expired(RETRY))) == [proposed]


def test_a_promise_is_complete_only_with_all_its_pages() -> None:
    proposer = campaigning()
    proposer.handle("a1", promise())
    effects = proposer.handle("a2", promise(Vote(0, Ballot(1, "p0"), b"zero"), end_slot=1))
    assert effects == Effects(send=(Send("a2", Prepare(FIRST, 1)),))
    last = promise(Vote(1, Ballot(1, "p0"), b"one"), first_slot=1)
    assert [accept.value for accept in accepts(proposer.handle("a2", last))] == [b"zero", b"one"]


def test_an_acceptor_whose_pages_are_not_all_there_is_no_part_of_a_quorum() -> None:
    proposer = campaigning()
    proposer.handle("a2", promise(Vote(0, Ballot(1, "p0"), b"zero"), end_slot=1))
    assert proposer.handle("a1", promise()) == NOTHING
    assert isinstance(proposer.phase, Preparing)


def test_a_page_is_not_taken_before_the_one_that_precedes_it() -> None:
    proposer = campaigning()
    proposer.handle("a1", promise())
    assert proposer.handle("a2", promise(first_slot=1)) == NOTHING
    assert isinstance(proposer.phase, Preparing)


def test_pages_that_were_learned_meanwhile_are_not_asked_for() -> None:
    proposer = campaigning()
    proposer.handle("p1", Chosen(0, RIVAL, batch(RED)))
    proposer.handle("p1", Chosen(1, RIVAL, batch(BLUE)))
    effects = proposer.handle("a1", promise(Vote(0, Ballot(1, "p0"), b"zero"), end_slot=1))
    assert effects == Effects(send=(Send("a1", Prepare(FIRST, 2)),))
    proposer.handle("a1", promise(first_slot=2))
    assert proposer.handle("a2", promise(first_slot=2)).tell == (Elected(FIRST, 2),)


def test_an_unanswered_prepare_is_sent_again_to_those_that_have_not_promised() -> None:
    proposer = campaigning()
    proposer.handle("a1", promise())
    proposer.handle("a2", promise(Vote(0, Ballot(1, "p0"), b"zero"), end_slot=1))
    assert proposer.handle("p1", Expired(RETRY)) == Effects(
        send=(Send("a2", Prepare(FIRST, 1)), Send("a3", Prepare(FIRST, 0))), timers=(RETRYING,)
    )


# ---- refusals --------------------------------------------------------------------------------------------------------------------


def test_a_deposed_leader_stops_at_once() -> None:
    proposer = leading()
    proposer.handle("p1", Propose((BLUE,)))
    proposer.flush()
    proposer.handle("p1", Propose((RED,)))
    assert proposer.handle("a3", Nack(FIRST, HIGH)) == Effects(timers=(CancelTimer(RETRY),), tell=(Withdrawn((RED,)), Deposed(HIGH)))
    assert isinstance(proposer.phase, Idle)
    assert proposer.flush() == NOTHING
    assert proposer.handle("p1", Expired(RETRY)) == NOTHING


def test_work_for_a_proposer_that_has_just_stepped_down_is_given_back() -> None:
    assert new_proposer().handle("p1", Propose((BLUE, GREEN))) == telling(Withdrawn((BLUE, GREEN)))


@pytest.mark.parametrize(
    ("source", "nack"),
    [("a1", Nack(RIVAL, HIGH)), ("a1", Nack(FIRST, FIRST)), ("a1", Nack(FIRST, ZERO)), ("a9", Nack(FIRST, HIGH)), ("a1", Nack(ZERO, HIGH))],
    ids=["of another ballot", "by its own ballot", "by a lower ballot", "by no acceptor", "of no ballot"],
)
def test_a_refusal_that_means_nothing_changes_nothing(source: str, nack: Nack) -> None:
    proposer = leading()
    assert proposer.handle(source, nack) == NOTHING
    assert isinstance(proposer.phase, Leading)
    assert new_proposer().handle(source, nack) == NOTHING


def test_a_leader_that_learns_of_a_higher_ballot_stops() -> None:
    proposer = leading()
    effects = proposer.handle("p1", Chosen(0, HIGH, batch(RED)))
    assert effects.tell == (Withdrawn(()), Deposed(HIGH))
    assert isinstance(proposer.phase, Idle)


def test_who_resigns_is_deposed_by_its_own_ballot() -> None:
    assert leading().handle("p1", Resign()).tell == (Withdrawn(()), Deposed(FIRST))
    assert campaigning().handle("p1", Resign()).tell == (Withdrawn(()), Deposed(FIRST))
    assert new_proposer().handle("p1", Resign()) == NOTHING


def test_only_what_was_never_proposed_can_be_withdrawn() -> None:
    proposer = leading(Settings(window_slots=1))
    proposer.handle("p1", Propose((BLUE,)))
    proposer.flush()
    proposer.handle("p1", Propose((RED, GREEN)))
    assert proposer.handle("p1", Withdraw((BLUE, RED, Command("unheard", b"1")))) == telling(Withdrawn((RED,)))
    assert proposer.waiting.next_batch(1000) == (GREEN,)


# ---- invariants ------------------------------------------------------------------------------------------------------------------


def test_another_value_chosen_where_we_lead_stops_the_node() -> None:
    proposer = leading()
    proposer.handle("p1", Propose((BLUE,)))
    proposer.flush()
    with pytest.raises(InvariantViolation, match="another value led"):
        proposer.handle("p1", Chosen(0, FIRST, batch(RED)))


def test_votes_for_two_values_at_one_ballot_of_the_log_stop_the_node() -> None:
    """PMS 2.2: one value a proposal number, or nobody knows what was chosen."""
    proposer = campaigning()
    ballot = Ballot(1, "p0")
    proposer.handle("a1", promise(Vote(3, ballot, batch(RED))))
    with pytest.raises(InvariantViolation, match=r"votes for two values in slot 3 at 1\.p0"):
        proposer.handle("a2", promise(Vote(3, ballot, batch(BLUE))))


def test_a_value_chosen_at_a_lower_ballot_in_a_slot_that_a_quorum_called_free_stops_the_node() -> None:
    with pytest.raises(InvariantViolation, match="slot 0 chosen"):
        leading().handle("p1", Chosen(0, Ballot(0, "p2"), batch(RED)))


def test_the_same_value_chosen_at_a_lower_ballot_is_no_surprise() -> None:
    proposer = campaigning()
    proposer.handle("a1", promise(Vote(0, Ballot(1, "p0"), b"zero")))
    proposer.handle("a2", promise())
    assert proposer.handle("p1", Chosen(0, Ballot(1, "p0"), b"zero")) == NOTHING


def test_a_new_leader_proposes_nothing_in_slots_that_it_has_learned() -> None:
    proposer = new_proposer()
    proposer.handle("p1", Chosen(0, RIVAL, batch(RED)))
    proposer.handle("p1", Lead(ZERO))
    found = Vote(2, RIVAL, batch(BLUE))
    effects = [proposer.handle(acceptor, promise(found, first_slot=1)) for acceptor in ("a1", "a2")]
    assert [accept.slot for accept in accepts(effects[1])] == [1, 2]


def test_a_repeated_page_of_a_promise_takes_nothing_back() -> None:
    proposer = campaigning()
    proposer.handle("a1", promise(end_slot=5))
    proposer.handle("a1", promise(first_slot=5))
    proposer.handle("a1", promise(end_slot=5))
    assert proposer.handle("a2", promise()).tell == (Elected(FIRST, 0),)
