"""One life of a node that is its cluster's only member: the production actors on real stores, to be struck at each system call.

    python -m tests.nemesis.life DIRECTORY STORAGE DESCRIPTOR

It opens its stores, has values and decrees chosen, and closes them. It tells of everything that it says to others in lines of JSON on a
socket, and at the end how it ended. On one thread and a clock of its own every life makes the same system calls, and nobody but the
stores writes.
"""

import heapq
import itertools
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from actors.base import RoleActor
from actors.channels import Channels
from actors.mailbox import Mailbox
from actors.storage.base import Storage, StorageError
from actors.wiring import WAKE, Item, Wiring
from paxos.codec import Codec
from paxos.company import Company
from paxos.messages import Accepted, Promise
from paxos.quorum import majority
from redpaxos.node import NodeConfig, actor_kinds, disk_stores, hold_to_each_other, hold_to_members, open_stores
from transport.memory import MemoryHub, MemoryTransport

CLUSTER, NODE = "life", "n1"
CHANNELS = Channels(CLUSTER)
# Values that are chosen one by one, then values and decrees that are chosen together; before the stores are closed, and afterwards.
_FIRST = (range(5), range(5, 12), range(3))
_SECOND = (range(12, 16), range(16, 20), range(3, 5))
_VALUE_BYTES = 600
_LONGEST_SECONDS = 60.0

Say = Callable[[dict[str, Any]], None]


class Clock:
    """Time that passes when nothing else happens; the port of timers."""

    def __init__(self) -> None:
        self.now = 0.0
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, ring: Callable[[], None]) -> None:
        """Call `ring` once, when the time is over."""
        heapq.heappush(self._waiting, (self.now + seconds, next(self._order), ring))

    def advance(self) -> None:
        """To the next timer."""
        self.now, _, ring = heapq.heappop(self._waiting)
        ring()


class Life:
    """The node, from the opening of its stores on."""

    def __init__(self, directory: Path, storage: str, say: Say) -> None:
        self._config = NodeConfig(NODE, CLUSTER, (NODE,), storage=storage)
        self._directory = directory
        self._say = say
        self._clock = Clock()
        self._hub = MemoryHub()
        self._transport = MemoryTransport(self._hub)
        # Actors that have something in their mailbox.
        self._awake: list[RoleActor] = []
        self._failures: list[BaseException] = []
        self._chosen: set[str] = set()
        self._codec = Codec(CLUSTER)

    def live(self, values: tuple[range, range, range]) -> None:
        """From the opening of the stores to an orderly end; a store that fails raises its StorageError."""
        alone, together, decrees = values
        stores = self._open()
        listener = MemoryTransport(self._hub)
        listener.subscribe(f"redpaxos:{{{CLUSTER}.0}}:*", lambda channel, payload: self._overhear(payload))
        listener.subscribe(CHANNELS.door("chosen"), lambda channel, payload: self._announced(payload))
        actors = [self._start(kind, stores[kind.store]) for kind in actor_kinds(self._config.roles)]
        for number in alone:
            self._ask({"id": f"v{number}", "value": f"{number}" * _VALUE_BYTES})
            self._run()
        for number in together:
            self._ask({"id": f"v{number}", "value": f"{number}" * _VALUE_BYTES})
        for number in decrees:
            self._ask({"decree": f"d{number}", "value": f"w{number}"})
        self._run()
        for actor in actors:
            actor.on_stop()
        for store in stores.values():
            store.close()

    def _open(self) -> dict[str, Storage]:
        """As a node does."""
        names = [kind.store for kind in actor_kinds(self._config.roles)]
        stores = dict(zip(names, open_stores(names, disk_stores(self._directory, self._config)), strict=True))
        for name, store in stores.items():
            hold_to_members(store, name, self._config.members)
        hold_to_each_other(NODE, stores)
        return stores

    def _start(self, kind: type[RoleActor], storage: Storage) -> RoleActor:
        mailbox: Mailbox[Item] = Mailbox()
        wiring = Wiring(
            company=Company(NODE, majority(self._config.members), self._config.settings, storage.identity.incarnation),
            channels=CHANNELS,
            codec=self._codec,
            storage=storage,
            transport=self._transport,
            timers=self._clock,
            random=Random(1),
            clock=lambda: int(self._clock.now * 1000),
            mailbox=mailbox,
            trace=lambda line: None,
            warn=lambda line: None,
            failed=self._failures.append,
            actors=tuple(each.kind for each in actor_kinds(self._config.roles)),
        )
        actor = kind(wiring)
        actor.on_start()
        mailbox.attach(lambda: self._awake.append(actor))
        return actor

    def _run(self) -> None:
        """Until all that was asked for is chosen."""
        while self._wanted - self._chosen:
            self._work()
            assert self._clock.now < _LONGEST_SECONDS, f"not chosen: {self._wanted - self._chosen}"
            self._clock.advance()
        self._work()

    def _work(self) -> None:
        while self._awake:
            actor = self._awake.pop(0)
            try:
                actor.on_receive(WAKE)
            except Exception as error:
                # As Pykka does; the node stops.
                actor.on_failure(type(error), error, error.__traceback__)
                raise

    # ---- what is said ------------------------------------------------------------------------------------------------------------

    _wanted: frozenset[str] = frozenset()

    def _ask(self, what: dict[str, str]) -> None:
        """Propose it as anybody may, in JSON."""
        self._wanted |= {what.get("id", "") or what["decree"]}
        self._transport.publish(CHANNELS.door("propose"), json.dumps(what).encode())

    def _overhear(self, payload: bytes) -> None:
        """Promises and votes bind whoever speaks of them."""
        for letter in self._codec.decode(payload).letters:
            match letter.message:
                case Promise(ballot):
                    self._say({"said": "promise", "group": letter.group, "ballot": list(ballot)})
                case Accepted(ballot, first_slot, last_slot):
                    self._say({"said": "vote", "group": letter.group, "ballot": list(ballot), "slots": [first_slot, last_slot]})

    def _announced(self, payload: bytes) -> None:
        """Whoever hears it takes it for chosen."""
        chosen = json.loads(payload)
        self._chosen.add(chosen.get("decree") or chosen["id"])
        self._say({"said": "chosen"} | chosen)


def tell_of_life(directory: Path, storage: str, say: Say) -> None:
    """Live, close the stores, open them and live again, and say how it ended."""
    try:
        Life(directory, storage, say).live(_FIRST)
        Life(directory, storage, say).live(_SECOND)
    except StorageError as error:
        say({"ended": "stopped", "why": str(error)})
    else:
        say({"ended": "well"})


def main() -> None:
    """Live once; what is said is sent, not written, so that a fault of writing does not concern it."""
    directory, storage, descriptor = sys.argv[1:]
    with socket.socket(fileno=int(descriptor)) as ear:
        os.set_inheritable(ear.fileno(), False)
        tell_of_life(Path(directory), storage, lambda what: ear.sendall(json.dumps(what).encode() + b"\n"))


if __name__ == "__main__":
    main()
