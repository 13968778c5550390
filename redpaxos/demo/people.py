"""The people of the story: some publish proposals as JSON, with nothing but a Redis client, and one hears what was chosen."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from redpaxos.demo.stage import CLUSTER

if TYPE_CHECKING:
    from redis import Redis

    from transport.base import Transport

PROPOSE = f"redpaxos:{CLUSTER}:propose"
CHOSEN = f"redpaxos:{CLUSTER}:chosen"
REJECTED = f"redpaxos:{CLUSTER}:rejected"

Found = TypeVar("Found")


class Person:
    """Somebody with a Redis client of his own."""

    def __init__(self, name: str, client: "Redis") -> None:
        self.name = name
        self._client = client

    def publish(self, proposals: Sequence[dict[str, Any]]) -> None:
        """What `redis-cli PUBLISH` does, one after the other."""
        for proposal in proposals:
            self._client.publish(PROPOSE, json.dumps(proposal))

    def close(self) -> None:
        """Disconnect."""
        self._client.close()


class Listener:
    """Hears the chosen and the rejected channel, and remembers."""

    def __init__(self, transport: "Transport") -> None:
        self._heard: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self.rejections: list[str] = []
        transport.subscribe(CHOSEN, self._hear_chosen)
        transport.subscribe(REJECTED, self._hear_rejected)

    def await_heard(self, look: Callable[[Sequence[dict[str, Any]]], Found], timeout_seconds: float) -> Found:
        """What `look` finds in all that was heard, as soon as it is something, or when the time is over."""
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while not (found := look(self._heard)) and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            return found

    def _hear_chosen(self, channel: str, payload: bytes) -> None:
        with self._changed:
            self._heard.append(json.loads(payload))
            self._changed.notify_all()

    def _hear_rejected(self, channel: str, payload: bytes) -> None:
        self.rejections.append(payload.decode(errors="replace"))


def all_at_once(deeds: Sequence[Callable[[], None]]) -> None:
    """Do them on a thread each, released together."""
    barrier = threading.Barrier(len(deeds))

    def act(deed: Callable[[], None]) -> None:
        barrier.wait()
        deed()

    threads = [threading.Thread(target=act, args=(deed,), daemon=True) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
