"""What the nemesis needs of the machine: root, for network namespaces and mounts. Without, its tests are skipped; never in CI."""

import os

import pytest

from tests.nemesis.hosts import why_no_hosts


@pytest.fixture(scope="session")
def hosts_are_possible() -> None:
    """Skip where this machine lets nobody have hosts of his own."""
    reason = why_no_hosts()
    if reason and "CI" not in os.environ:
        pytest.skip(reason)
    assert not reason
