"""Plants mistakes in the real code: the same source with one piece of text changed, in this process, for as long as it is wanted.

The text has to be in its file exactly once, so a mistake that no longer fits says so. The changed file is compiled, and each function
that came out different gets the code that the mistake gives it; the file itself is never touched. What is not inside a function cannot
be planted, and is refused too.
"""

import importlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[2]


class PlantingError(Exception):
    """The mistake does not fit the code."""


class Mistake(Struct, frozen=True):
    """A mistake that somebody could make in one line, and the test of its own that finds it."""

    # What goes wrong, in words that name it in every report.
    name: str
    # The file, from the root of the repository.
    file: str
    # What it says, once, and what the mistake says.
    right: str
    wrong: str
    # The claim of a paper, or the rule of this project, that no longer holds.
    breaks: str
    # The test or scripted schedule that fails, as pytest names it, and words that its failure is told in.
    test: str
    told: str = ""


class Pair(Struct, frozen=True):
    """Two mistakes of which each hides the other: the test fails only where both were made."""

    first: Mistake
    second: Mistake
    test: str
    # Why one alone does no harm.
    because: str


@contextmanager
def planted(*mistakes: Mistake) -> Iterator[None]:
    """Make these mistakes while it lasts."""
    by_file: dict[str, list[Mistake]] = defaultdict(list)
    for mistake in mistakes:
        by_file[mistake.file].append(mistake)
    with ExitStack() as undo:
        for file, made in by_file.items():
            for function, code in _changes(file, made):
                undo.callback(setattr, function, "__code__", function.__code__)
                function.__code__ = code
        yield


def changed_source(source: str, mistake: Mistake) -> str:
    """The file as it is with the mistake."""
    count = source.count(mistake.right)
    if count != 1:
        raise PlantingError(f"{mistake.name}: {mistake.file} says {count} times, instead of once:\n{mistake.right}")
    return source.replace(mistake.right, mistake.wrong)


def _changes(file: str, mistakes: list[Mistake]) -> list[tuple[FunctionType, CodeType]]:
    """The functions that the mistakes change, with the code that they get."""
    path = ROOT / file
    right = source = path.read_text()
    for mistake in mistakes:
        source = changed_source(source, mistake)
    before, after = _compiled(right, path), _functions(compile(source, str(path), "exec", dont_inherit=True))
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
    changes = [(_find(module, name), code) for name, code in after.items() if code != before.get(name)]
    if not changes:
        raise PlantingError(f"{mistakes[0].name}: no function of {file} is any different")
    return changes


@lru_cache
def _compiled(source: str, path: Path) -> dict[str, CodeType]:
    """The functions of a file as it is, which many mistakes start from."""
    return _functions(compile(source, str(path), "exec", dont_inherit=True))


def _functions(code: CodeType) -> dict[str, CodeType]:
    """The functions and methods of a module, by qualified name; what is inside of a function belongs to it."""
    found: dict[str, CodeType] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            is_class = "__qualname__" in constant.co_names
            found |= _functions(constant) if is_class else {constant.co_qualname: constant}
    return found


def _find(module: Any, name: str) -> FunctionType:
    """The function that runs under this name, without what it is wrapped in."""
    *owners, last = name.split(".")
    owner = module
    for part in owners:
        owner = getattr(owner, part)
    found = vars(owner).get(last)
    for wrapper in ("fget", "__func__", "__wrapped__"):
        found = getattr(found, wrapper, found)
    if not isinstance(found, FunctionType):
        raise PlantingError(f"{name} is no function that a mistake can be planted in")
    return found
