"""Catching up: pub/sub never repeats a lost message, so a learner that misses something asks for it."""

from paxos.ballot import Ballot
from paxos.cues import Chosen, Expired, Proposed
from paxos.effects import ACCEPTORS, NOTHING, Effects, Send, StartTimer, sending, telling
from paxos.groups import LOG
from paxos.learner import CATCH_UP, Learner
from paxos.messages import Accepted, AskChosen, AskVotes, ChosenPage, Decided, Heartbeat, Vote, VotesPage
from paxos.records import Learned
from paxos.settings import Settings
from tests.unit.company import BLUE, FIRST, SETTINGS, batch, company, empty_archive

VALUE = batch(BLUE)
WAIT = Effects(timers=(StartTimer(CATCH_UP, SETTINGS.ask_seconds, SETTINGS.ask_seconds),))
LEADER_KNOWS_FIVE = Heartbeat(Ballot(3, "p1"), 5)


def new_learner(node: str = "n9") -> Learner:
    """A learner that knows nothing."""
    return Learner(LOG, company(node), empty_archive(node))


def test_who_hears_that_more_is_chosen_waits_a_moment_before_it_asks() -> None:
    learner = new_learner()
    assert learner.handle("p1", LEADER_KNOWS_FIVE) == WAIT
    assert learner.known_end == 5
    assert learner.handle("p1", LEADER_KNOWS_FIVE) == NOTHING


def test_who_misses_nothing_asks_nothing() -> None:
    learner = new_learner()
    assert learner.handle("p1", Heartbeat(FIRST, 0)) == NOTHING
    assert learner.handle("n9", Proposed(0, FIRST, VALUE)) == NOTHING
    assert learner.handle("n9", Expired(CATCH_UP)) == NOTHING


def test_the_node_itself_is_no_source_of_what_it_misses() -> None:
    assert new_learner("p1").handle("p1", LEADER_KNOWS_FIVE) == NOTHING


def test_a_learner_that_is_stuck_asks_the_informed_in_turn_and_then_the_acceptors() -> None:
    learner = new_learner()
    learner.handle("p1", LEADER_KNOWS_FIVE)
    learner.handle("p2", LEADER_KNOWS_FIVE)
    asked = [learner.handle("n9", Expired(CATCH_UP)) for _ in range(4)]
    assert asked == [
        sending("p2", AskChosen(0)) + WAIT,
        sending("p1", AskChosen(0)) + WAIT,
        sending(ACCEPTORS, AskVotes(0, 4)) + WAIT,
        sending("p2", AskChosen(0)) + WAIT,
    ]


def test_who_tells_of_a_later_slot_is_asked_for_those_before() -> None:
    learner = new_learner()
    assert learner.handle("p1", Decided(FIRST, 5, VALUE)) == WAIT
    assert learner.handle("n9", Expired(CATCH_UP)) == sending("p1", AskChosen(0)) + WAIT


def test_a_learner_that_moves_on_by_itself_asks_nobody() -> None:
    learner = new_learner()
    learner.handle("p1", LEADER_KNOWS_FIVE)
    learner.handle("n8", ChosenPage(0, ((FIRST, VALUE),), 1))
    assert learner.handle("n9", Expired(CATCH_UP)) == WAIT


def test_a_learner_that_has_caught_up_stops_asking() -> None:
    learner = new_learner()
    learner.handle("p1", Heartbeat(FIRST, 1))
    learner.handle("n8", ChosenPage(0, ((FIRST, VALUE),), 1))
    assert learner.handle("n9", Expired(CATCH_UP)) == NOTHING


def test_a_learner_that_counted_a_quorum_but_never_saw_the_value_asks_for_it() -> None:
    learner = new_learner()
    assert learner.handle("a1", Accepted(FIRST, 0, 0)) == NOTHING
    assert learner.handle("a2", Accepted(FIRST, 0, 0)) == WAIT
    assert learner.handle("n9", Expired(CATCH_UP)) == sending(ACCEPTORS, AskVotes(0, 0)) + WAIT
    assert learner.handle("a1", VotesPage((Vote(0, FIRST, VALUE),))).tell == (Chosen(0, FIRST, VALUE),)


def test_votes_told_on_request_count_like_votes_heard_and_no_more() -> None:
    learner = new_learner()
    page = VotesPage((Vote(0, FIRST, VALUE),))
    assert learner.handle("a1", page) == NOTHING
    assert learner.handle("a1", page) == NOTHING
    assert learner.handle("a2", page).tell == (Chosen(0, FIRST, VALUE),)
    assert learner.handle("a3", page) == NOTHING


def test_a_page_that_is_not_the_last_is_followed_by_a_question_for_the_next_at_once() -> None:
    learner = new_learner()
    effects = learner.handle("p1", ChosenPage(0, ((FIRST, VALUE),), 9))
    assert effects.send == (Send("p1", AskChosen(1)),)
    assert learner.handle("p1", ChosenPage(0, ((FIRST, VALUE),), 9)).send == ()


def test_while_pages_come_one_after_another_nobody_else_is_asked_before_the_next_is_overdue() -> None:
    learner = new_learner()
    patient = StartTimer(CATCH_UP, SETTINGS.retry_seconds, SETTINGS.ask_seconds)
    assert learner.handle("p1", ChosenPage(0, ((FIRST, VALUE),), 9)).timers == (patient,)
    learner.handle("p1", ChosenPage(1, ((FIRST, VALUE),), 9))
    assert learner.handle("n9", Expired(CATCH_UP)) == Effects(timers=(patient,)), "it moved on"
    assert learner.handle("n9", Expired(CATCH_UP)) == sending("p1", AskChosen(2)) + WAIT, "the next page is lost"


def test_values_that_come_while_it_is_behind_are_bounded_and_fetched_when_their_turn_comes() -> None:
    learner = new_learner()
    large = b"x" * 1024 * 1024
    for slot in range(1, 30):
        learner.handle("p1", Decided(FIRST, slot, large))
    told = learner.handle("p1", ChosenPage(0, ((FIRST, VALUE),), 30)).tell
    assert len(told) == 9, "the page's, and as many as were kept"
    assert learner.next_slot == 9
    assert learner.handle("p1", Decided(FIRST, 9, large)).tell == (Chosen(9, FIRST, large),)


def test_what_is_proposed_beside_it_is_kept_whatever_else_there_is() -> None:
    learner = new_learner()
    large = b"x" * 1024 * 1024
    for slot in range(30):
        learner.handle("n9", Proposed(slot, FIRST, large))
    for acceptor in ("a1", "a2"):
        learner.handle(acceptor, Accepted(FIRST, 0, 29))
    assert learner.next_slot == 30


def test_what_is_proposed_reign_after_reign_takes_no_more_room_than_one_window() -> None:
    learner = new_learner()
    large = b"x" * 1024 * 1024
    for round_number in range(1, 20):
        for slot in range(4):
            learner.handle("n9", Proposed(slot, Ballot(round_number, "n9"), large))
    for slot in range(4, 9):
        learner.handle("p1", Decided(FIRST, slot, large))
    for acceptor in ("a1", "a2"):
        learner.handle(acceptor, Accepted(Ballot(19, "n9"), 0, 3))
    assert learner.next_slot == 8, "four of its own, and as many others as fit beside them"


def test_acceptors_that_have_more_than_one_page_of_votes_are_asked_for_the_rest_at_once() -> None:
    learner = new_learner()
    learner.handle("p1", LEADER_KNOWS_FIVE)
    page = VotesPage((Vote(0, FIRST, VALUE), Vote(1, FIRST, VALUE)))
    assert learner.handle("a1", page) == NOTHING
    effects = learner.handle("a2", page)
    assert [told.slot for told in effects.tell if isinstance(told, Chosen)] == [0, 1]
    assert effects.send == (Send(ACCEPTORS, AskVotes(2, 4)),)
    assert learner.handle("a3", page) == NOTHING, "it brings nothing new"


def test_whom_the_votes_bring_up_to_date_asks_for_no_more() -> None:
    learner = new_learner()
    page = VotesPage((Vote(0, FIRST, VALUE),))
    learner.handle("a1", page)
    assert learner.handle("a2", page) == telling(Chosen(0, FIRST, VALUE))


def test_what_is_missing_after_the_last_page_waits_no_longer_than_anything_else() -> None:
    learner = new_learner()
    learner.handle("p1", ChosenPage(0, ((FIRST, VALUE),), 2))
    learner.handle("p1", ChosenPage(1, ((FIRST, VALUE),), 2))
    assert learner.handle("p1", LEADER_KNOWS_FIVE) == WAIT


def test_a_page_that_brings_nothing_is_followed_by_no_question_and_delays_none() -> None:
    assert new_learner().handle("n8", ChosenPage(3, ((FIRST, VALUE),), 9)) == WAIT


def test_who_knows_no_more_is_not_asked() -> None:
    learner = new_learner()
    learner.handle("p1", Heartbeat(FIRST, 0))
    learner.handle("p2", LEADER_KNOWS_FIVE)
    asked = [send.target for _ in range(2) for send in learner.handle("n9", Expired(CATCH_UP)).send]
    assert asked == ["p2", ACCEPTORS]


def test_what_was_learned_takes_no_room_any_more() -> None:
    learner = Learner(LOG, company("n9", settings=Settings(window_bytes=2 * len(VALUE))), empty_archive("n9"))
    learner.handle("n8", ChosenPage(0, ((FIRST, VALUE),) * 200, 200))
    for slot in range(200, 210):
        learner.handle("p1", Decided(FIRST, slot, VALUE))
    assert learner.next_slot == 210
    for slot in (211, 212, 213, 210):
        learner.handle("p1", Decided(FIRST, slot, VALUE))
    assert learner.next_slot == 213, "two values besides the next"


def test_a_long_way_to_go_is_asked_of_the_acceptors_in_bounded_ranges() -> None:
    learner = new_learner()
    learner.handle("a1", Accepted(FIRST, 0, 10**9))
    learner.handle("a2", Accepted(FIRST, 0, 10**9))
    (send,) = learner.handle("n9", Expired(CATCH_UP)).send
    assert send == Send(ACCEPTORS, AskVotes(0, 4096))


def test_only_a_few_of_the_informed_are_remembered() -> None:
    learner = new_learner()
    for number in range(20):
        learner.handle(f"p{number}", Heartbeat(Ballot(1, f"p{number}"), 5))
    asked = [learner.handle("n9", Expired(CATCH_UP)).send[0].target for _ in range(9)]
    assert asked == [f"p{number}" for number in range(19, 11, -1)] + [ACCEPTORS]


def test_what_a_page_brings_is_told_whether_or_not_more_is_asked_for() -> None:
    learner = new_learner()
    effects = learner.handle("p2", ChosenPage(0, ((FIRST, VALUE), (FIRST, VALUE)), 9))
    assert effects.tell == (Chosen(0, FIRST, VALUE), Chosen(1, FIRST, VALUE))
    assert effects.send == (Send("p2", AskChosen(2)),)


def test_who_hands_out_a_page_is_asked_again_while_it_knows_more() -> None:
    learner = new_learner()
    learner.handle("p2", ChosenPage(0, ((FIRST, VALUE),), 9))
    assert learner.handle("n9", Expired(CATCH_UP)) == sending("p2", AskChosen(1)) + WAIT


def test_a_page_is_cut_by_its_bytes() -> None:
    archive = empty_archive("n9")
    archive.write([Learned(LOG, slot, FIRST, b"v" * SETTINGS.page_bytes, slot + 1, 0, ()) for slot in range(3)], sync=True)
    (page,) = Learner(LOG, company("n9"), archive).handle("n8", AskChosen(0)).send
    assert isinstance(page.message, ChosenPage)
    assert len(page.message.values) == 1
