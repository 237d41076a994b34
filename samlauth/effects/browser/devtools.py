"""DevTools: commands to a browser, its replies and events. Source: the Chrome DevTools Protocol."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol

Message = dict[str, Any]
"""A reply, with ``id`` and ``result`` or ``error``; or an event, with ``method`` and ``params``."""


class NoAnswerError(Exception):
    """The browser is running, and there is no DevTools to talk to."""


class Wire(Protocol):
    """What the messages travel over, one JSON text each. Made before the browser is started."""

    @property
    def flag(self) -> str:
        """The argument that has the browser open its end."""

    @property
    def theirs(self) -> tuple[int, int] | None:
        """The descriptors the browser is to be given as 3 and 4."""

    def connect(self, gone: Callable[[], bool]) -> None:
        """Connect to a browser that was started, unless it is gone. Raises NoAnswerError."""

    def send(self, text: str) -> None:
        """Send a message; nothing to a browser that is gone."""

    def messages(self) -> Iterator[str | bytes]:
        """What the browser says, to its end; for one thread that waits for nothing else."""

    def close(self) -> None:
        """Disconnect from a browser that has ended or is to end, or was never started."""


class DevTools:
    """A conversation with a browser, over a wire."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._number = 0
        self.over = True
        """Whether there is none: not yet, or the browser has closed its end, and all it said before
        was taken."""

    def connect(self, gone: Callable[[], bool]) -> None:
        """The browser was started: begin to listen. Raises NoAnswerError."""
        self._wire.connect(gone)
        self._thread = threading.Thread(target=self._listen, name="devtools", daemon=True)
        self._thread.start()
        self.over = False

    def send(self, method: str, *, session: str | None = None, **parameters: object) -> int:
        """Send a command; the id its reply will have. One that is gone is sent nothing."""
        self._number += 1
        message: Message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        self._wire.send(json.dumps(message))
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
        """End it, with a browser that has ended or is to end."""
        self._wire.close()
        if self._thread is not None:
            self._thread.join(1)

    def _listen(self) -> None:
        try:
            for text in self._wire.messages():
                self._messages.put(json.loads(text))
        finally:
            self._messages.put(None)
