"""Groups: each is one independent log.

The replicated log is one group. Every named decree is a group of its own of which only slot 0 is used, so single-decree Paxos and
the log are the same code.
"""

from typing import Annotated

from msgspec import Meta

GroupName = Annotated[str, Meta(min_length=1, max_length=256)]

LOG = "log"
"""The replicated log of the cluster."""

_DECREE = "decree:"


def decree_group(name: str) -> str:
    """The group that decides the decree of this name."""
    return _DECREE + name


def decree_name(group: str) -> str:
    """The decree's name, or an empty string for a group that is a log."""
    return group[len(_DECREE) :] if is_decree(group) else ""


def is_decree(group: str) -> bool:
    """Whether only slot 0 of this group is used."""
    return group.startswith(_DECREE)
