"""An actor's inbox: what it is told, its timers, and a transport, all on one thread."""

import threading
import time

from actors.inbox import Inbox
from actors.timers import HeapTimers

DEADLINE_SECONDS = 5.0


class Socket:
    """A transport that counts how often it is attended, and puts what is left in it into the inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.waiting: list[str] = []
        self.attended: list[float] = []

    def wake_on(self, descriptor: int) -> None:
        """It has nothing to be woken from."""

    def attend(self, longest_seconds: float) -> None:
        """Deliver at once."""
        self.attended.append(longest_seconds)
        for item in self.waiting:
            self._inbox.put(item)
        self.waiting.clear()


def test_what_is_put_is_got_in_order() -> None:
    inbox = Inbox()
    inbox.put("first")
    inbox.put("second")
    assert not inbox.empty()
    assert [inbox.get(), inbox.get()] == ["first", "second"]
    assert inbox.empty()
    inbox.close()


def test_another_thread_wakes_the_one_that_waits() -> None:
    inbox = Inbox()
    got: list[object] = []

    def wait() -> None:
        inbox.attend(HeapTimers(), None)
        got.extend(inbox.get() for _ in range(3))

    waiting = threading.Thread(target=wait)
    waiting.start()
    for item in ("one", "two", "three"):
        inbox.put(item)
    waiting.join(DEADLINE_SECONDS)
    assert got == ["one", "two", "three"]
    inbox.close()


def test_a_timer_rings_while_the_actor_waits_and_not_before_its_time() -> None:
    inbox, timers = Inbox(), HeapTimers()
    inbox.attend(timers, None)
    begun_at = time.monotonic()
    timers.after(0.03, lambda: inbox.put("rung"))
    assert inbox.get() == "rung"
    assert time.monotonic() - begun_at >= 0.03
    inbox.close()


def test_timers_ring_in_order_of_time_and_of_setting() -> None:
    timers, rung = HeapTimers(), list[str]()
    timers.after(60.0, lambda: rung.append("late"))
    for name in ("first", "second", "third"):
        timers.after(0.0, lambda name=name: rung.append(name))  # type: ignore[misc]
    assert 0 < timers.ring_due(100.0) <= 60.0
    assert rung == ["first", "second", "third"]


def test_a_timer_may_set_another_that_is_due() -> None:
    timers, rung = HeapTimers(), list[str]()
    timers.after(0.0, lambda: timers.after(0.0, lambda: rung.append("second")))
    assert timers.ring_due(7.0) == 7.0
    assert rung == ["second"]


def test_the_transport_is_waited_on_until_the_next_timer() -> None:
    inbox, timers = Inbox(), HeapTimers()
    socket = Socket(inbox)
    inbox.attend(timers, socket)
    timers.after(30.0, lambda: None)
    socket.waiting.append("arrived")
    assert inbox.get() == "arrived"
    assert 29.0 < socket.attended[0] <= 30.0
    inbox.close()


def test_what_has_arrived_is_taken_in_before_each_message_without_waiting() -> None:
    inbox = Inbox()
    socket = Socket(inbox)
    inbox.attend(HeapTimers(), socket)
    inbox.put("told")
    socket.waiting.append("arrived")
    assert [inbox.get(), inbox.get()] == ["told", "arrived"]
    assert socket.attended == [0.0, 0.0]
    inbox.close()


def test_nobody_is_woken_after_the_close() -> None:
    inbox = Inbox()
    inbox.close()
    inbox.close()
    inbox.put("late")
    assert not inbox.empty()
