"""The learner. "Paxos Made Simple", section 2.3: a value is chosen when a majority of acceptors has accepted it at one ballot."""

import pytest

from actors.storage.memory import MemoryStorage
from paxos.ballot import Ballot
from paxos.cues import Begin, Chosen, Expired, Proposed
from paxos.effects import NOTHING, Effects, Send, sending, telling
from paxos.errors import InvariantViolation
from paxos.groups import LOG, decree_group
from paxos.learner import Learner
from paxos.messages import Accepted, AskChosen, ChosenPage, Decided, Vote, VotesPage
from paxos.records import Learned
from paxos.values import value_digest
from tests.unit.company import BLUE, FIRST, RIVAL, batch, company, empty_archive

VALUE = batch(BLUE)
OTHER = batch()
SECOND = Ballot(2, "p1")
DECREE = decree_group("who")
VALUES = [b"", b"null", b"0", b"false", b'""', b"\xff\x00", b"x" * 1_000_000]


def new_learner(archive: MemoryStorage | None = None, node: str = "n9") -> Learner:
    """A learner that has heard nothing."""
    return Learner(LOG, company(node), archive or empty_archive(node))


def told(learner: Learner, *letters: tuple[str, object]) -> tuple[object, ...]:
    """What the learner tells, all in all, when it hears these."""
    effects = NOTHING
    for source, message in letters:
        assert isinstance(message, Proposed | Accepted | Decided | VotesPage | ChosenPage)
        effects += learner.handle(source, message)
    return effects.tell


def proposed(slot: int = 0, ballot: Ballot = FIRST, value: bytes = VALUE) -> tuple[str, Proposed]:
    """What the proposer beside the learner asks acceptors to vote for."""
    return "n9", Proposed(slot, ballot, value)


def vote(acceptor: str, slot: int = 0, ballot: Ballot = FIRST) -> tuple[str, Accepted]:
    """A 2b for one slot."""
    return acceptor, Accepted(ballot, slot, slot)


# ---- counting --------------------------------------------------------------------------------------------------------------------


def test_a_learner_asked_before_there_is_a_value_knows_of_none() -> None:
    learner = new_learner()
    assert learner.next_slot == 0
    assert learner.handle("n8", AskChosen(0)) == sending("n8", ChosenPage(0, (), 0))


def test_a_learner_never_believes_one_acceptor() -> None:
    learner = new_learner()
    assert told(learner, proposed(), vote("a1")) == ()
    assert learner.next_slot == 0


def test_a_quorum_suffices_and_nobody_waits_for_all_acceptors() -> None:
    assert told(new_learner(), proposed(), vote("a1"), vote("a3")) == (Chosen(0, FIRST, VALUE),)


def test_one_acceptor_is_not_counted_twice() -> None:
    assert told(new_learner(), proposed(), vote("a1"), vote("a1"), vote("a1")) == ()


def test_votes_of_different_ballots_never_add_up() -> None:
    learner = new_learner()
    assert told(learner, proposed(), proposed(0, RIVAL, OTHER), vote("a1"), vote("a2", 0, RIVAL)) == ()
    assert told(learner, vote("a3", 0, RIVAL)) == (Chosen(0, RIVAL, OTHER),)


def test_votes_of_different_slots_never_add_up() -> None:
    assert told(new_learner(), proposed(0), proposed(1), vote("a1", 0), vote("a2", 1)) == ()


def test_a_vote_for_what_a_forgotten_life_proposed_in_a_decree_stops_the_node() -> None:
    learner = Learner(DECREE, company("n9"), empty_archive("n9"))
    own = Ballot(0, "n9")
    assert told(learner, proposed(0, own), ("a1", Accepted(own, 0, 0, value_digest(VALUE)))) == ()
    with pytest.raises(InvariantViolation, match=r"votes for two values in slot 0 at 0\.n9"):
        learner.handle("a2", Accepted(own, 0, 0, value_digest(OTHER)))


def test_a_node_that_proposes_again_at_a_ballot_that_it_used_for_another_value_stops() -> None:
    learner = new_learner()
    own = Ballot(3, "n9")
    learner.handle("a1", VotesPage((Vote(0, own, VALUE),)))
    assert told(learner, proposed(0, own)) == ()
    with pytest.raises(InvariantViolation, match=r"votes for two values in slot 0 at 3\.n9"):
        learner.handle(*proposed(0, own, OTHER))


def test_what_was_decided_is_not_taken_for_another_value_that_was_voted_for_at_its_ballot() -> None:
    learner = new_learner()
    learner.handle("a1", VotesPage((Vote(0, FIRST, VALUE),)))
    effects = learner.handle("p1", Decided(FIRST, 0, OTHER))
    assert effects.tell == ()
    assert learner.known_end == 1, "who counted can be asked"
    assert learner.handle("p1", ChosenPage(0, ((FIRST, OTHER),), 1)).tell == (Chosen(0, FIRST, OTHER),)


def test_a_decree_is_decided_by_votes_for_its_value() -> None:
    learner = Learner(DECREE, company("n9"), empty_archive("n9"))
    own = Ballot(0, "n9")
    votes = [(acceptor, Accepted(own, 0, 0, value_digest(VALUE))) for acceptor in ("a1", "a2")]
    assert told(learner, proposed(0, own), *votes) == (Chosen(0, own, VALUE),)


def test_a_vote_for_a_value_of_a_decree_that_is_not_known_here_or_for_another_node_does_not_count() -> None:
    learner = Learner(DECREE, company("n9"), empty_archive("n9"))
    for ballot in (Ballot(3, "n9"), FIRST):
        votes = [(acceptor, Accepted(ballot, 0, 0, value_digest(VALUE))) for acceptor in ("a1", "a2")]
        assert told(learner, *votes, ("a3", VotesPage((Vote(0, ballot, VALUE),)))) == ()
    assert learner.known_end == 0
    assert told(learner, ("a1", Accepted(FIRST, 0, 0, value_digest(VALUE)))) == (), "its owner counts"


def test_a_vote_of_somebody_who_is_no_acceptor_does_not_count() -> None:
    outsider = ("a9", VotesPage((Vote(0, FIRST, VALUE),)))
    assert told(new_learner(), proposed(), vote("a1"), vote("a9"), vote("p1"), outsider) == ()


@pytest.mark.parametrize("value", VALUES)
def test_any_bytes_are_a_value_and_slot_zero_is_a_slot(value: bytes) -> None:
    assert told(new_learner(), proposed(0, FIRST, value), vote("a1"), vote("a2")) == (Chosen(0, FIRST, value),)


def test_votes_that_were_there_before_the_proposal_are_not_for_it() -> None:
    learner = new_learner()
    assert told(learner, vote("a1"), vote("a2"), proposed(), vote("a3")) == (), "a copy of this node may have proposed something else"
    assert told(learner, vote("a1")) == (Chosen(0, FIRST, VALUE),)


def test_a_proposal_far_beyond_takes_no_memory() -> None:
    learner = new_learner()
    assert told(learner, proposed(10**9), vote("a1", 10**9), vote("a2", 10**9)) == ()
    assert learner.next_slot == 0


def test_slots_are_told_in_order_and_each_once() -> None:
    learner = new_learner()
    assert told(learner, proposed(1), vote("a1", 1), vote("a2", 1)) == ()
    assert told(learner, proposed(0), vote("a1", 0), vote("a2", 0)) == (Chosen(0, FIRST, VALUE), Chosen(1, FIRST, VALUE))
    assert told(learner, proposed(0), vote("a3", 0), vote("a3", 1), vote("a1", 0)) == ()
    assert learner.next_slot == 2


def test_a_range_of_votes_counts_for_every_slot_in_it() -> None:
    learner = new_learner()
    for slot in range(3):
        learner.handle(*proposed(slot))
    learner.handle("a1", Accepted(FIRST, 0, 2))
    assert learner.handle("a2", Accepted(FIRST, 0, 2)).tell == tuple(Chosen(slot, FIRST, VALUE) for slot in range(3))


def test_a_value_chosen_at_two_ballots_is_told_once_with_the_highest() -> None:
    learner = new_learner()
    told(learner, vote("a1"), vote("a2"), vote("a1", 0, SECOND), vote("a2", 0, SECOND), proposed(1), vote("a1", 1), vote("a2", 1))
    page = ("a3", VotesPage((Vote(0, FIRST, VALUE), Vote(0, SECOND, VALUE))))
    assert told(learner, page) == (Chosen(0, SECOND, VALUE), Chosen(1, FIRST, VALUE))


def test_a_vote_for_another_value_than_its_ballot_had_is_not_counted() -> None:
    learner = new_learner()
    learner.handle(*proposed(0))
    assert told(learner, *((name, VotesPage((Vote(0, FIRST, OTHER),))) for name in ("a1", "a2", "a3"))) == ()
    assert told(learner, *((name, VotesPage((Vote(0, FIRST, VALUE),))) for name in ("a1", "a2"))) == (Chosen(0, FIRST, VALUE),)


def test_two_values_chosen_for_one_slot_stop_the_node() -> None:
    learner = new_learner()
    told(learner, vote("a1"), vote("a2"), vote("a1", 0, RIVAL), vote("a2", 0, RIVAL))
    page = VotesPage((Vote(0, FIRST, VALUE), Vote(0, RIVAL, OTHER)))
    with pytest.raises(InvariantViolation, match="two values chosen for slot 0"):
        learner.handle("a3", page)


@pytest.mark.parametrize("told_on_request", [False, True])
def test_what_comes_out_of_order_counts_up_to_the_horizon(told_on_request: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paxos.learner._HORIZON_SLOTS", 2)
    learner = new_learner()
    for slot in (2, 1):
        page = VotesPage((Vote(slot, FIRST, VALUE),))
        heard = [("a1", page), ("a2", page)] if told_on_request else [proposed(slot), vote("a1", slot), vote("a2", slot)]
        assert told(learner, *heard) == ()
    assert told(learner, proposed(), vote("a1"), vote("a2")) == tuple(Chosen(slot, FIRST, VALUE) for slot in range(3))


def test_votes_far_beyond_what_is_learned_are_left_to_catch_up() -> None:
    learner = new_learner()
    far = 1_000_000
    assert told(learner, proposed(far), ("a1", Accepted(FIRST, far, far + 10**12)), ("a2", Accepted(FIRST, 0, 10**15))) == ()
    assert told(learner, ("a1", VotesPage((Vote(far, FIRST, VALUE),)))) == ()
    assert learner.next_slot == 0


# ---- what was known before -------------------------------------------------------------------------------------------------------


def test_a_learner_rebuilt_from_its_archive_goes_on_where_it_was() -> None:
    archive = empty_archive()
    archive.write((Learned(LOG, 0, FIRST, VALUE, 1, 1, (("id-blue", 1),)),), sync=True)
    learner = new_learner(archive)
    assert learner.next_slot == 1
    assert told(learner, proposed(0), vote("a1"), vote("a2")) == ()
    assert learner.handle("n8", AskChosen(0)) == sending("n8", ChosenPage(0, ((FIRST, VALUE),), 1))


def test_nothing_begins_with_a_learner() -> None:
    learner = new_learner()
    assert learner.handle("n9", Begin()) == NOTHING
    assert learner.handle("n9", Expired("election")) == NOTHING


def test_another_learner_is_believed_because_it_has_counted() -> None:
    learner = new_learner()
    assert learner.handle("n8", ChosenPage(0, ((FIRST, VALUE), (SECOND, OTHER)), 2)) == telling(
        Chosen(0, FIRST, VALUE), Chosen(1, SECOND, OTHER)
    )


def test_a_page_of_chosen_values_that_begins_too_late_or_too_early_gives_only_what_is_next() -> None:
    learner = new_learner()
    assert told(learner, ("n8", ChosenPage(1, ((FIRST, VALUE),), 2))) == ()
    assert told(learner, ("n8", ChosenPage(0, ((FIRST, VALUE),), 1))) == (Chosen(0, FIRST, VALUE),)
    assert told(learner, ("n8", ChosenPage(0, ((FIRST, VALUE), (FIRST, OTHER)), 2))) == (Chosen(1, FIRST, OTHER),)


def test_a_page_of_chosen_values_lets_counted_slots_behind_it_follow() -> None:
    learner = new_learner()
    told(learner, proposed(0), proposed(1), vote("a1", 1), vote("a2", 1))
    effects = learner.handle("n8", ChosenPage(0, ((FIRST, VALUE),), 1))
    assert effects == Effects(tell=(Chosen(0, FIRST, VALUE), Chosen(1, FIRST, VALUE)))


# ---- what the owner of a ballot says was decided ---------------------------------------------------------------------------------


def decided(slot: int = 0, ballot: Ballot = FIRST, value: bytes = VALUE) -> tuple[str, Decided]:
    """From the ballot's owner."""
    return ballot.node, Decided(ballot, slot, value)


def test_the_owner_of_a_ballot_is_believed_about_it() -> None:
    learner = new_learner()
    assert told(learner, decided(0), decided(1)) == (Chosen(0, FIRST, VALUE), Chosen(1, FIRST, VALUE))
    assert learner.next_slot == 2


def test_nobody_else_is_believed_about_a_ballot() -> None:
    learner = new_learner()
    assert told(learner, (RIVAL.node, Decided(FIRST, 0, VALUE))) == ()
    assert learner.next_slot == 0


def test_what_was_decided_at_one_ballot_says_nothing_of_another() -> None:
    learner = new_learner()
    assert told(learner, proposed(1, value=OTHER), decided(1, RIVAL), decided(0)) == (Chosen(0, FIRST, VALUE), Chosen(1, RIVAL, VALUE))


def test_what_was_decided_out_of_order_is_kept_and_what_is_missing_is_asked_for() -> None:
    learner = new_learner()
    (timer,) = learner.handle(*decided(1)).timers
    assert learner.handle("n9", Expired(timer.name)).send == (Send(FIRST.node, AskChosen(0)),)
    assert told(learner, decided(0)) == (Chosen(0, FIRST, VALUE), Chosen(1, FIRST, VALUE))


def test_a_decision_that_is_told_again_changes_nothing() -> None:
    learner = new_learner()
    assert told(learner, decided(0), decided(0), decided(0, value=OTHER)) == (Chosen(0, FIRST, VALUE),)


def test_a_decision_far_beyond_takes_no_memory() -> None:
    learner = new_learner()
    assert told(learner, decided(10**15), decided(0)) == (Chosen(0, FIRST, VALUE),)
    assert learner.known_end == 10**15 + 1


def test_two_values_decided_for_one_slot_stop_the_node() -> None:
    learner = new_learner()
    told(learner, decided(1), decided(1, SECOND, OTHER))
    with pytest.raises(InvariantViolation, match="two values chosen for slot 1"):
        told(learner, decided(0))
