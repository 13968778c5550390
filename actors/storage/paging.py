"""Pages of records: how every store cuts an answer that would be too long."""

from collections.abc import Iterable
from typing import TypeVar

from paxos.records import Learned, Voted

RECORD_BYTES = 64
"""What a record counts for beside its value, so that a page of empty values is bounded too."""

R = TypeVar("R", Learned, Voted)


def first_page(records: Iterable[R], limit_bytes: int) -> list[R]:
    """The longest run of first records that fits the limit, but at least one if there is any; reads at most one too many."""
    page: list[R] = []
    size = 0
    for record in records:
        size += len(record.value) + RECORD_BYTES
        if page and size > limit_bytes:
            break
        page.append(record)
    return page
