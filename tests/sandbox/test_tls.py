from __future__ import annotations

import socket
import struct

import pytest

from samlauth.sandbox.tls import server_context


def left() -> socket.socket:
    """A connection that was accepted, and that its peer has reset since."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        peer = socket.create_connection(server.getsockname(), timeout=10)
        accepted, _ = server.accept()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()
    return accepted


def test_a_peer_that_left_leaves_nothing_open() -> None:
    accepted = left()
    with accepted, pytest.raises(ConnectionAbortedError, match="left before TLS began"):
        server_context().wrap_socket(accepted, server_side=True)
    assert accepted.fileno() == -1
