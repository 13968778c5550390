"""`python -m benchmarks roles`: single decrees by pure roles, beside those of the PyPI package essential-paxos.

One proposer, three acceptors and a learner in one process, and nothing around them: no actors, sockets, disks. Ours write to stores in
memory, since they say what is to be kept; theirs keep nothing. benchmarks/peers/install.sh installs the package.
"""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from benchmarks.conditions import gather, load_average
from benchmarks.measuring import Job
from benchmarks.peers.ratios import OURS, ratios
from benchmarks.report import Run
from benchmarks.rounds import Case, opened, run_rounds
from benchmarks.systems.pure_roles import ESSENTIAL, PureRoles, is_installed


class Plan(Struct, frozen=True):
    """How much to measure."""

    round_count: int
    seconds: float


DEFAULT = Plan(round_count=9, seconds=1.0)
QUICK = Plan(round_count=3, seconds=0.3)


def run_roles(plan: Plan, note: Callable[[str], None]) -> Run:
    """Start ours and, where it is installed, essential-paxos; let them take turns, and end them."""
    directory = Path(tempfile.mkdtemp(prefix="redpaxos-roles-"))
    conditions = gather(directory) | {"rounds": f"{plan.round_count} of {plan.seconds} s, interleaved; medians"}
    systems = [PureRoles(directory / "ours.log")]
    if is_installed():
        systems.append(PureRoles(directory / "theirs.log", essential=True))
    else:
        conditions[f"left out: {ESSENTIAL}"] = "benchmarks/peers/install.sh installs it"
    try:
        with opened(systems):
            results = run_rounds(systems, cases_of(plan, [system.name for system in systems]), plan.round_count, note)
            about = {system.name: dict(system.about()) for system in systems}
        return Run(conditions | {"load average after": load_average()}, about, {}, results, ratios(results))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def cases_of(plan: Plan, systems: Sequence[str]) -> list[Case]:
    """Ours in two styles, others in one."""
    styles = {name: ("roles", "casts") if name.startswith(OURS) else ("roles",) for name in systems}
    return [Case(name, Job("role", 1, plan.seconds, style=style)) for name in systems for style in styles[name]]
