"""The nemesis: makes the faults of a plan happen, ends them, and at the end of the chaos mends what the core needs.

Every fault that really struck is counted in `world.fired` under its kind. A fault that comes at a node that is down, or twice, does
nothing.
"""

import contextlib
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from paxos.effects import ACCEPTORS, EVERYONE, LEARNERS, PROPOSERS
from redpaxos.simulation.parts.cluster import SimulatedNode
from redpaxos.simulation.parts.disks import Disk
from redpaxos.simulation.parts.network import Network
from redpaxos.simulation.parts.world import World
from redpaxos.simulation.plans.cuts import LINKS, Pair, cut_links
from redpaxos.simulation.plans.kinds import AFTER, BEFORE, BURSTS, ERROR, FULL
from redpaxos.simulation.plans.plan import CHANNELS, LEADER, Fault, Plan
from transport.base import TransportError

_FLAP_SECONDS = 0.15
_BURY_SECONDS = 0.02
_RESUBSCRIBE_SECONDS = 0.1


class Nemesis:
    """Carries out the faults of one plan."""

    def __init__(self, plan: Plan, world: World, network: Network, nodes: dict[str, SimulatedNode]) -> None:
        self._plan = plan
        self._world = world
        self._network = network
        self._nodes = nodes
        self._chance = world.stream("nemesis")
        # Belongs to nobody.
        self._stranger = network.endpoint("evil")
        # True in the calm.
        self._is_over = False
        # Whether any disk was lost or replaced.
        self._was_wiped = False
        # Tells who leads.
        self.leader: Callable[[], str] = str
        self._kinds: dict[str, Callable[[Fault], None]] = {
            "crash": self._crash,
            "stop": self._stop,
            "power cut while sending": self._cut_while_sending,
            "pause": self._pause,
            "wipe": self._wipe,
            "wrong disk": self._show_wrong_disk,
            "slow node": self._slow,
            "fast clock": self._drift,
            "slow clock": self._drift,
            "clock jump": self._jump,
            "slow disk": self._slow_disk,
            "restart loop": self._restart_again_and_again,
            "old copy": self._old_copy,
            "garbage frame": self._garbage,
            "subscriptions lost": self._lose_subscriptions,
            "subscriber cut off": self._lose_subscriptions,
            **dict.fromkeys(BURSTS, self._burst),
            "server down": self._server_down,
            "server killed": self._server_killed,
            "server frozen": self._server_frozen,
            **dict.fromkeys((BEFORE, AFTER, ERROR, FULL), self._disk_fault),
            **dict.fromkeys(LINKS, self._cut),
        }

    def plan_ahead(self) -> None:
        """Put every fault on the world's agenda."""
        for fault in self._plan.faults:
            self._world.at(fault.at, partial(self._strike, fault))
        self._world.at(self._plan.chaos_seconds, self.calm)

    def _strike(self, fault: Fault) -> None:
        """Let it happen, with the leader's name where it is aimed at the leader."""
        if LEADER in fault.targets:
            leader = self.leader() or next(iter(self._nodes))
            others = [name for name in fault.targets if name not in (LEADER, leader)]
            fault = replace(fault, targets=(leader, *others))
            self._world.fired["aimed at the leader"] += 1
        self._kinds[fault.kind](fault)

    def _struck(self, fault: Fault) -> None:
        self._world.fired[fault.kind] += 1
        self._world.note("nemesis", f"{fault.kind} {' '.join(fault.targets)} {fault.seconds:.2f} s {fault.amount:.2f}")

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do it when the time is over, unless calm came first."""
        self._world.after(seconds, lambda: None if self._is_over else act())

    # ---- nodes -------------------------------------------------------------------------------------------------------------------

    def _up(self, fault: Fault) -> list[SimulatedNode]:
        return [node for name in fault.targets if (node := self._nodes[name]).is_up]

    def _restart_later(self, node: SimulatedNode, fault: Fault) -> None:
        self._later(fault.seconds, node.start)

    def _crash(self, fault: Fault) -> None:
        victims = self._up(fault)
        if not victims:
            return
        self._struck(fault)
        if len(victims) == len(self._nodes):
            self._world.fired["crash of all"] += 1
        for node in victims:
            node.crash()
            self._restart_later(node, fault)

    def _stop(self, fault: Fault) -> None:
        for node in self._up(fault):
            self._struck(fault)
            node.stop()
            self._restart_later(node, fault)

    def _cut_while_sending(self, fault: Fault) -> None:
        for node in self._up(fault):
            if node.endpoint is not None:
                self._struck(fault)
                node.endpoint.publishes_left = int(fault.amount)
                self._restart_later(node, fault)

    def _disk_fault(self, fault: Fault) -> None:
        for node in self._up(fault):
            for disk in node.disks.values():
                disk.next_fault = fault.kind
                disk.struck = lambda kind: self._world.fired.update((kind,))
            self._world.note("nemesis", f"{fault.kind} {node.name}")
            self._restart_later(node, fault)

    def _wipe(self, fault: Fault) -> None:
        for node in self._up(fault):
            self._struck(fault)
            self._was_wiped = True
            node.crash()
            node.wipe()
            self._restart_later(node, fault)

    def _show_wrong_disk(self, fault: Fault) -> None:
        for node in self._up(fault):
            self._struck(fault)
            self._was_wiped = True
            node.crash()
            own = node.take_wrong_disks()
            node.start()
            self._later(fault.seconds, partial(self._give_back, node, own))

    @staticmethod
    def _give_back(node: SimulatedNode, own: dict[str, Disk]) -> None:
        node.crash()
        node.take_back(own)
        node.start()

    def _pause(self, fault: Fault) -> None:
        for node in self._up(fault):
            self._struck(fault)
            node.pause()
            self._later(fault.seconds, node.resume)

    def _slow(self, fault: Fault) -> None:
        for node in self._up(fault):
            self._struck(fault)
            node.lag_seconds = fault.amount
            self._later(fault.seconds, partial(setattr, node, "lag_seconds", node.plan.lag_seconds))

    def _drift(self, fault: Fault) -> None:
        for node in self._up(fault):
            self._struck(fault)
            node.clock.rate = fault.amount
            self._later(fault.seconds, partial(setattr, node.clock, "rate", node.plan.clock_rate))

    def _jump(self, fault: Fault) -> None:
        for node in self._up(fault):
            self._struck(fault)
            node.clock.jump(fault.amount)

    def _slow_disk(self, fault: Fault) -> None:
        for node in self._up(fault):
            self._struck(fault)
            self._set_sync_seconds(node, fault.amount)
            self._later(fault.seconds, partial(self._set_sync_seconds, node, 0.0))

    @staticmethod
    def _set_sync_seconds(node: SimulatedNode, seconds: float) -> None:
        for disk in node.disks.values():
            disk.sync_seconds = seconds

    def _restart_again_and_again(self, fault: Fault) -> None:
        until = self._world.now + fault.seconds

        def again(node: SimulatedNode) -> None:
            node.crash()
            self._later(fault.amount, node.start)
            if self._world.now < until:
                self._later(2 * fault.amount, partial(again, node))

        for node in self._up(fault):
            self._struck(fault)
            again(node)

    def _old_copy(self, fault: Fault) -> None:
        for node in self._up(fault):
            self._struck(fault)
            self._was_wiped = True
            node.crash()
            node.restore_old_copies()
            self._restart_later(node, fault)

    # ---- the network -------------------------------------------------------------------------------------------------------------

    def _cut(self, fault: Fault) -> None:
        self._struck(fault)
        pairs = cut_links(fault)
        self._change(pairs, 1)
        if fault.kind == "constrained":
            self._later(fault.seconds / 2, partial(self._turn_to_star, pairs, fault))
        elif fault.kind == "patchwork":
            self._patch(pairs, fault.amount, self._world.now + fault.seconds)
        elif fault.kind == "flapping":
            self._flap(pairs, self._world.now + fault.seconds)
        else:
            self._later(fault.seconds, partial(self._change, pairs, -1))

    def _turn_to_star(self, pairs: list[Pair], fault: Fault) -> None:
        """Who was alone is the middle from here on."""
        star = cut_links(replace(fault, kind="star"))
        self._change(pairs, -1)
        self._change(star, 1)
        self._later(fault.seconds / 2, partial(self._change, star, -1))

    def _flap(self, pairs: list[Pair], until: float) -> None:
        """The links come and go."""

        def come() -> None:
            self._change(pairs, -1)
            if self._world.now < until:
                self._later(_FLAP_SECONDS, go)

        def go() -> None:
            self._change(pairs, 1)
            self._later(_FLAP_SECONDS, come)

        self._later(_FLAP_SECONDS, come)

    def _patch(self, cut: list[Pair], period_seconds: float, until: float) -> None:
        """Cut some links, and later others in their place."""

        def again() -> None:
            self._change(cut, -1)
            if self._world.now < until:
                fresh = [(a, b) for a in self._nodes for b in self._nodes if a != b and self._chance.random() < 0.4]
                self._change(fresh, 1)
                self._patch(fresh, period_seconds, until)

        self._later(period_seconds, again)

    def _change(self, pairs: list[Pair], by: int) -> None:
        for pair in pairs:
            self._network.cuts[pair] += by

    def _burst(self, fault: Fault) -> None:
        """The links are worse for a while."""
        self._struck(fault)
        self._later(fault.seconds, self._network.worsen({name: share * fault.amount for name, share in BURSTS[fault.kind].items()}))

    def _garbage(self, fault: Fault) -> None:
        """Somebody publishes what is no message."""
        for target in (ACCEPTORS, PROPOSERS, LEARNERS, EVERYONE, *fault.targets):
            self._struck(fault)
            payload = self._chance.choice((b"", b"rp", b"rp\x02\x00")) + self._chance.randbytes(self._chance.randint(0, 60))
            with contextlib.suppress(TransportError):
                self._stranger.publish(CHANNELS.outgoing(target, "evil"), payload)

    def _lose_subscriptions(self, fault: Fault) -> None:
        self._struck(fault)
        self._network.deafen(fault.targets or self._network.names, lambda: self._chance.random() * fault.seconds)

    def _server_down(self, fault: Fault) -> None:
        self._struck(fault)
        self._network.is_down = True
        self._later(fault.seconds, partial(setattr, self._network, "is_down", False))

    def _server_killed(self, fault: Fault) -> None:
        self._network.killed_at = self._world.now
        self._server_down(fault)
        self._network.deafen(self._network.names, lambda: fault.seconds + self._chance.random() * _RESUBSCRIBE_SECONDS)

    def _server_frozen(self, fault: Fault) -> None:
        self._struck(fault)
        self._network.frozen_until = self._world.now + fault.seconds

    # ---- calm --------------------------------------------------------------------------------------------------------------------

    @property
    def owes_progress(self) -> bool:
        """Whether the core must get on: not where a disk was lost or replaced before the core was admitted."""
        return not self._was_wiped or self._is_core_admitted()

    def calm(self) -> None:
        """Mend the core and the links in it; everything else is dead from here on, or as soon as the core needs it no more."""
        self._is_over = True
        self._world.note("nemesis", f"calm: the core is {' '.join(self._plan.core)}")
        network = self._network
        network.cuts.clear()
        network.is_down, network.frozen_until = False, 0.0
        network.calm()
        for node in self._nodes.values():
            node.lag_seconds, node.clock.rate = node.plan.lag_seconds, node.plan.clock_rate
            if node.endpoint is not None:
                node.endpoint.publishes_left = -1
            for disk in node.disks.values():
                disk.next_fault, disk.sync_seconds = "", 0.0
        for node in self._core():
            node.resume()
            node.start()
        if not self._is_core_admitted():
            self._complete()
        self._bury()

    def _core(self) -> list[SimulatedNode]:
        return [self._nodes[name] for name in self._plan.core]

    def _is_core_admitted(self) -> bool:
        return all(node.is_admitted for node in self._core())

    def _complete(self) -> None:
        """Have everybody there: a cluster that was never complete has its first start still before it."""
        self._world.fired["calm before the first start was over"] += 1
        for node in self._nodes.values():
            node.resume()
            node.start()

    def _bury(self) -> None:
        """Let everything but the core die, once the core is admitted."""
        if not self._is_core_admitted():
            self._world.after(_BURY_SECONDS, self._bury)
            return
        for node in self._nodes.values():
            if node.name not in self._plan.core:
                node.crash()
