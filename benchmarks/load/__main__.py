"""A load process: `python -m benchmarks.load KIND ARGUMENT...`, started by the harness and spoken to by lines (base.py)."""

import sys

from benchmarks.load.base import Load, serve


def make_load(kind: str, arguments: list[str]) -> Load:
    """The load of this kind; what it needs is imported only then."""
    match kind:
        case "socket":
            from benchmarks.load.redpaxos_load import SocketLoad

            return SocketLoad(*arguments)
        case "in-process":
            from benchmarks.load.in_process import InProcessLoad

            return InProcessLoad(*arguments)
        case "redis":
            from benchmarks.load.redis_load import RedisLoad

            return RedisLoad(*arguments)
        case "pysyncobj":
            from benchmarks.load.pysyncobj_load import PySyncObjLoad

            return PySyncObjLoad(*arguments)
        case "zookeeper":
            from benchmarks.load.zookeeper_load import ZooKeeperLoad

            return ZooKeeperLoad(*arguments)
        case "redlock":
            from benchmarks.load.redlock_load import RedlockLoad

            return RedlockLoad(*arguments)
        case "roles":
            from benchmarks.load.roles_load import RolesLoad

            return RolesLoad()
        case "essential-paxos":
            from benchmarks.load.essential_load import EssentialLoad

            return EssentialLoad()
        case _:
            raise SystemExit(f"no load of kind {kind!r}")


if __name__ == "__main__":
    serve(make_load(sys.argv[1], sys.argv[2:]))
