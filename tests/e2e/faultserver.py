"""The rehearsal's hosts behind a network that fails, at whichever step of a sign-in one likes.

It is the CONNECT proxy of the command, and as well every host behind it, so that it can break a
connection, a handshake or an answer. Hosts that are no part of the rehearsal are served too, by a
stranger who takes whatever comes: what must not arrive anywhere can then be counted.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import parse_headers
from pathlib import Path
from typing import BinaryIO, Literal, Self
from urllib.parse import quote_plus

import trustme

from samlauth.sandbox import sts
from samlauth.sandbox.listener import Listener
from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.tls import server_context
from samlauth.sandbox.web import Application, Request, Response

Tamper = Callable[[Request, Response], Response]


@dataclass(frozen=True)
class Fault:
    """A way for the network to fail.

    ``tunnel`` is what happens instead of a tunnel, ``handshake`` instead of TLS, and ``answer``
    instead of an answer, each on a connection that is closed then; ``certificate`` is shown instead
    of the right one, or the right one ever anew.
    """

    tunnel: Callable[[socket.socket], None] | None = None
    handshake: Callable[[socket.socket], None] | None = None
    certificate: Literal["untrusted", "expired", "of another", "right"] | None = None
    answer: Callable[[socket.socket], None] | None = None

    @property
    def connecting(self) -> bool:
        """Whether it needs a new connection to be met."""
        return self.answer is None


HEALTHY = Fault()


@dataclass(frozen=True)
class Seen:
    """A request that arrived at one of the rehearsal's hosts, whatever became of it."""

    method: str
    host: str
    path: str
    body: bytes


class FaultServer:
    """Serves a rehearsal, which need not be entered, and fails as it is told.

    ``at`` is the step that fails, counted from 0: the request of that number, with all that come
    after it, or that one alone if ``once``. ``tamper`` may change every answer.
    """

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.seen: list[Seen] = []
        self.stranger = bytearray()
        """Every byte that somebody other than the rehearsal's hosts was sent, TLS taken off."""
        self.strangers: set[str] = set()
        """Who else was connected to."""
        self.fault = HEALTHY
        self.at = 0
        self.once = False
        self.played = 0
        """How often the fault was."""
        self.reached = threading.Event()
        """Set when it was for the first time."""
        self.tamper: Tamper | None = None
        self._rehearsal = rehearsal
        self._ca = trustme.CA(organization_name="Fault Server")
        self._nobody = trustme.CA(organization_name="Nobody in particular")
        self._contexts: dict[tuple[str, str | None], ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._listener = Listener(self._serve, name="faults")
        self.port = self._listener.port

    @property
    def url(self) -> str:
        """Of the proxy."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._listener.close()
        assert self._listener.faults == []

    def write(self, bundle: Path) -> Path:
        """Write the certificate of the authority that is to be trusted."""
        self._ca.cert_pem.write_to_path(bundle)
        return bundle

    def begin(self, fault: Fault = HEALTHY, at: int = 0, *, once: bool = False) -> None:
        """Forget what was, and fail so from now on."""
        with self._lock:
            self.seen.clear()
            self.strangers.clear()
            self.stranger.clear()
            self.fault, self.at, self.once, self.played = fault, at, once, 0
            self.reached.clear()

    def posts_of(self, password: str) -> int:
        """How many requests had the password in them, in any place."""
        forms = {password.encode(), quote_plus(password).encode()}
        return sum(any(form in seen.body for form in forms) for seen in self.seen)

    def _now(self, *, connecting: bool) -> Fault:
        """The fault of this moment."""
        with self._lock:
            # A request is counted before it is answered, a connection before it is asked anything.
            step = len(self.seen) - (0 if connecting else 1)
            due = step >= self.at and not (self.once and self.played)
            if not due or self.fault == HEALTHY or self.fault.connecting != connecting:
                return HEALTHY
            self.played += 1
            self.reached.set()
            return self.fault

    def _serve(self, connection: socket.socket) -> None:
        fault = self._now(connecting=True)
        # TLS begins with a byte that no method does: who speaks it at once needs no tunnel.
        host = ""
        if connection.recv(1, socket.MSG_PEEK) != b"\x16":
            # Nothing is read ahead: what follows is for whoever takes over.
            with connection.makefile("rb", buffering=0) as stream:
                method, target = _request_line(stream)
                parse_headers(stream)
                if method != "CONNECT":
                    with self._lock:
                        self.stranger += f"{method} {target}".encode()
            if method != "CONNECT":
                self._take(connection, f"{method} {target}")
                return
            host = target.rpartition(":")[0].lower()
            if fault.tunnel:
                fault.tunnel(connection)
                return
            connection.sendall(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        if fault.handshake:
            fault.handshake(connection)
            return
        named = [host]

        def choose(tls: ssl.SSLSocket | ssl.SSLObject, name: str | None, _: object) -> None:
            named[0] = name or host
            tls.context = self._context(named[0], fault.certificate)

        context = server_context()
        context.sni_callback = choose
        with context.wrap_socket(connection, server_side=True) as secure:
            application = self._application(named[0])
            if application is None:
                self._take(secure, named[0])
            else:
                self._converse(secure, named[0], application)

    def _application(self, host: str) -> Application | None:
        if host in sts.regions():
            return self._rehearsal.sts
        return self._rehearsal.hosts.get(host)

    def _take(self, connection: socket.socket, name: str) -> None:
        """A stranger: thankful for everything."""
        with self._lock:
            self.strangers.add(name)
        connection.settimeout(10)
        while piece := connection.recv(65536):
            with self._lock:
                self.stranger += piece
            if b"\r\n\r\n" in piece:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks")

    def _converse(self, connection: ssl.SSLSocket, host: str, application: Application) -> None:
        with connection.makefile("rb") as stream:
            while True:
                method, target = _request_line(stream)
                headers = parse_headers(stream)
                body = stream.read(int(headers.get("Content-Length", 0)))
                with self._lock:
                    self.seen.append(Seen(method, host, target.partition("?")[0], body))
                fault = self._now(connecting=False)
                if fault.answer:
                    fault.answer(connection)
                    return
                request = Request(method, host, target, headers, body)
                response = application(request)
                if self.tamper:
                    response = self.tamper(request, response)
                # Whoever is to meet a fault of connecting next must connect next.
                last = self.fault.connecting and self.fault != HEALTHY
                connection.sendall(_encoded(response, last=last))
                if last:
                    return

    def _context(self, host: str, wrong: str | None) -> ssl.SSLContext:
        with self._lock:
            if (host, wrong) not in self._contexts:
                context = server_context()
                self._certificate(host, wrong).configure_cert(context)
                self._contexts[host, wrong] = context
            return self._contexts[host, wrong]

    def _certificate(self, host: str, wrong: str | None) -> trustme.LeafCert:
        match wrong:
            case "untrusted":
                return self._nobody.issue_cert(host)
            case "expired":
                return self._ca.issue_cert(host, not_after=datetime.now(UTC) - timedelta(days=1))
            case "of another":
                return self._ca.issue_cert("portal.hotel.example")
            case _:
                return self._ca.issue_cert(host)


def _request_line(stream: BinaryIO | socket.SocketIO) -> tuple[str, str]:
    """Method and target. Raises ConnectionAbortedError, as a socket might, when none comes."""
    words = stream.readline(65536).decode("latin-1").split(" ")
    if len(words) != 3:
        raise ConnectionAbortedError("the client left")
    return words[0], words[1]


def _encoded(response: Response, *, last: bool) -> bytes:
    lines = [f"HTTP/1.1 {response.status} As rehearsed"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    lines += [f"Content-Length: {len(response.body)}"]
    if last:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + response.body


def said(body: bytes, status: int = 200, *headers: str, length: int | None = None) -> bytes:
    """A whole answer, or one whose length is not what it says."""
    lines = [
        f"HTTP/1.1 {status} As it were",
        f"Content-Length: {len(body) if length is None else length}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    """Sends that, and hangs up."""
    return lambda connection: connection.sendall(answer)


def hang_up(_: socket.socket) -> None:
    """Says nothing, and hangs up."""


def reset(connection: socket.socket) -> None:
    """Breaks the connection off."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def reset_midway(connection: socket.socket) -> None:
    """Breaks the connection off in the middle of an answer."""
    connection.sendall(said(b"<html><form>", length=5000))
    reset(connection)


def stall(connection: socket.socket) -> None:
    """Says nothing until the client has had enough."""
    while connection.recv(4096):
        pass


def dripping(head: bytes) -> Callable[[socket.socket], None]:
    """Sends that, and then a byte now and then until the client has had enough."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(head)
        quiet = threading.Event()
        while not quiet.wait(0.05):
            connection.sendall(b"x")  # which fails once the client is gone

    return drip


_PORTAL = (
    b"<!doctype html><title>Welcome to the Grand Hotel</title><h1>Welcome</h1>"
    b'<form method="post" action="http://portal.hotel.example/login">'
    b'<label><input type="checkbox" name="terms">I agree to everything</label>'
    b"<button>Go</button></form>"
)
_HTML = "Content-Type: text/html; charset=utf-8"

FAULTS: Mapping[str, Fault] = {
    "proxy 407": Fault(tunnel=saying(said(b"who?", 407, "Proxy-Authenticate: Basic realm=proxy"))),
    "proxy 502": Fault(tunnel=saying(said(b"no such host", 502))),
    "proxy portal": Fault(tunnel=saying(said(_PORTAL, 511, _HTML))),
    "proxy hangs up": Fault(tunnel=hang_up),
    "no TLS": Fault(handshake=saying(said(_PORTAL, 200, _HTML))),
    "handshake reset": Fault(handshake=reset),
    "untrusted": Fault(certificate="untrusted"),
    "expired": Fault(certificate="expired"),
    "of another": Fault(certificate="of another"),
    "closed": Fault(answer=hang_up),
    "reset": Fault(answer=reset),
    "reset midway": Fault(answer=reset_midway),
    "head cut": Fault(answer=saying(b"HTTP/1.1 200 OK\r\nContent-Ty")),
    "truncated": Fault(answer=saying(said(b"<html><form>", 200, _HTML, length=5000))),
    "damaged": Fault(answer=saying(said(b"no gzip", 200, _HTML, "Content-Encoding: gzip"))),
    "429": Fault(answer=saying(said(b"slow down", 429))),
    "500": Fault(answer=saying(said(b"<h1>Oops</h1>", 500, _HTML))),
    "502": Fault(answer=saying(said(b"<h1>Bad gateway</h1>", 502, _HTML))),
    "503": Fault(answer=saying(said(b"<h1>Later</h1>", 503, _HTML))),
    "portal": Fault(answer=saying(said(_PORTAL, 200, _HTML))),
    "portal redirect": Fault(
        answer=saying(said(b"", 302, "Location: http://portal.hotel.example/"))
    ),
    "no page": Fault(
        answer=saying(said(b"\x89PNG\r\n\x1a\n\0\xff", 200, "Content-Type: image/png"))
    ),
    "json": Fault(answer=saying(said(b'{"error": "no"}', 200, "Content-Type: application/json"))),
    "empty": Fault(answer=saying(said(b""))),
}
"""What fails at once."""

SLOW: Mapping[str, Fault] = {
    "handshake stall": Fault(handshake=stall),
    "stall": Fault(answer=stall),
    "head drip": Fault(answer=dripping(b"HTTP/1.1 200 OK\r\nX-Slow: ")),
    "body drip": Fault(answer=dripping(said(b"<html>", 200, _HTML, length=5_000_000))),
}
"""What only a limit of time ends."""
