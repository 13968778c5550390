"""The pages in docs/: ladders are what the roles do, tests that are named exist, and examples are taken by what they are for."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import redis
from redis.exceptions import NoPermissionError

import redpaxos
from docs.drawing.ladders import SCENES, redrawn
from paxos.settings import Settings
from redpaxos.config import read_config
from redpaxos.node import Node, NodeConfig, disk_stores
from tests.servers import RedisServer
from transport.opening import open_transport

ROOT = Path(__file__).resolve().parent.parent.parent
DOCS = ROOT / "docs"
PROTOCOL = (DOCS / "protocol.md").read_text(encoding="utf-8")
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")
SOURCE = "".join(
    path.read_text(encoding="utf-8") for package in ("paxos", "actors", "redpaxos") for path in sorted((ROOT / package).rglob("*.py"))
)
_KINDS = (
    r'MalformedError\(\s*"([a-z ]+)"',
    r'UnheardError\(\s*"([a-z ]+)"',
    r'refused\["([a-z ]+)"\]',
    r'_complaints\.refuse\(\s*"([a-z ]+)"',
)
_ACL = re.compile(r"<!-- acl -->\n```text\n(.*?)```", re.DOTALL)


@pytest.mark.parametrize("name", SCENES)
def test_each_scene_stands_on_the_page_once(name: str) -> None:
    assert PROTOCOL.count(f"<!-- ladder: {name} -->") == 1


def test_the_ladders_show_what_the_roles_do() -> None:
    assert redrawn(PROTOCOL) == PROTOCOL, "python -m docs.drawing.ladders draws them anew"


def test_a_ladder_that_was_changed_by_hand_is_noticed() -> None:
    changed = PROTOCOL.replace("Promise 1.p1", "Promise 9.p1")
    assert redrawn(changed) == PROTOCOL


def test_every_test_that_a_page_names_exists() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = {name for page in DOCS.rglob("*.md") for name in re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8"))}
    assert named
    assert [name for name in sorted(named) if f"def {name}(" not in source] == []


def test_every_module_and_path_that_a_page_tells_to_run_exists() -> None:
    told = [
        command
        for page in DOCS.rglob("*.md")
        for command in re.findall(r"`((?:python -m|pytest) [^`]+)`", page.read_text(encoding="utf-8"))
    ]
    assert told
    paths = {word for command in told if command.startswith("pytest ") for word in command.split()[1:] if not word.startswith("-")}
    paths |= {command.split()[2].replace(".", "/") for command in told if command.startswith("python -m ")}
    assert [path for path in sorted(paths) if not (ROOT / path).exists() and not (ROOT / f"{path}.py").exists()] == []


def test_the_picture_tells_the_demos_story() -> None:
    picture = "".join(ElementTree.parse(DOCS / "demo.svg").getroot().itertext()).replace("\N{NO-BREAK SPACE}", " ")
    story = (ROOT / "redpaxos" / "demo" / "story.py").read_text(encoding="utf-8")
    for chapter in re.findall(r'\.chapter\("(.+)"\)', story):
        assert chapter in picture, f"python -m docs.drawing.picture draws {chapter!r}"


def test_every_kind_of_refusal_that_a_node_counts_is_explained() -> None:
    counted = {kind for pattern in _KINDS for kind in re.findall(pattern, SOURCE)}
    assert counted == {kind for row in table_after("| `refused` | somebody sent |") for kind in quoted(row)}


def test_what_a_node_says_when_it_refuses_is_quoted_as_it_says_it() -> None:
    fragments = [
        part.strip() for row in table_after("| it says | what happened | what to do |") for text in quoted(row) for part in text.split("…")
    ]
    assert fragments
    assert [fragment for fragment in fragments if fragment.strip(": ") not in SOURCE] == []


def test_the_settings_that_are_named_exist_and_have_the_values_given() -> None:
    defaults = Settings()
    page = OPERATIONS + PROTOCOL
    named = set(re.findall(r"`(\w+_(?:seconds|bytes|slots))`", page))
    assert named
    assert [name for name in sorted(named) if not hasattr(defaults, name)] == []
    assert [
        (name, value) for name, value in re.findall(r"`(\w+_seconds)` \(([\d.]+)\)", page) if getattr(defaults, name) != float(value)
    ] == []


def test_the_configuration_example_is_taken(tmp_path: Path) -> None:
    example = re.search(r"<!-- config -->\n```toml\n(.*?)```", OPERATIONS, re.DOTALL)
    assert example is not None
    (tmp_path / "redpaxos.toml").write_text(example[1])
    config = read_config(tmp_path / "redpaxos.toml")
    assert config.options()["members"] == "n1,n2,n3"
    assert config.settings.election_timeout_seconds == 0.35


def table_after(header: str) -> list[str]:
    """The first cells of the rows below this header."""
    rows = OPERATIONS.partition(header)[2].partition("\n\n")[0].splitlines()
    return [row.split("|")[1] for row in rows[2:]]


def quoted(cell: str) -> list[str]:
    """What stands in code quotes."""
    return re.findall(r"`(.+?)`", cell)


@pytest.fixture(scope="module")
def guarded_server() -> Iterator[RedisServer]:
    """A server with the users of docs/operations.md."""
    example = _ACL.search(OPERATIONS)
    assert example is not None
    with RedisServer() as server:
        for command in example[1].splitlines():
            plain, *selectors = command.split(" (")
            server.cli(*plain.split(), *(f"({selector}" for selector in selectors))
        yield server


@pytest.mark.server
@pytest.mark.parametrize(
    ("user", "channel", "allowed"),
    [
        ("n1", "redpaxos:{demo.0}:learners:from:n1", True),
        ("n1", "redpaxos:{demo.0}:learners:from:n2", False),
        ("n1", "redpaxos:demo:chosen", True),
        ("app", "redpaxos:{demo.0}:proposers:from:client-1", True),
        ("app", "redpaxos:{demo.0}:learners:from:n1", False),
        ("door", "redpaxos:demo:propose", True),
        ("door", "redpaxos:demo:chosen", False),
        ("door", "redpaxos:{demo.0}:learners:from:n1", False),
    ],
)
def test_the_acl_lets_each_user_speak_for_itself_and_for_nobody_else(
    guarded_server: RedisServer, user: str, channel: str, allowed: bool
) -> None:
    with redis.Redis.from_url(url_of(guarded_server, user)) as client:
        try:
            client.publish(channel, b"")
        except NoPermissionError:
            assert not allowed
        else:
            assert allowed


@pytest.mark.server
def test_a_node_and_a_client_work_under_the_acl(guarded_server: RedisServer, tmp_path: Path) -> None:
    config = NodeConfig("n1", "demo", ("n1",))
    node = Node(config, open_transport(url_of(guarded_server, "n1")), disk_stores(tmp_path, config))
    node.start()
    try:
        with redpaxos.connect(url_of(guarded_server, "app"), cluster="demo") as client:
            assert client.propose("Hello, Paxos!").revision == 1
    finally:
        node.stop()


def url_of(server: RedisServer, user: str) -> str:
    """The server's address for one of the users."""
    return server.url.replace("://", f"://{user}:SECRET-OF-{user.upper()}@")


def test_the_planted_mistakes_that_engines_found_are_as_many_as_their_page_says() -> None:
    found = re.search(r"^(\d+) of \d+ mistakes were found", (DOCS / "planted.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    assert f"| {found[1]} found ([which](planted.md)) |" in (DOCS / "proof.md").read_text(encoding="utf-8")
