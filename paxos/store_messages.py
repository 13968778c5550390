"""Which store a node speaks with: what nodes say to each other about that, before a store may take part and when it may not."""

from typing import Annotated

from msgspec import Meta, Struct

StoreId = Annotated[str, Meta(max_length=64)]
"""The id that a store drew when it was made."""


class Stranger(Struct, frozen=True, array_like=True, tag=23, gc=False):
    """To a node whose store is not the one remembered under its name: it must not take part."""

    store: Annotated[str, Meta(max_length=16)]
    expected_store_id: str
    found_store_id: str


class Introduce(Struct, frozen=True, array_like=True, tag=38, gc=False):
    """From an acceptor that is not admitted yet, to the acceptors: write down that this is my store, and tell me so."""

    store_id: StoreId


class Acquainted(Struct, frozen=True, array_like=True, tag=39, gc=False):
    """To that acceptor: this store is on my disk under your name, and I shall never know another one under it."""

    store_id: StoreId
