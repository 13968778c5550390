"""Runs clusters under link graphs; `python -m tests.simulation.link_graphs 2000` tries so many of five nodes, for a longer run."""

import sys
from collections.abc import Iterable

from redpaxos.simulation.runs.graphs import Graph, GraphRun, some_graphs


def faults_under(size: int, graphs: Iterable[Graph], seeds: int = 1) -> list[str]:
    """What went wrong under these graphs, cut from the beginning, and when somebody leads already."""
    found = []
    for number, graph in enumerate(graphs):
        for seed in range(seeds):
            for settles in (False, True):
                run = GraphRun(size, 1000 * seed + number)
                if settles:
                    run.settle()
                if fault := run.judge(graph).fault:
                    found.append(f"seed {1000 * seed + number}, {'led' if settles else 'from the beginning'}: {fault}")
    return found


def main() -> None:
    """Say what was found, and exit with 1 if anything was."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 64
    found = faults_under(5, some_graphs(5, count, seed=2))
    sys.stdout.write(
        "\n".join([*found, f"{count} graphs of five nodes, each from the beginning and under a leader: {len(found)} faults\n"])
    )
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
