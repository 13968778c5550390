"""A node: the composition root, where actors, store, transport and timers are made, wired and started.

A node plays any subset of three roles. The acceptor has a store of its own, because it is the one that others wait for; proposer and
learner share one actor and one store, because a proposer has to know what was chosen. A node that cannot go on safely stops whole and
says why.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import cast

import pykka
from msgspec import Struct

from actors.acceptor import AcceptorActor
from actors.base import RoleActor
from actors.channels import Channels, check_name
from actors.inbox import Inbox
from actors.learner import LearnerActor
from actors.mailbox import Mailbox
from actors.peers import FORGETFUL
from actors.proposer import ProposerActor
from actors.storage.base import Storage, StorageError, StoreMismatchError
from actors.storage.journaled import JournalStorage
from actors.storage.sqlite import SqliteStorage
from actors.timers import HeapTimers
from actors.wiring import WAKE, Cue, Item, Wiring
from paxos.codec import Codec
from paxos.company import STANDARD_MACHINES, Company, Machines
from paxos.cues import Retire
from paxos.errors import ConfigurationError
from paxos.groups import LOG
from paxos.quorum import majority
from paxos.records import PeerStore
from paxos.settings import Settings
from redpaxos.errors import NodeFailedError
from transport.base import Transport
from transport.owned import Ownable, OwnedTransport

log = logging.getLogger("redpaxos")

ROLES = ("acceptor", "proposer", "learner")
STORAGES: dict[str, type[SqliteStorage]] = {"journal": JournalStorage, "sqlite": SqliteStorage}
"""Kinds of store on disk: an SQLite database with a journal in front of it, or alone."""

_STOP_SECONDS = 0.8
# Priorities are below this.
_PRIORITY_END = 1000
# A hand-over may take this many election time-outs before the node stops without.
_RETIRING_TIMEOUTS = 2
# Where a store keeps the members that it was made for, among the stores of its peers; no node bears an empty name.
_MEMBERS = "/members"

STOPS = "node %s stops: %s"
"""What is logged when a node fails; wait() raises NodeFailedError with the same reason."""

MakeStorage = Callable[[str], Storage]
"""Opens the store of this name: `acceptor` or `log`."""


class NodeConfig(Struct, frozen=True):
    """Which node of which cluster this is, and what it does there."""

    name: str
    cluster: str
    # The nodes whose acceptors vote; the same on every node of the cluster.
    members: tuple[str, ...]
    roles: tuple[str, ...] = ROLES
    # Signs every frame where it is not empty; the same on every node and client.
    secret: bytes = b""
    # One of STORAGES; a store of the other kind is converted when it is opened.
    storage: str = "journal"
    settings: Settings = Settings()
    # Of several nodes that could lead the one with the highest does; with 0 this one never leads.
    priority: int = 1

    def checked(self) -> "NodeConfig":
        """This configuration, or ConfigurationError in one line."""
        for kind, name in (("cluster", self.cluster), ("node", self.name), *(("member", member) for member in self.members)):
            check_name(kind, name)
        if len(set(self.members)) < len(self.members):
            raise ConfigurationError(f"members {','.join(self.members)} name a node twice")
        majority(self.members)
        if not self.roles or set(self.roles) - set(ROLES):
            raise ConfigurationError(f"roles {','.join(self.roles) or '(none)'}: choose among {','.join(ROLES)}")
        if "acceptor" in self.roles and self.name not in self.members:
            raise ConfigurationError(f"node {self.name} is not among the members {','.join(self.members)}, so it cannot be an acceptor")
        if self.storage not in STORAGES:
            raise ConfigurationError(f"storage {self.storage}: choose among {','.join(STORAGES)}")
        if not 0 <= self.priority < _PRIORITY_END:
            raise ConfigurationError(f"priority {self.priority}: it should be at least 0, and below {_PRIORITY_END}")
        self.settings.checked()
        return self


class Node:
    """One running node; start() once, then stop(), or wait() for it to fail."""

    def __init__(
        self,
        config: NodeConfig,
        transport: Transport,
        make_storage: MakeStorage,
        *,
        random: Random | None = None,
        machines: Machines = STANDARD_MACHINES,
    ) -> None:
        self.config = config.checked()
        # The same on every node, or they will not be the same state.
        self._machines = machines
        self._transport = transport
        self._make_storage = make_storage
        self._random = random or Random()
        self._actors: list[pykka.ActorRef[RoleActor]] = []
        self._actors_ended: list[threading.Event] = []
        # Those that actors own, each to wait on by itself.
        self._owned: list[OwnedTransport] = []
        # One for each actor that hears its channels.
        self._begun: list[str] = []
        self._failure: BaseException | None = None
        self._ended = threading.Event()
        # Of the proposer's actor; None on a node without one.
        self._proposer_mailbox: Mailbox[Item] | None = None
        self._retired = threading.Event()

    def start(self) -> None:
        """Open the stores, then start the actors; a store that cannot be trusted raises its StorageError here."""
        kinds = actor_kinds(self.config.roles)
        stores = open_stores([kind.store for kind in kinds], self._open_store)
        try:
            hold_to_each_other(self.config.name, {kind.store: store for kind, store in zip(kinds, stores, strict=True)})
        except BaseException:
            for store in stores:
                store.close()
            raise
        for kind, storage in zip(kinds, stores, strict=True):
            self._start_actor(kind, storage)

    @property
    def is_ready(self) -> bool:
        """Whether every actor hears its channels, or will as soon as there is a connection."""
        return len(self._begun) == len(actor_kinds(self.config.roles))

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Block until the node has stopped; NodeFailedError says why if it stopped by itself. False if the time ran out."""
        ended = self._ended.wait(timeout_seconds)
        if self._failure is not None:
            raise NodeFailedError(f"node {self.config.name} stopped: {self._failure}") from self._failure
        return ended

    def leave(self) -> None:
        """Let another node lead if this one does, as long as that takes no more than two election time-outs, and then stop."""
        if self._proposer_mailbox is not None:
            self._proposer_mailbox.remind(Cue(LOG, Retire()))
            self._retired.wait(_RETIRING_TIMEOUTS * self.config.settings.election_timeout_seconds)
        self.stop()

    def stop(self) -> None:
        """Hear nothing more, let each actor finish its drain, and close the stores; idempotent."""
        self._transport.close()
        for transport in self._owned:
            transport.close()
        for actor in self._actors:
            actor.stop(block=False)
        # Pykka calls an actor stopped before it has closed its store.
        ended = [each.wait(_STOP_SECONDS) for each in self._actors_ended]
        if all(ended):
            self._release()
        self._ended.set()

    def _release(self) -> None:
        """Free what the actors waited on."""
        for transport in self._owned:
            transport.release()
        for actor in self._actors:
            cast(Inbox, actor.actor_inbox).close()

    def _open_store(self, name: str) -> Storage:
        """The store of this name, if it was made for these members: two majorities of different members need not meet."""
        storage = self._make_storage(name)
        try:
            hold_to_members(storage, f"{name} store of node {self.config.name}", self.config.members)
        except BaseException:
            storage.close()
            raise
        return storage

    def _start_actor(self, kind: type[RoleActor], storage: Storage) -> None:
        mailbox: Mailbox[Item] = Mailbox()
        if kind is ProposerActor:
            self._proposer_mailbox = mailbox
        timers = HeapTimers()
        ended = threading.Event()
        owned = self._transport.owned() if isinstance(self._transport, Ownable) else None
        if owned is not None:
            self._owned.append(owned)
        wiring = Wiring(
            company=self._company(storage.identity.incarnation),
            channels=Channels(self.config.cluster),
            codec=Codec(self.config.cluster, self.config.secret),
            storage=storage,
            transport=owned or self._transport,
            timers=timers,
            random=self._random,
            clock=lambda: time.monotonic_ns() // 1_000_000,
            mailbox=mailbox,
            trace=log.info,
            warn=log.warning,
            failed=partial(self._fail, kind),
            actors=tuple(each.kind for each in actor_kinds(self.config.roles)),
            mind=lambda inbox: inbox.attend(timers, owned),
            ended=ended.set,
            begun=lambda: self._begun.append(kind.kind),
            retired=self._retired.set,
        )
        ref = kind.start(wiring)
        self._actors.append(ref)
        self._actors_ended.append(ended)
        mailbox.attach(partial(wake, ref))

    def _company(self, incarnation: int) -> Company:
        config = self.config
        priority = config.priority if "proposer" in config.roles else 0
        return Company(config.name, majority(config.members), config.settings, incarnation, self._machines, priority)

    def _fail(self, kind: type[RoleActor], reason: BaseException) -> None:
        """An actor has failed: nothing of this node may go on; where only the acceptor's disk did, the leader may hand over before."""
        if self._failure is None:
            self._failure = reason
            log.error(STOPS, self.config.name, reason)
        if kind is ProposerActor:
            self._retired.set()
        end = self.leave if kind is AcceptorActor and isinstance(reason, StorageError) else self.stop
        threading.Thread(target=end, name="redpaxos-stop", daemon=True).start()


def actor_kinds(roles: tuple[str, ...]) -> list[type[RoleActor]]:
    """The actors that play these roles on one node."""
    kinds: list[type[RoleActor]] = []
    if "acceptor" in roles:
        kinds.append(AcceptorActor)
    if "proposer" in roles:
        kinds.append(ProposerActor)
    elif "learner" in roles:
        kinds.append(LearnerActor)
    return kinds


def wake(ref: "pykka.ActorRef[RoleActor]") -> None:
    """Tell an actor to look into its mailbox; one that has stopped needs no telling."""
    with contextlib.suppress(pykka.ActorDeadError):
        ref.tell(WAKE)


def hold_to_members(storage: Storage, what: str, members: tuple[str, ...]) -> None:
    """Record who votes when a store is used first; StoreMismatchError if others do later."""
    asked = ",".join(sorted(members))
    known = storage.peer_stores().get(_MEMBERS)
    if known is None:
        storage.write((PeerStore(_MEMBERS, asked),), sync=True)
    elif known != asked:
        raise StoreMismatchError(f"the {what} belongs to members {known}, expected {asked}: members never change; give it those")


def hold_to_each_other(node: str, stores: dict[str, Storage]) -> None:
    """StoreMismatchError if a store remembers another one beside it; as the only member, a node has no peers to tell it."""
    for store in stores.values():
        known = store.peer_stores()
        for name, other in stores.items():
            expected, found = known.get(f"{node}/{name}", other.identity.store_id), other.identity.store_id
            if expected != found:
                raise StoreMismatchError(f"node {node} had the {name} store {expected}, this one is {found}: {FORGETFUL}")


def open_stores(names: list[str], make_storage: MakeStorage) -> list[Storage]:
    """All stores or none."""
    stores: list[Storage] = []
    try:
        stores += (make_storage(name) for name in names)
    except BaseException:
        for store in stores:
            store.close()
        raise
    return stores


def disk_stores(directory: Path, config: NodeConfig) -> MakeStorage:
    """Stores of a node in its own directory, of the kind that its configuration names."""

    def make(name: str) -> Storage:
        return STORAGES[config.storage].open(directory / f"{name}.sqlite3", cluster=config.cluster, node=config.name)

    return make
