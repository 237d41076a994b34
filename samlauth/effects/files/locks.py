"""Locks, so that two of us, or one of us and aws-google-auth, never write a file at once."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from samlauth.effects import descriptors
from samlauth.effects.files import staging
from samlauth.errors import FileError

LOCK_SECONDS = 10.0
"""How long to wait for another program's lock, unless it is said."""

_POLL_SECONDS = 0.02
_NO_LOCK = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.EISDIR}
    | {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK}
)
"""What a system says where there cannot be a lock at all."""


@contextmanager
def held(real: Path, path: Path, seconds: float | None = None) -> Iterator[str]:
    """Hold the lock of the file at ``real``, which the person knows as ``path``.

    Yields why there is none, or "". With the lock, what a killed run left of the file is removed.
    The lock file stays: to remove it would let two in. Raises FileError when somebody else holds
    the lock for too long, and OSError when the lock fails in a place that should allow it.
    """
    from filelock import FileLock, Timeout  # 30 ms: not for those who only read

    lock = FileLock(
        f"{real}.lock",
        mode=0o600,
        blocking=False,
        fallback_to_soft=False,
        on_acquired=lambda fd: descriptors.give(fd, real.parent),
    )
    missing = ""
    try:
        _take(lock.acquire, Timeout, path, f"{real}.lock", seconds)
    except OSError as error:
        if error.errno not in _NO_LOCK:
            raise
        missing = error.strerror or str(error)
    else:
        staging.sweep(real)
    try:
        yield missing
    finally:
        with suppress(OSError):
            lock.release()


def lock_itself(fd: int, path: Path) -> None:
    """Lock a file that is written in place: whoever sees it elsewhere sees another lock file.

    It is locked until it is closed; where that is not possible, not at all. Raises FileError when
    somebody else holds it for too long.
    """
    with suppress(OSError):  # no locks in this file system: there is none, then
        _take(partial(descriptors.lock, fd), BlockingIOError, path, str(path))


def _take(
    lock: Callable[[], object],
    taken: type[OSError],
    path: Path,
    lock_path: str,
    seconds: float | None = None,
) -> None:
    """Try to lock until it succeeds, or it is too late: then raises FileError.

    The tries come the faster the longer one waits: with one pace for all, of many who lock again
    and again some would hardly ever get in.
    """
    seconds = LOCK_SECONDS if seconds is None else seconds
    start = time.monotonic()
    while True:
        try:
            lock()
        except taken:
            waited = time.monotonic() - start
            if waited > seconds:
                raise FileError(
                    f"{path} has been locked by another program for {seconds:g} seconds.",
                    hint=f"See what holds it (fuser {lock_path} tells), end that, and try again.",
                ) from None
            pace = _POLL_SECONDS * seconds / LOCK_SECONDS
            time.sleep(0.001 + pace * (1 - waited / seconds) ** 2)
        else:
            return
