"""The fixture for machines of one's own: the example of docs/simulation.md, and what a trial says of a machine that is wrong."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from redpaxos.simulation.runs.trials import Simulate, TrialError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "simulation.md"


class Sum:
    """Adds numbers."""

    def __init__(self) -> None:
        self.total = 0

    def execute(self, command: bytes) -> bytes:
        self.total += int(command)
        return b"%d" % self.total

    def query(self, question: bytes) -> bytes:
        return b"%d" % self.total

    def snapshot(self) -> Iterator[bytes]:
        return iter([b"%d" % self.total])

    def restore(self, parts: Iterable[bytes]) -> None:
        for part in parts:
            self.total = int(part)

    def waiter(self, question: bytes) -> Callable[[], bytes]:
        return lambda: self.query(question)


class Peculiar(Sum):
    """Every object of it begins elsewhere, as one does that draws a random number."""

    made_count = 0

    def __init__(self) -> None:
        super().__init__()
        Peculiar.made_count += 1
        self.total = Peculiar.made_count


class Fickle(Sum):
    """Changes when it is asked."""

    def query(self, question: bytes) -> bytes:
        self.total += 1
        return super().query(question)


@pytest.mark.timeout(300)
def test_the_example_of_the_page_passes(tmp_path: Path) -> None:
    found = re.search(r"<!-- test: a machine of one's own -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    (tmp_path / "test_example.py").write_text(found[1])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "2 passed" in run.stdout


def test_a_machine_of_which_no_two_are_alike_is_found_out_and_the_run_is_drawn() -> None:
    simulate = Simulate()
    simulate.shrink_count = 10
    with pytest.raises(TrialError, match="Accept"):
        simulate(Peculiar, calls=[b"1", b"2"])


def test_a_machine_that_changes_when_it_is_asked_is_found_out() -> None:
    simulate = Simulate()
    simulate.shrink_count = 0
    with pytest.raises(TrialError):
        simulate(Fickle, calls=[b"1"], questions=[b""])


def test_a_run_tells_every_request_with_its_answer() -> None:
    result = Simulate().run(1, Sum, calls=[b"1"], questions=[b""], scheduler="rounds")
    assert result.violation is None, result.report()
    assert {one.request.verb for one in result.told} >= {"call", "ask"}


class Late(Sum):
    """Tells in its snapshot what it holds when a part is written, not what it held when the snapshot was asked for."""

    def snapshot(self) -> Iterator[bytes]:
        return (b"%d" % self.total for _ in range(1))


def test_a_snapshot_that_tells_what_was_executed_since_is_found_out() -> None:
    runs = (Simulate().run(seed, Late, calls=[b"1", b"2"]) for seed in range(400))
    assert any(run.violation is not None for run in runs)
