"""Each known mistake of the field in one readable schedule: the real roles get through, the mistaken role does not.

The ladder that a script draws is kept beside it, under ladders/, for people to read; `python -m tests.transcripts.write` draws them
again after a change.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from redpaxos.simulation.scripted.scene import Scene, Violation
from tests.simulation import planted_roles as planted
from tests.transcripts import decree_scripts as decree
from tests.transcripts import log_scripts as log

Script = Callable[[], Scene]

LADDERS = Path(__file__).parent / "ladders"

NO_TRAP: tuple[Script, ...] = (
    decree.one_value_is_chosen,
    log.a_leader_needs_one_phase_a_slot,
    log.an_admitted_store_takes_part_again_at_once,
)

# Script, the role that falls into the trap, and how its fall begins to be told.
TRAPS: tuple[tuple[Script, type, str], ...] = (
    (decree.a_round_is_never_used_twice, planted.ReusesItsBallot, "one value a ballot: "),
    (decree.a_promise_outlives_a_crash, planted.ForgetsThePromise, "the promise fell"),
    (decree.a_vote_outlives_a_crash, planted.ForgetsTheVote, "agreement: slot 0 has two chosen values"),
    (decree.an_accept_above_the_promise_raises_it, planted.VotesWithoutPromising, "the promise fell"),
    (decree.a_prepare_with_an_equal_round_is_refused, planted.PromisesAnEqualRound, "Promise at 1.p1 after one at 1.p2"),
    (decree.an_accept_at_the_promised_ballot_is_taken, planted.RefusesAnEqualBallot, "chosen for slot 0: found []"),
    (decree.the_highest_vote_is_kept, planted.TakesAnyVote, "agreement: slot 0 has two chosen values"),
    (decree.a_duplicated_promise_counts_once, planted.CountsPromisesTwice, "sent as"),
    (decree.a_duplicated_vote_counts_once, planted.CountsVotesTwice, "agreement: l1 learned red"),
    (decree.votes_of_different_ballots_never_add_up, planted.AddsBallotsTogether, "agreement: l1 learned red"),
    (decree.one_vote_convinces_nobody, planted.BelievesOneAcceptor, "agreement: l1 learned red"),
    (decree.a_late_promise_changes_nothing, planted.ReconsidersOnALatePromise, "one value a ballot: "),
    (decree.null_is_a_value, planted.TakesNullForNothing, "agreement: slot 0 has two chosen values"),
    (decree.an_empty_value_is_a_value, planted.TakesNullForNothing, "agreement: slot 0 has two chosen values"),
    (decree.duelling_proposers_end, planted.AcceptsBelowThePromise, "Accepted at 1.p1 after one at 1.p2"),
    (decree.a_refused_proposer_goes_straight_above, planted.GoesUpByOne, "sent as"),
    (decree.an_old_refusal_is_ignored, planted.HeedsAnyNack, "no such message is under way: p1 -> a1 a2: Accept"),
    (decree.a_promise_for_an_old_ballot_does_not_count, planted.CountsPromisesOfAnyBallot, "sent as"),
    (decree.a_proposer_that_missed_the_choice_repeats_it, planted.IgnoresVotes, "agreement: slot 0 has two chosen values"),
    (decree.a_proposer_that_missed_the_choice_repeats_it, planted.RepliesWithoutVotes, "agreement: slot 0 has two chosen values"),
    (decree.a_stale_accept_is_refused, planted.AcceptsBelowThePromise, "Accepted at 1.p1 after one at 1.p2"),
    (decree.a_ghost_is_never_called_not_done, planted.DisownsWhatItProposed, "answered to c1: found"),
    (log.a_gap_is_filled, planted.LeavesGaps, "no such message is under way: p2 -> a2 a3 l1: Accept 1.p2 slot 0 NOOP"),
    (log.a_value_known_to_a_dead_leader_only, planted.IgnoresVotes, "agreement: slot 0 has two chosen values"),
    (log.two_leaders_at_once, planted.AcceptsBelowThePromise, "Accepted at 1.p1 after one at 1.p2"),
    (log.a_command_through_two_leaders_executes_once, planted.ForgetsIds, "executed by l1: found"),
    (log.a_leader_that_missed_a_value_finds_it, planted.IgnoresVotes, "agreement: slot 0 has two chosen values"),
    (log.an_empty_disk_is_not_admitted, planted.HearsBeforeItsAdmission, "agreement: slot 0 has two chosen values"),
)

SCRIPTS: tuple[Script, ...] = tuple(dict.fromkeys((*NO_TRAP, *(script for script, _, _ in TRAPS))))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_the_real_roles_get_through(script: Script) -> None:
    assert script().ladder() == (LADDERS / f"{script.__name__}.txt").read_text()


@pytest.mark.parametrize(
    ("script", "mistake", "fall"), TRAPS, ids=[f"{script.__name__}-{mistake.__name__}" for script, mistake, _ in TRAPS]
)
def test_a_mistaken_role_falls_into_the_trap(script: Script, mistake: type, fall: str) -> None:
    with planted.planted(**{mistake.__mro__[1].__name__: mistake}), pytest.raises(Violation) as violation:
        script()
    assert str(violation.value).startswith(fall)


def test_every_ladder_that_is_kept_belongs_to_a_script() -> None:
    assert {path.stem for path in LADDERS.iterdir()} == {script.__name__ for script in SCRIPTS}
