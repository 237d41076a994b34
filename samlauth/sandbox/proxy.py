"""The loopback CONNECT proxy: the only way out of a rehearsal, and it leads nowhere else.

The command under rehearsal reaches the fake hosts as it would reach real ones behind a company's
proxy (``HTTPS_PROXY``, a CA bundle in the environment). A host that is no part of the rehearsal is
refused and kept in :attr:`Proxy.log`, so that the log is also the proof that nothing leaked.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from dataclasses import dataclass

from samlauth.sandbox.listener import Listener

Destination = Callable[[socket.socket, str], None]
"""Serves a connection as the host of that name, TLS included."""

_HEADER_LIMIT = 16_384
_HOST = re.compile(r"(\w+://)?(?P<host>\[[^\]]*\]|[^/:]*)")


@dataclass(frozen=True)
class Contact:
    """One request to the proxy."""

    method: str
    """``CONNECT``, or the method of a plain-http request, which is never let through."""
    target: str
    """``host:port``, or the URL of a plain-http request."""
    admitted: bool

    @property
    def host(self) -> str:
        """The host that was to be contacted, in lower case, without scheme and port."""
        found = _HOST.match(self.target)
        assert found is not None  # it matches anything
        return found["host"].lower()

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


class Proxy:
    """Answers CONNECT to ``host:443`` for the hosts ``find`` knows, and 502 to all else.

    The connection is handed to the destination itself: there are no ports behind the proxy.
    """

    def __init__(self, find: Callable[[str], Destination | None]) -> None:
        self.log: list[Contact] = []
        self._find = find
        self._listener = Listener(self._serve, name="rehearsal-proxy")

    @property
    def url(self) -> str:
        """What ``HTTPS_PROXY`` is set to."""
        return f"http://127.0.0.1:{self._listener.port}"

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return self._listener.port

    @property
    def faults(self) -> list[BaseException]:
        """Exceptions of the destinations: faults of the rehearsal's own."""
        return self._listener.faults

    def close(self) -> None:
        """Ends every connection and joins every thread."""
        self._listener.close()

    def _serve(self, connection: socket.socket) -> None:
        request = _request_line(connection)
        if request is None:
            return
        method, target = request
        host, _, port = target.rpartition(":")
        destination = self._find(host.lower()) if method == "CONNECT" and port == "443" else None
        self.log.append(Contact(method, target, destination is not None))
        if destination is None:
            body = f"{target} is no part of the rehearsal.\n".encode()
            connection.sendall(
                b"HTTP/1.1 502 Not In The Rehearsal\r\nContent-Type: text/plain; charset=utf-8\r\n"
                b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body)
            )
            return
        connection.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        destination(connection, host.lower())


def _request_line(connection: socket.socket) -> tuple[str, str] | None:
    """Method and target of the request, its header read to the end; None if there is none."""
    header = b""
    while not header.endswith(b"\r\n\r\n"):
        # The client waits for the answer before it starts TLS: there is nothing to read ahead of.
        received = connection.recv(4096)
        header += received
        if not received or len(header) > _HEADER_LIMIT:
            return None
    parts = header.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    return (parts[0], parts[1]) if len(parts) == 3 else None
