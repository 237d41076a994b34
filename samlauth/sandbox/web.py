"""HTTP for the fake services: a request is a value, an application is a function of it."""

from __future__ import annotations

import http.server
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http import HTTPStatus
from urllib.parse import parse_qsl

_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux has it

BODY_LIMIT = 2_000_000
"""Bytes of a request body; more than any form or STS call has."""


@dataclass(frozen=True)
class Request:
    """One request, as received."""

    method: str
    host: str
    """The ``Host`` header."""
    target: str
    """Path and query, byte for byte."""
    headers: Message
    body: bytes = field(repr=False)

    @property
    def path(self) -> str:
        """The target without its query, not decoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The decoded pairs of the target's query, in order."""
        return parse_qsl(self.target.partition("?")[2], keep_blank_values=True)

    @property
    def form(self) -> list[tuple[str, str]]:
        """The decoded pairs of a form's body, in order."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @property
    def cookies(self) -> list[tuple[str, str]]:
        """The pairs of the ``Cookie`` headers, in order."""
        pairs = "; ".join(self.headers.get_all("Cookie", [])).split("; ")
        return [(name, value) for name, _, value in (pair.partition("=") for pair in pairs) if name]


@dataclass(frozen=True)
class Response:
    """One response."""

    status: int
    body: bytes = field(default=b"", repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


Application = Callable[[Request], Response]


class _Handler(http.server.BaseHTTPRequestHandler):
    """http.server's parser and keep-alive in front of an application."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # a response leaves in one piece

    def __init__(self, connection: socket.socket, application: Application) -> None:
        self._application = application
        # http.server only passes the server on to handlers that ask for it; this one does not.
        super().__init__(connection, ("127.0.0.1", 0), None)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def handle_one_request(self) -> None:
        """Reads and answers one request."""
        if _QUICK_ACK is not None:
            # A client behind a proxy sends head and body apart and waits in between for this ACK,
            # which the kernel would hold back for 40 ms. It has to be asked for again each time.
            self.connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
        super().handle_one_request()

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > BODY_LIMIT:
            self.close_connection = True
            response = Response(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            response = self._respond(self.rfile.read(length))
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def _respond(self, body: bytes) -> Response:
        return self._application(
            Request(
                method=self.command,
                host=self.headers.get("Host", ""),
                target=self.path,
                headers=self.headers,
                body=body,
            )
        )

    def version_string(self) -> str:
        return "rehearsal"

    def log_message(self, format: str, *args: object) -> None:
        """Writes nothing: what counts is counted by the application."""


class Site:
    """An application behind TLS."""

    def __init__(self, application: Application, context: Callable[[str], ssl.SSLContext]) -> None:
        self._application = application
        self._context = context

    def serve(self, connection: socket.socket, host: str) -> None:
        """Serves requests as ``host`` until the peer leaves. Raises OSError when it does not."""
        with self._context(host).wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ) as secured:
            try:
                secured.do_handshake()
            except ssl.SSLError:
                # A client without a certificate learns of it when it has sent its request; were
                # that left unread, the connection would be reset, and the alert lost with it.
                secured.shutdown(socket.SHUT_WR)
                while secured.recv(4096):
                    pass
                raise
            _Handler(secured, self._application)
