"""What all roles of one node share."""

from msgspec import Struct

from paxos.quorum import Quorum
from paxos.settings import Settings


class Company(Struct, frozen=True):
    """The node's name, who votes, and the settings."""

    node: str
    quorum: Quorum
    settings: Settings = Settings()
