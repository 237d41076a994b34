"""DevTools over a port of the loopback interface: a WebSocket, where there can be no pipe.

The browser picks the port, and writes it and the socket's path, which no other start has, into its
profile. Whoever else can reach the port can ask it for that path. Source: Chromium's
``--remote-debugging-port``; it turns connections from web pages, which name an origin, away.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import websocket
from websocket import WebSocketException

from samlauth.effects.browser.devtools import NoAnswerError

CONNECT_SECONDS = 30.0
"""How long a browser may take to open the port: one that was just installed is looked at first."""

_LOOK_SECONDS = 0.02
_GREETING_SECONDS = 5.0
_HOST = "127.0.0.1"
_PLACE = re.compile(r"([0-9]{1,5})\n(/devtools/browser/[\w-]+)\s*", re.ASCII)


class Port:
    """Of the browser that is about to be started on the profile in ``folder``."""

    flag: Final = "--remote-debugging-port=0"
    theirs: Final = None

    def __init__(self, folder: Path) -> None:
        self._file = folder / "DevToolsActivePort"
        self._before = self._read()
        """What an earlier browser wrote: who knows whose port that is by now."""
        self._plain: socket.socket | None = None
        self._socket: websocket.WebSocket | None = None

    def connect(self, gone: Callable[[], bool]) -> None:
        """Wait until the browser has opened the port, unless it is gone; connect to it.

        Raises NoAnswerError after CONNECT_SECONDS.
        """
        until = time.monotonic() + CONNECT_SECONDS
        while not self._connected() and not gone():
            if time.monotonic() > until:
                raise NoAnswerError
            time.sleep(_LOOK_SECONDS)

    def send(self, text: str) -> None:
        """Send a message; nothing to a browser that is gone."""
        if self._socket is not None:
            with suppress(OSError, WebSocketException):
                self._socket.send(text)

    def messages(self) -> Iterator[str | bytes]:
        """What the browser says, to its end."""
        if self._socket is None or self._plain is None:
            return
        with self._plain, suppress(OSError, WebSocketException):  # gone without a farewell
            while text := self._socket.recv():
                yield text

    def close(self) -> None:
        """Disconnect; the socket is closed by whoever listens at it."""
        if self._plain is not None:
            with suppress(OSError):  # it has ended by itself
                self._plain.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> bool:
        found = self._read()
        place = _PLACE.fullmatch(found)
        if place is None or found == self._before:
            return False
        port, path = place.groups()
        try:
            # Given a socket, websocket-client asks no proxy of the environment for one.
            plain = self._plain = socket.create_connection((_HOST, int(port)), _GREETING_SECONDS)
            self._socket = websocket.create_connection(
                f"ws://{_HOST}:{port}{path}",
                socket=plain,
                suppress_origin=True,
                redirect_limit=0,
            )
            plain.settimeout(None)
        except (OSError, WebSocketException):
            return False  # half-written, or not listening yet
        return True

    def _read(self) -> str:
        """What stands in the file; nothing for one that cannot be read yet."""
        try:
            return self._file.read_text("utf-8")
        except (OSError, ValueError):
            return ""
