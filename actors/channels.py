"""Channel names. An internal channel names its audience and its sender, so that a Redis ACL can let each node publish as itself only.

A lane is a bundle of groups that lives on one shard of a Redis Cluster; there is one lane, 0.
"""

import re

from paxos.effects import AUDIENCES
from paxos.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def check_name(kind: str, name: str) -> str:
    """The name, if a cluster or node may bear it."""
    if not _NAME.fullmatch(name) or name in AUDIENCES:
        raise ConfigurationError(
            f"{kind} {name!r} is not a name: 1 to 64 letters, digits, '.', '_' or '-', and none of {', '.join(sorted(AUDIENCES))}"
        )
    return name


class Channels:
    """The channels of one cluster."""

    def __init__(self, cluster: str) -> None:
        self._cluster = check_name("cluster", cluster)
        self._prefix = f"redpaxos:{{{cluster}.0}}"

    def outgoing(self, target: str, source: str) -> str:
        """Where `source` publishes for an audience or for one node."""
        return f"{self._prefix}:{target}:from:{source}"

    def incoming(self, target: str) -> str:
        """What an audience or a node subscribes to: the channel of every sender."""
        return f"{self._prefix}:{target}:from:*"

    def desk(self, node: str) -> str:
        """The target under which clients and acceptors reach a node's proposer or learner, and do not wake its acceptor."""
        return f"{node}/desk"

    def whose_desk(self, target: str) -> str:
        """The node whose desk this is; empty for any other target."""
        node, slash, _ = target.partition("/")
        return node if slash else ""

    def door(self, name: str) -> str:
        """The JSON channel of this name."""
        return f"redpaxos:{self._cluster}:{name}"

    @staticmethod
    def sender(channel: str) -> str:
        """The node whose name an internal channel bears."""
        return channel.rpartition(":from:")[2]
