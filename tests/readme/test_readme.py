"""The README, done: every block is run on a real server with real nodes, and prints what the README says."""

import os
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.readme.blocks import Block, read_blocks
from tests.readme.reader import Reader, comparable
from tests.servers import RedisServer

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCKS = read_blocks(ROOT / "README.md")
RUN = [block for block in BLOCKS if block.mark != "not run" and block.language != "text"]

Story = dict[int, tuple[str, str]]
"""By the line of each block: what it should print, and what it printed."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """All blocks, run once and in their order, because a reader does so and later ones build on earlier ones."""
    redis_cli = shutil.which("redis-cli") or shutil.which("valkey-cli")
    if redis_cli is None:
        if "CI" in os.environ:
            pytest.fail("CI has to run the README, and there is no redis-cli")
        pytest.skip("there is no redis-cli, whose use the README shows")
    with RedisServer() as server, Reader(server, redis_cli, tmp_path_factory.mktemp("reader")) as reader:
        yield {block.line: (expected, printed) for block, expected, printed in reader.read(BLOCKS)}


@pytest.mark.server
@pytest.mark.processes
@pytest.mark.parametrize("block", RUN, ids=lambda block: f"line-{block.line}")
def test_each_block_prints_what_the_readme_says(story: Story, block: Block) -> None:
    expected, printed = story[block.line]
    assert comparable(printed) == comparable(expected)


def test_every_block_is_run_or_says_why_not() -> None:
    for block in BLOCKS:
        assert block.language in ("console", "python", "text", "sh"), (
            f"line {block.line}: nobody runs {block.language or 'a nameless block'}"
        )
        assert block.mark in ("", "not run", "nodes", "listens"), f"line {block.line}: unknown mark {block.mark!r}"
        assert bool(block.reason) == (block.mark == "not run"), f"line {block.line}: a reason goes with 'not run', and with nothing else"
        assert block.language != "sh" or block.mark == "not run", f"line {block.line}: commands that are run stand in console blocks"


def test_text_blocks_are_what_the_python_block_before_them_prints() -> None:
    assert all(before.language == "python" for before, block in pairwise(BLOCKS) if block.language == "text")


def test_two_outputs_that_differ_in_more_than_ballots_do_not_compare_equal() -> None:
    assert comparable('{"revision":1,"ballot":[1,"n2"]}') == comparable('{"revision":1,"ballot":[7,"n3"]}')
    assert comparable('{"revision":1,"ballot":[1,"n2"]}') != comparable('{"revision":2,"ballot":[1,"n2"]}')


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 240


def test_every_link_leads_to_something() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for target in links(page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}, which is not there"


def links(text: str) -> list[str]:
    """The relative targets of a page's links and pictures."""
    targets = [part.partition(")")[0] for part in text.split("](")[1:]]
    return [target.partition("#")[0] for target in targets if "://" not in target and not target.startswith("#")]
