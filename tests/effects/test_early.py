"""Connections that are opened before they are needed."""

from __future__ import annotations

import threading
import time
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
    give_up = time.monotonic() + 10
    while any(thread.name.startswith("to ") for thread in threading.enumerate()):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    assert early.take(IDP) is None


def test_a_connection_that_fails_half_way_is_closed(world: World) -> None:
    with Proxy({}, refusal=b"mail.example ESMTP\r\n\r\n") as proxy:
        early = Early(world.environ | {"HTTPS_PROXY": proxy.url})
        early.open(IDP)
        assert early.take(IDP) is None  # and nothing is left for the garbage collector to report


def test_a_bundle_of_no_use_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="AWS_CA_BUNDLE"):
        Early({"AWS_CA_BUNDLE": str(tmp_path / "gone.pem")})


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


def called(sts: STS) -> object:
    arn = "arn:aws:iam::111111111111"
    role = Role(f"{arn}:role/Dev", f"{arn}:saml-provider/Google")
    saml = SAMLResponse("PHA+", acs="https://signin.aws.amazon.com/saml")
    (answer,) = sts.call(CallSTS((AssumeRoleWithSAML(role, saml, 3600, "us-east-1"),)))
    return answer
