"""Framing: letters for one target become frames of moderate size, each numbered, and from this life of this store.

Every frame has its own number on its channel, by which whoever hears it tells a repeated one from a fresh one (actors/sequences.py).
"""

from collections.abc import Iterable, Iterator

from actors.sequences import Numbering
from actors.weights import weight_of
from actors.wiring import Wiring
from paxos.codec import Envelope, Letter

_FRAME_BYTES = 256 * 1024


class Framing:
    """The frames of one actor."""

    def __init__(self, wiring: Wiring, store: str, numbering: Numbering) -> None:
        self._node = wiring.company.node
        self._fingerprint = wiring.company.quorum.fingerprint
        self._channels = wiring.channels
        self._codec = wiring.codec
        self._store = store
        self._identity = wiring.storage.identity
        self._numbering = numbering

    def frames(self, target: str, letters: Iterable[Letter], addressee: str = "") -> Iterator[tuple[str, bytes]]:
        """Each with its channel; `addressee` is the only store that may hear them, empty where any may."""
        channel = self._channels.outgoing(target, self._node)
        part: list[Letter] = []
        size = 0
        for letter in letters:
            weight = weight_of(letter.message)
            if part and size + weight > _FRAME_BYTES:
                yield channel, self._frame(channel, part, addressee)
                part, size = [], 0
            part.append(letter)
            size += weight
        if part:
            yield channel, self._frame(channel, part, addressee)

    def _frame(self, channel: str, letters: list[Letter], addressee: str) -> bytes:
        identity = self._identity
        number = self._numbering.next(channel)
        envelope = Envelope(
            identity.cluster,
            self._node,
            self._store,
            identity.store_id,
            identity.boot_count,
            number,
            tuple(letters),
            self._fingerprint,
            addressee,
        )
        return self._codec.encode(envelope)
