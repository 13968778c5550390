"""From a run that fails to the few faults, requests and messages that it takes.

The plan is made shorter and simpler as long as the same invariant breaks: fewer faults, fewer requests, better links, at last fewer
deliveries, each step by delta debugging. Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002). Since each
link has chance of its own, what is left of a run goes on much as before.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from paxos.settings import Settings
from redpaxos.simulation.judges.ledger import Machines
from redpaxos.simulation.parts.cluster import PRODUCTION, Actors
from redpaxos.simulation.plans.plan import ClientPlan, Delivery, LinkPlan, Plan, Request
from redpaxos.simulation.runs.running import MACHINES, Result, run

Item = TypeVar("Item")


class Minimizer:
    """Tries plans until the budget of runs is used up, and keeps the last that fails in the same way."""

    def __init__(self, failing: Result, actors: Actors = PRODUCTION, run_count: int = 1500, machines: Machines = MACHINES) -> None:
        assert failing.violation is not None, "only a run that fails can be made smaller"
        self.best = failing
        self.run_count = 0
        self._invariant = failing.violation.invariant
        self._actors = actors
        self._machines = machines
        self._limit = run_count

    def minimize(self) -> Result:
        """The smallest failing run found: all passes, again and again, as long as they find something to leave out."""
        before = None
        while before is not self.best and self.run_count < self._limit:
            before = self.best
            for simplify in (self._faults, self._requests, self._knobs, self._deliveries):
                simplify()
        return self.best

    def fails(self, plan: Plan) -> bool:
        """Whether this plan breaks the same invariant; if so it is the best one so far."""
        if self.run_count >= self._limit:
            return False
        self.run_count += 1
        result = run(plan=plan, actors=self._actors, machines=self._machines)
        if result.violation is None or result.violation.invariant != self._invariant:
            return False
        self.best = result
        return True

    def _faults(self) -> None:
        plan = self.best.plan
        fewer(plan.faults, lambda faults: self.fails(replace(plan, faults=tuple(faults))))

    def _requests(self) -> None:
        plan = self.best.plan
        asked = [(client.name, request) for client in plan.clients for request in client.requests]
        fewer(asked, lambda kept: self.fails(replace(plan, clients=_clients(kept))))

    def _knobs(self) -> None:
        """Set one knob after the other to where it disturbs nobody."""
        for name in LinkPlan.__struct_fields__:
            default = getattr(LinkPlan(), name)
            if getattr(self.best.plan.links, name) != default:
                self.fails(replace(self.best.plan, links=replace(self.best.plan.links, **{name: default})))
        plan = self.best.plan
        self.fails(replace(plan, nodes=tuple(replace(node, clock_rate=1.0, lag_seconds=0.0) for node in plan.nodes)))
        fewer(plan.limits, lambda limits: self.fails(replace(self.best.plan, limits=tuple(limits))))
        for simpler in ({"settings": Settings()}, {"secret": b""}):
            self.fails(replace(self.best.plan, **simpler))

    def _deliveries(self) -> None:
        """Leave out every message that it does not take."""
        plan, everything = self.best.plan, dict.fromkeys([*self.best.plan.muted, *self.best.carried])

        def fails_with(kept: list[Delivery]) -> bool:
            muted = everything.keys() - set(kept)
            return self.fails(replace(plan, muted=tuple(delivery for delivery in everything if delivery in muted)))

        fewer(self.best.carried, fails_with)


def fewer(items: Sequence[Item], fails: Callable[[list[Item]], bool]) -> list[Item]:
    """A part of the items with which it still fails; nothing of it can be left out, as far as single items were tried."""
    kept = list(items)
    size = len(kept)
    while size:
        start = 0
        while start < len(kept):
            rest = kept[:start] + kept[start + size :]
            if fails(rest):
                kept = rest
            else:
                start += size
        size //= 2
    return kept


def _clients(asked: Iterable[tuple[str, Request]]) -> tuple[ClientPlan, ...]:
    plans: dict[str, list[Request]] = {}
    for name, request in asked:
        plans.setdefault(name, []).append(request)
    return tuple(ClientPlan(name, tuple(requests)) for name, requests in plans.items())
