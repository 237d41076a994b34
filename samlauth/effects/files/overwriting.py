"""A file written in place: where it is mounted by itself, or its folder cannot be written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from samlauth.effects import descriptors
from samlauth.effects.files import disk, locks
from samlauth.effects.files.settling import ChangedMeanwhileError

IN_PLACE = frozenset(
    {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS, errno.EINVAL, errno.ENOTSUP}
)
"""What a system says that will not have the file replaced, or the copy given its owner."""


@contextmanager
def opened(real: Path, path: Path) -> Iterator[int]:
    """The file itself, locked. Raises OSError, and FileError when somebody else keeps it locked."""
    fd = os.open(real, descriptors.UPDATE_ITSELF)
    try:
        locks.lock_itself(fd, path)
        yield fd
    finally:
        os.close(fd)


def overwrite(fd: int, data: bytes, after: bytes) -> None:
    """Write ``after`` over ``data`` in the file, on to the disk.

    A kill must not find it empty or with the end of the old bytes: one write covers the whole
    old length, with newlines where the new bytes are fewer, and only then it is cut. Raises
    ChangedMeanwhileError when it does not hold ``data``, and OSError, with ``data`` put back.
    """
    if disk.read(fd) != data:
        raise ChangedMeanwhileError
    try:
        descriptors.overwrite(fd, after.ljust(len(data), b"\n"))
        os.ftruncate(fd, len(after))
        descriptors.sync(fd)
    except BaseException:
        with suppress(OSError):
            descriptors.overwrite(fd, data)
            os.ftruncate(fd, len(data))
            descriptors.sync(fd)
        raise


def notice(path: Path, error: OSError) -> str:
    """What the person is told of it: why, and what would be safer."""
    if error.errno in (errno.EBUSY, errno.EXDEV):
        return (
            f"{path} is mounted by itself and was written in place. Mount its folder "
            "instead: that is safer."
        )
    return (
        f"{path} was written in place, as no new file could take its place "
        f"({error.strerror}). A folder you can write is safer."
    )
