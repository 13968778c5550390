"""The simulated cluster: the production actor classes, wired as redpaxos/node.py wires them, and never started.

One thread runs all of them. A node is its disks, its name and its roles; each of its lives is a set of actors built from what the disks
hold. A crash drops the actors and what was not synced.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from actors.acceptor import AcceptorActor
from actors.base import RoleActor
from actors.learner import LearnerActor
from actors.mailbox import Mailbox
from actors.peers import StrangerError
from actors.proposer import ProposerActor
from actors.storage.base import StorageError
from actors.wiring import WAKE, Item, Wiring
from paxos.cast import Cast
from paxos.codec import Codec, Envelope
from paxos.company import STANDARD_MACHINES, Company
from paxos.errors import MalformedError
from paxos.groups import LOG
from paxos.quorum import majority
from paxos.records import ADMITTED, Record
from paxos.replica import Replica
from paxos.settings import Settings
from redpaxos.simulation.parts.clocks import NodeClock
from redpaxos.simulation.parts.disks import Disk, SimulatedStorage, Watch
from redpaxos.simulation.parts.network import Endpoint, Network, PowerCutError
from redpaxos.simulation.parts.world import World
from redpaxos.simulation.plans.plan import CHANNELS, CLUSTER, NodePlan

Actors = dict[str, type[RoleActor]]
"""The actor class for each role; a test of the checks puts broken ones here."""

PRODUCTION: Actors = {"acceptor": AcceptorActor, "proposer": ProposerActor, "learner": LearnerActor}


class CachingCodec(Codec):
    """The real codec, which decodes each frame once however many hear it; a frame never changes, nor does an envelope."""

    def __init__(self, cluster: str, secret: bytes = b"") -> None:
        super().__init__(cluster, secret)
        self.is_signed = bool(secret)
        self._decoded: dict[bytes, Envelope | MalformedError] = {}

    def decode(self, frame: bytes) -> Envelope:
        """The envelope in a frame; see the codec."""
        known = self._decoded.get(frame)
        if known is None:
            try:
                known = super().decode(frame)
            except MalformedError as error:
                known = error
            self._decoded[frame] = known
        if isinstance(known, MalformedError):
            raise known
        return known


class Stage:
    """What all nodes of a run share."""

    def __init__(self, world: World, network: Network, members: tuple[str, ...], settings: Settings, secret: bytes = b"") -> None:
        self.world = world
        self.network = network
        self.codec = CachingCodec(CLUSTER, secret)
        self.quorum = majority(members)
        self.settings = settings
        self.actors: Actors = PRODUCTION
        self.machines = STANDARD_MACHINES
        # The length of a round, in the middle of which every actor looks into its mailbox; 0 where there are none.
        self.round_seconds = 0.0
        # Sees everything that is written.
        self.watch: Watch = _Nobody()
        # Called when a node opens a store, before it does anything.
        self.opened: Callable[[Disk, SimulatedStorage], None] = lambda disk, storage: None
        # Called when the log's replica on a node may have got on.
        self.executed: Callable[[str, Replica], None] = lambda node, replica: None
        # Called when a node fails in a way that no fault explains.
        self.broken: Callable[[str, BaseException], None] = lambda node, error: None


class _Nobody:
    """Watches nothing."""

    def written(self, disk: Disk, records: Sequence[Record]) -> None:
        """Nobody sees it."""

    def durable(self, disk: Disk, records: Sequence[Record]) -> None:
        """Nobody sees it."""


@cache
def watched(kind: type[RoleActor]) -> type[RoleActor]:
    """The same actor, which lets the replica of its log be seen."""

    def make_cast(self: Any, group: str) -> Cast:
        cast = kind.make_cast(self, group)
        if group == LOG:
            self.log_replica = next((role for role in cast.roles if isinstance(role, Replica)), None)
        return cast

    return type(f"Watched{kind.__name__}", (kind,), {"make_cast": make_cast, "log_replica": None})


class _Shell:
    """An actor and the mailbox that wakes it."""

    def __init__(self, actor: Any, mailbox: Mailbox[Item]) -> None:
        # Of a watched() class.
        self.actor = actor
        self.mailbox = mailbox
        # Every slot below was executed when its replica was last looked at.
        self.next_slot = -1

    @property
    def progress(self) -> Replica | None:
        """The log's replica, if it got on since this was last asked."""
        replica: Replica | None = self.actor.log_replica
        if replica is None or replica.next_slot == self.next_slot:
            return None
        self.next_slot = replica.next_slot
        return replica


class SimulatedNode:
    """One node, through all its lives."""

    def __init__(self, plan: NodePlan, stage: Stage) -> None:
        self.name = plan.name
        self.plan = plan
        self.is_up = False
        # It has met peers that remember another store under its name, and is gone for good.
        self.is_stranger = False
        self.is_paused = False
        # Counts crashes and starts, so that events of an earlier life are known.
        self.life = 0
        self.lag_seconds = plan.lag_seconds
        self.clock = NodeClock(stage.world, plan.clock_rate)
        self.disks: dict[str, Disk] = {}
        # The stores of the present life.
        self.stores: dict[str, SimulatedStorage] = {}
        self.endpoint: Endpoint | None = None
        self._stage = stage
        self._world = stage.world
        self._chance = stage.world.stream(f"node {plan.name}")
        self._wiped_count = 0
        # Until then it waits for a disk.
        self._busy_until = 0.0
        self._shells: list[_Shell] = []
        # Woken while paused.
        self._waiting: list[_Shell] = []

    # ---- lives -------------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin a life from what the disks hold."""
        if self.is_up or self.is_stranger:
            return
        self.is_up = True
        self.life += 1
        self._busy_until = 0.0
        self._world.note(self.name, f"starts life {self.life}")
        self.endpoint = self._stage.network.endpoint(self.name)
        try:
            for kind in self._kinds():
                self._start_actor(kind, self.endpoint)
        except PowerCutError:
            self.crash()
        except Exception as error:
            self._failed(error)

    def crash(self) -> None:
        """Lose the power: drop the actors, and what was not synced."""
        if not self.is_up:
            return
        self._end("crashes")
        for disk in self.disks.values():
            if disk.lose_power(self._chance):
                self._world.fired["unsynced writes lost"] += 1

    def stop(self) -> None:
        """Stop cleanly, as on SIGTERM."""
        if not self.is_up:
            return
        shells = self._shells
        self._end("stops")
        for shell in shells:
            shell.actor.on_stop()

    def wipe(self) -> None:
        """Replace the disks by empty ones; only of a node that is down."""
        self._wiped_count += 1
        self.disks.clear()
        self._world.note(self.name, "gets empty disks")

    def take_wrong_disks(self) -> dict[str, Disk]:
        """Replace the disks by empty ones for a while, and hand them over; only of a node that is down."""
        own = dict(self.disks)
        self.wipe()
        return own

    def take_back(self, disks: dict[str, Disk]) -> None:
        """Have these disks again; only of a node that is down."""
        self.disks = dict(disks)
        self.is_stranger = False
        self._world.note(self.name, "gets its own disks back")

    def restore_old_copies(self) -> None:
        """Replace the disks by old copies of themselves; only of a node that is down."""
        for disk in self.disks.values():
            disk.restore_old_copy()
        self._world.note(self.name, "gets old copies of its disks")

    def pause(self) -> None:
        """Do nothing for a while, and do not know it."""
        self.is_paused = True
        self._world.note(self.name, "is paused")

    def resume(self) -> None:
        """Go on with what has arrived."""
        if self.is_paused:
            self.is_paused = False
            self._world.note(self.name, "goes on")
            waiting, self._waiting = self._waiting, []
            for shell in waiting:
                self._look(shell, self.life)

    def _end(self, how: str) -> None:
        self._world.note(self.name, how)
        self.is_up = self.is_paused = False
        self.life += 1
        self._shells, self._waiting = [], []
        if self.endpoint is not None:
            self.endpoint.close()

    @property
    def is_admitted(self) -> bool:
        """Whether its acceptor, if it has one, may take part."""
        store = self.stores.get("acceptor")
        return "acceptor" not in self.plan.roles or (store is not None and store.peer_stores().get(ADMITTED) == store.identity.store_id)

    # ---- actors ------------------------------------------------------------------------------------------------------------------

    def _kinds(self) -> list[type[RoleActor]]:
        """The actors that play the node's roles, as redpaxos/node.py chooses them."""
        roles, actors = self.plan.roles, self._stage.actors
        kinds = [actors["acceptor"]] if "acceptor" in roles else []
        knowing = "proposer" if "proposer" in roles else "learner"
        return [*kinds, actors[knowing]] if knowing in roles else kinds

    def _start_actor(self, kind: type[RoleActor], endpoint: Endpoint) -> None:
        stage = self._stage
        disk = self.disk(kind.store)
        disk.busy = self._sync_slowly
        storage = self.stores[kind.store] = disk.open()
        stage.opened(disk, storage)
        mailbox: Mailbox[Item] = Mailbox()
        wiring = Wiring(
            company=Company(self.name, stage.quorum, stage.settings, storage.identity.incarnation, stage.machines, self.plan.priority),
            channels=CHANNELS,
            codec=stage.codec,
            storage=storage,
            transport=endpoint,
            timers=_LifeTimers(self),
            random=self._chance,
            clock=self.clock.milliseconds,
            mailbox=mailbox,
            trace=partial(self._world.note, self.name),
            warn=partial(self._world.note, self.name),
            failed=self._failed,
        )
        actor = watched(kind)(wiring)
        shell = _Shell(actor, mailbox)
        self._shells.append(shell)
        actor.on_start()
        mailbox.attach(partial(self._wake, shell))

    def disk(self, store: str) -> Disk:
        """The disk of one of its stores, made when first asked for."""
        if store not in self.disks:
            store_id = f"{self.name}-{store}-{self._wiped_count}"
            self.disks[store] = Disk(CLUSTER, self.name, store, store_id, self._stage.watch)
        return self.disks[store]

    def _wake(self, shell: _Shell) -> None:
        """Something is in the mailbox: look at once, or soon where the node is slow or its disk is busy, so that more gathers."""
        now, round_seconds = self._world.now, self._stage.round_seconds
        if round_seconds:
            self._world.at((int(now / round_seconds + 0.5) + 0.5) * round_seconds, partial(self._look, shell, self.life))
        elif (self.lag_seconds or self._busy_until > now) and not self.is_paused:
            due = max(self._busy_until, now + self.lag_seconds * self._chance.random())
            self._world.at(due, partial(self._look, shell, self.life))
        else:
            self._look(shell, self.life)

    def _sync_slowly(self, seconds: float) -> None:
        """A sync takes long: what follows it, sending first of all, happens after it."""
        self._busy_until = max(self._busy_until, self._world.now) + seconds
        if self.endpoint is not None:
            self.endpoint.busy_until = self._busy_until

    def _look(self, shell: _Shell, life: int) -> None:
        if life != self.life:
            return
        if self.is_paused:
            self._waiting.append(shell)
            return
        try:
            shell.actor.on_receive(WAKE)
        except PowerCutError:
            self.crash()
        except Exception as error:
            # As Pykka does.
            shell.actor.on_failure(type(error), error, error.__traceback__)
        else:
            if (replica := shell.progress) is not None:
                self._stage.executed(self.name, replica)

    def _failed(self, error: BaseException) -> None:
        """An actor may not go on, and nor may its node."""
        self._world.note(self.name, f"fails: {error}")
        if isinstance(error, StrangerError):
            self.is_stranger = True
            self._world.fired["stranger refused"] += 1
            if not self._wiped_count:
                self._stage.broken(self.name, error)
        elif isinstance(error, StorageError):
            self._world.fired["node stopped by its storage"] += 1
        else:
            self._stage.broken(self.name, error)
        self.crash()

    # ---- timers ------------------------------------------------------------------------------------------------------------------

    def ring_after(self, seconds: float, ring: Callable[[], None]) -> None:
        """Ring in this life, by this node's own clock."""
        life = self.life

        def due() -> None:
            if life == self.life:
                ring()

        self._world.after(seconds * self.clock.rate, due)


class _LifeTimers:
    """The port of timers on a simulated node."""

    def __init__(self, node: SimulatedNode) -> None:
        self._node = node

    def after(self, seconds: float, ring: Callable[[], None]) -> None:
        """Call `ring` once, when the time is over."""
        self._node.ring_after(seconds, ring)
