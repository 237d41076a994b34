"""Codes that somebody else gave the person: each is good for once."""

from __future__ import annotations

import secrets


class Codes:
    """A list of random codes that never ends; every code has the same number of digits."""

    def __init__(self, digits: int) -> None:
        self._digits = digits
        self._codes: list[str] = []
        self._used: set[str] = set()

    def __getitem__(self, number: int) -> str:
        while len(self._codes) <= number:
            code = f"{secrets.randbelow(10**self._digits):0{self._digits}}"
            if code not in self._codes:
                self._codes.append(code)
        return self._codes[number]

    def upcoming(self, count: int) -> list[str]:
        """The first codes that were not used yet."""
        unused: list[str] = []
        number = 0
        while len(unused) < count:
            if self[number] not in self._used:
                unused.append(self[number])
            number += 1
        return unused

    def code(self) -> str:
        """A code that would be accepted now."""
        return self.upcoming(1)[0]

    def verify(self, digits: str, *, among: int | None = None) -> bool:
        """Whether the code is one of the first ``among``, and used for the first time.

        Uses it up.
        """
        known = self._codes[:among]
        if digits not in known or digits in self._used:
            return False
        self._used.add(digits)
        return True
