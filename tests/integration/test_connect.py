"""What connect() raises is a RedpaxosError, and a connection that comes to nothing is closed."""

import threading

import pytest

import redpaxos
from redpaxos.client import Client
from redpaxos.line import Line
from tests.servers import RedisServer
from transport.base import TransportError
from transport.memory import MemoryHub, MemoryTransport


def test_a_url_that_makes_no_sense_is_an_error_of_redpaxos() -> None:
    with pytest.raises(redpaxos.AddressError, match="localhost"):
        redpaxos.connect("localhost:6379", cluster="test")


def test_a_name_that_makes_no_sense_is_an_error_of_redpaxos_and_leaves_no_connection(server: RedisServer) -> None:
    before = set(threading.enumerate())
    with pytest.raises(redpaxos.RedpaxosError, match="cluster 'no name' is not a name"):
        redpaxos.connect(server.unix_url, cluster="no name")
    assert set(threading.enumerate()) <= before


def test_a_node_that_none_can_be_called_is_an_error_of_redpaxos() -> None:
    with Client(MemoryTransport(MemoryHub()), "test") as client, pytest.raises(redpaxos.AddressError):
        client.transfer_lead("no name")


def test_a_server_that_refuses_is_not_done_and_leaves_no_connection(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(line: Line, *given: object) -> None:
        raise TransportError("this user has no permissions")

    before = set(threading.enumerate())
    monkeypatch.setattr(Line, "__init__", refuse)
    with pytest.raises(redpaxos.NotDoneError, match="no permissions"):
        redpaxos.connect(server.unix_url, cluster="test")
    assert set(threading.enumerate()) <= before
