"""Signs of life: a timer that ran out is extended to one time-out after the last sign."""

from paxos.signs import Signs


def test_a_timer_runs_on_for_as_long_as_the_last_sign_came_after_it_began() -> None:
    signs = Signs()
    signs.begin()
    signs.date(1000)
    seen = [signs.is_fresh]
    signs.date(1050)
    signs.note()
    signs.date(1080)
    seen.append(signs.is_fresh)
    assert signs.extend() == 0.08
    assert [*seen, signs.is_fresh] == [False, True, False]


def test_what_is_seen_after_that_counts_from_there() -> None:
    signs = Signs()
    signs.begin()
    signs.date(1000)
    for now in (1080, 1200):
        signs.note()
        signs.date(now)
        signs.note()
        signs.date(now + 10)
    assert signs.extend() == 0.21
    signs.note()
    signs.date(1300)
    assert signs.extend() == 0.09


def test_a_new_beginning_forgets_what_came_before() -> None:
    signs = Signs()
    signs.note()
    signs.begin()
    signs.date(1000)
    seen = [signs.is_fresh]
    signs.note()
    signs.begin()
    signs.note()
    signs.date(1100)
    assert [*seen, signs.is_fresh] == [False, True]
    assert signs.extend() == 0.0


def test_time_that_passes_without_a_sign_does_not_extend_a_timer() -> None:
    signs = Signs()
    signs.begin()
    signs.date(1000)
    signs.note()
    signs.date(1100)
    signs.date(1200)
    assert signs.extend() == 0.1
