"""Textbook Paxos: proposers, acceptors and learners that one starts by hand, as Pykka actors in one process.

They are the actors of a real node, each with a single role, on a network that the caller chooses and with storage in memory. What they
decide is a decree: one value, once. For learning, teaching and tests; a cluster that must survive its processes is made of nodes.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from actors.storage.memory import MemoryStorage
from redpaxos.client import Client, Decision
from redpaxos.errors import UndecidedError
from redpaxos.node import Node, NodeConfig
from transport.base import Transport
from transport.memory import MemoryHub, MemoryTransport

Network = Callable[[], Transport]
"""Makes one more endpoint of the same network."""

_CLUSTER = "textbook"
_DECREE = "value"


def memory_network() -> Network:
    """A network inside this process."""
    hub = MemoryHub()
    return lambda: MemoryTransport(hub)


def redis_network(client: Any) -> Network:
    """A network over the pub/sub of the server that a `redis.Redis` or `fakeredis.FakeRedis` client is connected to."""
    from transport.redis_pubsub import RedisPubSubTransport

    return lambda: RedisPubSubTransport(lambda: client)


class Member:
    """One actor with one role; stop() it, or use it in a `with`."""

    role = ""

    def __init__(self, node: Node, network: Network) -> None:
        self.name = node.config.name
        self._node = node

    @classmethod
    def start(cls: type["AnyMember"], network: Network, name: str, acceptors: Sequence[str]) -> "AnyMember":
        """Start the actor under its name; `acceptors` are the names of all that vote."""
        config = NodeConfig(name, _CLUSTER, tuple(acceptors), (cls.role,))
        node = Node(config, network(), lambda store: MemoryStorage(cluster=_CLUSTER, node=name))
        node.start()
        return cls(node, network)

    def __enter__(self: "AnyMember") -> "AnyMember":
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the actor; idempotent."""
        self._node.stop()


AnyMember = TypeVar("AnyMember", bound=Member)


class Acceptor(Member):
    """Votes; learners hear its votes on their channel."""

    role = "acceptor"


class _Asking(Member):
    """A member that answers its caller, through a client of its own."""

    def __init__(self, node: Node, network: Network) -> None:
        super().__init__(node, network)
        self._client = Client(network(), _CLUSTER, node=self.name)

    def stop(self) -> None:
        """End the actor and its client; idempotent."""
        self._client.close()
        super().stop()


class Proposer(_Asking):
    """Gets a value chosen: its own, or the one that was."""

    role = "proposer"

    def propose(self, value: Any, *, timeout: float = 10.0) -> Decision:
        """Have a value decided; the outcome is what won, its ballot, and whether it was this one.

        Raises NotDoneError if no quorum answers, OutcomeUnknownError if the value may yet win.
        """
        return self._client.decide(_DECREE, value, timeout=timeout)


class Learner(_Asking):
    """Knows what was chosen once a quorum of acceptors has voted for it."""

    role = "learner"

    def value(self, *, timeout: float = 0.0) -> Any:
        """The value that was chosen, waiting for it if asked to; UndecidedError if there is none yet."""
        return self.decision(timeout=timeout).value

    def decision(self, *, timeout: float = 0.0) -> Decision:
        """The value with its ballot."""
        decision = self._client.learned(_DECREE, timeout=timeout)
        if decision is None:
            raise UndecidedError(f"learner {self.name} knows of no chosen value")
        return decision
