"""Pure roles decide in one process, and are measured beside others."""

from io import StringIO

import pytest
from rich.console import Console

from benchmarks.load.one_by_one import decide_for
from benchmarks.load.roles_load import KINDS, RolesLoad, Stage
from benchmarks.measuring import Job
from benchmarks.peers.ratios import ratios
from benchmarks.report import print_run
from benchmarks.roles import Plan, cases_of, run_roles
from benchmarks.systems.pure_roles import ESSENTIAL, is_installed


@pytest.mark.parametrize("kind", KINDS)
def test_a_decree_is_learned_when_nothing_is_under_way_any_more(kind: str) -> None:
    stage = Stage(kind)

    assert stage.decide("colour", b"blue")
    assert stage.decide("size", b"large")
    assert RolesLoad().run(Job("role", 1, 0.05, style=kind, prefix="p")).total > 0


def test_what_is_not_learned_is_not_counted() -> None:
    with pytest.raises(RuntimeError, match="decree 0"):
        decide_for(Job("role", 1, 0.05), lambda name, value: False)


def test_ours_are_compared_in_both_styles() -> None:
    cases = cases_of(Plan(1, 1.0), ["redpaxos, pure roles", ESSENTIAL])

    assert [(case.system, case.job.style) for case in cases] == [
        ("redpaxos, pure roles", "roles"),
        ("redpaxos, pure roles", "casts"),
        (ESSENTIAL, "roles"),
    ]


@pytest.mark.processes
def test_each_runs_in_a_process_of_its_own_and_who_is_not_installed_is_named() -> None:
    run = run_roles(Plan(round_count=1, seconds=0.1), lambda _: None)

    assert all(result.rounds[0].total > 0 for result in run.results)
    assert (ESSENTIAL in run.systems) == is_installed()
    assert (f"left out: {ESSENTIAL}" in run.conditions) != is_installed()
    assert [ratio.style for ratio in run.ratios] == (["roles", "casts"] if is_installed() else [])
    assert run.ratios == ratios(run.results)
    console = Console(record=True, width=140, file=StringIO())
    print_run(run, console)
    assert "decrees" in console.export_text()
