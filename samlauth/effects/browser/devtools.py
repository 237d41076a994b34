"""DevTools over a pipe: JSON messages, each ended by a NUL, on the browser's descriptors 3 and 4.

There is no port that another user of the computer could reach. Source: the Chrome DevTools
Protocol, and Chromium's ``--remote-debugging-pipe``.
"""

from __future__ import annotations

import json
import os
import queue
import threading
from contextlib import suppress
from typing import Any

from samlauth.effects.browser.process import above_standard

Message = dict[str, Any]
"""A reply, with ``id`` and ``result`` or ``error``; or an event, with ``method`` and ``params``."""

_PIECE = 1 << 16


class DevTools:
    """Both ends of the pipe. The browser's are :attr:`theirs`, until :meth:`connected`."""

    def __init__(self) -> None:
        read, self._write = map(above_standard, os.pipe())
        self._read, write = map(above_standard, os.pipe())
        self.theirs = (read, write)
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._number = 0
        self.over = False
        """Whether the browser has closed its end, and all it said before was taken."""

    def connected(self) -> None:
        """The browser has its ends: close them here, and begin to listen."""
        self._close_theirs()
        self._thread = threading.Thread(target=self._listen, name="devtools", daemon=True)
        self._thread.start()

    def send(self, method: str, *, session: str | None = None, **parameters: object) -> int:
        """Send a command; the id its reply will have. One that is gone is sent nothing."""
        self._number += 1
        message: Message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        data = memoryview(json.dumps(message).encode() + b"\0")
        with suppress(BrokenPipeError):  # its own end of the pipe says so, too
            while data:
                data = data[os.write(self._write, data) :]
        return self._number

    def next(self, seconds: float = 0) -> Message | None:
        """The next message, waiting so long at most; None when there is none."""
        if self.over:
            return None
        try:
            message = self._messages.get(timeout=seconds) if seconds else self._messages.get(False)
        except queue.Empty:
            return None
        self.over = message is None
        return message

    def close(self) -> None:
        """Close the pipe, of a browser that has ended or is to end."""
        self._close_theirs()
        os.close(self._write)
        if self._thread is None:
            os.close(self._read)
        else:
            self._thread.join(1)

    def _close_theirs(self) -> None:
        while self.theirs:
            os.close(self.theirs[0])
            self.theirs = self.theirs[1:]  # type: ignore[assignment]  # empty once both are closed

    def _listen(self) -> None:
        pending = bytearray()
        with os.fdopen(self._read, "rb", buffering=0) as pipe:
            while piece := pipe.read(_PIECE):
                start = len(pending)
                pending += piece
                while (end := pending.find(b"\0", start)) >= 0:
                    self._messages.put(json.loads(pending[:end]))
                    del pending[: end + 1]
                    start = 0
        self._messages.put(None)
