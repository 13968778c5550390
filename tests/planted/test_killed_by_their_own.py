"""Every mistake of the catalogue is found by the test that it names, and a pair only where both mistakes were made."""

from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from tests.planted.catalogue.all import MISTAKES, PAIRS
from tests.planted.planting import Mistake, Pair
from tests.planted.trials import Verdict, by_test, pool

pytestmark = pytest.mark.timeout(300)

Trials = dict[tuple[str, ...], Future[Verdict]]


@pytest.fixture(scope="module")
def trials(request: pytest.FixtureRequest) -> Iterator[Trials]:
    """The trials of all tests that were asked for, under way on every core."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function) and item.module is request.module]
    cases = [case for test in tests for case in test.callspec.params.values()]
    wanted: list[tuple[tuple[Mistake, ...], str]] = [((case,), case.test) for case in cases if isinstance(case, Mistake)]
    pairs = [case for case in cases if isinstance(case, Pair)]
    wanted += [(mistakes, pair.test) for pair in pairs for mistakes in ((pair.first,), (pair.second,), (pair.first, pair.second))]
    with pool() as processes:
        yield {(*_names(mistakes), test): processes.submit(by_test, mistakes, test) for mistakes, test in wanted}
        processes.shutdown(cancel_futures=True)


def _names(mistakes: tuple[Mistake, ...]) -> tuple[str, ...]:
    return tuple(mistake.name for mistake in mistakes)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_found_by_its_own_test(mistake: Mistake, trials: Trials) -> None:
    verdict = trials[mistake.name, mistake.test].result()
    assert verdict.failed, f"{mistake.test} overlooks it: {verdict.text}"
    assert mistake.told in verdict.text


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair.first.name} and {pair.second.name}")
def test_a_pair_of_mistakes_is_found_although_each_hides_the_other(pair: Pair, trials: Trials) -> None:
    for alone in (pair.first, pair.second):
        assert not trials[alone.name, pair.test].result().failed, f"{alone.name} is found alone"
    assert trials[pair.first.name, pair.second.name, pair.test].result().failed
