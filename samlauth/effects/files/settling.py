"""Bytes of a file that nobody is in the middle of writing, and which version of it they are."""

from __future__ import annotations

import errno
import os
import stat
import time
from pathlib import Path

from samlauth.effects import descriptors
from samlauth.effects.files import disk

Version = tuple[int, int, int, int] | None
"""Device, inode, size and time of change of a file; None when there is none."""

_STEADY_SECONDS = 10.0
"""A file not written to for so long is at rest. More than any clock step we want to think about."""
_RETRY_SECONDS = 10.0
_POLL_SECONDS = 0.003
_CUT_SECONDS = 0.25
_EMPTY_SECONDS = 2.0


class ChangedMeanwhileError(Exception):
    """The file is no longer the one that was read."""


def version(status: os.stat_result) -> Version:
    """The version that a file has by its status."""
    return *descriptors.identity(status), status.st_size, status.st_mtime_ns


def version_at(real: Path) -> Version:
    """The version of what is at ``real``, were it a link. Raises OSError."""
    try:
        return version(real.lstat())
    except FileNotFoundError:
        return None


def load(path: Path) -> bytes:
    """The bytes of the file that ``path`` leads to; none where there is none. Raises OSError."""
    try:
        fd = os.open(path, descriptors.READ)
    except FileNotFoundError:
        return b""
    with disk.closing(fd):
        return settle(fd)[0]


def settle(fd: int) -> tuple[bytes, Version]:
    """The bytes of a file once they stand still. Raises OSError when they never do."""
    give_up = time.monotonic() + _RETRY_SECONDS
    status, data = os.fstat(fd), disk.read(fd)
    since = time.monotonic()
    while not _settled(status, data, time.monotonic() - since):
        if time.monotonic() > give_up:
            raise OSError(errno.EBUSY, "another program is writing it all the time")
        time.sleep(_POLL_SECONDS)
        now = os.fstat(fd)
        if version(now) != version(status) or len(data) != now.st_size:
            status, data, since = now, disk.read(fd), time.monotonic()
    return data, version(status)


def _settled(status: os.stat_result, data: bytes, still: float) -> bool:
    """Whether these are all the bytes there are to come, after ``still`` seconds without change."""
    if not stat.S_ISREG(status.st_mode):
        return True
    if len(data) != status.st_size:
        return False
    if time.time() - status.st_mtime > _STEADY_SECONDS:
        return True
    if not data:  # truncated, and about to be written?
        return still >= _EMPTY_SECONDS
    if data[-1] not in b"\r\n":  # cut short?
        return still >= _CUT_SECONDS
    return still >= _POLL_SECONDS
