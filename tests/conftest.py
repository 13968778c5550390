"""Fixtures for all tests."""

import signal
from collections.abc import Iterator

import pytest

from tests.servers import RedisServer


def pytest_configure() -> None:
    """Whoever runs the tests in the background of a shell has them ignore Ctrl-C, and so would every process that a test starts."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real server that all tests share; who kills or freezes one starts a RedisServer of its own."""
    with RedisServer() as server:
        yield server
