"""Lengths of time, as STS bounds them and people write them."""

from __future__ import annotations

import re

SHORTEST, LONGEST = 900, 43200
"""Bounds of AssumeRoleWithSAML's DurationSeconds, in seconds."""

_SPELT = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", re.ASCII | re.IGNORECASE)


def read(text: str) -> int:
    """Seconds of a DurationSeconds, from ``3600``, ``1h30m``, ``45 m``, within STS's bounds.

    Raises ValueError for anything else.
    """
    total = parse(text, "neither seconds, nor like 1h30m, nor auto")
    if not SHORTEST <= total <= LONGEST:
        raise ValueError("not between 15 minutes and 12 hours, which is what AWS allows")
    return total


def patience(text: str) -> int:
    """Seconds of a wait for a person: spelt as for :func:`parse`, from 1 second to an hour.

    Raises ValueError for anything else.
    """
    total = parse(text, "neither seconds nor like 5m")
    if not 1 <= total <= 3600:
        raise ValueError("not between a second and an hour")
    return total


def parse(text: str, otherwise: str) -> int:
    """Seconds from ``90``, ``1h30m``, ``45 m``. Raises ValueError, saying ``otherwise``."""
    spelt = _SPELT.fullmatch(text.replace(" ", ""))
    if spelt is None or not any(spelt.groups()):
        raise ValueError(otherwise)
    hours, minutes, seconds = (int(part or 0) for part in spelt.groups())
    return hours * 3600 + minutes * 60 + seconds


def spell(seconds: float) -> str:
    """A length of time as people say it: ``12 h``, ``1 h 30 min``, ``45 min``, ``20 s``."""
    if seconds < 60:
        return f"{max(int(seconds), 0)} s"
    hours, minutes = divmod(int(seconds) // 60, 60)
    return " ".join(([f"{hours} h"] if hours else []) + ([f"{minutes} min"] if minutes else []))
