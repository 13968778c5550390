"""The harness measures something: a quick run where nothing leaves the process."""

import json
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from benchmarks.bench import QUICK, run_bench
from benchmarks.measuring import Measured, Sample, histogram, merge, percentile, summarise
from benchmarks.report import print_run, write_json


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
