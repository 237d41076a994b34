"""Opens an address in the person's browser that nobody else may learn.

A browser is started with the address among its arguments, which every user of the computer can
read. So it is given the address of a door on the loopback interface, which leads to the real one
once and is gone.
"""

from __future__ import annotations

import http.server
import os
import secrets
import sys
import threading
import webbrowser

_PATIENCE = 20.0
"""Seconds a browser has, once it was started, to come through the door."""


def open_in_browser(url: str) -> bool:
    """Whether a browser of the person's took the address. May block while a browser runs."""
    if not _has_browser():
        return False
    with _Door(url) as door:
        try:
            started = webbrowser.open(door.address)
        except (webbrowser.Error, OSError):
            return False
        return door.used.wait(_PATIENCE if started else 0)


def _has_browser() -> bool:
    """Not one that would draw the page in the terminal, which AWS's console is not made for."""
    if sys.platform in {"win32", "darwin"} or os.environ.get("BROWSER"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


class _Door:
    """Leads to ``url`` whoever comes first. A context manager: shut when left."""

    def __init__(self, url: str) -> None:
        self.used = threading.Event()
        path = f"/{secrets.token_urlsafe(32)}"
        lock, used = threading.Lock(), self.used

        class Handler(http.server.BaseHTTPRequestHandler):
            timeout = 10  # seconds for a request to come, on a connection that was opened

            def do_GET(self) -> None:
                with lock:
                    leads = not used.is_set() and secrets.compare_digest(
                        self.path.encode("utf-8", "replace"), path.encode()
                    )
                    self.send_response(302 if leads else 404)
                    if leads:
                        self.send_header("Location", url)
                    self.send_header("Cache-Control", "no-store")
                    self.send_header("Referrer-Policy", "no-referrer")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    if leads:
                        used.set()

            def log_message(self, format: str, *args: object) -> None:
                pass  # the door's own address is no one's business either

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}{path}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def __enter__(self) -> _Door:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
