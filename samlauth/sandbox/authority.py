"""A throw-away certificate authority: what the person's trust store is during a rehearsal."""

from __future__ import annotations

import ssl
import threading
from pathlib import Path

import trustme

from samlauth.sandbox.tls import server_context


class Authority:
    """Issues a certificate for any host it is asked about, and lives as long as the object."""

    def __init__(self) -> None:
        self._ca = trustme.CA(organization_name="samlauth rehearsal, not a real authority")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    @property
    def pem(self) -> bytes:
        """The authority's own certificate, PEM."""
        return self._ca.cert_pem.bytes()

    def write(self, path: Path) -> None:
        """Writes :attr:`pem` to ``path``, for ``SSL_CERT_FILE`` and its like."""
        path.write_bytes(self.pem)

    def context(self, host: str) -> ssl.SSLContext:
        """A server's TLS context with a certificate for exactly ``host``."""
        with self._lock:
            if host not in self._contexts:
                context = server_context()
                self._ca.issue_cert(host).configure_cert(context)
                self._contexts[host] = context
            return self._contexts[host]

    def demanding(self, host: str) -> ssl.SSLContext:
        """The same for a host that lets in only who has a certificate of this authority."""
        context = self.context(host)
        self._ca.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def certify(self, address: str, path: Path) -> None:
        """Writes a certificate for a person's mail address and its key to ``path``, PEM."""
        path.touch(mode=0o600)
        path.write_bytes(self._ca.issue_cert(address).private_key_and_cert_chain_pem.bytes())
