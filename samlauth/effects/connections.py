"""Connections to the identity provider and to STS: one trust, one way through the proxy.

Everything that leaves the process goes through a pool of :class:`Connections`, inside an
:class:`Exchange` that ends it by force when its time is up.
"""

from __future__ import annotations

import io
import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextvars import ContextVar, Token
from http import HTTPStatus
from http.client import HTTPResponse, IncompleteRead
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)

from samlauth.effects.early import Early
from samlauth.effects.faults import network_error
from samlauth.effects.proxies import Proxy, proxy_for
from samlauth.effects.trust import (
    ClientCertificate,
    bundles,
    issuer_of,
    show,
    ssl_context,
)
from samlauth.errors import NetworkError
from samlauth.reach import Origin

Manner = Literal["plain", "proving", "certified"]
"""How a host is met. Connections of one manner are never used in another: a server may take what
comes over a connection that has proved who the person is for theirs."""

_SIDE_BY_SIDE = 8
"""Connections kept to one host."""
_CONNECT_SECONDS = 10.0
"""Where whoever connects sets no time."""


def silence(*names: str) -> None:
    """Let these libraries log nothing: their lines hold URLs, headers and bodies in the clear.

    Even urllib3's warning about a malformed header quotes the header and the query.
    """
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Exchange:
    """One request and its answer. When ``seconds`` are over, its connection is cut.

    A read timeout alone does not end an answer that drips in byte by byte, headers included; so a
    timer shuts the sockets of this exchange down, which ends any read that waits on them.
    """

    def __init__(self, seconds: float) -> None:
        self.sent = False
        """Whether the request began to leave: before that, nothing of it was seen by anybody."""
        self.certificate: bytes | None = None
        """The certificate, DER, of the host that was asked."""
        self._lock = threading.Lock()
        self._overdue = False
        self._levers: list[socket.socket] = []
        self._timer = threading.Timer(max(seconds, 0), self._cut)
        self._timer.daemon = True

    @property
    def overdue(self) -> bool:
        """Whether the time was up. The answer may then be cut short without an error."""
        with self._lock:
            return self._overdue

    def holds(self, fd: int) -> None:
        """This exchange runs over that socket now."""
        # A copy, because http.client and TLS both hand the socket on to objects of their own.
        lever = socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM)
        with self._lock:
            self._levers.append(lever)
            if self._overdue:
                _shut_down(lever)

    def _cut(self) -> None:
        with self._lock:
            self._overdue = True
            for lever in self._levers:
                _shut_down(lever)

    def __enter__(self) -> Exchange:
        self._outer: Token[Exchange | None] = _running.set(self)
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        _running.reset(self._outer)
        with self._lock:
            while self._levers:
                self._levers.pop().close()


def _shut_down(lever: socket.socket) -> None:
    try:
        lever.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # the other side was faster


Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[Any, ...]]
"""One of getaddrinfo's."""


def addresses(host: str, port: int, seconds: float) -> Sequence[Address]:
    """Where ``host`` is, as getaddrinfo finds it. Raises its gaierror, and one when it is late.

    The resolver has time limits of its own, of half a minute and more, and cannot be interrupted;
    so it is asked on a thread, which is left behind when the time is up.
    """
    answers: SimpleQueue[Sequence[Address] | socket.gaierror] = SimpleQueue()

    def look() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
        except socket.gaierror as error:
            answers.put(error)
        except (OSError, UnicodeError):
            answers.put(socket.gaierror(socket.EAI_NONAME, "not a name"))

    threading.Thread(target=look, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=max(seconds, 0))
    except Empty:
        answer = socket.gaierror(socket.EAI_AGAIN, "too late")
    if isinstance(answer, socket.gaierror):
        raise answer
    return answer


_running: ContextVar[Exchange | None] = ContextVar("running", default=None)


class _Lines:
    """A file that remembers the line it read last."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file
        self.last = b""

    def readline(self, limit: int = -1) -> bytes:
        self.last = self._file.readline(limit)
        return self.last

    def close(self) -> None:
        self._file.close()


class _Response(HTTPResponse):
    """An answer whose head is whole: http.client takes a connection's end for the head's.

    And the answer itself: of what may come before it (RFC 9110 §15.2) http.client passes over a 100
    alone. A 103 would be taken for it, and the answer for that to the next request.
    """

    def begin(self) -> None:
        file = self.fp
        lines = _Lines(file)
        self.fp = cast(io.BufferedReader, lines)
        try:
            super().begin()
            while HTTPStatus.SWITCHING_PROTOCOLS < self.status < HTTPStatus.OK:
                self.headers = None  # type: ignore[assignment]  # by which begin() knows to begin
                super().begin()
        finally:
            if self.fp is not None:  # as it is when it was closed over a line that is none
                self.fp = file
        if not lines.last:
            raise IncompleteRead(b"")


class _Connection(HTTPConnection):
    """Tells the running exchange which socket it uses, and is made within the time to connect."""

    response_class = _Response

    def _new_conn(self) -> socket.socket:
        # urllib3's own way looks the name up without a limit of ours, and gives each of its
        # addresses the whole time.
        seconds = self.timeout if isinstance(self.timeout, int | float) else _CONNECT_SECONDS
        until = time.monotonic() + seconds
        sys.audit("http.client.connect", self, self.host, self.port)
        try:
            found = addresses(self.host.strip("[]"), self.port, seconds)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failure: OSError = TimeoutError()
        for number, address in enumerate(found):
            try:
                sock = self._connected(address, (until - time.monotonic()) / (len(found) - number))
            except OSError as error:
                failure = error
                continue
            if exchange := _running.get():
                exchange.holds(sock.fileno())
            return sock
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, "timed out") from failure
        raise NewConnectionError(self, "failed") from failure

    def _connected(self, address: Address, seconds: float) -> socket.socket:
        family, kind, protocol, _, where = address
        sock = socket.socket(family, kind, protocol)
        try:
            for option in self.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(max(seconds, 0.001))
            sock.connect(where)
            sock.settimeout(self.timeout if isinstance(self.timeout, int | float) else None)
        except BaseException:
            sock.close()
            raise
        return sock

    def request(self, *args: object, **options: object) -> None:
        """Send a request, over a kept connection or one just made."""
        if exchange := _running.get():
            if self.sock is not None:
                exchange.holds(self.sock.fileno())
            exchange.sent = True
        super().request(*args, **options)  # type: ignore[arg-type]  # handed through as they come


class _TLSConnection(_Connection, HTTPSConnection):
    def request(self, *args: object, **options: object) -> None:
        """Send a request; the running exchange is told the certificate of the host."""
        if (exchange := _running.get()) and self.sock is not None:
            exchange.certificate = self.sock.getpeercert(binary_form=True)  # type: ignore[union-attr]  # connected, it is TLS
        super().request(*args, **options)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


def _tls_pool(early: Early | None) -> type[HTTPSConnectionPool]:
    """A pool whose connections may have been opened already."""

    class Connection(_TLSConnection):
        def connect(self) -> None:
            """Connect, or go on with the connection that was opened early."""
            origin = Origin(self._tunnel_host or self.host, self._tunnel_port or self.port)
            sock = early.take(origin) if early is not None else None
            if sock is None:
                super().connect()
                return
            sock.settimeout(self.timeout if isinstance(self.timeout, int | float) else None)
            self.sock = sock
            # As after a handshake of urllib3's own: the context has checked certificate and host.
            self.is_verified = True
            self.proxy_is_verified = False if self.proxy else None
            self._has_connected_to_proxy = bool(self.proxy)

    class Pool(HTTPSConnectionPool):
        ConnectionCls = Connection

    return Pool


class Connections:
    """The pools of one run, shared by all that talks to the network; safe to use from threads.

    Raises SettingsError for a CA bundle that is of no use (:func:`samlauth.effects.trust.bundles`),
    and for such a client certificate (:func:`samlauth.effects.trust.show`).
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        ca_bundle: str | None = None,
        certificate: ClientCertificate | None = None,
        early: Early | None = None,
    ) -> None:
        silence("urllib3", "requests")
        self.environ = environ
        self.look_seconds = 5.0
        """How long it may take to learn who signed a certificate that was refused."""
        self.early = early or Early(environ, ca_bundle)
        """Made with the same environment and bundle, if it is given."""
        self._context = self.early.context
        self._certified = self._context
        if certificate is not None:
            self._certified = ssl_context(bundles(environ, ca_bundle))
            show(self._certified, certificate)
        self._lock = threading.Lock()
        self._managers: dict[tuple[Proxy | None, Manner], PoolManager] = {}

    def pool_for(self, url: str, manner: Manner = "plain") -> HTTPConnectionPool:
        """The pool for the host of ``url``, behind its proxy.

        The client certificate is shown in the ``certified`` manner alone, and never to a proxy.
        ``http`` is for STS stand-ins on this machine and never takes a proxy. Raises SettingsError
        as :func:`samlauth.effects.proxies.proxy_for`.
        """
        proxy = self._proxy_for(url)
        with self._lock:
            if (proxy, manner) not in self._managers:
                self._managers[proxy, manner] = self._managed(proxy, manner)
            return self._managers[proxy, manner].connection_from_url(url)

    def network_error(
        self, error: Exception, url: str, exchange: Exchange, manner: Manner = "plain"
    ) -> NetworkError:
        """What ``error``, met in ``exchange`` on the way to ``url``, means for the person."""
        proxy = self._proxy_for(url)
        origin = _origin(url)
        return network_error(
            error,
            origin,
            proxy,
            sent=exchange.sent,
            overdue=exchange.overdue,
            certified=manner == "certified",
            issuer=lambda: self._presented_issuer(origin, proxy),
        )

    def close(self) -> None:
        """Close every idle connection; a later request opens a new one."""
        self.early.close()
        with self._lock:
            for manager in self._managers.values():
                manager.clear()

    def _proxy_for(self, url: str) -> Proxy | None:
        return None if url.startswith("http:") else proxy_for(self.environ, _origin(url))

    def _managed(self, proxy: Proxy | None, manner: Manner) -> PoolManager:
        options: dict[str, Any] = {
            "num_pools": 20,
            # The legs of one proof belong on one connection.
            "maxsize": 1 if manner == "proving" else _SIDE_BY_SIDE,
            "ssl_context": self._certified if manner == "certified" else self._context,
            "cert_reqs": "CERT_REQUIRED",
            # urllib3 leaves TCP_NODELAY out behind a proxy; a POST's body would then wait, some
            # 40 ms, until its head is acknowledged.
            "socket_options": HTTPConnection.default_socket_options,
        }
        manager = (
            PoolManager(**options)
            if proxy is None
            else ProxyManager(
                proxy.url,
                proxy_headers=proxy.headers,
                proxy_ssl_context=self._context,
                **options,
            )
        )
        early = self.early if manner == "plain" else None
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _tls_pool(early)}
        return manager

    def _presented_issuer(self, origin: Origin, proxy: Proxy | None) -> str:
        """Who signed the certificate that was refused; empty when that cannot be learnt.

        Python keeps no certificate it refused, so it is asked for once more, by a handshake after
        which the connection is closed: no request is ever sent over it.
        """
        if proxy is not None and proxy.scheme == "https":
            return ""
        look = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        look.check_hostname = False
        look.verify_mode = ssl.CERT_NONE
        near = proxy or origin
        seconds = self.look_seconds
        connection = _TLSConnection(
            near.host, near.port, timeout=seconds, ssl_context=look, cert_reqs="CERT_NONE"
        )
        if proxy is not None:
            connection.set_tunnel(origin.host, origin.port, proxy.headers)
        try:
            with Exchange(seconds):
                connection.connect()
            assert isinstance(connection.sock, ssl.SSLSocket)
            return issuer_of(connection.sock.getpeercert(binary_form=True) or b"")
        except (OSError, HTTPError):
            return ""
        finally:
            connection.close()


def _origin(url: str) -> Origin:
    parts = urlsplit(url)
    return Origin(parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443))
