"""Plants a bug in a method of the real code: the same source with a few words changed, for the length of one test."""

import inspect
import textwrap
from typing import Any

import pytest
from msgspec import Struct


class Bug(Struct, frozen=True):
    """A mistake that somebody could make in one line, and how many seeds may pass before an invariant breaks."""

    name: str
    owner: type
    method: str
    # (what the source says, what the mistake says), in order.
    edits: tuple[tuple[str, str], ...]
    # The invariants of which one breaks.
    breaks: tuple[str, ...]
    seed_count: int = 60
    # Another mistake without which this one does no harm.
    beside: "Bug | None" = None


def plant(bug: Bug, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the mistake in place of the method."""
    if bug.beside is not None:
        plant(bug.beside, monkeypatch)
    method = getattr(bug.owner, bug.method)
    source = textwrap.dedent(inspect.getsource(method))
    for right, wrong in bug.edits:
        assert right in source, f"{bug.name}: {bug.owner.__name__}.{bug.method} does not say {right!r} any more"
        source = source.replace(right, wrong)
    made: dict[str, Any] = {}
    exec(compile(source, f"<planted: {bug.name}>", "exec"), method.__globals__, made)
    monkeypatch.setattr(bug.owner, bug.method, made[bug.method])
