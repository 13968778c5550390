"""The acceptor. "Paxos Made Simple", section 2.2: P1, P1a, P2b and P2c rest on what it promises, votes for and never forgets."""

import pytest

from actors.storage.memory import MemoryStorage
from paxos.acceptor import Acceptor, merge_accepted
from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.codec import Letter
from paxos.effects import NOTHING, Effects, Send, sending
from paxos.groups import LOG, decree_group
from paxos.messages import Accept, Accepted, AskVotes, Confirm, Confirmed, Heartbeat, Nack, Prepare, Promise, Vote, VotesPage
from paxos.records import KnownChosen, Promised, Voted
from paxos.values import value_digest
from tests.unit.company import FIRST, RIVAL, empty_archive, end_drain, keep

SECOND = Ballot(2, "p1")
VALUES = [b"", b"null", b"0", b"false", b'""', b"\xff\x00", b"x" * 1_000_000]


def promised_acceptor(ballot: Ballot, archive: MemoryStorage | None = None) -> Acceptor:
    """An acceptor that has promised a ballot and voted for nothing."""
    acceptor = Acceptor(LOG, archive or empty_archive("a1"))
    acceptor.handle(ballot.node, Prepare(ballot, 0))
    return acceptor


def voting_acceptor(archive: MemoryStorage, *, slots: range, chosen_through: int, value: bytes = b"v") -> Acceptor:
    """An acceptor that has voted at FIRST for the slots, and whose store has it all."""
    acceptor = Acceptor(LOG, archive)
    for slot in slots:
        end_drain(archive, acceptor, acceptor.handle("p1", Accept(FIRST, slot, value, min(slot, chosen_through))))
    end_drain(archive, acceptor, NOTHING)
    return acceptor


# ---- phase 1 ---------------------------------------------------------------------------------------------------------------------


def test_a_promise_is_persisted_in_the_effects_that_send_it() -> None:
    acceptor = Acceptor(LOG, empty_archive())
    assert acceptor.handle("p1", Prepare(FIRST, 0)) == Effects(
        persist=(Promised(LOG, FIRST),), send=(Send("p1", Promise(FIRST, 0, END_SLOT, ())),)
    )
    assert acceptor.promised == FIRST


def test_p1a_a_prepare_below_the_promise_is_refused_with_the_promise() -> None:
    acceptor = promised_acceptor(SECOND)
    assert acceptor.handle("p2", Prepare(RIVAL, 0)) == sending("p2", Nack(RIVAL, SECOND))
    assert acceptor.promised == SECOND


def test_a_prepare_with_an_equal_ballot_from_its_owner_is_answered_again_and_writes_nothing() -> None:
    acceptor = promised_acceptor(FIRST)
    assert acceptor.handle("p1", Prepare(FIRST, 0)) == sending("p1", Promise(FIRST, 0, END_SLOT, ()))


@pytest.mark.parametrize("promised", [FIRST, ZERO])
def test_a_prepare_with_an_equal_ballot_from_somebody_else_is_refused(promised: Ballot) -> None:
    acceptor = promised_acceptor(promised) if promised > ZERO else Acceptor(LOG, empty_archive())
    assert acceptor.handle("p2", Prepare(FIRST, 0)) == sending("p2", Nack(FIRST, promised))
    assert acceptor.promised == promised


def test_p2c_a_promise_tells_the_latest_vote_of_every_slot_from_the_first_one_on() -> None:
    acceptor = Acceptor(LOG, empty_archive())
    acceptor.handle("p1", Accept(FIRST, 0, b"old", 0))
    acceptor.handle("p1", Accept(FIRST, 1, b"one", 0))
    acceptor.handle("p1", Accept(FIRST, 3, b"three", 0))
    acceptor.handle("p2", Accept(RIVAL, 1, b"rival", 0))
    (send,) = acceptor.handle("p1", Prepare(SECOND, 1)).send
    assert send.message == Promise(SECOND, 1, END_SLOT, (Vote(1, RIVAL, b"rival"), Vote(3, FIRST, b"three")))


# ---- phase 2 ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", VALUES)
def test_a_vote_is_persisted_in_the_effects_that_send_it_whatever_its_value(value: bytes) -> None:
    acceptor = promised_acceptor(FIRST)
    assert acceptor.handle("p1", Accept(FIRST, 0, value, 0)) == Effects(
        persist=(Voted(LOG, 0, FIRST, value),), send=(Send("p1", Accepted(FIRST, 0, 0)),)
    )


def test_a_vote_of_a_decree_says_for_which_value() -> None:
    decree = decree_group("who")
    (send,) = Acceptor(decree, empty_archive()).handle("p1", Accept(FIRST, 0, b"v", 0)).send
    assert send.message == Accepted(FIRST, 0, 0, value_digest(b"v"))
    other, again = (Acceptor(decree, empty_archive()).handle("p1", Accept(FIRST, 0, value, 0)).send[0].message for value in (b"w", b"v"))
    assert other != send.message == again


def test_p1_an_acceptor_votes_for_the_first_proposal_that_it_receives() -> None:
    effects = Acceptor(LOG, empty_archive()).handle("p1", Accept(FIRST, 0, b"v", 0))
    assert Voted(LOG, 0, FIRST, b"v") in effects.persist


def test_an_accept_above_the_promise_raises_the_promise() -> None:
    acceptor = promised_acceptor(FIRST)
    effects = acceptor.handle("p1", Accept(SECOND, 0, b"v", 0))
    assert effects.persist == (Promised(LOG, SECOND), Voted(LOG, 0, SECOND, b"v"))
    assert acceptor.promised == SECOND
    assert acceptor.handle("p2", Prepare(RIVAL, 0)) == sending("p2", Nack(RIVAL, SECOND))


def test_p1a_an_accept_below_the_promise_is_refused_and_not_voted_for() -> None:
    acceptor = promised_acceptor(SECOND)
    assert acceptor.handle("p2", Accept(RIVAL, 0, b"v", 0)) == sending("p2", Nack(RIVAL, SECOND))
    assert not acceptor.votes


def test_an_accept_at_the_promised_ballot_from_somebody_else_is_refused() -> None:
    acceptor = promised_acceptor(FIRST)
    assert acceptor.handle("p2", Accept(FIRST, 0, b"v", 0)) == sending("p2", Nack(FIRST, FIRST))
    assert not acceptor.votes


def test_the_same_accept_again_is_answered_and_writes_nothing() -> None:
    acceptor = Acceptor(LOG, empty_archive())
    acceptor.handle("p1", Accept(FIRST, 0, b"v", 0))
    assert acceptor.handle("p1", Accept(FIRST, 0, b"v", 0)) == sending("p1", Accepted(FIRST, 0, 0))


def test_a_second_value_at_the_same_ballot_and_slot_is_not_voted_for_and_its_owner_is_told() -> None:
    acceptor = Acceptor(LOG, empty_archive())
    acceptor.handle("p1", Accept(FIRST, 0, b"v", 0))
    assert acceptor.handle("p1", Accept(FIRST, 0, b"w", 0)) == sending("p1", Nack(FIRST, FIRST))
    assert acceptor.votes[0].value == b"v"


def test_a_vote_at_a_higher_ballot_replaces_the_earlier_one() -> None:
    acceptor = Acceptor(LOG, empty_archive())
    acceptor.handle("p1", Accept(FIRST, 0, b"v", 0))
    acceptor.handle("p1", Accept(SECOND, 0, b"w", 0))
    assert acceptor.votes == {0: Vote(0, SECOND, b"w")}


# ---- memory ----------------------------------------------------------------------------------------------------------------------


def test_an_acceptor_rebuilt_from_its_archive_remembers_its_promise_and_its_votes() -> None:
    archive = empty_archive()
    before = Acceptor(LOG, archive)
    end_drain(archive, before, before.handle("p1", Accept(FIRST, 0, b"v", 0)))
    end_drain(archive, before, before.handle("p1", Prepare(SECOND, 0)))
    after = Acceptor(LOG, archive)
    assert after.promised == SECOND
    assert after.handle("p2", Prepare(RIVAL, 0)) == sending("p2", Nack(RIVAL, SECOND))
    assert after.handle("p1", Prepare(SECOND, 0)) == sending("p1", Promise(SECOND, 0, END_SLOT, (Vote(0, FIRST, b"v"),)))


def test_groups_are_apart() -> None:
    archive = empty_archive()
    keep(archive, Acceptor("decree:a", archive).handle("p1", Accept(SECOND, 0, b"v", 0)))
    assert Acceptor("decree:b", archive).promised == ZERO


def test_memory_lets_go_of_votes_that_are_chosen_and_written() -> None:
    acceptor = voting_acceptor(empty_archive(), slots=range(10), chosen_through=8)
    assert sorted(acceptor.votes) == [8, 9]


def test_a_vote_is_kept_in_memory_until_the_archive_has_it() -> None:
    archive = empty_archive()
    acceptor = Acceptor(LOG, archive)
    first = acceptor.handle("p1", Accept(FIRST, 0, b"v", 0)) + acceptor.handle("p1", Accept(FIRST, 1, b"w", 1))
    first += acceptor.handle("p1", Prepare(SECOND, 0))
    assert first.send[-1].message == Promise(SECOND, 0, END_SLOT, (Vote(0, FIRST, b"v"), Vote(1, FIRST, b"w")))


def test_a_trimmed_vote_is_still_told_in_a_promise() -> None:
    acceptor = voting_acceptor(empty_archive(), slots=range(10), chosen_through=8)
    (old,) = acceptor.handle("p1", Prepare(SECOND, 0)).send
    assert isinstance(old.message, Promise)
    assert old.message.votes == tuple(Vote(slot, FIRST, b"v") for slot in range(8))
    (rest,) = acceptor.handle("p1", Prepare(SECOND, old.message.end_slot)).send
    assert rest.message == Promise(SECOND, 8, END_SLOT, (Vote(8, FIRST, b"v"), Vote(9, FIRST, b"v")))


def test_a_trimmed_slot_that_is_voted_for_again_is_told_with_its_latest_vote() -> None:
    archive = empty_archive()
    acceptor = voting_acceptor(archive, slots=range(4), chosen_through=3)
    acceptor.handle("p1", Accept(SECOND, 1, b"v", 3))
    (send,) = acceptor.handle("p1", Prepare(SECOND, 0)).send
    assert isinstance(send.message, Promise)
    assert send.message.votes[1] == Vote(1, SECOND, b"v")
    end_drain(archive, acceptor, Effects(persist=(Voted(LOG, 1, SECOND, b"v"),)))
    (send,) = acceptor.handle("p1", Prepare(SECOND, 0)).send
    assert isinstance(send.message, Promise)
    assert send.message.votes[1] == Vote(1, SECOND, b"v")


def test_a_slot_that_is_voted_for_again_is_told_with_its_latest_vote_before_the_archive_has_it() -> None:
    archive = empty_archive()
    acceptor = voting_acceptor(archive, slots=range(3), chosen_through=0)
    end_drain(archive, acceptor, acceptor.handle("p1", Accept(FIRST, 3, b"v", 3)))
    acceptor.handle("p1", Accept(SECOND, 1, b"v", 3))
    acceptor.flush()
    (send,) = acceptor.handle("p1", Prepare(SECOND, 0)).send
    assert isinstance(send.message, Promise)
    assert send.message.votes[1] == Vote(1, SECOND, b"v")


def test_a_promise_whose_votes_in_memory_fit_no_frame_comes_in_pages() -> None:
    acceptor = voting_acceptor(empty_archive(), slots=range(5), chosen_through=0, value=b"x" * 100_000)
    told: list[int] = []
    first_slot = 0
    while first_slot < END_SLOT:
        (send,) = acceptor.handle("p1", Prepare(SECOND, first_slot)).send
        assert isinstance(send.message, Promise)
        assert sum(len(vote.value) for vote in send.message.votes) <= 256 * 1024
        told += [vote.slot for vote in send.message.votes]
        first_slot = send.message.end_slot
    assert told == list(range(5))


def test_votes_that_just_fit_a_page_are_told_in_one() -> None:
    acceptor = voting_acceptor(empty_archive(), slots=range(3), chosen_through=0, value=b"x" * 128 * 1024)
    (send,) = acceptor.handle("p1", Prepare(SECOND, 0)).send
    assert isinstance(send.message, Promise)
    assert [vote.slot for vote in send.message.votes] == [0, 1]


def test_a_vote_larger_than_a_page_is_a_page_of_its_own() -> None:
    acceptor = voting_acceptor(empty_archive(), slots=range(2), chosen_through=0, value=b"x" * 1_000_000)
    (send,) = acceptor.handle("p1", Prepare(SECOND, 0)).send
    assert isinstance(send.message, Promise)
    assert ([vote.slot for vote in send.message.votes], send.message.end_slot) == ([0], 1)


def test_the_watermark_is_written_now_and_then_and_taken_up_after_a_restart() -> None:
    archive = empty_archive()
    acceptor = Acceptor(LOG, archive)
    acceptor.handle("p1", Accept(FIRST, 255, b"v", 255))
    assert acceptor.flush() == NOTHING
    acceptor.handle("p1", Accept(FIRST, 256, b"v", 256))
    assert keep(archive, acceptor.flush()) == Effects(persist=(KnownChosen(LOG, 256),))
    assert acceptor.flush() == NOTHING
    assert Acceptor(LOG, archive).chosen_through == 256


def test_the_watermark_never_falls() -> None:
    acceptor = Acceptor(LOG, empty_archive())
    acceptor.handle("p1", Accept(FIRST, 7, b"v", 7))
    acceptor.handle("p1", Accept(FIRST, 8, b"v", 3))
    assert acceptor.chosen_through == 7


def test_a_learner_is_told_written_votes_with_their_ballots() -> None:
    archive = empty_archive()
    acceptor = voting_acceptor(archive, slots=range(4), chosen_through=2)
    assert acceptor.handle("n9", AskVotes(1, 2)) == sending("n9", VotesPage((Vote(1, FIRST, b"v"), Vote(2, FIRST, b"v"))))
    assert acceptor.handle("n9", AskVotes(9, 12)) == sending("n9", VotesPage(()))


def test_a_leader_is_confirmed_while_nothing_above_its_ballot_is_promised_and_only_to_itself() -> None:
    acceptor = promised_acceptor(FIRST)
    assert acceptor.handle("p1", Confirm(FIRST, 7)) == sending("p1", Confirmed(FIRST, 7))
    assert acceptor.handle("p2", Confirm(FIRST, 7)) == sending("p2", Nack(FIRST, FIRST))
    acceptor.handle("p1", Prepare(SECOND, 0))
    assert acceptor.handle("p1", Confirm(FIRST, 8)) == sending("p1", Nack(FIRST, SECOND))


# ---- acknowledgements ------------------------------------------------------------------------------------------------------------


def accepted(first_slot: int, last_slot: int, ballot: Ballot = FIRST, group: str = LOG) -> Letter:
    """An acknowledgement in its letter."""
    return Letter(group, Accepted(ballot, first_slot, last_slot))


def test_acknowledgements_of_consecutive_slots_become_one_range() -> None:
    assert merge_accepted([accepted(3, 3), accepted(4, 6), accepted(7, 7)]) == [accepted(3, 7)]


def test_acknowledgements_are_not_merged_over_gaps_ballots_groups_and_other_letters() -> None:
    nack = Letter(LOG, Nack(FIRST, SECOND))
    letters = [accepted(0, 0), accepted(2, 2), accepted(3, 3, SECOND), accepted(4, 4, SECOND, "decree:a"), nack, accepted(5, 5, SECOND)]
    assert merge_accepted(letters) == letters
    assert merge_accepted([]) == []


def test_acknowledgements_that_name_their_values_are_not_merged() -> None:
    letters = [Letter(LOG, Accepted(FIRST, slot, slot, digest)) for slot, digest in enumerate((0, 7, 0, 8, 9))]
    assert merge_accepted(letters) == letters


def test_an_idle_leader_whose_ballot_was_promised_away_is_told_at_its_next_heartbeat() -> None:
    acceptor = Acceptor(LOG, empty_archive("a1"))
    acceptor.handle("p2", Prepare(RIVAL, 0))
    assert acceptor.handle("p1", Heartbeat(FIRST, 0)).send == (Send("p1", Nack(FIRST, RIVAL)),)
    assert acceptor.handle("p2", Heartbeat(RIVAL, 0)) is NOTHING
    assert acceptor.handle("p3", Heartbeat(FIRST, 0)) is NOTHING
