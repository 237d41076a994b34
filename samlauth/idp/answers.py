"""What a person answered in one sign-in. An answer is sent once: the same would be refused again,
and enough refusals lock an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from samlauth.challenges import AnotherWay, Challenge, Resend
from samlauth.errors import NobodyToAsk, SamlauthError
from samlauth.flow import Flow, ask_or_other

TRIES: Final = 3
"""How often a password, a code or the like may be refused before it is over."""

A = TypeVar("A")


class Answers:
    """Those that were given, by what was asked."""

    def __init__(self) -> None:
        self._given: dict[str, list[Any]] = {}

    def __contains__(self, what: str) -> bool:
        """Whether it was answered at all."""
        return what in self._given

    def __bool__(self) -> bool:
        return bool(self._given)

    def last(self, what: str) -> str:
        """The text it was answered with last; empty for nothing."""
        return str(self._given.get(what, [""])[-1])

    def take_back(self, what: str) -> None:
        """What it was answered with last, if anything, was not refused: it may be given once more."""
        self._given[what] = self._given.get(what, [])[:-1]

    def ask(
        self,
        what: str,
        challenge: Callable[[str], Challenge[A]],
        refused: str,
        error: Callable[[str], SamlauthError],
        *,
        clean: Callable[[A], A | None],
        malformed: str = "",
    ) -> Flow[A | AnotherWay | Resend]:
        """An answer that was not given before, and is noted; raises ``error`` without one.

        ``refused`` says why it is asked for again. One that was given before is asked for again and
        not sent, and so is one that ``clean`` makes None.
        """
        given = self._given.get(what, [])
        if len(given) >= TRIES:
            raise error(refused)
        for _ in range(TRIES):
            typed = yield from ask_again(challenge(refused), refused, error)
            if isinstance(typed, AnotherWay | Resend):
                return typed
            answer = clean(typed)
            if answer is not None and answer not in given:
                self._given[what] = [*given, answer]
                return answer
            if answer is None:
                refused = malformed or refused
        raise error(refused)


def ask_again(
    challenge: Challenge[A], refused: str, error: Callable[[str], SamlauthError]
) -> Flow[A | AnotherWay | Resend]:
    """Ask; when an answer was refused already and nobody can give another, ``error`` says so."""
    try:
        return (yield from ask_or_other(challenge))
    except NobodyToAsk:
        if not refused:
            raise
        raise error(refused) from None
