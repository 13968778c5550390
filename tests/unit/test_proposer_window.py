"""Phase 2 of a leader: batches, many slots in flight, a bound on both, and what is sent again."""

import pytest

from paxos.ballot import END_SLOT, ZERO, Ballot
from paxos.batches import decode_batch, weight
from paxos.cues import Chosen, Drained, Executed, Expired, Lead, Propose, Proposed, Resume, Yield
from paxos.effects import ACCEPTORS, NOTHING, Effects, Send, StartTimer, telling
from paxos.groups import LOG
from paxos.messages import Accept, Promise, Vote
from paxos.phases import Leading
from paxos.proposer import RETRY, Proposer
from paxos.settings import Settings
from paxos.values import Action, Command
from tests.unit.company import BLUE, FIRST, GREEN, RED, SETTINGS, batch, company, empty_archive

RETRYING = StartTimer(RETRY, SETTINGS.retry_seconds)


def leading(*found: Vote, **settings: int) -> Proposer:
    """A proposer that leads at FIRST."""
    proposer = Proposer(LOG, company(settings=Settings(**settings)), empty_archive())
    proposer.handle("p1", Lead(ZERO))
    for acceptor in ("a1", "a2"):
        proposer.handle(acceptor, Promise(FIRST, 0, END_SLOT, found))
    return proposer


def proposed(effects: Effects) -> list[tuple[int, tuple[Action, ...]]]:
    """The commands of each slot in these effects."""
    accepts = [send.message for send in effects.send if isinstance(send.message, Accept)]
    return [(accept.slot, decode_batch(accept.value).actions) for accept in accepts]


def commands(count: int, size_bytes: int = 10) -> tuple[Command, ...]:
    """Commands of one size."""
    return tuple(Command(f"{number:04}", b"1" * size_bytes) for number in range(count))


def test_all_that_waits_goes_out_together_at_the_end_of_the_drain() -> None:
    proposer = leading()
    assert proposer.handle("p1", Propose((BLUE,))) == NOTHING
    proposer.handle("p1", Propose((RED, GREEN)))
    value = batch(BLUE, RED, GREEN)
    asked, told = (Send(ACCEPTORS, Accept(FIRST, 0, value, 0)),), (Proposed(0, FIRST, value),)
    assert proposer.flush() == Effects(send=asked, tell=told), "the learner beside it hears it from nobody else"
    assert proposer.flush() == NOTHING


def test_a_batch_closes_at_its_size_and_the_next_slot_takes_the_rest() -> None:
    proposer = leading(batch_bytes=50)
    proposer.handle("p1", Propose(commands(3)))
    assert [len(batched) for _, batched in proposed(proposer.flush())] == [2, 1]


@pytest.mark.parametrize("value", [b"", b"null", b"0", b"false", b'""', b"x" * 1_000_000])
def test_any_bytes_are_a_command_and_one_larger_than_a_batch_is_a_batch(value: bytes) -> None:
    proposer = leading()
    proposer.handle("p1", Propose((Command("any", value), BLUE)))
    assert proposed(proposer.flush())[0][1][0] == Command("any", value)


def test_at_most_a_window_of_slots_is_in_flight() -> None:
    proposer = leading(window_slots=2, batch_bytes=1)
    proposer.handle("p1", Propose(commands(4)))
    assert [slot for slot, _ in proposed(proposer.flush())] == [0, 1]
    assert proposer.flush() == NOTHING
    proposer.handle("p1", Chosen(0, FIRST, batch(commands(1)[0])))
    assert [slot for slot, _ in proposed(proposer.flush())] == [2]


def test_at_most_a_window_of_bytes_is_in_flight() -> None:
    proposer = leading(window_bytes=1, batch_bytes=1)
    proposer.handle("p1", Propose(commands(2)))
    assert [slot for slot, _ in proposed(proposer.flush())] == [0]
    proposer.handle("p1", Chosen(0, FIRST, batch(commands(1)[0])))
    assert [slot for slot, _ in proposed(proposer.flush())] == [1]


def test_an_accept_says_up_to_where_slots_are_chosen() -> None:
    proposer = leading()
    proposer.handle("p1", Propose((BLUE,)))
    proposer.flush()
    proposer.handle("p1", Chosen(0, FIRST, batch(BLUE)))
    proposer.handle("p1", Propose((RED,)))
    assert proposer.flush().send == (Send(ACCEPTORS, Accept(FIRST, 1, batch(RED), 1)),)


def test_an_accept_that_was_not_chosen_in_time_is_sent_again_unchanged() -> None:
    proposer = leading()
    proposer.handle("p1", Propose((BLUE,)))
    first = proposer.flush()
    assert proposer.handle("p1", Expired(RETRY)) == Effects(timers=(RETRYING,))
    assert proposer.handle("p1", Expired(RETRY)) == Effects(send=first.send, timers=(RETRYING,))


def test_what_was_proposed_just_now_is_not_sent_again_yet() -> None:
    proposer = leading()
    proposer.handle("p1", Expired(RETRY))
    proposer.handle("p1", Propose((BLUE,)))
    assert proposer.flush().timers == (RETRYING,)
    proposer.handle("p1", Propose((RED,)))
    assert proposer.flush().timers == ()
    assert [slot for slot, _ in proposed(proposer.handle("p1", Expired(RETRY)))] == [0]
    assert [slot for slot, _ in proposed(proposer.handle("p1", Expired(RETRY)))] == [0, 1]


def test_what_a_new_leader_found_is_sent_again_after_one_retry_time() -> None:
    found = Vote(0, Ballot(1, "p0"), batch(BLUE))
    assert proposed(leading(found).handle("p1", Expired(RETRY))) == [(0, (BLUE,))]


def test_nothing_is_sent_again_once_it_is_chosen_and_the_timer_rests() -> None:
    proposer = leading()
    proposer.handle("p1", Propose((BLUE,)))
    proposer.flush()
    proposer.handle("p1", Chosen(0, FIRST, batch(BLUE)))
    assert proposer.handle("p1", Expired(RETRY)) == Effects()


def test_only_some_slots_are_sent_again_at_a_time_the_lowest_first() -> None:
    proposer = leading(batch_bytes=1)
    proposer.handle("p1", Propose(commands(40)))
    proposer.flush()
    proposer.handle("p1", Expired(RETRY))
    assert [slot for slot, _ in proposed(proposer.handle("p1", Expired(RETRY)))] == list(range(16))


def resent(proposer: Proposer, *chosen: int) -> list[int]:
    """What is sent again at the end of a drain in which these slots were learned."""
    assert isinstance(proposer.phase, Leading)
    for slot in chosen:
        proposer.handle("p1", Chosen(slot, FIRST, proposer.phase.in_flight[slot]))
    return [slot for slot, _ in proposed(proposer.flush())]


def test_a_whole_window_that_was_lost_is_sent_again_part_by_part_as_the_parts_get_through() -> None:
    proposer = leading(*(Vote(slot, Ballot(1, "p0"), batch(BLUE)) for slot in range(40)))
    assert [slot for slot, _ in proposed(proposer.handle("p1", Expired(RETRY)))] == list(range(16))
    assert resent(proposer, *range(15)) == []
    assert resent(proposer, 15) == list(range(16, 32))
    # Some of the next part got through the first time.
    assert resent(proposer, *range(16, 35)) == list(range(35, 40))
    assert resent(proposer, *range(35, 40)) == []
    assert proposer.handle("p1", Expired(RETRY)) == Effects()


def test_what_was_sent_again_and_all_that_follows_may_get_through_together() -> None:
    proposer = leading(*(Vote(slot, Ballot(1, "p0"), batch(BLUE)) for slot in range(40)))
    proposer.handle("p1", Expired(RETRY))
    assert resent(proposer, *range(40)) == []


def test_where_something_got_through_acceptors_are_slow_and_one_part_is_sent_again_at_a_time() -> None:
    proposer = leading(*(Vote(slot, Ballot(1, "p0"), batch(BLUE)) for slot in range(60)))
    resent(proposer, 0, 1)
    assert [slot for slot, _ in proposed(proposer.handle("p1", Expired(RETRY)))] == list(range(2, 18))
    assert resent(proposer, *range(2, 20)) == []
    assert [slot for slot, _ in proposed(proposer.handle("p1", Expired(RETRY)))] == list(range(20, 36))
    assert resent(proposer, *range(20, 36)) == []


def test_what_a_new_leader_found_and_lost_is_all_sent_again_though_it_begins_late_in_the_log() -> None:
    proposer = Proposer(LOG, company(), empty_archive())
    for slot in range(5):
        proposer.handle("p1", Chosen(slot, FIRST, batch()))
    proposer.handle("p1", Lead(ZERO))
    found = tuple(Vote(slot, FIRST, batch(BLUE)) for slot in range(5, 25))
    for acceptor in ("a1", "a2"):
        proposer.handle(acceptor, Promise(FIRST, 5, END_SLOT, found))
    assert [slot for slot, _ in proposed(proposer.handle("p1", Expired(RETRY)))] == list(range(5, 21))
    assert resent(proposer, *range(5, 21)) == [21, 22, 23, 24]


def test_where_only_what_was_sent_again_got_through_the_rest_is_lost_too() -> None:
    proposer = leading(*(Vote(slot, Ballot(1, "p0"), batch(BLUE)) for slot in range(60)))
    resent(proposer, 0, 1)
    proposer.handle("p1", Expired(RETRY))
    assert resent(proposer, *range(2, 18)) == []
    assert [slot for slot, _ in proposed(proposer.handle("p1", Expired(RETRY)))] == list(range(18, 34))
    assert resent(proposer, *range(18, 34)) == list(range(34, 50))


def test_a_leader_that_yields_sends_again_what_was_lost() -> None:
    proposer = leading(*(Vote(slot, Ballot(1, "p0"), batch(BLUE)) for slot in range(20)))
    proposer.handle("p1", Expired(RETRY))
    proposer.handle("p1", Yield("p2"))
    proposer.handle("p1", Propose((GREEN,)))
    assert resent(proposer, *range(16)) == [16, 17, 18, 19]


def test_what_others_got_chosen_below_moves_a_campaign_on() -> None:
    proposer = Proposer(LOG, company(), empty_archive())
    assert proposer.handle("p1", Chosen(0, Ballot(1, "p0"), batch(BLUE))) == NOTHING
    proposer.handle("p1", Lead(ZERO))
    proposer.handle("a1", Promise(FIRST, 0, END_SLOT, (Vote(0, Ballot(1, "p0"), batch(BLUE)),)))
    proposer.handle("a2", Promise(FIRST, 1, END_SLOT, ()))
    assert isinstance(proposer.phase, Leading)
    assert proposer.phase.next_slot == 1


# ---- hand-overs ------------------------------------------------------------------------------------------------------------------


def test_a_leader_that_yields_proposes_nothing_and_says_when_all_is_chosen() -> None:
    proposer = leading(batch_bytes=1)
    proposer.handle("p1", Propose((BLUE, RED)))
    proposer.flush()
    proposer.handle("p1", Propose((GREEN,)))
    assert proposer.handle("p1", Yield("p2")) + proposer.flush() == NOTHING
    assert proposer.handle("p1", Chosen(0, FIRST, batch(BLUE))) == NOTHING
    assert proposer.handle("p1", Chosen(1, FIRST, batch(RED))) == telling(Drained())
    assert proposer.flush() == NOTHING


def test_a_leader_with_nothing_in_flight_yields_at_once_and_goes_on_when_nobody_took_over() -> None:
    proposer = leading()
    proposer.handle("p1", Propose((BLUE,)))
    assert proposer.handle("p1", Yield("p2")) == telling(Drained())
    assert proposer.handle("p1", Resume()) == NOTHING
    assert proposed(proposer.flush()) == [(0, (BLUE,))]


def test_who_does_not_lead_has_nothing_to_yield() -> None:
    proposer = Proposer(LOG, company(), empty_archive())
    assert proposer.handle("p1", Yield("p2")) + proposer.handle("p1", Resume()) == NOTHING


def test_it_knows_how_many_bytes_wait() -> None:
    proposer = leading(batch_bytes=1, window_slots=2)
    sizes = []
    for command in (BLUE, RED, GREEN):
        proposer.handle("p1", Propose((command,)))
        sizes.append(proposer.waiting.size_bytes)
    assert sizes == [weight(BLUE), weight(BLUE) + weight(RED), weight(BLUE) + weight(RED) + weight(GREEN)]
    proposer.flush()
    assert proposer.waiting.size_bytes == weight(GREEN)


def test_all_bytes_in_flight_count() -> None:
    proposer = leading(batch_bytes=1, window_bytes=len(batch(BLUE)) + len(batch(RED)))
    proposer.handle("p1", Propose((BLUE, RED, GREEN)))
    assert len(proposed(proposer.flush())) == 2


def test_a_batch_bears_the_digest_of_a_slot_that_the_leader_has_executed() -> None:
    proposer = leading()
    proposer.handle("p1", Executed(0, FIRST, (), (), digest=77))
    proposer.handle("p1", Propose((BLUE,)))
    (accept,) = (send.message for send in proposer.flush().send if isinstance(send.message, Accept))
    assert decode_batch(accept.value).witness == (0, 77)


def test_a_batch_takes_what_fits_to_the_last_byte() -> None:
    proposer = leading(batch_bytes=weight(BLUE) + weight(RED))
    proposer.handle("p1", Propose((BLUE, RED, GREEN)))
    assert proposed(proposer.flush()) == [(0, (BLUE, RED)), (1, (GREEN,))]
