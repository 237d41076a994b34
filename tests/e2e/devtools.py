"""The DevTools protocol over a WebSocket: as much of either as it takes to play a person."""

from __future__ import annotations

import base64
import json
import secrets
import socket
import struct
from collections.abc import Iterator
from typing import Any

_SECONDS = 60
"""How long an answer or an event may take."""
_TEXT, _CLOSE, _PING = 1, 8, 9


class Gone(Exception):
    """The browser, or its tab, is not there any more."""


class DevTools:
    """A connection to a browser's DevTools, and through it to one page."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = _WebSocket(port, path)
        self._last = 0
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []

    def attach(self) -> None:
        """Go on with the browser's page, once it has one."""
        self.send("Target.setDiscoverTargets", discover=True)
        target = next(
            event["params"]["targetInfo"]["targetId"]
            for event in self.events()
            if event["method"] == "Target.targetCreated"
            and event["params"]["targetInfo"]["type"] == "page"
        )
        attached = self.send("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.send("Page.enable")

    def send(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command; its result. Raises Gone, and ValueError for one that failed."""
        self._last += 1
        command = {"id": self._last, "method": method, "params": parameters}
        if self._session and not method.startswith(("Target.", "Browser.")):
            command["sessionId"] = self._session
        self._socket.send(json.dumps(command))
        while True:
            message = self._receive()
            if message.get("id") == self._last:
                if "error" in message:
                    raise ValueError(message["error"]["message"])
                result: dict[str, Any] = message["result"]
                return result
            self._events.append(message)

    def events(self) -> Iterator[dict[str, Any]]:
        """Events, each once, for as long as they come. Raises Gone."""
        while True:
            event = self._events.pop(0) if self._events else self._receive()
            if event["method"] == "Target.detachedFromTarget":
                raise Gone("the page was closed")
            yield event

    def close(self) -> None:
        """Leaves the browser as it is."""
        self._socket.close()

    def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.receive())
        return message


class _WebSocket:
    """The client's side (RFC 6455), for texts of any length."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)
        self._incoming = self._socket.makefile("rb")
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status = self._incoming.readline()
        assert b" 101 " in status, status
        while self._incoming.readline().strip():
            pass

    def send(self, text: str) -> None:
        """A text, masked as a client's must be (§5.3)."""
        payload, mask = text.encode(), secrets.token_bytes(4)
        size = len(payload)
        if size < 126:
            head = struct.pack(">BB", 0x80 | _TEXT, 0x80 | size)
        elif size < 65_536:
            head = struct.pack(">BBH", 0x80 | _TEXT, 0x80 | 126, size)
        else:
            head = struct.pack(">BBQ", 0x80 | _TEXT, 0x80 | 127, size)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        try:
            self._socket.sendall(head + mask + masked)
        except OSError as error:
            raise Gone(str(error)) from error

    def receive(self) -> str:
        """The next text, put together from its frames (§5.4)."""
        text = b""
        while True:
            first, second = self._read(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self._read(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._read(8))
            payload = self._read(size)
            kind = first & 0x0F
            if kind == _CLOSE:
                raise Gone("the browser closed the connection")
            if kind >= _CLOSE:
                assert kind == _PING, kind  # Chromium sends none, so none is answered
                continue
            text += payload
            if first & 0x80:
                return text.decode()

    def _read(self, size: int) -> bytes:
        try:
            data = self._incoming.read(size)
        except ConnectionError as error:
            raise Gone(str(error)) from error
        if len(data) < size:
            raise Gone("the browser is gone")
        return data

    def close(self) -> None:
        self._incoming.close()
        self._socket.close()
