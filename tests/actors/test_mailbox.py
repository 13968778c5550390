"""The mailbox: bounded, handed over whole, and one wake-up for however much arrives."""

import threading

from actors.mailbox import Mailbox


def test_everything_that_waits_is_taken_at_once_oldest_first() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for item in range(5):
        mailbox.put(item)
    assert mailbox.take(100) == [0, 1, 2, 3, 4]
    assert mailbox.take(100) == []


def test_the_actor_is_woken_once_until_it_takes() -> None:
    mailbox: Mailbox[int] = Mailbox()
    wakes: list[str] = []
    mailbox.attach(lambda: wakes.append("wake"))
    assert wakes == []
    mailbox.put(1)
    mailbox.put(2)
    assert len(wakes) == 1
    mailbox.take(100)
    mailbox.put(3)
    assert len(wakes) == 2


def test_what_arrived_before_the_actor_was_attached_is_announced() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    wakes: list[str] = []
    mailbox.attach(lambda: wakes.append("wake"))
    mailbox.put(2)
    assert len(wakes) == 1


def test_what_does_not_fit_is_dropped_and_counted() -> None:
    mailbox: Mailbox[int] = Mailbox(limit_bytes=1000)
    for item in range(10):
        mailbox.put(item)
    assert mailbox.take(100) == [0, 1, 2, 3, 4]
    assert mailbox.dropped_count == 5
    mailbox.put(10, 900)
    assert mailbox.take(100) == []
    mailbox.put(11, 800)
    assert mailbox.take(100) == [11]


def test_what_may_not_be_dropped_is_not() -> None:
    mailbox: Mailbox[int] = Mailbox(limit_bytes=0)
    mailbox.put(1)
    mailbox.remind(2)
    assert mailbox.take(100) == [2]
    assert mailbox.dropped_count == 1


def test_the_actor_is_woken_again_for_what_is_over_the_limit() -> None:
    mailbox: Mailbox[int] = Mailbox()
    wakes: list[str] = []
    mailbox.attach(lambda: wakes.append("wake"))
    for item in range(5):
        mailbox.put(item)
    assert mailbox.take(3) == [0, 1, 2]
    assert len(wakes) == 2
    mailbox.put(5)
    assert len(wakes) == 2
    assert mailbox.take(3) == [3, 4, 5]
    assert len(wakes) == 2


def test_nothing_is_lost_between_many_threads_and_one_taker() -> None:
    mailbox: Mailbox[tuple[int, int]] = Mailbox()
    woken = threading.Semaphore(0)
    mailbox.attach(woken.release)

    def fill(name: int) -> None:
        for item in range(500):
            mailbox.put((name, item))

    threads = [threading.Thread(target=fill, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    taken: list[tuple[int, int]] = []
    while len(taken) < 2000:
        assert woken.acquire(timeout=5)
        taken += mailbox.take(100)
    for name in range(4):
        assert [item for who, item in taken if who == name] == list(range(500))
    for thread in threads:
        thread.join()
