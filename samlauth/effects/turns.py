"""Turns: what only one run of samlauth may do at a time, by a lock beside the AWS config file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from samlauth.effects import cache, files
from samlauth.errors import FileError

log = logging.getLogger("samlauth.turns")

_LONGEST = 150
"""Characters of a lock's name: file systems allow 255 bytes."""


@contextmanager
def turn(config: Path, whose: str, seconds: float) -> Iterator[None]:
    """Wait for the turn, then have it while the block runs.

    ``whose`` names it, and is the same for all who wait for one another. Raises FileError when
    somebody else has it for so many seconds; where there can be no lock, as on a disk that is full
    or may not be written, there is no waiting.
    """
    folder = Path(cache.path_beside(str(config), "")).parent / "locks"
    with ExitStack() as held:
        try:
            held.enter_context(files.locked(folder / cache.file_name(whose)[:_LONGEST], seconds))
        except FileError as error:
            if not isinstance(error.__cause__, OSError):
                raise  # it is somebody else's turn
            log.debug("no turns: %s", error)
        yield
