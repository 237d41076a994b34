"""Connections that are opened before they are needed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from samlauth.effects import early as module
from samlauth.effects.early import Early
from samlauth.effects.http import Http
from samlauth.effects.sts import STS
from samlauth.errors import NetworkError, SettingsError
from samlauth.flow import AssumeRoleWithSAML, CallSTS, Credentials, Request
from samlauth.reach import Origin, Reach
from samlauth.saml import Role, SAMLResponse
from tests.effects.loopback import Proxy, Server, response
from tests.effects.test_sts import granted

IDP = Origin("idp.test")
AWS = "sts.us-east-1.amazonaws.com"
ENTRY = Request("https://idp.test/", reach=Reach(IDP))


class World:
    """An identity provider and STS behind a proxy, and connections to them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._ca, self._stack = trustme.CA(), stack
        bundle = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(bundle)
        self._routes: dict[str, int] = {}
        self.proxy = stack.enter_context(Proxy(self._routes))
        self.environ = {"HTTPS_PROXY": self.proxy.url, "AWS_CA_BUNDLE": str(bundle)}
        self.idp = self.host("idp.test", response("<p>in</p>"))
        self.aws = self.host(AWS, granted())

    def host(self, name: str, reply: bytes, of: str | None = None) -> Server:
        """A server with a certificate of its own name, or ``of`` another."""
        certificate = self._ca.issue_cert(of or name)
        server = self._stack.enter_context(Server(lambda _: reply, certificate))
        self._routes[f"{name}:443"] = server.port
        return server

    def unroute(self, name: str) -> None:
        """Have the proxy know no such host."""
        del self._routes[f"{name}:443"]

    def early(self) -> Early:
        early = Early(self.environ)
        self._stack.callback(early.close)
        return early

    def http(self, early: Early | None) -> Http:
        http = Http(self.environ, hide=lambda _: None, early=early, sleep=lambda _: None)
        self._stack.callback(http.close)
        return http


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(tmp_path, stack)


def test_the_first_request_goes_over_it(world: World) -> None:
    early = world.early()
    early.open(IDP)
    early.open(IDP)
    http = world.http(early)
    assert http.send(ENTRY).body == "<p>in</p>"
    assert http.send(ENTRY).body == "<p>in</p>"
    assert (world.idp.connections, len(world.idp.requests)) == (1, 2)
    assert world.proxy.asked == ["CONNECT idp.test:443"]


def test_one_that_is_not_there_yet_is_waited_for(world: World) -> None:
    early = world.early()
    early.open(IDP)
    sock = early.take(IDP)
    assert sock is not None
    with sock:
        assert sock.server_hostname == "idp.test"
        assert sock.selected_alpn_protocol() in {None, "http/1.1"}
    assert early.take(IDP) is None


def test_the_first_is_begun_before_the_trust_is_loaded(world: World) -> None:
    early = Early(world.environ, first=IDP)
    sock = early.take(IDP)
    assert sock is not None
    with sock:
        assert sock.context is early.context
    listed = "import sys, samlauth.effects.early; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", listed], capture_output=True, text=True, check=True, timeout=60
    )
    assert not set(done.stdout.split()) & {"ssl", "http.client", "samlauth.effects.trust"}


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 and something else\r\n\r\nHello, I am",
        b"nothing\n\n",
        b"HTTP/1.1 200 and no end",
        b"\r\n" * 40_000,
        b"-" * 80_000,
    ],
    ids=["refused", "more", "not HTTP", "cut short", "lines", "long"],
)
def test_a_proxy_that_does_not_lead_on_gives_none(world: World, answer: bytes) -> None:
    with Proxy({}, answer) as proxy:
        early = Early({**world.environ, "HTTPS_PROXY": proxy.url}, first=IDP)
        assert early.take(IDP) is None
    assert proxy.asked == ["CONNECT idp.test:443"]


def test_a_proxy_is_told_who_asks(world: World) -> None:
    proxy = world.proxy.url.replace("//", "//ada:fake@")
    early = Early({**world.environ, "HTTPS_PROXY": proxy}, first=IDP)
    sock = early.take(IDP)
    assert sock is not None
    sock.close()
    assert world.proxy.authorization == ["Proxy-Authorization: Basic YWRhOmZha2U="]


def test_it_is_taken_by_its_own_host_alone(world: World) -> None:
    other = world.host("other.test", response("other"))
    early = world.early()
    early.open(IDP)
    http = world.http(early)
    found = http.send(Request("https://other.test/", reach=Reach(Origin("other.test"))))
    assert found.body == "other"
    assert (other.connections, len(world.idp.requests)) == (1, 0)


def test_a_request_that_proves_somebody_takes_none(world: World) -> None:
    early = world.early()
    early.open(IDP)
    pool = world.http(early).connections.pool_for("https://idp.test/", "proving")
    pool.urlopen("GET", "/", retries=False)
    pool.close()
    taken = early.take(IDP)
    assert taken is not None
    taken.close()


@pytest.mark.parametrize("of", ["else.test", "idp.test"])
def test_what_is_wrong_with_it_is_said_by_the_request(world: World, of: str) -> None:
    if of == "idp.test":
        world.unroute("idp.test")
    else:
        world.host("idp.test", response("no"), of=of)
    early = world.early()
    early.open(IDP)
    with pytest.raises(NetworkError) as caught:
        world.http(early).send(ENTRY)
    with pytest.raises(NetworkError) as usual:
        world.http(None).send(ENTRY)
    assert caught.value.message == usual.value.message


def test_one_that_was_unused_for_long_is_not_used(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = world.early()
    early.open(IDP)
    monkeypatch.setattr(module, "_FRESH_SECONDS", 0.0)
    assert world.http(early).send(ENTRY).body == "<p>in</p>"
    assert world.idp.connections == 2


def test_one_that_nobody_took_is_closed(world: World) -> None:
    early = world.early()
    early.open(IDP)
    world.http(early).close()
    threads_end()
    assert early.take(IDP) is None


def test_a_connection_that_fails_half_way_is_closed(world: World) -> None:
    with Proxy({}, refusal=b"mail.example ESMTP\r\n\r\n") as proxy:
        early = Early(world.environ | {"HTTPS_PROXY": proxy.url})
        early.open(IDP)
        assert early.take(IDP) is None  # and nothing is left for the garbage collector to report


@pytest.mark.parametrize("first", [None, IDP])
def test_a_bundle_of_no_use_is_said_at_once(world: World, first: Origin | None) -> None:
    with pytest.raises(SettingsError, match="AWS_CA_BUNDLE"):
        Early({**world.environ, "AWS_CA_BUNDLE": "/gone.pem"}, first=first)
    threads_end()
    assert world.idp.requests == []


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "https://127.0.0.1:1"])
def test_what_proxies_it_cannot_use_are_left_to_the_request(world: World, proxy: str) -> None:
    early = Early({**world.environ, "HTTPS_PROXY": proxy})
    early.open(IDP)
    assert early.take(IDP) is None


def test_sts_is_reached_ahead_of_its_call(world: World) -> None:
    sts = STS(world.http(None))
    sts.reach_out()
    sts.reach_out()
    assert isinstance(called(sts), Credentials)
    sts.reach_out()
    assert (world.aws.connections, len(world.aws.requests)) == (1, 1)


def test_sts_that_was_not_reached_ahead_is_called(world: World) -> None:
    assert isinstance(called(STS(world.http(None))), Credentials)
    assert world.aws.connections == 1


def threads_end() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("to "):
            thread.join(10)
            assert not thread.is_alive()


def called(sts: STS) -> object:
    arn = "arn:aws:iam::111111111111"
    role = Role(f"{arn}:role/Dev", f"{arn}:saml-provider/Google")
    saml = SAMLResponse("PHA+", acs="https://signin.aws.amazon.com/saml")
    (answer,) = sts.call(CallSTS((AssumeRoleWithSAML(role, saml, 3600, "us-east-1"),)))
    return answer
