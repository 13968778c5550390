"""Which groups a store has anything of: a filter, so that the many questions about a decree that nobody has heard of cost no look-up.

A Bloom filter ("Space/time trade-offs in hash coding with allowable errors", 1970) of 1 MiB, whatever the number of groups: it never misses
one that was added, and among 800,000 it takes about one in thirty for added that was not.
"""

_BITS = 1 << 23


class Groups:
    """Groups by name."""

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)

    def add(self, group: str) -> None:
        """Have it from here on."""
        for place in _places(group):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, group: str) -> bool:
        """False only if it was never added; for most the first bit tells."""
        bits = self._bits
        first, second, third = _places(group)
        return bool(bits[first >> 3] >> (first & 7) & 1 and bits[second >> 3] >> (second & 7) & 1 and bits[third >> 3] >> (third & 7) & 1)


def _places(group: str) -> tuple[int, int, int]:
    """Three bits of the filter, from the 64 bits of the name's hash."""
    mixed = hash(group)
    return mixed & (_BITS - 1), mixed >> 20 & (_BITS - 1), mixed >> 40 & (_BITS - 1)
