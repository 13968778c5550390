"""Under what conditions a run was made: without them its numbers mean nothing."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("redpaxos", "pykka", "redis", "hiredis", "msgspec", "fakeredis", "pysyncobj", "kazoo", "pottery")


def gather(data_directory: Path) -> dict[str, str]:
    """What can be told before anything is measured."""
    packages = {f"{name} version": found for name in _PACKAGES if (found := _version(name))}
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _cpu_model(),
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": platform.release(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "file system of the data": _file_system(data_directory),
        "load average before": load_average(),
        "python": platform.python_version(),
        **packages,
    }


def load_average() -> str:
    """Over one minute, and over five: on an idle machine nearly 0 before, and no more than the systems under test make of it after."""
    one, five, _ = os.getloadavg()
    return f"{one:.2f} {five:.2f}"


def is_memory(data_directory: Path) -> bool:
    """Whether the directory lies in memory, where a sync costs nothing and proves nothing."""
    return _file_system(data_directory) in ("tmpfs", "ramfs")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _commit() -> str:
    found = _output("git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD")
    changed = _output("git", "-C", str(Path(__file__).parent), "status", "--porcelain", "--untracked-files=no")
    return found + (" with changes" if changed else "")


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(directory: Path) -> str:
    return _output("stat", "--file-system", "--format=%T", str(directory))


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
