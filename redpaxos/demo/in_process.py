"""The stage in one process: the same nodes, disks and channels, but over fakeredis, which is a Redis made of Python objects."""

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import fakeredis

from redpaxos.demo.stage import CLUSTER, NODES, Stage
from redpaxos.errors import NodeFailedError
from redpaxos.node import Node, NodeConfig, disk_stores
from transport.redis_pubsub import RedisPubSubTransport

if TYPE_CHECKING:
    from redis import Redis

    from transport.base import Transport


class InProcessStage(Stage):
    """What one would do in a test."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="redpaxos-demo-")
        self._server = fakeredis.FakeServer()
        self._nodes: dict[str, Node] = {}

    def open(self) -> str:
        """There is nothing to start."""
        return f"fakeredis {version('fakeredis')}, in this process"

    def start(self, node: str) -> str:
        """A node object, with its actors on threads of their own."""
        config = NodeConfig(node, CLUSTER, NODES)
        directory = Path(self._directory.name) / node
        directory.mkdir(exist_ok=True)
        self._nodes[node] = Node(config, self.transport(), disk_stores(directory, config))
        self._nodes[node].start()
        return "actors on threads of this process"

    def kill(self, node: str) -> str:
        """As near to kill -9 as one process comes: a node that stops tells nobody, and all it keeps is what was on its disk."""
        self._nodes.pop(node).stop()
        return "actors stopped without a word to the others (one process has no kill -9)"

    def failure(self, node: str) -> str:
        """Why it stopped, if it did."""
        try:
            return "it has stopped" if node not in self._nodes or self._nodes[node].wait(0.0) else ""
        except NodeFailedError as error:
            return str(error)

    def redis(self) -> "Redis":
        """A fakeredis client."""
        return fakeredis.FakeRedis(server=self._server)

    def transport(self) -> "Transport":
        """The transport over redis-py, which is what fakeredis stands in for."""
        return RedisPubSubTransport(self.redis)

    def close(self) -> None:
        """Stop every node, and remove the disks."""
        for node in self._nodes.values():
            node.stop()
        self._nodes.clear()
        self._directory.cleanup()
