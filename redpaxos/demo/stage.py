"""The stage: what the story asks of a cluster, wherever it runs."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from redpaxos.errors import RedpaxosError

if TYPE_CHECKING:
    from redis import Redis

    from transport.base import Transport

CLUSTER = "demo"
NODES = ("n1", "n2", "n3")


class DemoError(RedpaxosError):
    """Something is not as the story has it."""


class Stage(ABC):
    """A server and three nodes; use it in a `with` statement."""

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @abstractmethod
    def open(self) -> str:
        """Start the server, and say what it is."""

    @abstractmethod
    def start(self, node: str) -> str:
        """Start a node on the disk that it had before, if it had one, and say what it is."""

    @abstractmethod
    def kill(self, node: str) -> str:
        """End a node without a farewell, and say how."""

    @abstractmethod
    def failure(self, node: str) -> str:
        """Why a node that should be there is not; empty if it is."""

    @abstractmethod
    def redis(self) -> "Redis":
        """A plain client of the server; the caller closes it."""

    @abstractmethod
    def transport(self) -> "Transport":
        """The network of the nodes; the caller closes it."""

    @abstractmethod
    def close(self) -> None:
        """End everything, and leave nothing behind."""

    def invitation(self, program: str) -> list[tuple[str, str]]:
        """Commands for somebody outside, and what each is good for."""
        return []
