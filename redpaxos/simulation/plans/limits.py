"""Limits of the code that only large clusters reach, made small for the chaos of a run, so that small runs reach them too.

Pages of votes, the horizon of a learner or the number of groups kept in memory change nothing about what is right. A run that squeezes
them goes down the paths that a production cluster takes after a million slots.
"""

import contextlib
import importlib
from collections.abc import Iterable, Iterator
from random import Random

Limit = tuple[str, str, int]
"""A module, a constant of it, and its value for the run."""

_SMALL = {
    ("paxos.acceptor", "_PAGE_BYTES"): (1, 100),
    ("paxos.acceptor", "_WATERMARK_STRIDE"): (1, 3),
    ("paxos.learner", "_HORIZON_SLOTS"): (1, 4),
    ("paxos.phases", "_RESEND_SLOTS"): (1, 3),
    ("actors.base", "_DRAIN_COUNT"): (1, 3),
    ("actors.framing", "_FRAME_BYTES"): (1, 200),
    ("actors.casts", "_CAST_COUNT"): (1, 4),
}


def draw_limits(chance: Random) -> tuple[Limit, ...]:
    """Each small limit with an even chance, in half of the runs."""
    if chance.random() < 0.5:
        return ()
    return tuple((module, name, chance.choice(values)) for (module, name), values in _SMALL.items() if chance.random() < 0.5)


@contextlib.contextmanager
def squeezed(limits: Iterable[Limit]) -> Iterator[None]:
    """These limits hold inside the `with`."""
    before = []
    try:
        for module_name, name, value in limits:
            module = importlib.import_module(module_name)
            before.append((module, name, getattr(module, name)))
            setattr(module, name, value)
        yield
    finally:
        for module, name, value in reversed(before):
            setattr(module, name, value)
