"""Finding faults: in redpaxos, and in what is built on it.

`run(seed)` runs a whole cluster of the production actors in one thread and virtual time, under faults drawn from the seed, and checks every
invariant at every step. `run(plan=…)` runs a plan of your own, and `Simulate` clusters of your own state machine. Whoever has read
runs/running, parts/cluster and judges/invariants has seen how. The map; each folder has one of its own:

    plans              what is to happen, drawn from a seed or written down
    parts              virtual time, disks, clocks, links, and the production actors of a cluster
    judges             what has to hold, checked at every write and message, and what clients were told
    users              clients, and what they do
    runs               one run, very many, and a failing one made small
    linearizability    the checker of histories
    exhaustive         every schedule of small cases, instead of one by chance
    scripted           schedules by hand, played by the real roles
    pytest_plugin      the fixture `simulate`
"""

from redpaxos.simulation.judges.invariants import Violation
from redpaxos.simulation.plans.plan import ClientPlan, Fault, LinkPlan, NodePlan, Plan, Request, RoundPlan
from redpaxos.simulation.plans.swarm import draw
from redpaxos.simulation.runs.minimize import Minimizer
from redpaxos.simulation.runs.running import Result, run
from redpaxos.simulation.runs.story import picture
from redpaxos.simulation.runs.trials import Simulate, TrialError

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
