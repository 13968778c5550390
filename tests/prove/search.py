"""`python -m tests.prove.search 1000000`: so many states of a decree with the real roles, and of a log of two slots."""

import sys

from redpaxos.simulation.exhaustive.case import DECREE, LOG_OF_TWO
from redpaxos.simulation.exhaustive.search import search


def main() -> int:
    """Search, say what was seen, and fail if a promise was broken."""
    wrong = 0
    for name, case in (("a decree", DECREE), ("a log of two slots", LOG_OF_TWO)):
        result = search(case, states=int(sys.argv[1]))
        wrong += result.counterexample is not None
        end = "all there are" if result.exhausted else f"every schedule of up to {result.depth} events"
        sys.stdout.write(f"{name}: {result.states} distinct states, {end}: {result.counterexample or 'nothing is wrong'}\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
