"""Connections opened before they are needed: while libraries load, or the provider thinks.

Only what every login has loaded by then is used. A connection that cannot be opened so is opened
again by whoever needs it, who can tell the person what is wrong.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from samlauth.effects.proxies import Proxy, proxy_for
from samlauth.errors import SettingsError
from samlauth.reach import Origin

if TYPE_CHECKING:
    import ssl

_CONNECT_SECONDS = 10.0
_FRESH_SECONDS = 15.0
"""A connection that was unused for longer may have been given up by the other side."""
_LONGEST_HEAD = 65_536
"""Bytes of a proxy's answer."""


class Early:
    """One trust, and the connections that are under way with it; safe to use from threads.

    ``first`` is where to connect to while the trust is loaded, which is half a round trip's work.
    Raises SettingsError for a CA bundle that is of no use (:func:`samlauth.effects.trust.bundles`).
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        ca_bundle: str | None = None,
        first: Origin | None = None,
    ) -> None:
        self._environ = environ
        self._lock = threading.Lock()
        self._openings: dict[Origin, _Opening] = {}
        self._loaded: ssl.SSLContext | None = None
        self._is_settled = threading.Event()
        """Set when the trust is loaded, or will not be."""
        if first is not None:
            self.open(first)
        try:
            from samlauth.effects.trust import bundles, ssl_context

            self.context = self._loaded = ssl_context(bundles(environ, ca_bundle))
        finally:
            self._is_settled.set()

    def open(self, origin: Origin) -> None:
        """Begin to connect, unless that has begun; the way there is the one a request would take."""
        try:
            proxy = proxy_for(self._environ, origin)
        except SettingsError:
            return  # for the request to say
        if proxy is not None and proxy.scheme == "https":
            return
        with self._lock:
            before = self._openings.get(origin)
            if before is None or not before.is_fresh:
                if before is not None:
                    before.close()
                self._openings[origin] = _Opening(origin, proxy, self._trust)

    def take(self, origin: Origin) -> ssl.SSLSocket | None:
        """The connection, as soon as it is there, to be its taker's; None when there is none."""
        with self._lock:
            opening = self._openings.pop(origin, None)
        return None if opening is None else opening.take()

    def close(self) -> None:
        """Close what nobody took."""
        with self._lock:
            while self._openings:
                self._openings.popitem()[1].close()

    def _trust(self) -> ssl.SSLContext | None:
        """The context, as soon as it is loaded; None when it is of no use."""
        self._is_settled.wait()
        return self._loaded


class _Opening:
    """One connection, opened on a thread."""

    def __init__(
        self, origin: Origin, proxy: Proxy | None, trust: Callable[[], ssl.SSLContext | None]
    ) -> None:
        self._way = origin, proxy
        self._trust = trust
        self._since = time.monotonic()
        self._lock = threading.Lock()
        self._unwanted = False
        self._socket: ssl.SSLSocket | None = None
        self._thread = threading.Thread(target=self._open, name=f"to {origin}", daemon=True)
        self._thread.start()

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self._since < _FRESH_SECONDS

    def take(self) -> ssl.SSLSocket | None:
        self._thread.join(_CONNECT_SECONDS)
        with self._lock:
            self._unwanted = True
            found, self._socket = self._socket, None
        if found is not None and not self.is_fresh:
            found.close()
            return None
        return found

    def close(self) -> None:
        with self._lock:
            self._unwanted = True
            if self._socket is not None:
                self._socket.close()

    def _open(self) -> None:
        origin, proxy = self._way
        near = proxy or origin
        # Whatever went wrong goes wrong again, for somebody who can say so.
        with suppress(OSError, ValueError), _connected(near.host, near.port) as sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if proxy is not None and not _is_led_on(sock, origin, proxy):
                return
            context = self._trust()
            if context is None:
                return
            secured = context.wrap_socket(sock, server_hostname=origin.host)
            with self._lock:
                if self._unwanted:
                    secured.close()
                else:
                    self._socket = secured


def _connected(host: str, port: int) -> socket.socket:
    # As bytes: for a str Python loads the tables of international names first, some 10 ms.
    name: Any = host.encode("ascii")
    return socket.create_connection((name, port), _CONNECT_SECONDS)


def _is_led_on(sock: socket.socket, origin: Origin, proxy: Proxy) -> bool:
    """Whether the proxy tunnels to ``origin``, as it is asked (RFC 9110 §9.3.6).

    By hand, because http.client takes as long to load as the proxy does to answer.
    """
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    headers = {"Host": f"{host}:{origin.port}", **proxy.headers}
    lines = [f"CONNECT {host}:{origin.port} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    sock.sendall("".join(f"{line}\r\n" for line in [*lines, ""]).encode("ascii"))
    head = b""
    # Nothing follows the head: of TLS, the first word is ours.
    while not head.endswith((b"\n\r\n", b"\n\n")):
        piece = sock.recv(_LONGEST_HEAD)
        if not piece or len(head) > _LONGEST_HEAD:
            return False
        head += piece
    return head.split(None, 2)[1:2] == [b"200"]
