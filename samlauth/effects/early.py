"""Connections opened before they are needed: while libraries load, or the provider thinks.

Only what every login has loaded by then is used. A connection that cannot be opened so is opened
again by whoever needs it, who can tell the person what is wrong.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from samlauth.effects.proxies import Proxy, proxy_for
from samlauth.effects.trust import bundles, ssl_context
from samlauth.errors import SettingsError
from samlauth.reach import Origin

_CONNECT_SECONDS = 10.0
_FRESH_SECONDS = 15.0
"""A connection that was unused for longer may have been given up by the other side."""


class Early:
    """One trust, and the connections that are under way with it; safe to use from threads.

    Raises SettingsError for a CA bundle that is of no use (:func:`samlauth.effects.trust.bundles`).
    """

    def __init__(self, environ: Mapping[str, str], ca_bundle: str | None = None) -> None:
        self.context = ssl_context(bundles(environ, ca_bundle))
        self._environ = environ
        self._lock = threading.Lock()
        self._openings: dict[Origin, _Opening] = {}

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
                self._openings[origin] = _Opening(origin, proxy, self.context)

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


class _Opening:
    """One connection, opened on a thread."""

    def __init__(self, origin: Origin, proxy: Proxy | None, context: ssl.SSLContext) -> None:
        self._way = origin, proxy, context
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
        from http.client import HTTPException, HTTPSConnection

        origin, proxy, context = self._way
        near = proxy or origin
        connection = HTTPSConnection(
            near.host, near.port, timeout=_CONNECT_SECONDS, context=context
        )
        if proxy is not None:
            connection.set_tunnel(origin.host, origin.port, proxy.headers)
        # Whatever went wrong goes wrong again, for somebody who can say so.
        with suppress(OSError, HTTPException, ValueError):
            connection.connect()
            assert isinstance(connection.sock, ssl.SSLSocket)
            with self._lock:
                if self._unwanted:
                    connection.close()
                else:
                    self._socket = connection.sock
