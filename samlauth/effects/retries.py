"""Which requests are tried again, and after how long. A table: nothing is sent or waited for here.

A GET that changes nothing may be sent three times in all. What carries a body is sent once, whatever
became of it: a password that got no answer may have counted. What follows it in one go, its
redirects, may carry state that is good for one use, so it is sent again only if nobody saw it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from samlauth.values import dataclass

BUSY: Final = frozenset({429, 502, 503, 504})
"""The statuses that are no answer, only word that there is none at the moment."""

_PAUSES: Final = (0.5, 1.0)
"""Seconds at most before the second and the third try."""
_LONGEST: Final = 30
"""Seconds a server may ask to wait; one that asks for more is not asked again."""

_LONGEST_DATE: Final = 64
"""Characters of a date that are looked at: the longest form has 33."""

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
    """The header of that name (RFC 9110 §10.2.3): seconds, or a date."""
    date: str = ""
    """When it was said, by the server's own clock where it tells (RFC 9110 §6.6.1)."""

    @property
    def asked_for(self) -> int | None:
        """The seconds the server asked to wait; None when it named neither them nor a date.

        A date counts from ``date``, so that a clock of ours that is wrong does no harm; one that is
        over is no time to wait.
        """
        text = self.retry_after.strip()
        if text.isascii() and text.isdigit():
            # No server means more than nine digits of seconds, and int() would take its time.
            return int(text[:9])
        until, said = _moment(text), _moment(self.date)
        if until is None or said is None:
            return None
        return max(math.ceil((until - said).total_seconds()), 0)


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


def _moment(text: str) -> datetime | None:
    """An HTTP-date in any of its three forms (RFC 9110 §5.6.7); None for anything else."""
    try:
        moment = parsedate_to_datetime(text[:_LONGEST_DATE])
    except (ValueError, OverflowError):
        return None
    # The form of asctime() names no zone; all of them are in GMT.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _may_help(kind: Kind, failure: Failure) -> bool:
    if failure.status is None:
        return not (failure.seen or failure.final)
    if kind == "redirected":
        return False
    asked_for = failure.asked_for
    if asked_for is None:
        return failure.status != 429
    return asked_for <= _LONGEST
