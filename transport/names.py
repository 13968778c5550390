"""Channel names: text here, bytes on the wire.

A name that ends in `*` stands for every channel that begins with what is before the star; every other character, the glob
characters of Redis included, means itself.
"""

import re

HEARTBEAT_PREFIX = "redpaxos:heartbeat:"
"""Channels below it carry the transports' own heartbeats and are never delivered, not even to a prefix that covers them."""

_GLOB_CHARACTERS = re.compile(r"([\[\]?*\\])")


def is_prefix(name: str) -> bool:
    """Whether a subscription to this name is one to all channels that begin with it."""
    return name.endswith("*")


def encode_name(name: str) -> bytes:
    """A channel's name as the server sees it; undecodable bytes that decode_name() kept come back as they were."""
    return name.encode("utf-8", "surrogateescape")


def decode_name(channel: bytes) -> str:
    """The inverse of encode_name, defined for all bytes, since anybody may publish anywhere."""
    return channel.decode("utf-8", "surrogateescape")


def glob_pattern(prefix_name: str) -> bytes:
    """The PSUBSCRIBE pattern of a prefix name: its literal part escaped, and the star."""
    return encode_name(_GLOB_CHARACTERS.sub(r"\\\1", prefix_name[:-1])) + b"*"
