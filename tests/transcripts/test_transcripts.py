"""Each known mistake of the field in one readable schedule: the real roles get through, and mistaken ones do not (tests/planted).

The ladder that a script draws is kept beside it, under ladders/, for people to read; `python -m tests.transcripts.write` draws them
again after a change.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from redpaxos.simulation.scripted.scene import Scene
from tests.transcripts import decree_scripts as decree
from tests.transcripts import first_ballot_scripts as first
from tests.transcripts import log_scripts as log

Script = Callable[[], Scene]

LADDERS = Path(__file__).parent / "ladders"

NO_TRAP: tuple[Script, ...] = (
    decree.one_value_is_chosen,
    first.a_first_ballot_needs_no_phase_1,
    first.a_first_ballot_gives_way_to_a_promise,
    log.a_leader_needs_one_phase_a_slot,
    log.an_admitted_store_takes_part_again_at_once,
)

# For each a mistake is planted that falls into the trap: tests/planted.
TRAPS: tuple[Script, ...] = (
    first.a_first_ballot_is_never_used_twice,
    decree.a_round_is_never_used_twice,
    decree.a_promise_outlives_a_crash,
    decree.a_vote_outlives_a_crash,
    decree.an_accept_above_the_promise_raises_it,
    decree.a_prepare_with_an_equal_round_is_refused,
    decree.an_accept_at_the_promised_ballot_is_taken,
    decree.the_highest_vote_is_kept,
    decree.a_duplicated_promise_counts_once,
    decree.a_duplicated_vote_counts_once,
    decree.votes_of_different_ballots_never_add_up,
    decree.one_vote_convinces_nobody,
    decree.a_late_promise_changes_nothing,
    decree.null_is_a_value,
    decree.an_empty_value_is_a_value,
    decree.duelling_proposers_end,
    decree.a_refused_proposer_goes_straight_above,
    decree.an_old_refusal_is_ignored,
    decree.a_promise_for_an_old_ballot_does_not_count,
    decree.a_proposer_that_missed_the_choice_repeats_it,
    decree.a_stale_accept_is_refused,
    decree.a_ghost_is_never_called_not_done,
    log.a_gap_is_filled,
    log.a_value_known_to_a_dead_leader_only,
    log.two_leaders_at_once,
    log.a_leader_learns_what_another_decided,
    log.a_command_through_two_leaders_executes_once,
    log.a_leader_that_missed_a_value_finds_it,
    log.an_empty_disk_is_not_admitted,
)

SCRIPTS = NO_TRAP + TRAPS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_the_real_roles_get_through(script: Script) -> None:
    assert script().ladder() == (LADDERS / f"{script.__name__}.txt").read_text()


def test_every_ladder_that_is_kept_belongs_to_a_script() -> None:
    assert {path.stem for path in LADDERS.iterdir()} == {script.__name__ for script in SCRIPTS}
