"""The harness measures something: a quick run where nothing leaves the process."""

import json
from io import StringIO
from math import nan
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from rich.console import Console

from benchmarks.bench import QUICK, run_bench
from benchmarks.catch_up import Plan as CatchUp
from benchmarks.catch_up import print_catch_up, run_catch_up
from benchmarks.failover import Plan as Failover
from benchmarks.failover import print_outcome, run_failover
from benchmarks.measuring import Job, Measured, Sample, histogram, merge, percentile, summarise
from benchmarks.peers.ratios import ratios
from benchmarks.plots import bars
from benchmarks.report import print_run, write_json
from benchmarks.rounds import Case, Result
from benchmarks.soak import Plan as SoakPlan
from benchmarks.soak import Reading, Soak, print_soak, run_soak
from benchmarks.storage import run_storage, storage_table


def test_a_quick_run_measures_every_case_and_prints_and_writes_it(tmp_path: Path) -> None:
    plan = msgspec.structs.replace(QUICK, systems=("memory",), seconds=0.1)

    run = run_bench(plan, lambda _: None, tmp_path)

    assert {(result.case.job.load, result.case.job.style) for result in run.results} >= {
        ("log", "client"),
        ("log", "each"),
        ("decree", "each"),
    }
    assert all(measured.total > 0 for result in run.results for measured in result.rounds)
    console = Console(record=True, width=140, quiet=True)
    print_run(run, console)
    write_json(run, tmp_path / "run.json")
    assert len(json.loads((tmp_path / "run.json").read_text())["results"]) == len(run.results)


def test_the_stores_are_measured_with_the_same_writes(tmp_path: Path) -> None:
    results = run_storage(1, 0.01, lambda _: None, tmp_path)

    assert {tuple(by_store) for by_store in results.values()} == {("journal", "sqlite")}
    assert all(each.per_second > 0 and each.p50_micros <= each.p99_micros for by_store in results.values() for each in by_store.values())
    assert storage_table(results).row_count == 2 * len(results)
    assert not list(tmp_path.iterdir())


@pytest.mark.server
@pytest.mark.processes
def test_a_short_soak_sees_memory_and_latency_and_holds_its_end_against_its_beginning(tmp_path: Path) -> None:
    found = run_soak(SoakPlan(seconds=3.0, warm_seconds=0.5, sample_seconds=0.5), lambda _: None, tmp_path)

    assert len(found.readings) > 1
    assert any(one.per_second > 0 and one.p50 <= one.p99 for one in found.readings)
    assert all(one.megabytes["nodes"] > 3 * 20 for one in found.readings)
    said = StringIO()
    print_soak(found, Console(file=said, width=140))
    assert "last / first" in said.getvalue()
    assert not list(tmp_path.iterdir())


def test_the_parts_of_a_soak_are_eighths_and_a_few_samples_stand_for_themselves() -> None:
    readings = [Reading(float(number), 100.0 + number, 0.001, 0.002, {"nodes": 200.0 + number}) for number in range(17)]

    assert [(part.at_seconds, part.per_second, part.megabytes["nodes"]) for part in Soak({}, readings).parts()][:2] == [
        (1.0, 100.5, 200.5),
        (3.0, 102.5, 202.5),
    ]
    assert [len(Soak({}, readings[:count]).parts()) for count in (1, 3, 8, 15, 17)] == [1, 3, 8, 8, 8]
    assert Soak({}, readings[:15]).parts()[-1].at_seconds == 14.0


def test_percentiles_are_true_to_a_per_cent() -> None:
    counts = histogram(number / 1000 for number in range(1, 1001))

    assert percentile(counts, 0.5) == pytest.approx(0.5, rel=0.011)
    assert percentile(counts, 0.99) == pytest.approx(0.99, rel=0.011)


def test_clients_add_up_but_the_work_that_they_compete_for_counts_once() -> None:
    samples = [Sample(10, 1.0, 12, {1: 10}, 0.5), Sample(20, 1.0, 22, {1: 15, 2: 5}, 0.25)]

    assert merge(samples, {}, 1.0).per_second == 30
    assert merge(samples, {}, 1.0, same_work=True).per_second == 20
    assert merge(samples, {}, 1.0).histogram == {1: 25, 2: 5}


def test_a_summary_is_the_median_of_its_rounds_with_their_spread() -> None:
    rounds = [Measured(rate, {1: 1}, 0.5, {"nodes": 1.0}, 1.0, 100, 0) for rate in (80.0, 100.0, 130.0)]

    summary = summarise(rounds)

    assert summary.per_second == 100
    assert summary.spread == pytest.approx(0.5)
    assert summary.cpu_micros_per_command == {"nodes": 10_000.0}


def test_a_ratio_is_taken_within_each_round() -> None:
    def result(system: str, rates: list[float]) -> Result:
        rounds = [Measured(rate, {700: 10}, 0.1, {}, 1.0, 10, 0) for rate in rates]
        return Result(Case(system, Job("log", 1, 1.0)), summarise(rounds), rounds)

    (found,) = ratios([result("redpaxos, Unix socket", [100, 300, 90]), result("etcd", [50, 100, 30])])

    assert found.per_second == 3
    assert found.per_second_range == pytest.approx((2.0, 3.0))
    assert found.p99 == 1


def test_a_plot_is_an_svg_with_a_bar_for_each_figure() -> None:
    picture = ElementTree.fromstring(bars("a <title>", "commands", ["1", "10"], {"one": [3.0, 4000.0], "other": [nan, 70.0]}))

    # Two of the rectangles belong to the legend.
    assert len(picture.findall("{http://www.w3.org/2000/svg}rect")) == 2 + 3


@pytest.mark.processes
@pytest.mark.server
def test_a_leader_that_goes_leaves_a_gap_and_every_write(tmp_path: Path) -> None:
    outcome = run_failover(Failover("transfer", round_count=1, outstanding=4, steady_count=20), lambda _: None, tmp_path)

    assert 0 < outcome.gaps[0] < 10
    assert outcome.found_count == 4
    console = Console(record=True, width=140, file=StringIO())
    print_outcome(outcome, console)
    assert "of 4 keys each has its last one" in console.export_text()


@pytest.mark.processes
@pytest.mark.server
def test_a_node_that_was_away_comes_back_and_follows(tmp_path: Path) -> None:
    outcome = run_catch_up(CatchUp(500, outstanding=10, steady_seconds=0.5), lambda _: None, tmp_path)

    assert outcome.behind_slots >= 0
    assert min(outcome.with_all, outcome.without_it, outcome.after) > 0
    assert list(tmp_path.iterdir()) == []
    console = Console(record=True, width=140, file=StringIO())
    print_catch_up(outcome, console)
    assert "commands a second" in console.export_text()
