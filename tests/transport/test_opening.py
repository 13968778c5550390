"""From a URL to a transport: the choice, the error texts, and what is imported when."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import RedisServer, free_port
from tests.transport.inbox import Inbox
from transport.base import TransportDownError, TransportUrlError
from transport.connections import connect, make_pool
from transport.opening import open_transport
from transport.redis_pubsub import RedisPubSubTransport
from transport.redis_socket import RedisSocketTransport

BAD_URLS = [
    "",
    "localhost",
    "http://localhost",
    "redis://:secret@host:port",
    "redis://h?db=x",
    "redis://h/orders",
    "redis://h?colour=red&password=secret",
    "unix://",
]


def test_an_option_that_redis_py_does_not_know_is_named() -> None:
    with pytest.raises(TransportUrlError, match=r"cannot use redis://h: unknown option colour$"):
        open_transport("redis://h?colour=red")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "redis://127.0.0.1:1/", "unix:///tmp/orders/socket"])
def test_a_path_is_the_number_of_a_database_or_a_socket(url: str) -> None:
    open_transport(url).close()


@pytest.mark.parametrize("url", BAD_URLS)
def test_an_unusable_url_is_one_clear_line_without_secrets(url: str) -> None:
    with pytest.raises(TransportUrlError) as caught:
        open_transport(url)
    text = str(caught.value)
    assert text.startswith(f"cannot use {url.partition('?')[0].replace(':secret@', '')}")
    assert url.startswith(("redis://", "unix://")) or text.endswith("and a server, such as redis://localhost:6379")
    assert text.count("rediss://") <= 1
    assert "\n" not in text
    assert "secret" not in text


def test_the_fast_transport_is_chosen() -> None:
    transport = open_transport(f"redis://127.0.0.1:{free_port()}")
    transport.close()
    assert isinstance(transport, RedisSocketTransport)


def test_without_hiredis_redis_py_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "transport.redis_socket")
    monkeypatch.setitem(sys.modules, "hiredis", None)
    transport = open_transport(f"redis://127.0.0.1:{free_port()}")
    transport.close()
    assert isinstance(transport, RedisPubSubTransport)


def test_redis_py_is_not_imported_before_it_is_needed() -> None:
    program = "import sys, transport.base, transport.memory, transport.opening; sys.exit('redis' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.server
@pytest.mark.parametrize("kind", [RedisPubSubTransport, RedisSocketTransport])
def test_tls_works(tmp_path: Path, kind: type[RedisPubSubTransport] | type[RedisSocketTransport]) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    make += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    try:
        subprocess.run(make, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
    tls_port = free_port()
    options = ["--tls-port", str(tls_port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no"]
    payloads = [b"small", bytes(3_000_000), b"end"]
    with RedisServer(*options):
        inbox, transport = Inbox(), kind(f"rediss://127.0.0.1:{tls_port}?ssl_ca_certs={certificate}")
        transport.subscribe("x", inbox.deliver)
        for payload in payloads:
            transport.publish("x", payload)
        inbox.wait_for(3)
        transport.close()
    assert inbox.payloads == payloads


def parsers() -> list[object]:
    """Those of redis-py that are there, dead or alive."""
    return [one for one in gc.get_objects() if type(one).__name__.endswith("Parser") and type(one).__module__.startswith("redis.")]


def test_connections_that_failed_leave_no_buffers_behind_for_the_garbage_collector() -> None:
    pool = make_pool("redis://127.0.0.1:1")
    gc.collect()
    gc.disable()
    try:
        # Other tests have connections of their own.
        others = parsers()
        for _ in range(5):
            with pytest.raises(TransportDownError):
                connect(pool)
        left = [parser for parser in parsers() if all(parser is not other for other in others)]
        assert len(left) >= 5
        assert [vars(parser) for parser in left] == [{}] * len(left)
    finally:
        gc.enable()
