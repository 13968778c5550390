"""What the nemesis needs of the machine: root, for network namespaces and mounts, and strace. Without, tests are skipped; never in CI."""

import os
import shutil

import pytest

from tests.nemesis.hosts import why_no_hosts


@pytest.fixture(scope="session")
def hosts_are_possible() -> None:
    """Skip where this machine lets nobody have hosts of his own."""
    reason = why_no_hosts()
    if reason and "CI" not in os.environ:
        pytest.skip(reason)
    assert not reason


@pytest.fixture(scope="session")
def strace_is_there() -> None:
    """Skip where nobody can make a system call fail."""
    if shutil.which("strace") is None and "CI" not in os.environ:
        pytest.skip("strace is not installed")
    assert shutil.which("strace")
