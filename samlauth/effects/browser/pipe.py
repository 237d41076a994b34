"""DevTools over a pipe: messages ended by a NUL each, on the browser's descriptors 3 and 4.

There is no port that another user of the computer could reach. Source: Chromium's
``--remote-debugging-pipe``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

assert sys.platform != "win32"

from samlauth.effects.browser.posix import above_standard  # noqa: E402 - which is not for Windows

_PIECE = 1 << 16


class Pipe:
    """Both ends of it. The browser's are :attr:`theirs`, until :meth:`connect`."""

    flag: Final = "--remote-debugging-pipe"

    def __init__(self) -> None:
        read, self._write = map(above_standard, os.pipe())
        self._read, write = map(above_standard, os.pipe())
        self.theirs: tuple[int, int] | None = (read, write)
        self._listening = False

    def connect(self, gone: Callable[[], bool]) -> None:
        """The browser has its ends: close them here."""
        self._close_theirs()
        self._listening = True

    def send(self, text: str) -> None:
        """Send a message; nothing to a browser that is gone."""
        data = memoryview(text.encode() + b"\0")
        with suppress(BrokenPipeError):  # its own end of the pipe says so, too
            while data:
                data = data[os.write(self._write, data) :]

    def messages(self) -> Iterator[bytes]:
        """What the browser says, to its end."""
        pending = bytearray()
        with os.fdopen(self._read, "rb", buffering=0) as pipe:
            while piece := pipe.read(_PIECE):
                start = len(pending)
                pending += piece
                while (end := pending.find(b"\0", start)) >= 0:
                    yield bytes(pending[:end])
                    del pending[: end + 1]
                    start = 0

    def close(self) -> None:
        """Close our ends; the one that is listened at closes when the browser is gone."""
        self._close_theirs()
        os.close(self._write)
        if not self._listening:
            os.close(self._read)

    def _close_theirs(self) -> None:
        ends, self.theirs = self.theirs, None
        for end in ends or ():
            os.close(end)
