"""A soak that grows is told from one that does not."""

import math

import pytest

from tests.nemesis.arena import Round
from tests.nemesis.soak import MOST_GROWTH, Memory, check_memory, minutes_of


@pytest.mark.parametrize(
    ("megabytes", "growth"),
    [
        ([90.0] * 16, 1.0),
        # What a process takes until it keeps as much as it ever keeps does not count.
        ([40.0, 50.0, 60.0, 70.0, 80.0, 85.0] + [90.0] * 10, 1.0),
        ([80.0 + 5.0 * sample for sample in range(16)], (80 * 2 + 5 * 29) / (80 * 2 + 5 * 13)),
        # Too few to tell.
        ([80.0] * 7, math.inf),
        ([], math.inf),
    ],
)
def test_growth_is_the_end_over_what_it_was_once_it_was_warm(megabytes: list[float], growth: float) -> None:
    samples = [(float(second), [80.0, one]) for second, one in enumerate(megabytes)]
    assert Memory(samples).growth == pytest.approx(growth)


def test_an_eighth_is_one_of_the_time_however_many_samples_there_were() -> None:
    often = [(0.1 * tenth, [80.0]) for tenth in range(400)]
    seldom = [(40.0 + 10 * ten, [160.0]) for ten in range(5)]
    assert Memory([*often, *seldom]).eighths == [[80.0]] * 4 + [[160.0]] * 4


def test_a_leak_is_more_than_what_is_let_pass() -> None:
    assert Memory([(float(second), [80.0 + 2 * second]) for second in range(64)]).growth > MOST_GROWTH
    leaking = Round("soak", 7, 5, memory=[(float(second), [90.0, 80.0 + 2 * second]) for second in range(64)])
    with pytest.raises(AssertionError, match=r"seed 7: memory grew to 1\.\d+ times"):
        check_memory(leaking)


def test_only_the_time_of_the_strikes_is_soaked() -> None:
    assert minutes_of([Round("soak", 1, 5, seconds=4000.0, soaked_seconds=3600.4), Round("soak", 2, 5, soaked_seconds=3599.0)]) == 119
