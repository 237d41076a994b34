"""Names of files as a person writes them."""

from __future__ import annotations

from pathlib import Path


def expanded(name: str) -> Path:
    """The path, with ``~`` and ``~NAME`` as a shell has them; as it is, where nobody is called NAME."""
    try:
        return Path(name).expanduser()
    except RuntimeError:
        return Path(name)
