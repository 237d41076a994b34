from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest
import requests

from samlauth.sandbox.proxy import Contact, Destination, Proxy


def echo(connection: socket.socket, host: str) -> None:
    connection.sendall(f"hello from {host}".encode())


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    destinations: dict[str, Destination] = {"known.example": echo}
    with contextlib.closing(Proxy(destinations.get)) as proxy:
        yield proxy


def exchange(proxy: Proxy, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(4096), b""))


def test_a_known_host_is_served_by_its_destination(proxy: Proxy) -> None:
    answer = exchange(proxy, b"CONNECT Known.example:443 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer == b"HTTP/1.1 200 Connection Established\r\n\r\nhello from known.example"
    assert proxy.log == [Contact("CONNECT", "Known.example:443", True)]
    assert proxy.log[0].host == "known.example"


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("CONNECT other.example:443", "other.example"),
        ("CONNECT known.example:80", "known.example"),
        ("CONNECT known.example", "known.example"),
        ("CONNECT [::1]:443", "[::1]"),
        ("GET http://known.example/path", "known.example"),
        ("POST http://known.example:443/a", "known.example"),
    ],
)
def test_all_else_is_refused_and_logged(proxy: Proxy, line: str, host: str) -> None:
    answer = exchange(proxy, f"{line} HTTP/1.1\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 502 ")
    method, target = line.split(" ")
    assert proxy.log == [Contact(method, target, False)]
    assert proxy.log[0].host == host


@pytest.mark.parametrize(
    "request_", [b"", b"\r\n\r\n", b"CONNECT known.example:443", b"x" * 20_000]
)
def test_what_is_no_request_gets_no_answer(proxy: Proxy, request_: bytes) -> None:
    with contextlib.suppress(ConnectionError):  # closed with bytes unread: no answer either
        assert exchange(proxy, request_) == b""
    assert proxy.log == []


def test_a_client_sees_the_refusal(proxy: Proxy) -> None:
    with pytest.raises(requests.exceptions.ProxyError, match="502"):
        requests.get("https://example.com/", proxies={"https": proxy.url}, timeout=10)
    assert [str(contact) for contact in proxy.log] == ["CONNECT example.com:443"]


def test_closing_ends_connections_in_any_state() -> None:
    started = threading.Event()

    def hold(connection: socket.socket, host: str) -> None:
        started.set()
        connection.recv(1)

    before = set(threading.enumerate())
    proxy = Proxy(lambda host: hold)
    silent = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    held = socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    with silent, held:
        held.sendall(b"CONNECT known.example:443 HTTP/1.1\r\n\r\n")
        assert started.wait(10)
        closing = threading.Thread(target=proxy.close, daemon=True)
        closing.start()
        closing.join(10)  # far less than a silent connection is allowed to last
        assert not closing.is_alive()
        assert set(threading.enumerate()) == before
        assert silent.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=10)
    proxy.close()


def test_a_fault_of_a_destination_is_kept() -> None:
    def fail(connection: socket.socket, host: str) -> None:
        raise ZeroDivisionError(host)

    proxy = Proxy(lambda host: fail)
    exchange(proxy, b"CONNECT known.example:443 HTTP/1.1\r\n\r\n")
    proxy.close()
    assert [str(fault) for fault in proxy.faults] == ["known.example"]
