"""A server and a cluster for each test, because each does something to them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cluster import Cluster
from tests.servers import RedisServer


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A server that the test may kill."""
    with RedisServer() as running:
        yield running


@pytest.fixture
def cluster(server: RedisServer, tmp_path: Path) -> Iterator[Cluster]:
    """Three members, not started."""
    with Cluster(server, tmp_path / "cluster") as members:
        yield members
