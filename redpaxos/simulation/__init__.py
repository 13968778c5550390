"""Finding faults: in redpaxos, and in what is built on it.

`run(seed)` runs a whole cluster of the production actors in one thread and virtual time, under faults drawn from the seed, and checks every
invariant at every step. `run(plan=…)` runs a plan of your own, and `Simulate` clusters of your own state machine. Whoever has read
running, cluster and invariants has seen how. The map, in the order of reading:

A run
    running            one seed, one run, one result
    plan               every knob and fault of a run, written down before it begins
    swarm              draws a plan from a seed
    world              a virtual clock and one heap of events
    cluster            the production actors, wired as in redpaxos/node.py, and never started
    network            links that lose, repeat, delay and reorder
    disks              what was synced survives a crash, what was not may not
    clocks             what elapses at a node, at a rate of its own
    rounds             the other scheduler: lossy synchronous rounds

What happens to it
    faults             makes faults happen, and mends what the core needs at the end
    kinds              every kind of fault, in words, as it is counted
    cuts               partitions, link by link
    limits             limits of the code, made small so that small runs reach them
    amnesia            plans in which a disk is lost where it hurts
    duels              plans in which proposers fight
    graphs             link graphs, and whether a log gets on under them

Who uses it
    workloads          what clients want
    clients            clients
    lanes              what each does, one request after the other
    lines              how each reaches the cluster

What is checked
    invariants         agreement and the rest, at every write and message
    facts              what really happened: the votes on disk
    observer           what is said, held against the facts
    ledger             sessions and machines as they must be
    histories          what clients were told, for the linearizability checker
    machine_histories  what state machines told them, held against the log
    linearizability/   the checker
    exhaustive/        every schedule of small cases, instead of one by chance
    scripted/          schedules by hand, played by the real roles

Around it
    trace              one line for everything that happened
    story              a run as a ladder
    minimize           from a run that fails to what it takes
    fleet              many runs, over the cores, stopped and continued
    trials             a state machine of one's own
    pytest_plugin      the fixture `simulate`
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
