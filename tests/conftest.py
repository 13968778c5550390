"""Fixtures for all tests."""

from collections.abc import Iterator

import pytest

from tests.servers import RedisServer


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real server that all tests share; who kills or freezes one starts a RedisServer of its own."""
    with RedisServer() as server:
        yield server
