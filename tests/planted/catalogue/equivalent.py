"""Changes that look like mistakes and are none: what each would break cannot happen, and why is said of it."""

from tests.planted.planting import Mistake

EQUIVALENT = (
    Mistake(
        "an acceptor lets go of a vote in the drain that writes it",
        "paxos/acceptor.py",
        "self._settled.discard(message.slot)",
        "pass",
        "nothing: the flush that lets go of it belongs to the drain at whose end it is written, and nobody asks between the two",
        "",
    ),
    Mistake(
        "an acceptor asks its disk for old votes where there are none",
        "paxos/acceptor.py",
        "if first_slot < self.chosen_through else []",
        "if first_slot <= self.chosen_through else []",
        "nothing: the range that it asks for is empty",
        "",
    ),
    Mistake(
        "a learner asks where it is stuck and misses nothing",
        "paxos/learner.py",
        "stuck = self.next_slot == self._waiting_at < self.known_end",
        "stuck = self.next_slot == self._waiting_at <= self.known_end",
        "nothing: the timer runs only while something is missing, and what is known to be chosen never becomes less",
        "",
    ),
)
