"""What can be put right without asking anybody: modes, marks, repeated keys, and what was left over."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import assert_never

from samlauth.awsfiles.faults import without_repeats
from samlauth.awsfiles.lines import BYTE_ORDER_MARK
from samlauth.diagnosis.finding import Mode, Remedy, Sweep, Unmark, Unrepeat
from samlauth.effects import descriptors
from samlauth.effects.files import locked, rewrite
from samlauth.errors import FileError


def apply(remedy: Remedy, lock_seconds: float | None = None) -> str:
    """Do it; what was done, a sentence.

    Raises FileError where it cannot be; what was there is as it was then.
    """
    match remedy:
        case Mode(path=path, mode=mode):
            _narrow(path, mode)
            return f"{path} has mode {mode:o} now."
        case Unmark(path=path, private=private):
            rewrite(Path(path), lambda data: data.removeprefix(BYTE_ORDER_MARK), private=private)
            return f"{path} is UTF-8 without a byte order mark now."
        case Unrepeat(path=path, private=private):
            rewrite(Path(path), without_repeats, private=private)
            return f"{path} has those keys but once now."
        case Sweep(path=path):
            with locked(Path(path), lock_seconds):  # which removes them
                return f"What was left of new versions of {path} is removed."
        case _:
            assert_never(remedy)


def _narrow(path: str, mode: int) -> None:
    """Take away what ``mode`` has not; a link that somebody puts there is not followed."""
    try:
        fd = os.open(path, descriptors.READ_ITSELF)
        try:
            found = os.fstat(fd).st_mode
            if stat.S_ISREG(found) or stat.S_ISDIR(found):
                descriptors.close_to(fd, stat.S_IMODE(found) & mode)
        finally:
            os.close(fd)
    except OSError as error:
        raise FileError(
            f"The mode of {path} could not be changed: {error.strerror}.",
            hint="Look at who owns it and its folder.",
        ) from error
