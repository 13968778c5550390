"""The general engines can fail too: a sample of the catalogue, each found again without knowing what to look for."""

import pytest

from redpaxos.simulation.runs.minimize import Minimizer
from redpaxos.simulation.runs.running import run
from redpaxos.simulation.runs.story import picture
from tests.planted.catalogue.all import BY_NAME, MISTAKES
from tests.planted.engines import simulate
from tests.planted.ledger import PAGE, page, read
from tests.planted.planting import Mistake, planted

LEDGER = read()
SOON = 2
SEED_COUNT = 120

SAMPLE = [
    mistake
    for mistake in MISTAKES
    if (finding := LEDGER.finding(mistake, "simulation")) is not None and finding.found and finding.count <= SOON
]
"""What the ledger says the simulator found within a few seeds; here it may take many more, since seeds mean other runs as code changes."""


def test_the_general_engines_found_most_mistakes() -> None:
    assert sum(map(LEDGER.is_found, MISTAKES)) >= 45
    assert len(SAMPLE) >= 12


@pytest.mark.parametrize("mistake", SAMPLE, ids=lambda mistake: mistake.name)
def test_the_simulator_finds_a_mistake_by_its_own_seeds(mistake: Mistake) -> None:
    with planted(mistake):
        assert simulate(SEED_COUNT).found


def test_what_is_called_decided_and_was_not_breaks_agreement() -> None:
    with planted(BY_NAME["an informer tells the slot after the one that was decided"]):
        violation = next(result.violation for result in map(run, range(SEED_COUNT)) if result.violation is not None)
    assert violation.invariant == "agreement"
    assert "decided" in violation.text


def test_the_page_shows_what_is_in_the_ledger() -> None:
    assert PAGE.read_text() == page(LEDGER), "python -m tests.planted --draw draws it anew"


def test_a_failing_run_shrinks_to_a_few_messages_and_still_fails() -> None:
    with planted(BY_NAME["a proposer is content with any promise"]):
        failing = next(result for result in map(run, range(SEED_COUNT)) if result.violation is not None)
        small = Minimizer(failing, run_count=200).minimize()
    assert small.violation is not None
    assert failing.violation is not None
    assert small.violation.invariant == failing.violation.invariant
    assert len(small.carried) - len(small.plan.muted) < len(failing.carried) / 4
    assert small.violation.invariant in picture(small)
