"""The peers: what each can be compared in, what it needs, and which of them are here."""

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from benchmarks.systems.base import System
from benchmarks.systems.etcd import LOAD_PROGRAM, EtcdCluster
from benchmarks.systems.pysyncobj_cluster import PySyncObjCluster
from benchmarks.systems.redis_always import RedisAlways
from benchmarks.systems.redlock import RedlockServers
from benchmarks.systems.zookeeper import JAR, ZooKeeperCluster


class Peer(Struct, frozen=True):
    """One system that is compared with, not made yet."""

    # Where its disks are, below everybody's.
    folder: str
    make: Callable[[Path], System]
    # The loads that it can take.
    loads: tuple[str, ...]
    programs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def lacks(self) -> list[str]:
        """What it needs and is not here; benchmarks/peers/install.sh installs it."""
        lacking = [name for name in self.programs if shutil.which(name) is None]
        lacking += [name for name in self.modules if find_spec(name) is None]
        return lacking + [path.name for path in self.files if not path.exists()]


PEERS = (
    Peer("etcd", EtcdCluster, ("put", "read", "decree"), programs=("etcd",), files=(LOAD_PROGRAM,)),
    Peer("zookeeper", ZooKeeperCluster, ("put", "read", "decree"), programs=("java",), modules=("kazoo",), files=(JAR,)),
    Peer("pysyncobj-at-once", partial(PySyncObjCluster, configuration="at once"), ("put",), modules=("pysyncobj",)),
    Peer("pysyncobj-batches", partial(PySyncObjCluster, configuration="batches"), ("put",), modules=("pysyncobj",)),
    Peer("redis", RedisAlways, ("put",)),
    Peer("redlock", RedlockServers, ("lock",), modules=("pottery",)),
)


def present(peers: Sequence[Peer] = PEERS) -> tuple[list[Peer], dict[str, str]]:
    """Those that can be started, and of the others, what they lack."""
    lacking = {peer.folder: ", ".join(peer.lacks()) for peer in peers}
    return [peer for peer in peers if not lacking[peer.folder]], {name: what for name, what in lacking.items() if what}
