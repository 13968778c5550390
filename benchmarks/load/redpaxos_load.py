"""Load on redpaxos: over bare sockets, over any transport, and by threads that use the client as its users do."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from msgspec import Raw

from benchmarks.load.base import Window
from benchmarks.load.closed_loop import ClosedLoop, Participant
from benchmarks.load.cpu import CpuClock, watch
from benchmarks.load.session_loop import SessionLoop
from benchmarks.load.wire import Wire
from benchmarks.measuring import Job, Sample, histogram
from redpaxos.client import Client
from redpaxos.kv import KeyValueStore
from transport.base import Transport
from transport.opening import open_transport

_DRAIN_SECONDS = 3.0
_LOOK_SECONDS = 0.1


class SocketLoad:
    """One process, one thread, two sockets; `secret` in hexadecimal digits."""

    def __init__(self, url: str, cluster: str, secret: str = "") -> None:
        self._url = url
        self._cluster = cluster
        self._secret = bytes.fromhex(secret)
        self._participant = Participant(cluster, self._secret)
        self._wire = Wire(url, self._participant.incoming)
        self._client: Client | None = None

    def run(self, job: Job) -> Sample:
        """Send, and answer every drain of answers with as many commands."""
        if job.style == "client":
            return run_threads(self._shared_client(), job)
        window = Window(job, time.perf_counter())
        loop = make_loop(self._participant, job, window)
        cpu = CpuClock(window)
        self._wire.send(loop.refill(time.perf_counter()))
        while not ((now := time.perf_counter()) >= window.end and (loop.is_done or now >= window.end + _DRAIN_SECONDS)):
            payloads = self._wire.receive(_LOOK_SECONDS)
            now = time.perf_counter()
            cpu.look(now)
            for payload in payloads:
                loop.hear(payload, now)
            frames = [] if payloads else loop.overdue(now)
            self._wire.send([*frames, *loop.refill(now)])
        return loop.sample(cpu.seconds)

    def close(self) -> None:
        """Close what was opened."""
        self._wire.close()
        if self._client is not None:
            self._client.close()

    def _shared_client(self) -> Client:
        if self._client is None:
            self._client = Client(open_transport(self._url), self._cluster, secret=self._secret)
        return self._client


class TransportLoad:
    """The same over the transport port, for transports that do not leave the process; deliver functions send."""

    def __init__(self, network: Callable[[], Transport], cluster: str) -> None:
        self._participant = Participant(cluster)
        self._transport = network()
        self._loop: ClosedLoop | SessionLoop | None = None
        self._lock = threading.Lock()
        self._transport.subscribe(self._participant.incoming, self._deliver)

    def run(self, job: Job) -> Sample:
        """Start the loop, and watch over it."""
        window = Window(job, time.perf_counter())
        cpu = CpuClock(window)
        with self._lock:
            loop = self._loop = make_loop(self._participant, job, window)
        while (now := time.perf_counter()) < window.end or (not loop.is_done and now < window.end + _DRAIN_SECONDS):
            cpu.look(now)
            with self._lock:
                frames = [*loop.overdue(now), *loop.refill(now)]
            for channel, payload in frames:
                self._transport.publish(channel, payload)
            time.sleep(_LOOK_SECONDS / 10)
        with self._lock:
            self._loop = None
        return loop.sample(cpu.seconds)

    def close(self) -> None:
        """Leave the network."""
        self._transport.close()

    def _deliver(self, channel: str, payload: bytes) -> None:
        with self._lock:
            if self._loop is None:
                return
            now = time.perf_counter()
            self._loop.hear(payload, now)
            frames = self._loop.refill(now)
        for target, frame in frames:
            self._transport.publish(target, frame)


def make_loop(participant: Participant, job: Job, window: Window) -> ClosedLoop | SessionLoop:
    """The loop for a job."""
    return SessionLoop(participant, job, window) if job.load in ("put", "read") else ClosedLoop(participant, job, window)


def run_threads(client: Client, job: Job) -> Sample:
    """A thread for each outstanding command, calling propose(), decide() or two cas() one after the other."""
    window = Window(job, time.perf_counter())
    cpu = CpuClock(window)
    value = Raw(b'"%s"' % (b"v" * (job.value_bytes - 2)))

    def work(thread: int) -> None:
        number = 0
        while (sent_at := time.perf_counter()) < window.end:
            name = f"{job.prefix}-{thread}-{number}"
            number += 1
            if job.load == "log":
                client.propose(value, id=f"{client.name}-{name}")
            elif job.load == "lock":
                take_and_release(client.kv, f"{job.prefix}-{thread}", client.name)
            else:
                client.decide(name, value)
            window.answered(sent_at, time.perf_counter())

    with ThreadPoolExecutor(job.outstanding) as pool:
        working = [pool.submit(work, thread) for thread in range(job.outstanding)]
        watch(cpu, window)
        for each in working:
            each.result()
    found = window.latencies
    return Sample(len(found), job.seconds, window.total, histogram(found), cpu.seconds)


def take_and_release(store: KeyValueStore, key: str, owner: str) -> None:
    """Take a key that nobody has, and give it back; the revision that it was taken with is a fencing token."""
    taken = store.cas(key, owner, revision=0)
    if not (taken.succeeded and store.cas(key, None, revision=taken.revision).succeeded):
        raise RuntimeError(f"{key} belongs to somebody else")
