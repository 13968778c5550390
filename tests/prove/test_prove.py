"""The long proof, cut short: engines run, what they said is kept, and what has ended well is not done again."""

import sys
from pathlib import Path

from click.testing import CliRunner
from msgspec.structs import replace

from tests.prove.__main__ import main, read_results, run_engine
from tests.prove.engines import ENGINES


def test_engines_run_up_to_a_share_of_their_count_and_not_again(tmp_path: Path) -> None:
    asked = ["--scale", "0.0005", "--only", "search", "--only", "frames", "--directory", str(tmp_path)]
    ran = CliRunner().invoke(main, asked)
    assert ran.exit_code == 0, ran.output
    results = read_results(tmp_path / "results.json")
    assert {name: (ended.count, ended.code) for name, ended in results.items()} == {"search": (500, 0), "frames": (5000, 0)}
    assert "500 distinct states" in (tmp_path / "search.log").read_text()
    again = CliRunner().invoke(main, asked)
    assert again.output == f"2 of {len(ENGINES)} engines have run\n"


def test_an_engine_that_finds_something_is_named_and_what_it_said_is_kept(tmp_path: Path) -> None:
    broken = replace(ENGINES[0], command=lambda count, directory: [sys.executable, "-c", "import sys; print('two values'); sys.exit(1)"])
    ended = run_engine(broken, 1, tmp_path)
    assert (ended.code, ended.last_line) == (1, "two values")
