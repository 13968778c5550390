"""The store on disk under real processes: two at once, killed, out of room, on a failing disk, and the order of its syncs."""

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from actors.storage.base import StoreInUseError
from tests.storage.kinds import OpenStore
from tests.storage.samples import PAGE
from tests.storage.writer import VALUE_BYTES

REPOSITORY = Path(__file__).parents[2]
StartWriter = Callable[..., "subprocess.Popen[str]"]

pytestmark = pytest.mark.processes
strace = pytest.mark.skipif(shutil.which("strace") is None and "CI" not in os.environ, reason="strace is not installed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "acceptor.sqlite3"


def start(kind: str, path: Path, what: str, *arguments: str, under: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    """tests/storage/writer.py as a process of its own, started by another command if `under` says so."""
    command = [*under, sys.executable, "-m", "tests.storage.writer", kind, what, str(path), *arguments]
    return subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def start_writer(path: Path, store_kind: str) -> Iterator[StartWriter]:
    """Starts writers on the store at `path`, as start() does, and kills them after the test."""
    started: list[subprocess.Popen[str]] = []

    def start_one(what: str, *arguments: str, under: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
        started.append(start(store_kind, path, what, *arguments, under=under))
        return started[-1]

    yield start_one
    for process in started:
        with process:
            process.kill()


def output_of(process: "subprocess.Popen[str]") -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def check_acknowledged(open_store: OpenStore, said: list[str]) -> None:
    """Every vote that was said to be synced is there, and so is every vote that was written before it."""
    last = max(int(line) for line in said if line.isdecimal())
    votes = open_store().votes("log", 0, last, PAGE)
    assert [(vote.slot, vote.value) for vote in votes] == [(slot, b"%d" % (slot // 2) * VALUE_BYTES) for slot in range(last + 1)]


def test_a_second_process_is_refused_until_the_first_is_dead(start_writer: StartWriter, open_store: OpenStore) -> None:
    holder = start_writer("hold")
    assert output_of(holder).readline() == "open\n"
    with pytest.raises(StoreInUseError, match="held by another process"):
        open_store()
    holder.kill()
    holder.wait()
    assert open_store().identity.boot_count == 2


def test_a_refused_second_opening_does_not_loosen_the_hold_of_the_first(start_writer: StartWriter, open_store: OpenStore) -> None:
    open_store()
    with pytest.raises(StoreInUseError):
        open_store()
    stranger = start_writer("hold")
    _, errors = stranger.communicate()
    assert "StoreInUseError" in errors.splitlines()[-1]


@pytest.mark.parametrize("count", [1, 100])
def test_every_acknowledged_write_survives_the_death_of_the_process(start_writer: StartWriter, open_store: OpenStore, count: int) -> None:
    process = start_writer("loop")
    said = [output_of(process).readline().strip() for _ in range(count)]
    process.kill()
    said += output_of(process).read().splitlines()
    process.wait()
    check_acknowledged(open_store, said)


def test_a_store_that_ran_out_of_room_refuses_from_then_on_and_keeps_what_it_acknowledged(
    start_writer: StartWriter, open_store: OpenStore
) -> None:
    said = output_of(start_writer("loop", "400000")).read().splitlines()
    assert re.fullmatch(
        r"refused: \S+acceptor\.sqlite3 (failed with SQLITE_IOERR|has no room left).*: .* then start the node again", said[-2]
    )
    assert said[-1].removeprefix("again: ") == said[-2].removeprefix("refused: ")
    check_acknowledged(open_store, said)


def test_a_full_disk_is_called_a_full_disk(start_writer: StartWriter, path: Path) -> None:
    mount = f'mount -t tmpfs -o size=1m tmpfs {path.parent} && exec "$@"'
    in_small_disk = ("unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh")
    if sys.platform != "linux" or subprocess.run([*in_small_disk, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no user mount a small disk of his own")
    said = output_of(start_writer("loop", under=in_small_disk)).read().splitlines()
    assert re.fullmatch(r"refused: \S+ has no room left \(.+\): free space on its disk, then start the node again", said[-2])
    assert said[-1].removeprefix("again: ") == said[-2].removeprefix("refused: ")


@strace
@pytest.mark.strace
def test_after_a_failed_sync_nothing_is_acknowledged_any_more(start_writer: StartWriter, open_store: OpenStore, path: Path) -> None:
    failing = ("strace", "-f", "-o", str(path.with_name("trace")), "-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=20")
    said = output_of(start_writer("loop", under=failing)).read().splitlines()
    assert re.search(r"failed with SQLITE_IOERR_FSYNC \(disk I/O error\): check the disk|cannot be .* \(Input/output error\)", said[-2])
    assert said[-1].removeprefix("again: ") == said[-2].removeprefix("refused: ")
    check_acknowledged(open_store, said)


@strace
@pytest.mark.strace
@pytest.mark.parametrize("position", range(1, 6))
def test_a_sync_that_fails_while_a_store_is_opened_is_explained(path: Path, store_kind: str, position: int) -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from actors.storage.base import StorageError\nfrom tests.storage.kinds import ON_DISK\n"
        "try: ON_DISK[sys.argv[2]](Path(sys.argv[1]), cluster='c', node='n1').close()\n"
        "except StorageError as error: print(error)"
    )
    fault = f"inject=fsync,fdatasync:error=EIO:when={position}+"
    under = ("strace", "-f", "-o", str(path.with_name("trace")), "-e", "trace=fsync,fdatasync", "-e", fault)
    command = [*under, sys.executable, "-c", script, str(path), store_kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    assert re.fullmatch(r".+sqlite3\S* (failed with|cannot be read and written).+", done.stdout.strip()), done.stderr


@pytest.fixture(scope="module")
def trace_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[str]]:
    """What `writer KIND sequence` did, in order: `begin 0`, `end 0`, and calls like `sync -wal` with the suffix of the file's name."""

    @functools.cache
    def trace_one(kind: str) -> list[str]:
        path = tmp_path_factory.mktemp("traced") / "acceptor.sqlite3"
        trace = path.with_name("trace")
        calls = "trace=write,pwrite64,pwritev2,fsync,fdatasync,rename,renameat,renameat2"
        with start(kind, path, "sequence", under=("strace", "-f", "-y", "-s", "300", "-o", str(trace), "-e", calls)) as process:
            assert process.wait(30) == 0
        return [call for call in map(read_call, trace.read_text().splitlines()) if call]

    return trace_one


@pytest.fixture
def system_calls(trace_of: Callable[[str], list[str]], store_kind: str) -> list[str]:
    """Those of a kind of store."""
    return trace_of(store_kind)


def read_call(line: str) -> str:
    """One line of strace's output, if it is about the store, in two words."""
    if said := re.search(r'write\(1<.*>, "((?:begin|end) \d)', line):
        return said[1]
    if re.search(r"rename\w*\(.*acceptor\.sqlite3-new", line):
        return "rename -new"
    if call := re.search(r"(write|sync)\w*\(\d+<[^>]*/acceptor\.sqlite3(-[-\w]+)?>", line):
        return f"{call[1]} {call[2] or 'database'}"
    return "sync directory" if re.search(r"sync\(\d+<[^>]*>\)", line) else ""


def between(calls: list[str], number: int) -> list[str]:
    """What happened during one of the writes."""
    return calls[calls.index(f"begin {number}") + 1 : calls.index(f"end {number}")]


@strace
@pytest.mark.strace
def test_with_a_journal_a_synced_write_is_one_write_and_one_sync_and_then_marks_the_guard(trace_of: Callable[[str], list[str]]) -> None:
    for number in (0, 3):
        assert between(trace_of("journal"), number) == ["write -frames", "sync -frames", "write -guard"]


@strace
@pytest.mark.strace
def test_with_a_journal_an_unsynced_write_is_one_write(trace_of: Callable[[str], list[str]]) -> None:
    # The journal is one file, and the sync of write 3 is a sync of all of it.
    for number in (1, 2):
        assert between(trace_of("journal"), number) == ["write -frames"]


@strace
@pytest.mark.strace
def test_a_journal_is_whole_before_it_has_its_name_and_the_database_says_so_after(trace_of: Callable[[str], list[str]]) -> None:
    calls = trace_of("journal")
    place = calls.index("sync -frames-new")
    assert set(calls[:place]) & {"write -frames-new", "write -frames"} == {"write -frames-new"}
    assert [call for call in calls[place + 1 :] if call != "write -wal"][:2] == ["sync directory", "sync -wal"]
    # The mark of its life is on disk before the first frame.
    assert calls[calls.index("begin 0") - 2 : calls.index("begin 0")] == ["write -frames", "sync -frames"]


@strace
@pytest.mark.strace
def test_a_synced_write_syncs_the_log_before_it_marks_the_guard_and_returns(trace_of: Callable[[str], list[str]]) -> None:
    system_calls = trace_of("sqlite")
    # The first write to an empty log syncs the log's header as well.
    assert between(system_calls, 0)[:2] == ["write -wal", "sync -wal"]
    for number in (0, 3):
        calls = between(system_calls, number)
        assert calls[-3:] == ["write -wal", "sync -wal", "write -guard"]
    assert set(between(system_calls, 3)[:-2]) == {"write -wal"}


@strace
@pytest.mark.strace
def test_an_unsynced_write_syncs_nothing_and_the_next_synced_one_covers_it(trace_of: Callable[[str], list[str]]) -> None:
    for number in (1, 2):
        assert set(between(trace_of("sqlite"), number)) == {"write -wal"}
    # The log is one file, and the sync of write 3 is a sync of all of it.
    assert between(trace_of("sqlite"), 3).count("sync -wal") == 1


@strace
@pytest.mark.strace
def test_a_store_is_complete_and_synced_before_it_has_its_name_and_the_guard_is_last(system_calls: list[str]) -> None:
    renamed = system_calls.index("rename -new")
    assert system_calls[renamed - 1 : renamed + 2] == ["sync -new", "rename -new", "sync directory"]
    assert "write -guard" not in system_calls[:renamed]
    # The store has its directory synced once more as it opens.
    after = [call for call in system_calls[renamed + 1 :] if call != "sync directory"]
    assert after[:2] == ["write -guard", "sync -guard"]


@strace
@pytest.mark.strace
def test_an_opening_is_in_the_database_before_the_first_write_and_a_close_syncs_all(system_calls: list[str]) -> None:
    for calls in (system_calls[: system_calls.index("begin 0")], system_calls[system_calls.index("end 3") :]):
        assert calls.index("sync -wal") < calls.index("write database") < calls.index("sync database")
        syncs = [call for call in calls if call.startswith("sync") and call != "sync -frames"]
        assert syncs[-1] == "sync -guard"
