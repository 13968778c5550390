"""Partitions: which directed links each kind of them cuts.

The last ones are those of Ng, Haridi and Carbone, "Omni-Paxos: Breaking the Barriers of Partial Connectivity" (2023), section 2: no node
is connected to everybody, or only one whose log is behind, and yet some node has a quorum.
"""

from itertools import pairwise

from redpaxos.simulation.plans.plan import Fault

Pair = tuple[str, str]

LINKS = ("one way", "isolated", "split", "flapping", "patchwork", "ring", "star", "bridge", "chain", "constrained")
"""Kinds of fault that cut links; `targets` names the nodes in order, and for a split `amount` says how many are on one side.

A patchwork cuts other links at random all `amount` seconds, so that each message reaches another part of the nodes. In a constrained
partition the first node is alone for half of the time, and then, with a log that is behind, the only one whom the others hear.
"""


def cut_links(fault: Fault) -> list[Pair]:
    """The directed links that a fault cuts among its targets when it begins."""
    names = fault.targets
    size = len(names)
    both = [(a, b) for a in names for b in names if a != b]
    kept: set[Pair] = set()
    match fault.kind:
        case "one way":
            return [(names[0], name) for name in names[1:]]
        case "isolated" | "flapping" | "constrained":
            return [pair for pair in both if names[0] in pair]
        case "split":
            side = set(names[: int(fault.amount)])
            return [(a, b) for a, b in both if (a in side) != (b in side)]
        case "patchwork":
            return []
        case "bridge":
            # Two halves that only the first node connects.
            side = set(names[1 : 1 + size // 2])
            return [(a, b) for a, b in both if names[0] not in (a, b) and (a in side) != (b in side)]
        case "star":
            return [pair for pair in both if names[0] not in pair]
        case "chain":
            kept = {pair for a, b in pairwise(names) for pair in ((a, b), (b, a))}
        case "ring":
            kept = {pair for a, b in pairwise((*names, names[0])) for pair in ((a, b), (b, a))}
    return [pair for pair in both if pair not in kept]
