"""How records lie in SQLite: one table a record type, and a checksum in every row.

SQLite itself has no checksums in its pages. A row's last column is a CRC-32 over its table's name and its other columns, so that a
byte that flipped on the disk, a row that strayed, and a column of another type are all found when the row is read.
"""

import zlib
from typing import Any

import msgspec

PLAIN, JOURNALED = 1, 2
"""The formats of a store: all in the database, or with a journal in front of it, without which the database lacks the last writes.

Another number is given whenever a store that this version writes cannot be read by the one before.
"""

APPLICATION_ID = 0x72_70_61_78
"""Marks an SQLite file as ours: "rpax"."""

PAGE_BYTES = 4096
JOURNALED_PAGE_BYTES = 16384
"""Of a database that is made. A transaction rewrites whole pages; where many writes share one, behind a journal, larger pages cost less."""

TABLES = {
    # One row: who owns the store, and how often it was opened and written.
    "store": """CREATE TABLE store (
        name TEXT, cluster TEXT, node TEXT, store_id TEXT, boot_count INTEGER, write_count INTEGER, checksum INTEGER)""",
    "promised": """CREATE TABLE promised (
        group_name TEXT, round INTEGER, node TEXT, checksum INTEGER, PRIMARY KEY (group_name)) WITHOUT ROWID""",
    "voted": """CREATE TABLE voted (
        group_name TEXT, slot INTEGER, round INTEGER, node TEXT, value BLOB, checksum INTEGER,
        PRIMARY KEY (group_name, slot)) WITHOUT ROWID""",
    "known_chosen": """CREATE TABLE known_chosen (
        group_name TEXT, chosen_through INTEGER, checksum INTEGER, PRIMARY KEY (group_name)) WITHOUT ROWID""",
    "round_used": """CREATE TABLE round_used (
        group_name TEXT, round INTEGER, checksum INTEGER, PRIMARY KEY (group_name)) WITHOUT ROWID""",
    "learned": """CREATE TABLE learned (
        group_name TEXT, slot INTEGER, round INTEGER, node TEXT, first_revision INTEGER, command_count INTEGER, value BLOB,
        checksum INTEGER, PRIMARY KEY (group_name, slot)) WITHOUT ROWID""",
    # Where each revision is: a table and no index, because an index has no room for a checksum. Slots without commands have no row.
    "revision": """CREATE TABLE revision (
        group_name TEXT, first_revision INTEGER, slot INTEGER, checksum INTEGER,
        PRIMARY KEY (group_name, first_revision, slot)) WITHOUT ROWID""",
    "executed": """CREATE TABLE executed (
        group_name TEXT, command_id TEXT, revision INTEGER, checksum INTEGER, PRIMARY KEY (group_name, command_id)) WITHOUT ROWID""",
    "peer": """CREATE TABLE peer (
        store TEXT, store_id TEXT, checksum INTEGER, PRIMARY KEY (store)) WITHOUT ROWID""",
}

INSERT_STORE = "INSERT INTO store VALUES (?, ?, ?, ?, ?, ?, ?)"
UPDATE_STORE = "UPDATE store SET name = ?, cluster = ?, node = ?, store_id = ?, boot_count = ?, write_count = ?, checksum = ?"
WITHOUT_GROUP = ("store", "peer")
"""Tables whose rows belong to no group; every other table's first column is the group."""

PUT = {
    "promised": "INSERT OR REPLACE INTO promised VALUES (?, ?, ?, ?)",
    "voted": "INSERT OR REPLACE INTO voted VALUES (?, ?, ?, ?, ?, ?)",
    # These two never fall.
    "known_chosen": """INSERT INTO known_chosen VALUES (?, ?, ?) ON CONFLICT (group_name) DO UPDATE
        SET chosen_through = excluded.chosen_through, checksum = excluded.checksum WHERE excluded.chosen_through > chosen_through""",
    "round_used": """INSERT INTO round_used VALUES (?, ?, ?) ON CONFLICT (group_name) DO UPDATE
        SET round = excluded.round, checksum = excluded.checksum WHERE excluded.round > round""",
}
ADD_LEARNED = "INSERT OR IGNORE INTO learned VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
ADD_REVISION = "INSERT INTO revision VALUES (?, ?, ?, ?)"
ADD_EXECUTED = "INSERT OR IGNORE INTO executed VALUES (?, ?, ?, ?)"
ADD_PEER = "INSERT OR IGNORE INTO peer VALUES (?, ?, ?)"

READ_PROMISED = "SELECT * FROM promised WHERE group_name = ?"
READ_VOTED = "SELECT * FROM voted WHERE group_name = ? AND slot BETWEEN ? AND ? ORDER BY slot"
READ_KNOWN_CHOSEN = "SELECT * FROM known_chosen WHERE group_name = ?"
READ_ROUND_USED = "SELECT * FROM round_used WHERE group_name = ?"
READ_LEARNED = "SELECT * FROM learned WHERE group_name = ? AND slot >= ? ORDER BY slot"
READ_LEARNED_AT = "SELECT * FROM learned WHERE group_name = ? AND slot = ?"
READ_LEARNED_LAST = "SELECT * FROM learned WHERE group_name = ? ORDER BY slot DESC LIMIT 1"
READ_REVISION = """SELECT * FROM revision WHERE group_name = ? AND first_revision <= ?
    ORDER BY first_revision DESC, slot DESC LIMIT 1"""
READ_EXECUTED = "SELECT * FROM executed WHERE group_name = ? AND command_id = ?"
READ_PEERS = "SELECT * FROM peer"
READ_PEER = "SELECT * FROM peer WHERE store = ?"

Row = tuple[Any, ...]
"""Columns of a table, in its order; typed by the caller, who knows the table."""


_encode = msgspec.msgpack.Encoder().encode


def checksum(table: str, columns: Row) -> int:
    """CRC-32 over a row in MessagePack, which tells 1 from "1" and is the same in every version of Python."""
    return zlib.crc32(_encode((table, columns)))


def sealed(table: str, *columns: Any) -> Row:
    """A row as it is stored, with its checksum."""
    return (*columns, checksum(table, columns))


def is_intact(table: str, row: Row) -> bool:
    """Whether a row is one that was stored in this table."""
    return bool(row[-1] == checksum(table, row[:-1]))
