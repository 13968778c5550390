"""The rounds of a run: every case of every system takes its turn in each, and then the next round begins."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from msgspec import Struct, structs

from benchmarks.measuring import Job, Measured, Summary, summarise
from benchmarks.systems.base import System, measure


class Case(Struct, frozen=True):
    """One row of a table: a system by its name, and what to load it with."""

    system: str
    job: Job
    clients: int = 1


class Result(Struct, frozen=True):
    """A case, what its rounds add up to, and the rounds."""

    case: Case
    summary: Summary
    rounds: list[Measured]


@contextmanager
def opened(systems: Sequence[System]) -> Iterator[None]:
    """All of them at once; idle ones hardly disturb, and starting them anew for each case would take longer than the cases."""
    with ExitStack() as stack:
        for system in systems:
            stack.callback(system.close)
            system.open()
        yield


def run_rounds(systems: Sequence[System], cases: Sequence[Case], round_count: int, note: Callable[[str], None]) -> list[Result]:
    """Measure; `note` is told what is under way."""
    by_name = {system.name: system for system in systems}
    found: list[list[Measured]] = [[] for _ in cases]
    for number in range(round_count):
        for case, rounds in zip(cases, found, strict=True):
            note(f"round {number + 1} of {round_count}: {case.system}, {describe(case)}")
            job = structs.replace(case.job, prefix=secrets.token_hex(4))
            rounds.append(measure(by_name[case.system], job, case.clients))
    return [Result(case, summarise(rounds), rounds) for case, rounds in zip(cases, found, strict=True)]


def describe(case: Case) -> str:
    """A case in words."""
    job = case.job
    size = "" if job.value_bytes == 64 else f", {job.value_bytes} bytes"
    clients = "" if case.clients == 1 else f"{case.clients} × "
    return f"{job.load} ({job.style}) {clients}{job.outstanding} outstanding{size}"
