"""What all roles of one node share."""

from msgspec import Struct

from paxos.quorum import Quorum
from paxos.settings import Settings


class Company(Struct, frozen=True):
    """The node's name, who votes, the settings, and which life of the store's owner this is."""

    node: str
    quorum: Quorum
    settings: Settings = Settings()
    incarnation: int = 1
