"""Time-based one-time passwords (RFC 6238, SHA-1, 6 digits, 30 seconds) and who checks them.

``python -m samlauth.sandbox.totp SECRET`` prints the current code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import sys
import time
from collections.abc import Callable

PERIOD = 30
"""Seconds a time step lasts."""


def code(secret: str, step: int) -> str:
    """The six digits of a time step; ``secret`` is base32, as authenticator apps show it."""
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1)
    start = mac[-1] & 0x0F
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFF_FFFF
    return f"{number % 1_000_000:06}"


class Authenticator:
    """One enrolled authenticator: the device that shows codes and the verifier that takes them.

    A code is taken once, in its own step or in one next to it (RFC 6238 §5.2).
    """

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self.secret = secret
        self._clock = clock
        self._ahead = 0
        self._used: set[int] = set()

    @property
    def _step(self) -> int:
        return int(self._clock()) // PERIOD + self._ahead

    def code(self) -> str:
        """A code that would be accepted now.

        More sign-ins than there are codes make the device run ahead, and the verifier follow it
        (RFC 6238 §6): nobody has to wait for the next half minute.
        """
        while self._used.issuperset(self._window()):
            self._ahead += 1
        return code(self.secret, next(step for step in self._window() if step not in self._used))

    def upcoming(self, count: int) -> list[tuple[float, str]]:
        """The codes from now on, each with the time at which its step ends (seconds, Unix)."""
        steps = range(self._step, self._step + count)
        return [((step - self._ahead + 1) * PERIOD, code(self.secret, step)) for step in steps]

    def verify(self, digits: str) -> bool:
        """Whether the code is right, and used for the first time. Uses it up."""
        for step in self._window():
            if step not in self._used and hmac.compare_digest(
                digits.encode(), code(self.secret, step).encode()
            ):
                self._used.add(step)
                return True
        return False

    def _window(self) -> tuple[int, int, int]:
        step = self._step
        return step, step + 1, step - 1


if __name__ == "__main__":
    sys.stdout.write(Authenticator(sys.argv[1]).code() + "\n")
