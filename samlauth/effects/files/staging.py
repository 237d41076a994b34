"""New files that have not taken their place yet, and those of killed runs that never will."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from samlauth.effects import descriptors
from samlauth.effects.files import disk

_NAME = re.compile(r"\.(.+)\.samlauth-[0-9a-f]{16}")


def name(real: Path) -> Path:
    """A name that nobody has, beside the file it is for."""
    return real.with_name(_prefix(real) + os.urandom(8).hex())


def stage(new: Path, data: bytes, old: os.stat_result | None, *, private: bool) -> os.stat_result:
    """Write a new file, whole and on the disk, with the old one's owner and mode; its status.

    Raises OSError; then it may be there, and is the caller's to remove.
    """
    fd = os.open(new, descriptors.CREATE, 0o600)
    try:
        disk.write(fd, data)
        if old is not None:
            descriptors.own(fd, old.st_uid, old.st_gid)
            descriptors.close_to(fd, disk.mode(old, private=private))
        else:
            descriptors.give(fd, new.parent)
        descriptors.sync(fd)
        return os.fstat(fd)
    finally:
        os.close(fd)


def left_over(folder: Path) -> list[tuple[Path, Path]]:
    """The new files in a folder that have not taken their place, each with the file it is for.

    Raises OSError for a folder that cannot be read.
    """
    found = []
    for entry in sorted(folder.iterdir()):
        if named := _NAME.fullmatch(entry.name):
            found.append((entry, folder / named[1]))
    return found


def sweep(real: Path) -> None:
    """Remove new files that never took their place; nobody else has one while we hold the lock."""
    with suppress(OSError):
        for entry in real.parent.iterdir():
            if entry.name.startswith(_prefix(real)):
                entry.unlink()


def _prefix(real: Path) -> str:
    return f".{real.name}.samlauth-"
