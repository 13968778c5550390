"""Three nodes and their clients in one process, with storage in memory: what the protocol and the actors cost without disk and server."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from actors.storage.memory import MemoryStorage
from benchmarks.load.redpaxos_load import TransportLoad, run_threads
from benchmarks.measuring import Job, Sample, merge
from redpaxos.client import Client
from redpaxos.node import Node, NodeConfig
from redpaxos.textbook import memory_network, redis_network
from transport.base import Transport

CLUSTER = "bench"
NODES = ("n1", "n2", "n3")


class InProcessLoad:
    """A cluster on a network of this process, and up to three clients."""

    def __init__(self, kind: str) -> None:
        network = memory_network() if kind == "memory" else fake_network()
        self._nodes = [Node(NodeConfig(name, CLUSTER, NODES), network(), memory_stores(name)) for name in NODES]
        for node in self._nodes:
            node.start()
        self._client = Client(network(), CLUSTER)
        self._loads = [TransportLoad(network, CLUSTER) for _ in NODES]
        self._client.propose("first")

    def run(self, job: Job) -> Sample:
        """All clients at once; the CPU is that of the whole process."""
        if job.style == "client":
            return run_threads(self._client, job)
        with ThreadPoolExecutor(job.clients) as pool:
            samples = list(pool.map(lambda load: load.run(job), self._loads[: job.clients]))
        return as_one(samples, same_work=job.load == "decree")

    def close(self) -> None:
        """Stop everything."""
        for load in self._loads:
            load.close()
        self._client.close()
        for node in self._nodes:
            node.stop()


def as_one(samples: Sequence[Sample], *, same_work: bool) -> Sample:
    """The clients of one process as one sample."""
    together = merge(samples, {}, 1.0, same_work=same_work)
    seconds = samples[0].seconds
    cpu_seconds = max(sample.cpu_seconds for sample in samples)
    return Sample(round(together.per_second * seconds), seconds, together.total, together.histogram, cpu_seconds, together.repeated)


def memory_stores(node: str) -> Callable[[str], MemoryStorage]:
    """Stores that live as long as the process."""
    return lambda name: MemoryStorage(cluster=CLUSTER, node=node)


def fake_network() -> Callable[[], Transport]:
    """A network over fakeredis, which is a server of this process."""
    import fakeredis

    server = fakeredis.FakeServer()
    lock = threading.Lock()

    def connect() -> Transport:
        with lock:
            return redis_network(fakeredis.FakeRedis(server=server))()

    return connect
