"""Files and folders on the disk: opened, read, written, made and synced. All raise OSError."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from samlauth.effects import descriptors

_NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF})
"""What a system says where a folder cannot be synced at all."""


@contextmanager
def closing(fd: int) -> Iterator[None]:
    """Close what was only read, whatever the system says to it."""
    try:
        yield
    finally:
        with suppress(OSError):
            os.close(fd)


@contextmanager
def opened(real: Path) -> Iterator[int | None]:
    """The regular file at ``real``, which must not be a link any more; None if there is none."""
    try:
        fd = os.open(real, descriptors.READ_ITSELF)
    except FileNotFoundError:
        yield None
        return
    with closing(fd):
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        yield fd


def read(fd: int) -> bytes:
    """The whole file, wherever ``fd`` stands in it."""
    with open(fd, "rb", buffering=0, closefd=False) as file:
        file.seek(0)
        return file.readall()


def write(fd: int, data: bytes) -> None:
    """All of ``data``, from where ``fd`` stands."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def mode(old: os.stat_result, *, private: bool) -> int:
    """The mode for a file's new bytes: its old one, without others and x where it is private."""
    return old.st_mode & (0o600 if private else 0o777)


def make_folder(folder: Path) -> None:
    """Make the folder, 0700, and those above it, unless they are there."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):  # made by somebody else just now
        folder.mkdir(0o700)
        descriptors.give(folder, folder.parent)


@contextmanager
def opened_folder(folder: Path) -> Iterator[int | None]:
    """A folder to be synced; None if it cannot be opened, though it may be written."""
    try:
        fd = os.open(folder, descriptors.FOLDER)
    except PermissionError:
        yield None
        return
    with closing(fd):
        yield fd


def sync_folder(fd: int | None) -> None:
    """Make the new entries of a folder last, where the system can."""
    try:
        if fd is not None:
            os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
