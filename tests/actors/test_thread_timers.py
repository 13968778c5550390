"""The process's timers: one thread, in order of time, and no ring after close()."""

import threading
import time
from collections.abc import Iterator

import pytest

from actors.timers import ThreadTimers

DEADLINE_SECONDS = 5.0


@pytest.fixture
def timers() -> Iterator[ThreadTimers]:
    """Timers that run."""
    timers = ThreadTimers()
    timers.start()
    yield timers
    timers.close()


def test_a_timer_rings_after_its_time_and_not_before(timers: ThreadTimers) -> None:
    rung = threading.Event()
    begun_at = time.monotonic()
    timers.after(0.05, rung.set)
    assert rung.wait(DEADLINE_SECONDS)
    assert time.monotonic() - begun_at >= 0.05


def test_timers_ring_in_order_of_time_and_of_setting(timers: ThreadTimers) -> None:
    rung: list[str] = []
    done = threading.Event()
    timers.after(0.06, done.set)
    timers.after(0.03, lambda: rung.append("late"))
    for name in ("first", "second", "third"):
        timers.after(0.0, lambda name=name: rung.append(name))  # type: ignore[misc]
    assert done.wait(DEADLINE_SECONDS)
    assert rung == ["first", "second", "third", "late"]


def test_a_timer_may_set_another(timers: ThreadTimers) -> None:
    rung = threading.Event()
    timers.after(0.0, lambda: timers.after(0.0, rung.set))
    assert rung.wait(DEADLINE_SECONDS)


def test_nothing_rings_after_close() -> None:
    timers = ThreadTimers()
    timers.start()
    rung = threading.Event()
    timers.after(0.02, rung.set)
    timers.close()
    timers.close()
    timers.after(0.0, rung.set)
    assert not rung.wait(0.05)


def test_a_ring_may_close_the_timers() -> None:
    timers = ThreadTimers()
    timers.start()
    closed = threading.Event()

    def close() -> None:
        timers.close()
        closed.set()

    timers.after(0.0, close)
    assert closed.wait(DEADLINE_SECONDS)


def test_timers_that_were_never_started_close_too() -> None:
    ThreadTimers().close()
