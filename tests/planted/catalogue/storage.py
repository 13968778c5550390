"""Mistakes of a store: it believes what is damaged, or forgets what it has acknowledged."""

from tests.planted.planting import Mistake

DAMAGE = "tests/storage/test_damage.py::"
OPENING = "tests/storage/test_opening.py::"
CONTRACT = "tests/storage/test_contract.py::"
JOURNAL = "tests/storage/test_journal.py::"

MISTAKES = (
    Mistake(
        "a store that lost synced writes is believed",
        "actors/storage/opening.py",
        "elif mark.write_count > owner.write_count:",
        "elif False:",
        "PMS 2.5: what was promised outlives a failure",
        DAMAGE + "test_an_older_copy_of_the_database_is_found",
    ),
    Mistake(
        "the guard of another store is believed",
        "actors/storage/opening.py",
        "elif mark.store_id != owner.store_id:",
        "elif False:",
        "PMS 2.5: a forgotten promise breaks Paxos",
        DAMAGE + "test_the_guard_of_another_store_is_found",
    ),
    Mistake(
        "a store without its guard is believed",
        "actors/storage/opening.py",
        """    elif mark is None:
""",
        """    elif mark is None and owner.boot_count < 0:
""",
        "PMS 2.5: a forgotten promise breaks Paxos",
        DAMAGE + "test_a_file_that_is_gone_is_found",
    ),
    Mistake(
        "the store of another node is taken",
        "actors/storage/opening.py",
        """        if found != expected:
""",
        """        if False:
""",
        "PMS 2.5: a promise belongs to its acceptor",
        OPENING + "test_the_store_of_another_is_refused_and_left_alone",
    ),
    Mistake(
        "a mark of the guard is not checked",
        "actors/storage/guard.py",
        """            if content == _line(mark):
                return mark""",
        "            return mark",
        "what is damaged is refused",
        DAMAGE + "test_every_flip_in_the_guard_is_found",
    ),
    Mistake(
        "a frame of the journal is not checked",
        "actors/storage/journal.py",
        "if checksum == zlib.crc32(payload, zlib.crc32(header)) else None",
        "if checksum is not None else None",
        "what is damaged is refused",
        JOURNAL + "test_a_frame_with_a_changed_byte_is_not_believed",
    ),
    Mistake(
        "the journal forgets what the database does not have",
        "actors/storage/opening.py",
        "for frame in frames for record in _decode(frame.payload)]",
        "for frame in frames[1:] for record in _decode(frame.payload)]",
        "PMS 2.5: what was promised outlives a failure",
        OPENING + "test_everything_survives_the_death_of_the_process",
    ),
    Mistake(
        "a frame of a former life is believed",
        "actors/storage/journal.py",
        "if found != mark or begin + length > len(content):",
        "if begin + length > len(content):",
        "an old frame is never believed",
        JOURNAL + "test_a_frame_of_a_former_life_is_not_believed",
    ),
    Mistake(
        "frames of a journal need not follow on each other",
        "actors/storage/journal.py",
        " and number in (0, frame.number - 1):",
        ":",
        "an old frame is never believed",
        JOURNAL + "test_a_former_frame_between_two_unsynced_ones_ends_the_row",
    ),
    Mistake(
        "a journal that lost synced frames is believed",
        "actors/storage/journal.py",
        """    if synced_through > last:
""",
        """    if False:
""",
        "PMS 2.5: what was promised outlives a failure",
        JOURNAL + "test_a_synced_frame_that_is_gone_is_damage_if_a_later_one_tells_of_it",
    ),
    Mistake(
        "a store answers without what waits for the database",
        "actors/storage/journaled.py",
        "self._waiting_groups.add(record.group)",
        "pass",
        "durable before visible",
        CONTRACT + "test_what_was_written_is_read_synced_or_not",
    ),
    Mistake(
        "a store takes another value for a slot that was learned",
        "actors/storage/journaled.py",
        "if known is not None and known != value:",
        "if False:",
        "PMS 2.3: one value is chosen",
        CONTRACT + "test_a_contradiction_is_refused_and_nothing_of_its_batch_is_applied",
    ),
)
