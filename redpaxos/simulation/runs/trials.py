"""Trials of a state machine of one's own: whole clusters that replicate it, under every fault, with everything checked.

What is required of a machine is in paxos/machines/base.py, and a trial finds out whether it holds: replicas that come to other results,
a snapshot that restores another state, an answer that no order of the commands explains. What is wrong is told with its seed and drawn.
"""

from collections.abc import Callable, Iterable
from random import Random

from msgspec.structs import replace

from paxos.machines.base import Machine
from redpaxos.simulation.judges.ledger import Machines
from redpaxos.simulation.plans.plan import WALK, Plan
from redpaxos.simulation.plans.workloads import MachineWork, draw_machine_clients
from redpaxos.simulation.runs.fleet import Summary
from redpaxos.simulation.runs.minimize import Minimizer
from redpaxos.simulation.runs.running import Result, plan_of, run
from redpaxos.simulation.runs.story import picture

MACHINE = "machine"
"""What the machine under trial is called in requests."""


class TrialError(AssertionError):
    """A run of a trial broke an invariant; the message draws the smallest run that was found to."""


class Simulate:
    """Runs trials; the fixture `simulate` is one."""

    def __init__(self) -> None:
        # How many runs may be spent on making a failing one smaller.
        self.shrink_count = 200

    def __call__(
        self,
        machine: Callable[[], Machine],
        calls: Iterable[bytes],
        questions: Iterable[bytes] = (),
        *,
        seeds: Iterable[int] = range(20),
        scheduler: str = WALK,
    ) -> Summary:
        """Replicate a machine in one cluster for each seed; clients draw their commands from `calls`, their fresh reads from `questions`.

        Raises TrialError at the first seed under which anything is wrong.
        """
        total = Summary()
        for seed in seeds:
            result = self.run(seed, machine, calls, questions, scheduler=scheduler)
            if result.violation is not None:
                raise TrialError(self._story(result, {MACHINE: machine}))
            total.add(Summary(1, result.step_count, result.virtual_seconds, result.recovery_seconds, result.chosen_count))
            total.fired.update(result.fired)
            total.outcomes.update(result.outcomes)
        return total

    def run(
        self, seed: int, machine: Callable[[], Machine], calls: Iterable[bytes], questions: Iterable[bytes] = (), *, scheduler: str = WALK
    ) -> Result:
        """One run, whatever comes of it; `result.told` has every request with its answer."""
        return run(plan=self.plan(seed, calls, questions, scheduler=scheduler), machines={MACHINE: machine})

    @staticmethod
    def plan(seed: int, calls: Iterable[bytes], questions: Iterable[bytes] = (), *, scheduler: str = WALK) -> Plan:
        """The cluster and the faults of a seed, with clients of the machine."""
        plan, chance = plan_of(seed, scheduler), Random(f"trial {seed}")
        clients = draw_machine_clients(chance, plan.chaos_seconds, plan.nodes, MachineWork(MACHINE, tuple(calls), tuple(questions)))
        return replace(plan, clients=clients)

    def _story(self, failing: Result, machines: Machines) -> str:
        """The failing run made smaller, as a message ladder."""
        return picture(Minimizer(failing, run_count=self.shrink_count, machines=machines).minimize())
