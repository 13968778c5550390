"""What all roles of one node share."""

from collections.abc import Callable

from msgspec import Struct

from paxos.machines.base import Machine
from paxos.machines.kv import KeyValue
from paxos.machines.kv_messages import KEY_VALUE
from paxos.quorum import Quorum
from paxos.settings import Settings

Machines = tuple[tuple[str, Callable[[], Machine]], ...]
"""The name of each state machine of the log, and what makes one; the same on every node."""

STANDARD_MACHINES: Machines = ((KEY_VALUE, KeyValue),)


class Company(Struct, frozen=True):
    """The node's name, who votes, the settings, which life of the node this is, and how much it should lead."""

    node: str
    quorum: Quorum
    settings: Settings = Settings()
    # Another number in every life, of whichever store.
    incarnation: int = 1
    machines: Machines = STANDARD_MACHINES
    # Of several nodes that could lead the one with the highest does; with 0 a node never leads.
    priority: int = 1
