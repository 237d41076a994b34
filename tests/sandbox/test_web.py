from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from samlauth.sandbox.authority import Authority
from samlauth.sandbox.proxy import Proxy
from samlauth.sandbox.web import BODY_LIMIT, Request, Response, Site

HOST = "site.example"


class Echo:
    """Keeps the requests; answers with the body of the last."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(200, request.body, (("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")))


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def proxy(echo: Echo, tmp_path: Path) -> Iterator[Proxy]:
    authority = Authority()
    authority.write(tmp_path / "ca.pem")
    site = Site(echo, authority.context)
    proxy = Proxy({HOST: site.serve, "other.example": site.serve}.get)
    yield proxy
    proxy.close()
    assert proxy.faults == []


@pytest.fixture
def session(proxy: Proxy, tmp_path: Path) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": proxy.url}
        session.verify = str(tmp_path / "ca.pem")
        yield session


def test_a_request_arrives_as_it_was_sent(echo: Echo, session: requests.Session) -> None:
    answer = session.post(
        f"https://{HOST}/a/b?x=1%2F2&x=&y=/:?",
        data={"name": "two words & é", "empty": ""},
        cookies={"c": "1=2", "d": "3"},
    )
    (request,) = echo.requests
    assert (request.method, request.host) == ("POST", HOST)
    assert request.target == "/a/b?x=1%2F2&x=&y=/:?"
    assert request.path == "/a/b"
    assert request.query == [("x", "1/2"), ("x", ""), ("y", "/:?")]
    assert request.form == [("name", "two words & é"), ("empty", "")]
    assert sorted(request.cookies) == [("c", "1=2"), ("d", "3")]
    assert answer.content == request.body
    assert answer.cookies.get_dict() == {"a": "1", "b": "2"}
    assert "two words" not in repr(request)


def test_a_connection_serves_many_requests(
    echo: Echo, proxy: Proxy, session: requests.Session
) -> None:
    for _ in range(3):
        assert session.get(f"https://{HOST}/").status_code == 200
    assert (len(echo.requests), len(proxy.log)) == (3, 1)
    assert echo.requests[2].cookies == [("a", "1"), ("b", "2")]
    assert echo.requests[0].cookies == []


def test_a_body_without_end_is_refused(echo: Echo, session: requests.Session) -> None:
    answer = session.post(f"https://{HOST}/", headers={"Content-Length": str(BODY_LIMIT + 1)})
    assert answer.status_code == 413
    assert echo.requests == []


def test_the_certificate_is_for_the_host_alone(proxy: Proxy, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as client:
        client.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
        assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            context.wrap_socket(client, server_hostname="other.example")


def test_nobody_else_trusts_the_authority(session: requests.Session, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    Authority().write(stranger)
    session.verify = str(stranger)
    with pytest.raises(requests.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"):
        session.get(f"https://{HOST}/")
