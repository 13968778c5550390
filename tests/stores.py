"""Stores in memory, as tests want them."""

from typing import TypeVar

from actors.storage.base import Storage
from paxos.records import ADMITTED, PeerStore

Kept = TypeVar("Kept", bound=Storage)


def admitted(store: Kept) -> Kept:
    """A store of a member whose first start is over, which needed nearly all of the others."""
    store.write((PeerStore(ADMITTED, store.identity.store_id),), sync=True)
    return store
