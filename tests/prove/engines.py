"""The engines of the long proof: what each is called, how it is run, and how much of it is asked for.

Each is a command of its own, which says what it finds and ends with 0 if that is nothing. Most keep in a file how far they are, and go
on from there.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

Command = list[str]


class Engine(Struct, frozen=True):
    """One engine."""

    name: str
    # What is counted.
    unit: str
    count: int
    # The command for a count, and for a directory to keep its state in.
    command: Callable[[int, Path], Command]


def _module(name: str, *arguments: object) -> Command:
    return [sys.executable, "-m", name, *map(str, arguments)]


def _simulation(scheduler: str) -> Callable[[int, Path], Command]:
    def command(count: int, directory: Path) -> Command:
        kept = directory / f"simulation-{scheduler}.json"
        return _module("redpaxos", "sim", "run", "--scheduler", scheduler, "--runs", count, "--resume", kept)

    return command


def _nemesis(engine: str) -> Callable[[int, Path], Command]:
    return lambda count, directory: _module("tests.nemesis", engine, "--count", count, "--report", directory / f"nemesis-{engine}.json")


ENGINES = (
    Engine("planted", "mistakes that the general engines look for", 1, lambda count, directory: _module("tests.planted")),
    Engine(
        "search",
        "states of a decree, searched with the real roles",
        1_000_000,
        lambda count, directory: _module("tests.prove.search", count),
    ),
    Engine(
        "model",
        "cases of the model, searched whole by TLC",
        2,
        lambda count, directory: _module("tests.spec", "--json", directory / "model.json"),
    ),
    Engine("graphs", "link graphs of five nodes", 2_000, lambda count, directory: _module("tests.simulation.link_graphs", count)),
    Engine("crashes", "crash points of the stores", 20_000, lambda count, directory: _module("tests.storage.crashes", "--count", count)),
    Engine("positions", "system calls that fail, one after the other", 200, _nemesis("positions")),
    Engine("disks", "nodes whose disk failed", 20, _nemesis("disks")),
    Engine("full-disks", "nodes whose disk filled up", 20, _nemesis("full-disks")),
    Engine("redis", "times each trouble of the server", 100, _nemesis("redis")),
    Engine("network", "times each trouble of a host", 20, _nemesis("network")),
    Engine("kills", "nodes killed with kill -9", 2_000, _nemesis("kills")),
    Engine("crowd", "operations in linearizable histories, while nodes are killed", 10_000_000, _nemesis("crowd")),
    Engine("soak", "minutes of five nodes under everything", 120, _nemesis("soak")),
    Engine(
        "frames",
        "spoiled frames",
        10_000_000,
        lambda count, directory: _module("tests.fuzz", "--count", count, "--json", directory / "frames.json"),
    ),
    Engine("rounds", "clusters in lossy rounds", 100_000, _simulation("rounds")),
    Engine("walk", "clusters on a random walk", 1_000_000, _simulation("walk")),
)
"""The quick ones first, so that what is easily found is found early."""
