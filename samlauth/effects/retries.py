"""Which requests are tried again, and after how long. A table: nothing is sent or waited for here.

A GET that changes nothing may be sent three times in all. What carries a body is sent once, whatever
became of it: a password that got no answer may have counted. What follows it in one go, its
redirects, may carry state that is good for one use, so it is sent again only if nobody saw it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from samlauth.values import dataclass

BUSY: Final = frozenset({429, 502, 503, 504})
"""The statuses that are no answer, only word that there is none at the moment."""

_PAUSES: Final = (0.5, 1.0)
"""Seconds at most before the second and the third try."""
_LONGEST: Final = 30
"""Seconds a server may ask to wait; one that asks for more is not asked again."""

Kind = Literal["get", "redirected", "post"]
"""``redirected``: the GET that a server made of a POST."""


@dataclass(frozen=True)
class Failure:
    """How one try failed, as far as it matters for another."""

    seen: bool
    """Whether the server may have seen the request."""
    final: bool = False
    """Whether another try would meet the same: a certificate that is not trusted, a proxy's no."""
    status: int | None = None
    """Of an answer that is one of :data:`BUSY`."""
    retry_after: str = ""
    """The header of that name (RFC 9110 §10.2.3)."""

    @property
    def asked_for(self) -> int | None:
        """The seconds the server asked to wait; None when it named none, or a date."""
        text = self.retry_after.strip()
        # No server means more than nine digits of seconds, and int() would take its time.
        return int(text[:9]) if text.isascii() and text.isdigit() else None


def pause(
    kind: Kind, tries: int, failure: Failure, *, left: float, chance: Callable[[], float]
) -> float | None:
    """Seconds to wait before the next try, after ``tries`` that failed; None when there is none.

    ``left`` is the time there is, in seconds. ``chance``, from 0 to 1, spreads those who failed
    together.
    """
    if kind == "post" or tries > len(_PAUSES) or not _may_help(kind, failure):
        return None
    wait = max(failure.asked_for or 0, chance() * _PAUSES[tries - 1])
    return wait if wait < left else None


def _may_help(kind: Kind, failure: Failure) -> bool:
    if failure.status is None:
        return not (failure.seen or failure.final)
    if kind == "redirected":
        return False
    asked_for = failure.asked_for
    if asked_for is None:
        return failure.status != 429
    return asked_for <= _LONGEST
