"""What the system says of a file, turned into what the person needs: which file, why, what now."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samlauth.errors import FileError

_MODES = "Look at who owns it and its folder, and at their modes."
_HINTS = {
    errno.EACCES: _MODES,
    errno.EPERM: _MODES,
    errno.EROFS: "It lies on something mounted read-only.",
    errno.ENOSPC: "The disk is full.",
    errno.EDQUOT: "Your disk quota is used up.",
}


@contextmanager
def naming(path: Path, done: str) -> Iterator[None]:
    """Turn an OSError into a FileError: ``path`` could not be ``done``, such as ``written``."""
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, f"See what is there: ls -ld {path}")
        if done == "written":
            hint += " The credentials can still be had with --print-creds."
        raise FileError(
            f"{path} could not be {done}: {error.strerror or error}.", hint=hint
        ) from error
