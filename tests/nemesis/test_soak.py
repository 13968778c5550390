"""A soak that grows is told from one that does not."""

import pytest

from tests.nemesis.soak import MOST_GROWTH, Memory


@pytest.mark.parametrize(
    ("megabytes", "growth"),
    [
        ([90.0] * 16, 1.0),
        # What a process takes until it keeps as much as it ever keeps does not count.
        ([40.0, 50.0, 60.0, 70.0, 80.0, 85.0] + [90.0] * 10, 1.0),
        ([80.0 + 5.0 * sample for sample in range(16)], (80 * 2 + 5 * 29) / (80 * 2 + 5 * 13)),
        ([80.0, 300.0], 1.0),
    ],
)
def test_growth_is_the_end_over_what_it_was_once_it_was_warm(megabytes: list[float], growth: float) -> None:
    samples = [(float(second), [80.0, one]) for second, one in enumerate(megabytes)]
    assert Memory(samples).growth == pytest.approx(growth)


def test_a_leak_is_more_than_what_is_let_pass() -> None:
    assert Memory([(float(second), [80.0 + 2 * second]) for second in range(64)]).growth > MOST_GROWTH
