"""Turns: what only one run of samlauth may do at a time, by a lock beside the AWS config file."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from samlauth.effects import cache, files

_LONGEST = 150
"""Characters of a lock's name: file systems allow 255 bytes."""


def turn(config: Path, whose: str, seconds: float) -> AbstractContextManager[None]:
    """Wait for the turn, then have it while the block runs.

    ``whose`` names it, and is the same for all who wait for one another. Raises FileError when
    somebody else has it for so many seconds; where there can be no lock there is no waiting.
    """
    folder = Path(cache.path_beside(str(config), "")).parent / "locks"
    return files.locked(folder / cache.file_name(whose)[:_LONGEST], seconds)
