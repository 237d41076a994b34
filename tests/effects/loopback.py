"""A web server and a CONNECT proxy on the loopback interface, with every fault a test asks for."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import trustme

from samlauth.sandbox.tls import server_context


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


Reply = bytes | Callable[[socket.socket], None]
"""Bytes to send, or a function that does as it likes with the connection, which is then closed."""


def response(
    body: bytes | str = b"", status: int = 200, *headers: str, length: int | None = None
) -> bytes:
    data = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Length: {len(data) if length is None else length}",
    ]
    return "\r\n".join([*lines, *headers, "", ""]).encode("latin-1") + data


def redirect(status: int, location: str, *headers: str) -> bytes:
    return response("moved", status, f"Location: {location}", *headers)


class Listener:
    """Accepts connections on a port of its own and serves each on a thread."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self.closing = threading.Event()

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        # Closing alone does not wake a thread that waits in accept.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._threads[0].join(10)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                _shut_down(sock)
        for thread in list(self._threads):
            thread.join(10)
            assert not thread.is_alive()

    def _start(self, work: Callable[..., None], *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()
        return thread

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self.closing.is_set():
                sock.close()
                return
            self.connections += 1
            self._start(self._guarded, sock)

    def _guarded(self, sock: socket.socket) -> None:
        with self._lock:
            self._open.add(sock)
        try:
            self.serve(sock)
        except OSError:
            pass  # the client left, which is what many of the tests are about
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()

    def serve(self, sock: socket.socket) -> None:
        raise NotImplementedError


class Server(Listener):
    """Answers each request with ``reply(request)``; TLS when it is given a certificate."""

    def __init__(
        self, reply: Callable[[Received], Reply], certificate: trustme.LeafCert | None = None
    ) -> None:
        super().__init__()
        self._reply = reply
        self.requests: list[Received] = []
        self._context: ssl.SSLContext | None = None
        if certificate is not None:
            self._context = server_context()
            certificate.configure_cert(self._context)

    def serve(self, sock: socket.socket) -> None:
        if self._context is None:
            self._converse(sock)
            return
        with self._context.wrap_socket(sock, server_side=True) as secure:
            with self._lock:
                self._open.add(secure)
            try:
                self._converse(secure)
            finally:
                with self._lock:
                    self._open.discard(secure)

    def _converse(self, sock: socket.socket) -> None:
        with sock.makefile("rb") as stream:
            while line := stream.readline():
                method, target, _ = line.decode("latin-1").split(" ")
                headers = {}
                while (line := stream.readline()) not in (b"\r\n", b""):
                    name, _, value = line.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                body = stream.read(int(headers.get("content-length", 0)))
                request = Received(method, target, headers, body)
                self.requests.append(request)
                reply = self._reply(request)
                if callable(reply):
                    reply(sock)
                    return
                sock.sendall(reply)


class Proxy(Listener):
    """Tunnels ``host:port`` to the loopback port of its route, and answers 502 for the rest.

    ``refusal`` is a whole response that it sends to every CONNECT instead.
    """

    def __init__(self, routes: Mapping[str, int], refusal: bytes | None = None) -> None:
        super().__init__()
        self._routes = routes
        self._refusal = refusal
        self.asked: list[str] = []
        self.authorization: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, sock: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = sock.recv(4096)
            if not piece:
                return
            head += piece
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        self.asked.append(f"{method} {target}")
        self.authorization += [line for line in lines if line.lower().startswith("proxy-auth")]
        port = self._routes.get(target)
        if self._refusal is not None or port is None:
            sock.sendall(self._refusal or response("", 502))
            return
        with socket.create_connection(("127.0.0.1", port)) as far:
            with self._lock:
                self._open.add(far)
            try:
                sock.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = self._start(_pump, far, sock)
                _pump(sock, far)
                back.join(10)
            finally:
                with self._lock:
                    self._open.discard(far)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass  # one end is gone: so is the tunnel
    finally:
        _shut_down(sink)


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):
        # The plain socket's: an SSLSocket would first say goodbye, and that can block.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
