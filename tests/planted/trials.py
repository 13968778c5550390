"""Trials: a mistake is planted in a process of its own, and it is seen who finds it.

A process tries many, one after the other, so that a trial costs little more than the test that it runs.
"""

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest
from msgspec import Struct

from tests.planted.planting import ROOT, Mistake, planted

_OPTIONS = (
    "--quiet",
    "--exitfirst",
    "--no-cov",
    "--timeout=30",
    "-p",
    "no:cacheprovider",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)


class Verdict(Struct, frozen=True):
    """What a test said of the code with the mistakes in it."""

    # Whether it ran and failed, as a test should.
    failed: bool
    # How it failed, or why it cannot tell.
    text: str


def pool(jobs: int | None = None) -> ProcessPoolExecutor:
    """Processes for trials, as many as there are cores."""
    return ProcessPoolExecutor(jobs or os.cpu_count(), mp_context=get_context("spawn"))


def by_test(mistakes: tuple[Mistake, ...], test: str) -> Verdict:
    """Run one test with the mistakes made; called in a process of its own."""
    _be_silent()
    watch = _Watch()
    with planted(*mistakes):
        code = pytest.main([str(ROOT / test), f"--rootdir={ROOT}", *_OPTIONS], plugins=[watch])
    return Verdict(code == pytest.ExitCode.TESTS_FAILED, watch.text or f"pytest ended with {code!r}")


class _Watch:
    """Hears how the first test failed."""

    text = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.text:
            self.text = report.longreprtext

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.text:
            self.text = report.longreprtext


def _be_silent() -> None:
    """Keep what pytest writes in this process from the terminal of the one that asked."""
    sys.stdout.flush()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
