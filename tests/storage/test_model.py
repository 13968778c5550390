"""The store on disk answers as the one in memory does, whatever is written, and however often it is closed or killed in between."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actors.storage.memory import MemoryStorage
from actors.storage.sqlite import SqliteStorage
from paxos.ballot import Ballot
from paxos.errors import InvariantViolation
from paxos.records import KnownChosen, Learned, PeerStore, Promised, Record, RoundUsed, Voted
from tests.storage.kinds import ON_DISK
from tests.storage.samples import PAGE, contents

GROUPS = ("a", "ä")
small = st.integers(0, 6)
groups = st.sampled_from(GROUPS)
ballots = st.builds(Ballot, small, st.sampled_from(["n1", "n2"]))
values = st.sampled_from([b"", b"\x00", b"v" * 5000])
names = st.sampled_from(["id 1", "id 2", "id 3"])


@st.composite
def learnings(draw: st.DrawFn) -> Learned:
    """A slot whose first revision rises with it, as every learner gives them."""
    slot, count = draw(small), draw(st.integers(0, 3))
    value = draw(st.sampled_from([b"%d" % slot, b"%d" % slot, b"other"]))
    ids = tuple((name, 1 + 3 * slot + index) for index, name in enumerate(draw(st.lists(names, max_size=count, unique=True))))
    return Learned(draw(groups), slot, draw(ballots), value, 1 + 3 * slot, count, ids)


records: st.SearchStrategy[Record] = st.one_of(
    st.builds(Promised, groups, ballots),
    st.builds(Voted, groups, small, ballots, values),
    st.builds(RoundUsed, groups, small),
    st.builds(KnownChosen, groups, small),
    learnings(),
    st.builds(PeerStore, st.sampled_from(["n1/log", "n2/log"]), st.sampled_from(["x", "x", "y"])),
)


class Comparison(RuleBasedStateMachine):
    """Writes to both stores what it draws."""

    kind = ""

    def __init__(self) -> None:
        super().__init__()
        memory = Path("/dev/shm")
        self.directory = TemporaryDirectory(prefix="storage-", dir=memory if memory.is_dir() else None)
        self.life = Path(self.directory.name, "1")
        self.model = MemoryStorage("demo", "n1")
        self.store = self.open()

    def open(self) -> SqliteStorage:
        return ON_DISK[self.kind](self.life / "store.sqlite3", cluster="demo", node="n1")

    def teardown(self) -> None:
        self.store.close()
        self.directory.cleanup()

    @rule(batch=st.lists(records, max_size=6), sync=st.booleans())
    def write(self, batch: list[Record], sync: bool) -> None:
        assert self.is_taken(self.store, batch, sync) == self.is_taken(self.model, batch, sync)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = self.open()

    @rule()
    def kill(self) -> None:
        left = self.life
        self.life = left.with_name(f"{left.name}1")
        shutil.copytree(left, self.life)
        self.store.close()
        self.store = self.open()

    @rule(group=groups, first_slot=small, last_slot=small, limit_bytes=st.sampled_from([0, 200, 6000, PAGE]))
    def page(self, group: str, first_slot: int, last_slot: int, limit_bytes: int) -> None:
        assert self.store.votes(group, first_slot, last_slot, limit_bytes) == self.model.votes(group, first_slot, last_slot, limit_bytes)
        assert self.store.learned(group, first_slot, limit_bytes) == self.model.learned(group, first_slot, limit_bytes)

    @invariant()
    def both_answer_alike(self) -> None:
        assert contents(self.store, (*GROUPS, "b")) == contents(self.model, (*GROUPS, "b"))

    @staticmethod
    def is_taken(store: SqliteStorage | MemoryStorage, batch: list[Record], sync: bool) -> bool:
        """Whether the store did not find a contradiction."""
        try:
            store.write(batch, sync=sync)
        except InvariantViolation:
            return False
        return True


class Journal(Comparison):
    """The store with a journal."""

    kind = "journal"


class Sqlite(Comparison):
    """The store without."""

    kind = "sqlite"


TestJournal = Journal.TestCase
TestSqlite = Sqlite.TestCase
TestJournal.settings = TestSqlite.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
