"""What a hop costs over each transport: run `python -m benchmarks.hops`. Two processes and a server on this machine, over TCP and a
Unix socket.

Latency: a payload goes to the other process and back, one at a time, each deliver function publishing the next; half a round is a
hop. Throughput: one process publishes as fast as it can, the other receives; CPU is that of each process alone, per message.
"""

import multiprocessing
import queue
import resource
import sys
import threading
import time
from itertools import pairwise, product

from tests.servers import RedisServer
from transport.redis_pubsub import RedisPubSubTransport
from transport.redis_socket import RedisSocketTransport
from transport.threaded import BrokerTransport

KINDS = {"redis-py": RedisPubSubTransport, "socket": RedisSocketTransport}
ROUND_COUNT = 5000
WINDOW_COUNT = 200
"""How many messages may be under way at once, so that the server never cuts the subscriber off."""


def cpu_seconds() -> float:
    """User and system time of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def other_process(kind: str, url: str, ready: "multiprocessing.Queue[float]") -> None:
    """Answers every ping; tells the sender about every WINDOW_COUNT-th bulk message, and at the end its CPU time."""
    transport: BrokerTransport = KINDS[kind](url)
    count = 0

    def count_bulk(channel: str, payload: bytes) -> None:
        nonlocal count
        count += 1
        if count % WINDOW_COUNT == 0:
            transport.publish("window", b"")

    transport.subscribe("ping", lambda _, payload: transport.publish("pong", payload))
    transport.subscribe("bulk", count_bulk)
    transport.subscribe("cpu", lambda *_: ready.put(cpu_seconds()))
    ready.put(0.0)
    multiprocessing.Event().wait()


def measure(kind: str, url: str, payload: bytes, message_count: int) -> str:
    """One line of figures."""
    answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    ready: multiprocessing.Queue[float] = multiprocessing.Queue()
    process = multiprocessing.Process(target=other_process, args=(kind, url, ready), daemon=True)
    process.start()
    transport: BrokerTransport = KINDS[kind](url)
    transport.subscribe("window", lambda _, answer: answers.put(answer))
    ready.get(timeout=10)
    laps = round_trip_seconds(transport, payload)
    transport.publish("cpu", b"")
    receiving_before, sending_before, started_at = ready.get(timeout=10), cpu_seconds(), time.perf_counter()
    for number in range(message_count):
        transport.publish("bulk", payload)
        if number % WINDOW_COUNT == WINDOW_COUNT - 1 and number >= 2 * WINDOW_COUNT:
            answers.get(timeout=10)
    sending = cpu_seconds() - sending_before
    for _ in range(2):
        answers.get(timeout=10)
    seconds = time.perf_counter() - started_at
    transport.publish("cpu", b"")
    receiving = ready.get(timeout=10) - receiving_before
    transport.close()
    process.kill()
    process.join()
    each = 1e6 / message_count
    return (
        f"{laps[len(laps) // 2] / 2 * 1e6:7.0f} {laps[len(laps) * 99 // 100] / 2 * 1e6:7.0f} {message_count / seconds:9.0f}"
        f" {sending * each:7.1f} {receiving * each:7.1f}"
    )


def round_trip_seconds(transport: BrokerTransport, payload: bytes) -> list[float]:
    """There and back, many times; sorted."""
    times: list[float] = []
    done = threading.Event()

    def deliver(channel: str, answer: bytes) -> None:
        times.append(time.perf_counter())
        if len(times) > ROUND_COUNT:
            done.set()
        else:
            transport.publish("ping", answer)

    transport.subscribe("pong", deliver)
    transport.publish("ping", payload)
    done.wait(30)
    return sorted(later - earlier for earlier, later in pairwise(times))


def main() -> None:
    """A table of all transports, sockets and sizes."""
    sys.stdout.write("                    bytes  hop µs   99% µs  messages/s   CPU µs to send, to receive\n")
    with RedisServer() as server:
        for kind, url, size in product(KINDS, (server.url, server.unix_url), (100, 16384)):
            figures = measure(kind, url, bytes(size), 100_000 if kind == "socket" and size == 100 else 20_000)
            sys.stdout.write(f"{kind:9} {url.partition(':')[0]:6} {size:8} {figures}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
