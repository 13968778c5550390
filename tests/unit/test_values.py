"""What tells values apart on the wire."""

import pytest

from paxos.values import value_digest


@pytest.mark.parametrize("value", [b"", b"v", b"w", b"\0", b"\0\0", b"x" * 1_000_000])
def test_a_digest_fits_a_message_and_is_never_0_which_says_nothing(value: bytes) -> None:
    assert 0 < value_digest(value) < 2**62


def test_digests_tell_values_apart() -> None:
    assert len({value_digest(b"%d" % number) for number in range(10_000)}) == 10_000


def test_a_digest_is_the_same_in_every_version_since_nodes_compare_it() -> None:
    assert value_digest(b"blue") == 2638955331886817783
