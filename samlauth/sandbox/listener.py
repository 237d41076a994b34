"""A loopback port whose connections are served on threads, and which leaves nothing when closed."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable

IDLE = 60.0
"""Seconds a connection may be silent before its thread gives up on it."""


class Listener:
    """Listens on a free port of 127.0.0.1 from the moment it is made until :meth:`close`.

    ``serve`` is called with each connection on a thread of its own; the connection is closed when
    it returns. A peer that hangs up (OSError) is no fault; any other exception is kept in
    ``faults``.
    """

    def __init__(self, serve: Callable[[socket.socket], None], *, name: str) -> None:
        self.faults: list[BaseException] = []
        self._serve = serve
        self._name = name
        self._lock = threading.Lock()
        self._closing = False
        self._live: dict[threading.Thread, socket.socket] = {}
        self._wakes, self._waker = socket.socketpair()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._accepting = threading.Thread(target=self._accept, name=f"{name}-accept", daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wakes, selectors.EVENT_READ)
            while True:
                ready = [key.fileobj for key, _ in selector.select()]
                if self._wakes in ready:
                    return
                with contextlib.suppress(OSError):  # gone again before it was accepted
                    connection, _ = self._socket.accept()
                    self._start(connection)

    def _start(self, connection: socket.socket) -> None:
        connection.settimeout(IDLE)
        # TLS detaches the socket object it wraps; a duplicate stays good for the shutdown.
        twin = connection.dup()
        thread = threading.Thread(
            target=self._run, args=(connection,), name=self._name, daemon=True
        )
        with self._lock:
            if self._closing:
                connection.close()
                twin.close()
                return
            self._live[thread] = twin
        thread.start()

    def _run(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._serve(connection)
        except OSError:
            pass  # the peer left, or close() ended the connection
        except Exception as fault:  # noqa: BLE001 - kept for whoever owns the listener, not lost
            self.faults.append(fault)
        finally:
            with self._lock:
                twin = self._live.pop(threading.current_thread())
            with contextlib.suppress(OSError):
                # Whatever still holds the connection open, the peer learns now that it is over.
                twin.shutdown(socket.SHUT_RDWR)
            twin.close()

    def close(self) -> None:
        """Ends every connection and joins every thread. May be called twice."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            threads = list(self._live)
            for twin in self._live.values():
                with contextlib.suppress(OSError):
                    twin.shutdown(socket.SHUT_RDWR)
        self._waker.send(b"!")
        for thread in (self._accepting, *threads):
            thread.join()
        for end in (self._socket, self._wakes, self._waker):
            end.close()
