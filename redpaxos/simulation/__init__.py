"""Finding faults: in redpaxos, and in what is built on it.

`run(seed)` runs a whole cluster of the production actors in one thread and virtual time, under faults drawn from the seed, and checks every
invariant at every step. `run(plan=…)` runs a plan of your own, and `Simulate` clusters of your own state machine. The rooms beside hold the
linearizability checker, the exhaustive search and the scripted schedules.
"""

from redpaxos.simulation.invariants import Violation
from redpaxos.simulation.minimize import Minimizer
from redpaxos.simulation.plan import ClientPlan, Fault, LinkPlan, NodePlan, Plan, Request, RoundPlan
from redpaxos.simulation.running import Result, run
from redpaxos.simulation.story import picture
from redpaxos.simulation.swarm import draw
from redpaxos.simulation.trials import Simulate, TrialError

__all__ = [
    "ClientPlan",
    "Fault",
    "LinkPlan",
    "Minimizer",
    "NodePlan",
    "Plan",
    "Request",
    "Result",
    "RoundPlan",
    "Simulate",
    "TrialError",
    "Violation",
    "draw",
    "picture",
    "run",
]
