"""What the command line says of itself, and of mistakes: exit code 2 and one line that names the bad value."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Redpaxos, said

HUGE = "9" * 23
# As the shell hands over a byte that is no UTF-8.
NO_TEXT = "\udcff"
NOBODY = "redis://localhost:1"

MISTAKES = [
    (("propose", "x"), "--cluster"),
    (("propose", "--cluster", "c"), "VALUE"),
    (("propose", "{broken", "--cluster", "c"), "{broken begins like JSON and is none"),
    (("propose", '{"a": 1', "--cluster", "c"), "--string sends it as a string"),
    (("propose", " [1,", "--cluster", "c"), "--string sends it as a string"),
    (("propose", '"42', "--cluster", "c"), "--string sends it as a string"),
    (("decide", "colour", "{blue", "--cluster", "c"), "{blue begins like JSON and is none"),
    (("decide", "colour", "--string", "--cluster", "c"), "--string go with a VALUE"),
    (("propose", "x", "--cluster", "c", "--colour", "blue"), "--colour"),
    (("propose", "x", "--cluster", "c", "--redis", "http://example"), "http://example"),
    (("propose", "x", "--cluster", "c", "--timeout", "0"), "'0' is not a number of seconds above 0"),
    (("propose", "x", "--cluster", "c", "--timeout", "nan"), "'nan' is not a number of seconds"),
    (("propose", "x", "--cluster", "c", "--timeout", "inf"), "'inf' is not a number of seconds"),
    (("propose", "x", "--cluster", "c", "--timeout", "1s"), "'1s' is not a number of seconds above 0, such as 2.5; see redpaxos propose"),
    (("propose", "x", "--cluster", "c", "--timeout", ""), "'' is not a number of seconds above 0"),
    (("propose", "x", "--cluster", "c", "-o", "xml"), "xml"),
    (("propose", "x", "--cluster", "c", "--secret-file", "/nowhere"), "/nowhere"),
    (("decide", "colour", "--cluster", "c", "--mine"), "--mine"),
    (("decide", "", "blue", "--cluster", "c"), "1 to 128 characters"),
    (("log", "show", "--cluster", "c", "--from", "0"), "0 is no revision"),
    (("log", "show", "--cluster", "c", "--from", "4611686018427387903"), "is no revision: they go from 1 to 4611686018427387902"),
    (("log", "tail", "--cluster", "c", "--from", HUGE), f"{HUGE} is no revision"),
    (("log", "show", "--cluster", "c", "--node", NO_TEXT), "'\\udcff' is not UTF-8"),
    (("propose", "-5", "--cluster", "c"), "a value that begins with a dash goes behind a double dash"),
    (("sim", "run", "--jobs", "0"), "0 is not in the range"),
    (("propose", NO_TEXT, "--cluster", "c"), "VALUE: '\\udcff' is not UTF-8"),
    (("propose", "--string", NO_TEXT, "--cluster", "c"), "VALUE: '\\udcff' is not UTF-8"),
    (("propose", "x", "--cluster", "c", "--id", NO_TEXT), "'\\udcff' is not UTF-8"),
    (("propose", "x", "--cluster", "c", "--id", ""), "'--id': it is empty"),
    (("decide", NO_TEXT, "--cluster", "c"), "'\\udcff' is not UTF-8"),
    (("decide", NO_TEXT, "blue", "--cluster", "c"), "'\\udcff' is not UTF-8"),
    (("kv", "get", NO_TEXT, "--cluster", "c"), "'\\udcff' is not UTF-8"),
    (("kv", "cas", "k", "v", "--cluster", "c", "--revision", "-1"), "-1 is no revision: they go from 0"),
    (("kv", "cas", "k", "v", "--cluster", "c", "--revision", HUGE), f"{HUGE} is no revision"),
    (("kv", "watch", "--cluster", "c", "--from-revision", HUGE), f"{HUGE} is no revision"),
    (("kv", "txn", f'{{"if": [["version", "k", ">", {HUGE}]]}}', "--cluster", "c"), "is no condition"),
    (("lead", "transfer", NO_TEXT, "--cluster", "c"), "'\\udcff' is not UTF-8"),
    (("node", "run", "n1", "--cluster", "c", "--members", "n1", "--priority", HUGE), f"{HUGE} is not in the range"),
    (("status", "--cluster", "c", "--check"), "add --node NAME or set REDPAXOS_NAME"),
    (("node", "run", "n1", "--cluster", "c"), "--members"),
    (("node", "run", "n9", "--cluster", "c", "--members", "n1,n2"), "n9 is not among the members n1,n2"),
    (("node", "run", "n1", "--cluster", "c", "--members", "n1,n1"), "name a node twice"),
    (("node", "run", "n1", "--cluster", "c", "--members", "n1", "--roles", "king"), "king"),
    (("node", "run", "a b", "--cluster", "c", "--members", "n1"), "'a b' is not a name"),
    (("node", "run", "n1", "--cluster", "c", "--members", "n1", "--data-dir", "/dev/null/x"), "/dev/null/x"),
    (("demo", "--keep", "--in-process"), "--in-process"),
    (("dance",), "No such command 'dance'; see redpaxos --help"),
    (("put", "a", "1"), "No such command 'put'. Did you mean redpaxos kv put? See redpaxos --help"),
    (("run", "n1"), "Did you mean redpaxos node run or redpaxos sim run?"),
    (("stat",), "Did you mean 'status'? See redpaxos --help"),
]

BAD_FILES = [
    ('colour = "blue"', "unknown key 'colour'"),
    ("members = 3", "members = 3"),
    ("redis = true", "redis = True"),
    ("settings = 1", "[settings]"),
    ("[settings]\nheartbeat = 1", "unknown key 'heartbeat'"),
    ('[settings]\nheartbeat_seconds = "fast"', "heartbeat_seconds = 'fast'"),
    ("[settings]\nheartbeat_seconds = -1", "heartbeat_seconds must be above 0"),
    ("[settings]\nretry_seconds = nan", "retry_seconds must be above 0, found nan"),
    ("[settings]\nretry_seconds = inf", "retry_seconds must be at most 86400, found inf"),
    ("[settings]\nvalue_bytes = 16777216", "value_bytes, batch_bytes and page_bytes must be at most 8388608 together"),
    ("cluster = ", "not TOML"),
]


@pytest.mark.parametrize(("arguments", "expected"), MISTAKES, ids=[ascii(" ".join(arguments)) for arguments, _ in MISTAKES])
def test_a_mistake_is_one_line_that_names_it_and_exit_code_2(redpaxos: Redpaxos, arguments: tuple[str, ...], expected: str) -> None:
    result = redpaxos(*arguments)
    assert result.exit_code == 2
    assert expected in said(result)


@pytest.mark.parametrize(("content", "expected"), BAD_FILES, ids=[expected for _, expected in BAD_FILES])
def test_a_bad_configuration_file_is_one_line_that_names_it(redpaxos: Redpaxos, tmp_path: Path, content: str, expected: str) -> None:
    file = tmp_path / "redpaxos.toml"
    file.write_text(content)
    result = redpaxos("status", "--cluster", "c", "--config", str(file))
    assert result.exit_code == 2
    assert expected in said(result)
    assert str(file) in said(result)


def test_a_configuration_file_that_is_not_there_is_said_so(redpaxos: Redpaxos) -> None:
    result = redpaxos("status", env={"REDPAXOS_CONFIG": "/nowhere.toml"})
    assert result.exit_code == 2
    assert "/nowhere.toml: No such file" in said(result)


def test_the_command_line_wins_over_the_environment_and_the_environment_over_the_file(redpaxos: Redpaxos, tmp_path: Path) -> None:
    file = tmp_path / "redpaxos.toml"
    file.write_text('cluster = "c"\nredis = "redis://localhost:1"\n')
    config, environment, flag = ("--config", str(file)), {"REDPAXOS_REDIS": "redis://localhost:2"}, ("--redis", "redis://localhost:3")
    assert "localhost:1" in said(redpaxos("status", *config))
    assert "localhost:2" in said(redpaxos("status", *config, env=environment))
    assert "localhost:3" in said(redpaxos("status", *config, *flag, env=environment))


def test_names_may_be_a_list_or_separated_by_commas_in_the_file(redpaxos: Redpaxos, tmp_path: Path) -> None:
    for members in ('["n2", "n3"]', '"n2,n3"'):
        file = tmp_path / "redpaxos.toml"
        file.write_text(f'name = "n1"\ncluster = "c"\nmembers = {members}\n')
        assert "n1 is not among the members n2,n3" in said(redpaxos("node", "run", "--config", str(file)))


def test_redis_out_of_reach_is_not_done(redpaxos: Redpaxos) -> None:
    for command in (("propose", "x"), ("decide", "colour"), ("log", "show"), ("status",), ("status", "--check", "--name", "n1")):
        result = redpaxos(*command, "--cluster", "c", "--redis", NOBODY)
        assert result.exit_code == 4, command
        assert "localhost:1" in said(result)


def test_help_and_version_are_printed(redpaxos: Redpaxos) -> None:
    for command in ((), ("node", "run"), ("propose",), ("decide",), ("log", "tail"), ("status",), ("demo",)):
        result = redpaxos(*command, "--help")
        assert result.exit_code == 0
        assert "Usage: redpaxos" in result.stdout
    assert redpaxos("--version").stdout.startswith("redpaxos ")
    assert redpaxos().exit_code == 2


@pytest.mark.parametrize("group", ["", "node", "log", "kv", "lead", "sim"])
def test_no_command_in_a_list_is_cut_off_in_80_columns(redpaxos: Redpaxos, group: str) -> None:
    listed = redpaxos(*group.split(), "--help", terminal_width=80).stdout.partition("Commands:")[2]
    assert listed
    assert "..." not in listed


def test_help_imports_nothing_that_takes_long() -> None:
    check = "import sys, redpaxos.cli; print([name for name in ('redis', 'pykka', 'rich', 'msgspec') if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_an_answer_that_its_disk_does_not_take_is_one_line_and_a_code_of_its_own() -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run([sys.executable, "-m", "redpaxos", "--version"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 74
    assert (
        ran.stderr.decode() == "redpaxos: the answer could not be written: No space left on device; what was asked for may have been done\n"
    )


@pytest.mark.parametrize(
    ("command", "code"), [("propose x --cluster c --redis redis://localhost:1", 4), ("sim replay", 0)], ids=["failure", "answer"]
)
@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_a_closed_standard_stream_changes_nothing_about_the_exit_code(command: str, code: int, closed: str) -> None:
    ran = subprocess.run(["sh", "-c", f'"$0" -m redpaxos {command} {closed}', sys.executable], capture_output=True, check=False)
    assert (ran.returncode, ran.stdout) == (code, b"")
    assert b"Traceback" not in ran.stderr
