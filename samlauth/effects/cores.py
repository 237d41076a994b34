"""Core dumps: a crash must not write the password's memory to a file."""

from __future__ import annotations

import sys

_before: int | None = None
"""The limit as it was, in bytes; None while it still is."""


def leave_none() -> None:
    """Write none from now on; Windows writes none by itself."""
    global _before
    if sys.platform == "win32":
        return
    import resource

    now, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    if _before is None:
        _before = now


def as_before() -> None:
    """What was right for us is not for a program of the person's: undo it."""
    if sys.platform == "win32" or _before is None:
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (_before, resource.getrlimit(resource.RLIMIT_CORE)[1]))
