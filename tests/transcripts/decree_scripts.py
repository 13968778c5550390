"""Scripted schedules of one decree: each walks into a trap that an implementation of this field fell into.

The real roles get through; the mistaken role named beside each script in test_transcripts.py does not.
"""

from paxos.groups import decree_group
from redpaxos.simulation.scripted.scene import Scene

COLOUR = decree_group("colour")


def one_value_is_chosen() -> Scene:
    """No trap: two phases, and everybody knows."""
    scene = Scene(COLOUR, proposers=1)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2 a3: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1 a2 a3: Accept 1.p1 red")
    scene.deliver("a1 a2 a3 -> p1: Accepted 1.p1")
    scene.expect_chosen("red")
    scene.expect_learned("p1", "red")
    scene.deliver("p1 -> l1: Decided 1.p1")
    scene.expect_learned("l1", "red")
    return scene


def a_round_is_never_used_twice() -> Scene:
    """A proposer restarts after its first Prepare, and is asked for something else."""
    scene = Scene(COLOUR, proposers=1)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1: Accept 1.p1 red")
    scene.crash("p1")
    scene.propose("p1", "blue")
    scene.deliver_if_sent("p1 -> a2 a3: Prepare 1.p1")
    scene.deliver_again("a1 a2 -> p1: Promise 1.p1")
    scene.expect_not_sent("p1 -> a2: Accept 1.p1 blue")
    scene.deliver("p1 -> a1 a2: Prepare 2.p1")
    scene.deliver("a1 a2 -> p1: Promise 2.p1")
    scene.deliver("p1 -> a1 a2: Accept 2.p1 red")
    scene.expect_chosen("red")
    return scene


def a_promise_outlives_a_crash() -> Scene:
    """An acceptor restarts between its promise and the Accept of the proposer that was there first."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.deliver("p2 -> a3: Accept 1.p2 blue")
    scene.crash("a2")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 red")
    scene.expect_nothing_chosen()
    scene.deliver("p2 -> a2: Accept 1.p2 blue")
    scene.expect_chosen("blue")
    return scene


def a_vote_outlives_a_crash() -> Scene:
    """An acceptor of the majority that chose restarts, and another proposer asks it."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 red")
    scene.expect_chosen("red")
    scene.crash("a2")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.deliver_if_sent("p2 -> a2 a3: Accept 1.p2 blue")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 red")
    scene.expect_chosen("red")
    return scene


def an_accept_above_the_promise_raises_it() -> Scene:
    """An acceptor that missed a Prepare gets its Accept, and then an older Prepare."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a1 a2: Prepare 1.p2")
    scene.deliver("a1 a2 -> p2: Promise 1.p2")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 blue")
    scene.expect_chosen("blue")
    scene.deliver("p1 -> a3: Prepare 1.p1")
    scene.deliver("a3 -> p1: Nack 1.p1")
    return scene


def a_prepare_with_an_equal_round_is_refused() -> Scene:
    """Two proposers begin with the same round; their names tell their ballots apart."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a1 a2: Prepare 1.p2")
    scene.deliver("a1 a2 -> p2: Promise 1.p2")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 -> p1: Nack 1.p1")
    scene.deliver("p2 -> a1 a2: Accept 1.p2 blue")
    scene.expect_chosen("blue")
    return scene


def an_accept_at_the_promised_ballot_is_taken() -> Scene:
    """The promise is for the ballot of the Accept that follows."""
    scene = Scene(COLOUR, proposers=1)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 red")
    scene.expect_chosen("red")
    return scene


def the_highest_vote_is_kept() -> Scene:
    """Two acceptors report votes of different ballots; the lower one is a ghost that may not return."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1: Accept 1.p1 red")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 blue")
    scene.expect_chosen("blue")
    scene.deliver("p1 -> a2: Accept 1.p1 red")
    scene.deliver("a2 -> p1: Nack 1.p1")
    scene.expire("p1", "back-off")
    scene.deliver("p1 -> a1 a2: Prepare 2.p1")
    scene.deliver("a1 a2 -> p1: Promise 2.p1")
    scene.deliver_if_sent("p1 -> a1 a2: Accept 2.p1 red")
    scene.deliver("p1 -> a1 a2: Accept 2.p1 blue")
    scene.expect_chosen("blue")
    return scene


def a_duplicated_promise_counts_once() -> Scene:
    """The network delivers one acceptor's promise twice."""
    scene = Scene(COLOUR)
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a1: Prepare 1.p2")
    scene.deliver("a1 -> p2: Promise 1.p2")
    scene.deliver_again("a1 -> p2: Promise 1.p2")
    scene.expect_not_sent("p2 -> a1: Accept 1.p2 blue")
    return scene


def a_duplicated_vote_counts_once() -> Scene:
    """The network delivers one acceptor's vote twice."""
    scene = Scene(COLOUR, proposers=1)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1: Accept 1.p1 red")
    scene.deliver("a1 -> p1: Accepted 1.p1")
    scene.deliver_again("a1 -> p1: Accepted 1.p1")
    scene.deliver_if_sent("p1 -> l1: Decided 1.p1")
    scene.expect_learned("p1")
    scene.expect_learned("l1")
    return scene


def votes_of_different_ballots_never_add_up() -> Scene:
    """One vote for red, one for blue, and a proposer that hears of both."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1: Accept 1.p1 red")
    scene.deliver("a1 -> p1: Accepted 1.p1")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.deliver("p2 -> a2: Accept 1.p2 blue")
    scene.deliver("p1 -> a2: Accept 1.p1 red")
    scene.deliver("a2 -> p1: Nack 1.p1")
    scene.expire("p1", "back-off")
    scene.deliver("p1 -> a2 a3: Prepare 2.p1")
    scene.deliver("a2 a3 -> p1: Promise 2.p1")
    scene.deliver("p1 -> a2: Accept 2.p1 blue")
    scene.deliver("a2 -> p1: Accepted 2.p1")
    scene.expect_nothing_chosen()
    scene.expect_learned("p1")
    scene.deliver("p1 -> a3: Accept 2.p1 blue")
    scene.deliver("a3 -> p1: Accepted 2.p1")
    scene.deliver("p1 -> l1: Decided 2.p1")
    scene.expect_learned("p1", "blue")
    scene.expect_learned("l1", "blue")
    return scene


def one_vote_convinces_nobody() -> Scene:
    """A proposer hears of one vote, and is never heard of again."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1: Accept 1.p1 red")
    scene.deliver("a1 -> p1: Accepted 1.p1")
    scene.deliver_if_sent("p1 -> l1: Decided 1.p1")
    scene.expect_learned("p1")
    scene.expect_learned("l1")
    scene.crash("p1")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 blue")
    scene.deliver("a2 a3 -> p2: Accepted 1.p2")
    scene.deliver("p2 -> l1: Decided 1.p2")
    scene.expect_learned("l1", "blue")
    return scene


def a_late_promise_changes_nothing() -> Scene:
    """A third promise, with a vote for another value, arrives after the proposal has gone out."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1: Accept 1.p1 red")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a1 a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.deliver("p2 -> a3: Accept 1.p2 blue")
    scene.deliver("a1 -> p2: Promise 1.p2")
    scene.expect_not_sent("p2 -> a2: Accept 1.p2 red")
    scene.deliver("p2 -> a2: Accept 1.p2 blue")
    scene.expect_chosen("blue")
    return scene


def null_is_a_value() -> Scene:
    """JSON's null is chosen in slot 0, and another proposer comes along."""
    return _a_value_that_looks_like_none("null", "null")


def an_empty_value_is_a_value() -> Scene:
    """An empty value is chosen in slot 0, and another proposer comes along."""
    return _a_value_that_looks_like_none("", "''")


def _a_value_that_looks_like_none(value: str, shown: str) -> Scene:
    scene = Scene(COLOUR)
    scene.propose("p1", value)
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver(f"p1 -> a1 a2: Accept 1.p1 slot 0 {shown}")
    scene.expect_chosen(shown)
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.deliver_if_sent("p2 -> a2 a3: Accept 1.p2 blue")
    scene.deliver(f"p2 -> a2 a3: Accept 1.p2 slot 0 {shown}")
    scene.expect_chosen(shown)
    return scene


def duelling_proposers_end() -> Scene:
    """Each Prepare ruins the other's Accept, until one goes far enough above and the other waits."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.propose("p2", "blue")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p2 -> a1 a2: Prepare 1.p2")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 red")
    scene.deliver("a1 -> p1: Nack 1.p1")
    scene.expire("p1", "back-off")
    scene.deliver("a1 a2 -> p2: Promise 1.p2")
    scene.deliver("p1 -> a1 a2: Prepare 2.p1")
    scene.deliver("p2 -> a1 a2: Accept 1.p2 blue")
    scene.deliver("a1 -> p2: Nack 1.p2")
    scene.remark("p2 waits at random, and p1 gets through")
    scene.deliver("a1 a2 -> p1: Promise 2.p1")
    scene.deliver("p1 -> a1 a2: Accept 2.p1 red")
    scene.deliver("a1 a2 -> p1: Accepted 2.p1")
    scene.expect_chosen("red")
    scene.expect_learned("p1", "red")
    return scene


def a_refused_proposer_goes_straight_above() -> Scene:
    """A refusal names the ballot that it lost to; counting up to it one by one would take for ever."""
    scene = Scene(COLOUR)
    scene.propose("p2", "blue")
    for _ in range(3):
        scene.crash("p2")
        scene.propose("p2", "blue")
    scene.deliver("p2 -> a1 a2: Prepare 4.p2")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1: Prepare 1.p1")
    scene.deliver("a1 -> p1: Nack 1.p1 4.p2")
    scene.expire("p1", "back-off")
    scene.expect_under_way("p1 -> a1 a2 a3: Prepare 5.p1")
    return scene


def an_old_refusal_is_ignored() -> Scene:
    """A refusal of the first ballot arrives when the second is about to succeed."""
    scene = Scene(COLOUR)
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a1 a2: Prepare 1.p2")
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 -> p1: Nack 1.p1")
    scene.expire("p1", "back-off")
    scene.deliver("p1 -> a1 a2: Prepare 2.p1")
    scene.deliver("a2 -> p1: Nack 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 2.p1")
    scene.deliver("p1 -> a1 a2: Accept 2.p1 red")
    scene.expect_chosen("red")
    return scene


def a_promise_for_an_old_ballot_does_not_count() -> Scene:
    """A promise for the first ballot arrives when the second is being prepared."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 blue")
    scene.expect_chosen("blue")
    scene.deliver("p1 -> a3: Prepare 1.p1")
    scene.deliver("a3 -> p1: Nack 1.p1")
    scene.expire("p1", "back-off")
    scene.deliver("p1 -> a1: Prepare 2.p1")
    scene.deliver("a1 -> p1: Promise 2.p1")
    scene.deliver("a2 -> p1: Promise 1.p1")
    scene.expect_not_sent("p1 -> a1: Accept 2.p1 red")
    return scene


def a_proposer_that_missed_the_choice_repeats_it() -> Scene:
    """Every acknowledgement of a chosen value is lost; another proposer knows nothing of it."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 red")
    scene.lose("a1 a2 -> p1: Accepted 1.p1")
    scene.expect_chosen("red")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a2 a3: Prepare 1.p2")
    scene.deliver("a2 a3 -> p2: Promise 1.p2")
    scene.deliver_if_sent("p2 -> a2 a3: Accept 1.p2 blue")
    scene.deliver("p2 -> a2 a3: Accept 1.p2 red")
    scene.deliver("a2 a3 -> p2: Accepted 1.p2")
    scene.expect_learned("p2", "red")
    return scene


def a_stale_accept_is_refused() -> Scene:
    """An Accept arrives after its acceptor promised a higher ballot."""
    scene = Scene(COLOUR)
    scene.propose("p1", "red")
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.propose("p2", "blue")
    scene.deliver("p2 -> a1 a2: Prepare 1.p2")
    scene.deliver("a1 a2 -> p2: Promise 1.p2")
    scene.deliver("p2 -> a1 a2: Accept 1.p2 blue")
    scene.expect_chosen("blue")
    scene.deliver("p1 -> a1 a2: Accept 1.p1 red")
    scene.deliver("a1 -> p1: Nack 1.p1")
    scene.expect_chosen("blue")
    return scene


def a_ghost_is_never_called_not_done() -> Scene:
    """A proposal gets one vote and no more; its client gives up, and then another proposer finds the vote."""
    scene = Scene(COLOUR)
    scene.submit("c1", "p1", '"red"')
    scene.deliver("p1 -> a1 a2: Prepare 1.p1")
    scene.deliver("a1 a2 -> p1: Promise 1.p1")
    scene.deliver("p1 -> a1: Accept 1.p1")
    scene.lose("p1 -> a2 a3: Accept 1.p1")
    scene.expire("p1", "patience")
    scene.expect_answers("c1")
    scene.propose("p2", '"blue"')
    scene.deliver("p2 -> a1 a2: Prepare 1.p2")
    scene.deliver("a1 a2 -> p2: Promise 1.p2")
    scene.deliver("p2 -> a1 a2: Accept 1.p2")
    scene.expect_chosen('"red"')
    return scene
