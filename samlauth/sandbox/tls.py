"""What every TLS server of a rehearsal starts from."""

from __future__ import annotations

import errno
import ssl
from typing import Any


class ServerSocket(ssl.SSLSocket):
    """A socket that is closed when its peer is gone before it is made.

    :meth:`ssl.SSLContext.wrap_socket` takes the descriptor of the socket it is given, asks for the
    peer's name, and raises what it then meets without closing what it took.
    """

    def getpeername(self) -> Any:  # noqa: ANN401 - as socket.socket has it
        """The peer's address. Raises ConnectionAbortedError when there is no peer any more."""
        try:
            return super().getpeername()
        except OSError as gone:
            self.close()
            # Not ENOTCONN, with which the making would go on.
            raise ConnectionAbortedError(errno.ECONNABORTED, "left before TLS began") from gone


def server_context() -> ssl.SSLContext:
    """A context without a certificate yet, for :meth:`ssl.SSLContext.wrap_socket`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.sslsocket_class = ServerSocket
    return context
