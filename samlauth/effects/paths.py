"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path


def path_of(text: str) -> Path:
    """The path that is meant; ``~`` at its start is the person's home folder.

    Where nobody has the name behind it, or there is no home folder, it is taken as it is, as shells
    do; :meth:`pathlib.Path.expanduser` raises RuntimeError then.
    """
    return Path(os.path.expanduser(text))  # noqa: PTH111 - pathlib's own raises


def from_anywhere(text: str) -> str:
    """The same path, for whoever will be in another folder."""
    return os.path.abspath(path_of(text))  # noqa: PTH100 - pathlib has none that leaves links alone
