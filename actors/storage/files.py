"""Files and directories that outlive a power failure."""

import fcntl
import os
from pathlib import Path

# On macOS fsync() leaves the data in the drive's cache, and only this asks for more; elsewhere there is no such command.
_FULL_SYNC: int | None = getattr(fcntl, "F_FULLFSYNC", None)


def sync_descriptor(descriptor: int) -> None:
    """Return when what was written to a file would outlive a power failure."""
    if _FULL_SYNC is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, _FULL_SYNC)


def sync_content(descriptor: int) -> None:
    """Return when what was written to a file would outlive a power failure, if neither its size nor its place on the disk changed."""
    if _FULL_SYNC is None:
        os.fdatasync(descriptor)
    else:
        fcntl.fcntl(descriptor, _FULL_SYNC)


def sync_entries(directory: Path) -> None:
    """Return when the names in a directory would outlive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move_durably(source: Path, target: Path) -> None:
    """Put a complete file in its place: after a power failure it is there whole or not at all."""
    descriptor = os.open(source, os.O_RDWR | os.O_CLOEXEC)
    try:
        sync_descriptor(descriptor)
    finally:
        os.close(descriptor)
    source.rename(target)
    sync_entries(target.parent)


def create_directory(directory: Path) -> None:
    """Make a directory and those above it that are missing, so that they outlive a power failure."""
    if not directory.is_dir():
        create_directory(directory.parent)
        directory.mkdir(exist_ok=True)
        sync_entries(directory.parent)
