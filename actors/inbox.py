"""A role's inbox: what Pykka puts, the actor's timers, and what its transport brings, all waited for by the actor's own thread.

Pykka asks three things of an inbox: put, get and empty. This one waits on the transport's socket where the transport can be owned, and
on a pipe that other threads write to; so a message travels from the socket to the role without a hand-over between threads, and a timer
needs no thread. With a transport that has a thread of its own, that thread puts, and wakes this one.
"""

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from actors.timers import HeapTimers

_LONGEST_SECONDS = 60.0


class Owned(Protocol):
    """A transport that its owner's thread waits on."""

    def wake_on(self, descriptor: int) -> None:
        """Let attend() return as soon as this file is readable."""
        ...

    def attend(self, longest_seconds: float) -> None:
        """Wait until something arrives, the waker is readable or the time is over, and deliver what arrived."""
        ...


class Inbox:
    """put() by any thread; all the rest by the actor's own."""

    def __init__(self) -> None:
        self._told: deque[Any] = deque()
        self._timers = HeapTimers()
        # The thread that gets; None until it has come.
        self._owner: int | None = None
        # A pipe that other threads write to, once until it is read, so that it never fills; below 0 while there is no owner to wake.
        self._reading = self._writing = -1
        self._is_woken = False
        self._lock = threading.Lock()
        self._wait: Callable[[float], object] = _do_not_wait

    def attend(self, timers: HeapTimers, transport: Owned | None) -> None:
        """Mind these from here on, on the thread that calls; once, before the first get()."""
        with self._lock:
            self._reading, self._writing = os.pipe()
        self._owner = threading.get_ident()
        self._timers = timers
        if transport is not None:
            transport.wake_on(self._reading)
            self._wait = transport.attend
        else:
            poller = select.poll()
            poller.register(self._reading, select.POLLIN)
            self._wait = lambda seconds: poller.poll(seconds * 1000)

    def put(self, message: Any) -> None:
        """Leave a message, and wake the actor."""
        self._told.append(message)
        if threading.get_ident() == self._owner:
            return
        with self._lock:
            if self._is_woken or self._writing < 0:
                return
            self._is_woken = True
            os.write(self._writing, b"!")

    def empty(self) -> bool:
        """Whether no message waits."""
        return not self._told

    def get(self) -> Any:
        """The next message; before each, what has arrived is taken in, so that one drain covers as much as there is."""
        if self._owner is None:
            self.attend(self._timers, None)
        while True:
            seconds = self._timers.ring_due(_LONGEST_SECONDS)
            self._wait(0.0 if self._told else seconds)
            if self._is_woken:
                self._calm()
            if self._told:
                return self._told.popleft()

    def close(self) -> None:
        """Release the pipe; nobody is woken any more."""
        with self._lock:
            reading, self._reading = self._reading, -1
            writing, self._writing = self._writing, -1
        for descriptor in (reading, writing):
            if descriptor >= 0:
                os.close(descriptor)

    def _calm(self) -> None:
        """Note that this thread is awake."""
        with self._lock:
            self._is_woken = False
            if self._reading >= 0:
                os.read(self._reading, 1)


def _do_not_wait(seconds: float) -> None:
    """Nobody gets yet."""
