from __future__ import annotations

import gzip
import logging
import re
import socket
import ssl
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from samlauth import __version__
from samlauth.effects.http import Http, Limits
from samlauth.errors import NetworkError, SettingsError, UnsafePage
from samlauth.flow import Fields, Page, Request
from samlauth.idp.google import Google
from samlauth.reach import Carrying, Origin, Reach
from samlauth.sandbox.tls import server_context
from tests.effects.loopback import Listener, Proxy, Received, Reply, Server, redirect, response

GOOGLE = "https://accounts.google.com"
REACH = Reach(
    Origin("accounts.google.com"),
    post_origins=frozenset({Origin("apis.google.com")}),
    get_hosts=frozenset({"www.google.com"}),
    poll_hosts=frozenset({"content.googleapis.com"}),
)
POLLS = "https://content.googleapis.com"
AWS = Origin("signin.aws.amazon.com")
PASSWORD = (("Email", "ada@example.com"), ("Passwd", "correct horse & staple"))


class Bench:
    """Hosts on loopback servers behind a CONNECT proxy, and Https that reach them through it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.ca = trustme.CA(organization_name="Test Organisation")
        self.bundle = folder / "ca.pem"
        self.ca.cert_pem.write_to_path(self.bundle)
        self._stack = stack
        self._routes: dict[str, int] = {}
        self.proxy = stack.enter_context(Proxy(self._routes))
        self.slept: list[float] = []
        self.now = 1000.0
        self.hidden: list[str] = []

    def host(
        self,
        name: str,
        reply: Callable[[Received], Reply],
        certificate: trustme.LeafCert | None = None,
    ) -> Server:
        certificate = certificate or self.ca.issue_cert(name)
        server = self._stack.enter_context(Server(reply, certificate))
        self._routes[f"{name}:443"] = server.port
        return server

    def google(self, reply: Callable[[Received], Reply]) -> Server:
        return self.host("accounts.google.com", reply)

    def http(self, limits: Limits | None = None, **environ: str) -> Http:
        http = Http(
            {"HTTPS_PROXY": self.proxy.url, "AWS_CA_BUNDLE": str(self.bundle), **environ},
            hide=self.hidden.append,
            limits=limits or Limits(),
            clock=lambda: self.now,
            sleep=self.slept.append,
            chance=lambda: 1.0,
        )
        self._stack.callback(http.close)
        return http


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)


def get(path: str = "/", referer: str | None = None, host: str = GOOGLE) -> Request:
    return Request(host + path, referer=referer, reach=REACH)


def post(
    path: str = "/", form: Fields = PASSWORD, carrying: Carrying = "password", host: str = GOOGLE
) -> Request:
    return Request(host + path, form, carrying, reach=REACH)


def poll(
    carrying: Carrying = "nothing", referer: str | None = None, seconds: float | None = None
) -> Request:
    return Request(
        f"{POLLS}/awaittx?key=k",
        json='{"txId": "é"}',
        seconds=seconds,
        carrying=carrying,
        referer=referer,
        reach=REACH,
    )


def numbered(*replies: Reply) -> Callable[[Received], Reply]:
    """The replies in turn, the last one for ever."""
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class TestPages:
    def test_a_page(self, bench: Bench) -> None:
        server = bench.google(lambda _: response("<p>Sign in ✓</p>"))
        page = bench.http().send(get("/signin?continue=x%20y"))
        assert page == Page(f"{GOOGLE}/signin?continue=x%20y", 200, "<p>Sign in ✓</p>")
        assert server.requests[0].target == "/signin?continue=x%20y"

    def test_the_headers_are_honest(self, bench: Bench) -> None:
        server = bench.google(lambda _: response())
        bench.http().send(get())
        headers = server.requests[0].headers
        assert headers["user-agent"] == f"samlauth/{__version__}"
        assert headers["accept-language"] == "en-US,en;q=0.9"
        assert "authorization" not in headers
        assert "referer" not in headers

    def test_a_form_is_posted_as_a_browser_does(self, bench: Bench) -> None:
        server = bench.google(lambda _: response("in"))
        assert bench.http().send(post("/password")).body == "in"
        (request,) = server.requests
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert request.body == b"Email=ada%40example.com&Passwd=correct+horse+%26+staple"

    def test_statuses_that_are_answers_are_pages(self, bench: Bench) -> None:
        bench.google(numbered(*(response("no", status) for status in (400, 401, 403, 404, 500))))
        http = bench.http()
        assert [http.send(get()).status for _ in range(5)] == [400, 401, 403, 404, 500]

    def test_cookies_last_for_the_run_and_are_hidden(self, bench: Bench) -> None:
        server = bench.google(
            numbered(response("", 200, "Set-Cookie: SID=s3cr3t-cookie; Secure"), response())
        )
        http = bench.http()
        http.send(get())
        http.send(get())
        assert server.requests[1].headers["cookie"] == "SID=s3cr3t-cookie"
        assert "s3cr3t-cookie" in bench.hidden
        http.close()
        http.send(get())
        assert "cookie" not in server.requests[2].headers

    def test_what_carries_answers_is_hidden_before_it_is_sent(self, bench: Bench) -> None:
        server = bench.google(lambda _: response())
        http = bench.http()
        http.send(post(form=(("continue", "harmless"),), carrying="nothing"))
        assert bench.hidden == []
        http.send(post())
        assert bench.hidden == ["ada@example.com", "correct horse & staple"]
        assert len(server.requests) == 2

    def test_one_connection_serves_many_requests(self, bench: Bench) -> None:
        server = bench.google(numbered(redirect(302, "/two"), response("two")))
        http = bench.http()
        http.send(get())
        http.send(get())
        assert (server.connections, len(server.requests)) == (1, 3)

    def test_a_connection_idle_for_long_is_not_used_again(self, bench: Bench) -> None:
        server = bench.google(lambda _: response())
        http = bench.http()
        http.send(get())
        bench.now += 61
        http.send(post())
        assert server.connections == 2

    @pytest.mark.parametrize(
        ("content_type", "sent", "shown"),
        [
            ("text/html; charset=utf-8", "é".encode(), "é"),
            ("text/html", "é".encode(), "é"),
            ("text/html; charset=ISO-8859-1", b"\xe9", "é"),
            ("text/html; charset=windows-1252", b"\x80", "€"),
            ("text/html; charset=nonsense", "é".encode(), "é"),
            ("text/html; charset=rot13", b"uryyb", "uryyb"),
            ("text/html; charset=unicode_escape", b"\\x3cform", "\\x3cform"),
            ("text/html; charset=utf-7", b"+ADw-form", "+ADw-form"),
            ("text/html; charset=utf-8", b"\xff<p>", "�<p>"),
        ],
    )
    def test_charsets(self, bench: Bench, content_type: str, sent: bytes, shown: str) -> None:
        bench.google(lambda _: response(sent, 200, f"Content-Type: {content_type}"))
        assert bench.http().send(get()).body == shown

    def test_compressed_pages_are_read(self, bench: Bench) -> None:
        bench.google(lambda _: response(gzip.compress(b"hello"), 200, "Content-Encoding: gzip"))
        assert bench.http().send(get()).body == "hello"

    def test_a_page_needs_a_reach(self, bench: Bench) -> None:
        with pytest.raises(AssertionError, match="reach"):
            bench.http().send(Request(GOOGLE))


class TestAuthenticate:
    @pytest.mark.parametrize(
        ("headers", "schemes"),
        [
            ([], ()),
            (["Negotiate"], ("negotiate",)),
            (["Negotiate", "NTLM"], ("negotiate", "ntlm")),
            (["NEGOTIATE, NTLM"], ("negotiate", "ntlm")),
            (["Negotiate YIIFvg==, NTLM TlRM="], ("negotiate", "ntlm")),
            (['Basic realm="adfs.example.test"', "Negotiate"], ("basic", "negotiate")),
            (['Basic realm="Negotiate, NTLM", charset = "UTF-8", NTLM'], ("basic", "ntlm")),
            (['Basic realm="a \\", Negotiate", NTLM'], ("basic", "ntlm")),
            (["Bearer realm=x,error=invalid_token , Negotiate"], ("bearer", "negotiate")),
            (['Digest realm="x", nonce=abc==, qop="auth,auth-int", NTLM'], ("digest", "ntlm")),
            (["Negotiate", "negotiate"], ("negotiate",)),
            ([" , ,Negotiate,, "], ("negotiate",)),
            (['Basic realm="open, Negotiate'], ("basic", "negotiate")),
            (["\xe9\xff, NTLM"], ("ntlm",)),
            ([""], ()),
        ],
    )
    def test_the_schemes_are_read(
        self, bench: Bench, headers: list[str], schemes: tuple[str, ...]
    ) -> None:
        bench.google(
            lambda _: response("401", 401, *(f"WWW-Authenticate: {header}" for header in headers))
        )
        page = bench.http().send(get())
        assert page == Page(f"{GOOGLE}/", 401, "401", authenticate=schemes)

    def test_a_long_one_is_read_at_once(self, bench: Bench) -> None:
        header = "WWW-Authenticate: " + "a" * 20_000 + " " * 20_000 + '="' + "\\a" * 10_000
        bench.google(lambda _: response("401", 401, header))
        started = time.monotonic()
        assert bench.http().send(get()).status == 401
        assert time.monotonic() - started < 5

    def test_nothing_is_proved_by_a_form(self, bench: Bench) -> None:
        for body in ({"form": PASSWORD}, {"json": "{}"}):
            request = Request(f"{GOOGLE}/", negotiate=True, reach=REACH, **body)
            with pytest.raises(AssertionError, match="a GET"):
                bench.http().send(request)


class TestJSON:
    def test_it_is_posted_as_it_is(self, bench: Bench) -> None:
        server = bench.host("content.googleapis.com", lambda _: response('{"txToken": "t"}'))
        page = bench.http().send(poll())
        assert page == Page(f"{POLLS}/awaittx?key=k", 200, '{"txToken": "t"}')
        (request,) = server.requests
        assert (request.method, request.target) == ("POST", "/awaittx?key=k")
        assert request.headers["content-type"] == "application/json"
        assert request.body == '{"txId": "é"}'.encode()

    def test_a_host_to_ask_is_given_no_answers(self, bench: Bench) -> None:
        http = bench.http()
        with pytest.raises(UnsafePage, match="your answer"):
            http.send(poll("answers"))
        with pytest.raises(UnsafePage, match="your password"):
            http.send(poll("password"))
        assert bench.proxy.asked == []

    def test_of_the_page_it_comes_from_the_origin_is_said(self, bench: Bench) -> None:
        server = bench.host("content.googleapis.com", lambda _: response())
        http = bench.http()
        http.send(poll(referer=f"{GOOGLE}/signin/challenge/az/4?TL=s3cr3t"))
        http.send(poll(referer=f"{POLLS}/static?k#top"))
        assert [request.headers["referer"] for request in server.requests] == [
            f"{GOOGLE}/",
            f"{POLLS}/static?k",
        ]

    @pytest.mark.parametrize("status", [307, 308])
    def test_it_is_never_sent_again(self, bench: Bench, status: int) -> None:
        server = bench.host(
            "content.googleapis.com", lambda _: redirect(status, f"{GOOGLE}/elsewhere")
        )
        google = bench.google(lambda _: response())
        with pytest.raises(UnsafePage, match="sent once more"):
            bench.http().send(poll())
        assert (len(server.requests), google.connections) == (1, 0)

    @pytest.mark.parametrize(
        "request_",
        [poll(), Request(f"{GOOGLE}/", (), reach=REACH)],
        ids=["json", "empty form"],
    )
    def test_or_tried_twice(self, bench: Bench, request_: Request) -> None:
        host = bench.host("content.googleapis.com", lambda _: response("", 503))
        google = bench.google(lambda _: response("", 503))
        with pytest.raises(NetworkError) as caught:
            bench.http().send(request_)
        assert len(host.requests) + len(google.requests) == 1
        assert "may have counted" not in caught.value.message

    def test_a_500_is_an_answer(self, bench: Bench) -> None:
        bench.host("content.googleapis.com", lambda _: response("{}", 500))
        assert bench.http().send(poll()).status == 500


class TestSeconds:
    def test_a_request_may_have_less_time_than_others(self, bench: Bench) -> None:
        def stall(sock: socket.socket) -> None:
            server.closing.wait(30)

        server = bench.google(lambda _: stall)
        started = time.monotonic()
        with pytest.raises(NetworkError, match="in time"):
            bench.http().send(Request(f"{GOOGLE}/", seconds=0.3, reach=REACH))
        assert time.monotonic() - started < 9  # sooner than any other limit

    def test_or_more(self, bench: Bench) -> None:
        def late(sock: socket.socket) -> None:
            server.closing.wait(0.5)
            # Said to be closed, or the next request may meet the end of this connection.
            sock.sendall(response("late", 200, "Connection: close"))

        server = bench.host("content.googleapis.com", lambda _: late)
        http = bench.http(Limits(read=0.1, total=0.2))
        assert http.send(poll(seconds=20)).body == "late"
        with pytest.raises(NetworkError, match="in time"):
            http.send(poll())

    def test_the_time_to_connect_counts(self, bench: Bench) -> None:
        """A queue that is full takes no connection and says nothing."""
        with ExitStack() as stack:
            full = stack.enter_context(socket.socket())
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(3):
                caller = stack.enter_context(socket.socket())
                caller.setblocking(False)
                caller.connect_ex(full.getsockname())
            origin = Origin("127.0.0.1", full.getsockname()[1])
            http = bench.http(HTTPS_PROXY="")
            started = time.monotonic()
            with pytest.raises(NetworkError, match="in time"):
                http.send(Request(f"{origin}/", (), seconds=0.3, reach=Reach(origin)))
            assert time.monotonic() - started < 9  # sooner than the time limit for connecting


class TestBinary:
    IMAGE = b"\x89PNG\r\n\x1a\n\xff\x00"

    def test_an_answer_that_is_no_text(self, bench: Bench) -> None:
        bench.google(
            numbered(
                redirect(302, "/image"),
                response(self.IMAGE, 200, "Content-Type: image/png"),
                response("text"),
            )
        )
        http = bench.http()
        page = http.send(Request(f"{GOOGLE}/Captcha", binary=True, reach=REACH))
        assert page == Page(f"{GOOGLE}/image", 200, "", content=self.IMAGE)
        assert http.send(get()).content == b""

    def test_it_has_a_limit_of_its_own(self, bench: Bench) -> None:
        bench.google(numbered(response(bytes(1_000_000)), response(bytes(1_000_001))))
        http = bench.http()
        request = Request(f"{GOOGLE}/Captcha", binary=True, reach=REACH)
        assert len(http.send(request).content) == 1_000_000
        with pytest.raises(NetworkError, match="more than 1 MB"):
            http.send(request)

    def test_and_so_has_the_answer_to_a_poll(self, bench: Bench) -> None:
        bench.host(
            "content.googleapis.com",
            numbered(response(b" " * 100_000), response(b" " * 100_001)),
        )
        http = bench.http()
        assert len(http.send(poll()).body) == 100_000
        with pytest.raises(NetworkError, match=r"more than 0\.1 MB"):
            http.send(poll())


class TestJars:
    @pytest.mark.parametrize("domain", ["", "; Domain=google.com", "; Domain=accounts.google.com"])
    def test_a_cookie_without_a_domain_is_its_host_s_alone(self, bench: Bench, domain: str) -> None:
        below = "certauth.accounts.google.com"
        google = bench.google(lambda _: response("", 200, f"Set-Cookie: SID=g; Secure{domain}"))
        under = bench.host(below, lambda _: response())
        reach = Reach(REACH.password_origin, post_origins=frozenset({Origin(below)}))
        http = bench.http()
        for host in (GOOGLE, GOOGLE, f"https://{below}"):
            http.send(Request(f"{host}/", reach=reach))
        assert google.requests[1].headers["cookie"] == "SID=g"
        assert under.requests[0].headers.get("cookie") == ("SID=g" if domain else None)

    def test_another_site_is_sent_no_cookie_and_leaves_none(self, bench: Bench) -> None:
        google = bench.google(lambda _: response("", 200, "Set-Cookie: SID=g; Secure"))
        aws = bench.host(
            AWS.host,
            # A cookie for both, which a jar that knows no better would hand to the other.
            lambda _: response("", 200, "Set-Cookie: SID=a; Domain=amazon.com; Secure"),
        )
        http = bench.http()
        elsewhere = Reach(AWS, get_hosts=frozenset({"accounts.google.com"}))
        http.send(get())
        for url in (f"{AWS}/saml", f"{GOOGLE}/", f"{AWS}/saml"):
            http.send(Request(url, reach=elsewhere))
        http.send(
            Request(f"{AWS}/saml", reach=Reach(Origin("accounts.google.com"), frozenset({AWS})))
        )
        http.send(get())
        cookies = [request.headers.get("cookie") for request in (*google.requests, *aws.requests)]
        assert cookies == [None, None, "SID=g", None, "SID=a", None]

    def test_all_are_forgotten_at_the_end(self, bench: Bench) -> None:
        google = bench.google(lambda _: response("", 200, "Set-Cookie: SID=g; Secure"))
        aws = bench.host(AWS.host, lambda _: response("", 200, "Set-Cookie: SID=a; Secure"))
        http = bench.http()
        for _ in range(2):
            http.send(get())
            http.send(Request(f"{AWS}/", reach=Reach(AWS)))
            http.close()
        for server in (google, aws):
            assert [request.headers.get("cookie") for request in server.requests] == [None, None]


class TestBesideAPoll:
    def test_the_poll_of_one_host_keeps_no_connection_of_another_fresh(self, bench: Bench) -> None:
        google = bench.google(lambda _: response())
        bench.host("content.googleapis.com", lambda _: response())
        http = bench.http()
        http.send(get())
        bench.now += 40
        http.send(poll())
        bench.now += 40
        http.send(post())
        assert google.connections == 2

    def test_requests_go_on_while_one_is_under_way(self, bench: Bench) -> None:
        answer = threading.Event()

        def hold(sock: socket.socket) -> None:
            assert answer.wait(20)
            sock.sendall(response("tapped"))

        bench.google(lambda _: response("in"))
        polls = bench.host("content.googleapis.com", lambda _: hold)
        http = bench.http()
        pages: list[Page] = []
        thread = threading.Thread(target=lambda: pages.append(http.send(poll(seconds=20))))
        thread.start()
        assert http.send(get()).body == "in"
        bench.now += 100
        assert http.send(get()).body == "in"  # over a new connection: all idle ones were closed
        assert pages == []
        answer.set()
        thread.join(20)
        assert [page.body for page in pages] == ["tapped"]
        assert len(polls.requests) == 1


class TestSockets:
    @pytest.mark.parametrize("proxied", [True, False])
    def test_no_body_waits_for_an_acknowledgement(self, bench: Bench, proxied: bool) -> None:
        server = bench.host("localhost", lambda _: response())
        origin = Origin("localhost", 443 if proxied else server.port)
        http = bench.http() if proxied else bench.http(HTTPS_PROXY="")
        http.send(Request(f"{origin}/", PASSWORD, "password", reach=Reach(origin)))
        pool = http.connections.pool_for(f"{origin}/").pool
        assert pool is not None
        kept = [connection for connection in list(pool.queue) if connection is not None]
        (connection,) = kept
        assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


class TestReach:
    @pytest.mark.parametrize(
        "url",
        [
            "http://accounts.google.com/",
            "https://evil.test/",
            "https://accounts.google.com.evil.test/",
            "https://accounts.google.com@evil.test/",
            "https://accounts.google.com:8443/",
            "https://www.google.com/",
            "https://apis.google.com/",
            "https://evil.test\\@accounts.google.com/",
            "javascript:alert(1)",
            "//accounts.google.com/",
            "",
        ],
    )
    def test_a_password_goes_nowhere_but_its_origin(self, bench: Bench, url: str) -> None:
        with pytest.raises(UnsafePage):
            bench.http().send(Request(url, PASSWORD, "password", reach=REACH))
        assert bench.proxy.asked == []

    def test_answers_may_go_to_the_named_origins(self, bench: Bench) -> None:
        server = bench.host("apis.google.com", lambda _: response("ok"))
        request = post("/poll", carrying="answers", host="https://apis.google.com")
        assert bench.http().send(request).body == "ok"
        assert len(server.requests) == 1

    def test_the_referer_stays_within_its_origin(self, bench: Bench) -> None:
        google = bench.google(lambda _: redirect(302, "https://www.google.com/"))
        www = bench.host("www.google.com", lambda _: response())
        bench.http().send(get(referer=f"{GOOGLE}/signin?token=1#top"))
        assert google.requests[0].headers["referer"] == f"{GOOGLE}/signin?token=1"
        assert "referer" not in www.requests[0].headers

    def test_a_netrc_is_not_read(
        self, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / ".netrc"
        netrc.write_text("machine accounts.google.com login ada password hunter2\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(netrc))
        server = bench.google(lambda _: response())
        bench.http().send(get())
        assert "authorization" not in server.requests[0].headers


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("target", [f"{GOOGLE}/two?t=1", "/two?t=1", "https://www.google.com/"])
    def test_a_get_is_followed_within_the_reach(
        self, bench: Bench, status: int, target: str
    ) -> None:
        bench.google(lambda r: response("two") if "two" in r.target else redirect(status, target))
        bench.host("www.google.com", lambda _: response("www"))
        page = bench.http().send(get("/one"))
        if target.startswith("https://www"):
            assert page == Page(target, 200, "www")
        else:
            assert page == Page(f"{GOOGLE}/two?t=1", 200, "two")

    @pytest.mark.parametrize("status", [301, 302, 303])
    @pytest.mark.parametrize("target", ["/two", "https://www.google.com/two"])
    def test_a_post_becomes_a_get_without_its_body(
        self, bench: Bench, status: int, target: str
    ) -> None:
        google = bench.google(
            lambda r: response("two") if r.target == "/two" else redirect(status, target)
        )
        www = bench.host("www.google.com", lambda _: response("two"))
        assert bench.http().send(post("/one")).body == "two"
        second = (google.requests + www.requests)[1]
        assert (second.method, second.target, second.body) == ("GET", "/two", b"")
        assert "content-type" not in second.headers

    def test_google_is_followed_over_its_other_domains(self, bench: Bench) -> None:
        """As after the password of an account that Google takes to be in the United Kingdom."""
        british = "accounts.google.co.uk"
        to_british = redirect(302, f"https://{british}/accounts/SetSID?b", "Set-Cookie: SID=x")
        youtube = bench.host("accounts.youtube.com", lambda _: to_british)
        uk = bench.host(british, lambda _: redirect(302, f"{GOOGLE}/o/saml2/initsso?as=z"))
        on = redirect(302, "https://accounts.youtube.com/accounts/SetSID?a", "Set-Cookie: LSID=y")
        google = bench.google(numbered(on, response("in")))
        reach = Google("C01", "1", "ada@example.com").reach
        page = bench.http().send(replace(post("/signin"), reach=reach))
        assert page == Page(f"{GOOGLE}/o/saml2/initsso?as=z", 200, "in")
        for passed in (youtube.requests[0], uk.requests[0]):
            assert (passed.method, passed.body, passed.headers.get("cookie")) == ("GET", b"", None)
        assert google.requests[1].target == "/o/saml2/initsso?as=z"

    @pytest.mark.parametrize("status", [307, 308])
    @pytest.mark.parametrize("target", ["/two", "https://apis.google.com/", "https://evil.test/"])
    @pytest.mark.parametrize("carrying", ["nothing", "answers", "password"])
    def test_a_body_is_never_sent_again(
        self, bench: Bench, status: int, target: str, carrying: Carrying
    ) -> None:
        google = bench.google(lambda _: redirect(status, target))
        others = [
            bench.host(name, lambda _: response()) for name in ("apis.google.com", "evil.test")
        ]
        with pytest.raises(UnsafePage, match="sent once more"):
            bench.http().send(post("/one", carrying=carrying))
        assert len(google.requests) == 1
        assert [other.connections for other in others] == [0, 0]

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize(
        "target", ["https://okta.test/sso?id=1", f"{GOOGLE}:8443/", "//www.google.com:444/"]
    )
    def test_one_that_leaves_the_reach_is_told_not_followed(
        self, bench: Bench, status: int, target: str
    ) -> None:
        bench.google(lambda _: redirect(status, target))
        page = bench.http().send(get())
        assert (page.url, page.status, page.body) == (f"{GOOGLE}/", status, "")
        assert page.elsewhere == ("https:" + target if target.startswith("//") else target)
        assert bench.proxy.asked == ["CONNECT accounts.google.com:443"]

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize("request_", [get(), post()], ids=["get", "post"])
    def test_http_is_refused_before_a_byte_is_sent(
        self, bench: Bench, status: int, request_: Request
    ) -> None:
        server = bench.google(lambda _: redirect(status, "http://accounts.google.com/"))
        with pytest.raises(UnsafePage):
            bench.http().send(request_)
        assert len(server.requests) == 1
        assert bench.proxy.asked == ["CONNECT accounts.google.com:443"]

    @pytest.mark.parametrize(
        "target",
        [
            "https://accounts.google.com@evil.test/",
            "https://evil.test\\@accounts.google.com/",
            "\\\\evil.test/",
            "https://[::1",
            "https://accounts.google.com:99999/",
            "https://accounts.google.com:x/",
            "https:///evil.test/",
            "javascript:alert(1)",
            "data:text/html,hi",
            "file:///etc/passwd",
            "https://accounts.google.com /",
        ],
    )
    def test_hostile_targets_are_refused_or_stay(self, bench: Bench, target: str) -> None:
        evil = bench.host("evil.test", lambda _: response())
        bench.google(numbered(redirect(302, target), response("here")))
        with suppress(UnsafePage):
            page = bench.http().send(get())
            assert page.url.startswith(f"{GOOGLE}/")
        assert evil.connections == 0
        assert set(bench.proxy.asked) == {"CONNECT accounts.google.com:443"}

    def test_ten_are_followed_and_a_loop_ends(self, bench: Bench) -> None:
        server = bench.google(
            lambda r: (
                redirect(302, f"/{int(r.target[1:]) - 1}") if r.target != "/0" else response("in")
            )
        )
        assert bench.http().send(get("/10")).body == "in"
        assert len(server.requests) == 11
        with pytest.raises(NetworkError, match="redirected more than 10 times"):
            bench.http().send(get("/11"))
        assert len(server.requests) == 22

    def test_no_redirect_without_a_location(self, bench: Bench) -> None:
        bench.google(lambda _: response("choose", 302))
        assert bench.http().send(get()) == Page(f"{GOOGLE}/", 302, "choose")

    def test_a_location_in_utf_8(self, bench: Bench) -> None:
        target = "/ü".encode().decode("latin-1")
        server = bench.google(numbered(redirect(302, target), response()))
        bench.http().send(get())
        assert server.requests[1].target == "/%C3%BC"

    @pytest.mark.parametrize("before", [b"100 Continue", b"102 Processing", b"103 Early Hints"])
    def test_what_comes_before_the_answer_is_not_it(self, bench: Bench, before: bytes) -> None:
        head = b"HTTP/1.1 " + before + b"\r\nLink: </x.css>; rel=preload\r\n\r\n"
        bench.google(lambda r: head * 2 + response(r.target))
        http = bench.http()
        assert http.send(post("/one")) == Page(f"{GOOGLE}/one", 200, "/one")
        assert http.send(get("/two")) == Page(f"{GOOGLE}/two", 200, "/two")

    def test_and_is_none_when_nothing_follows(self, bench: Bench) -> None:
        bench.google(lambda _: lambda sock: sock.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n"))
        with pytest.raises(NetworkError, match="broke the connection off"):
            bench.http().send(get())

    def test_the_body_of_a_redirect_is_bounded_too(self, bench: Bench) -> None:
        bomb = gzip.compress(bytes(200_000_000), 1)
        bench.google(lambda _: response(bomb, 302, "Location: /", "Content-Encoding: gzip"))
        with pytest.raises(NetworkError, match="more than 5 MB"):
            bench.http().send(get())


class TestRetries:
    @pytest.mark.parametrize("status", [502, 503, 504])
    def test_a_get_is_tried_three_times(self, bench: Bench, status: int) -> None:
        server = bench.google(numbered(response("", status), response("", status), response("in")))
        assert bench.http().send(get()).body == "in"
        assert len(server.requests) == 3
        assert bench.slept == [0.5, 1.0]

    def test_and_no_more(self, bench: Bench) -> None:
        server = bench.google(lambda _: response("", 503))
        with pytest.raises(NetworkError, match=r"accounts\.google\.com .* \(503 Service Unavail"):
            bench.http().send(get())
        assert len(server.requests) == 3

    def test_the_pause_is_jittered(self, bench: Bench) -> None:
        bench.google(numbered(response("", 503), response()))
        http = Http(
            {"HTTPS_PROXY": bench.proxy.url, "AWS_CA_BUNDLE": str(bench.bundle)},
            hide=bench.hidden.append,
            sleep=bench.slept.append,
            chance=lambda: 0.25,
        )
        try:
            http.send(get())
        finally:
            http.close()
        assert bench.slept == [0.125]

    def test_a_server_that_names_a_short_wait_is_asked_again(self, bench: Bench) -> None:
        server = bench.google(numbered(response("", 429, "Retry-After: 30"), response("in")))
        assert bench.http().send(get()).body == "in"
        assert bench.slept == [30]
        assert len(server.requests) == 2

    def test_the_wait_may_be_a_date_by_the_server_s_clock(self, bench: Bench) -> None:
        head = "Date: Sun, 06 Nov 1994 08:49:37 GMT", "Retry-After: Sun, 06 Nov 1994 08:49:57 GMT"
        server = bench.google(numbered(response("", 429, *head), response("in")))
        assert bench.http().send(get()).body == "in"
        assert bench.slept == [20]
        assert len(server.requests) == 2

    def test_or_by_ours_where_it_names_none(self, bench: Bench) -> None:
        later = formatdate(time.time() + 3600, usegmt=True)
        server = bench.google(lambda _: response("", 429, f"Retry-After: {later}"))
        with pytest.raises(NetworkError, match=r"from here for 3[56]\d\d seconds"):
            bench.http().send(get())
        assert len(server.requests) == 1

    @pytest.mark.parametrize("header", ["Retry-After: 31", "Retry-After: soon", "X: y"])
    def test_one_that_does_not_is_left_alone(self, bench: Bench, header: str) -> None:
        server = bench.google(lambda _: response("", 429, header))
        with pytest.raises(NetworkError, match="takes no more requests"):
            bench.http().send(get())
        assert len(server.requests) == 1
        assert bench.slept == []

    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_a_post_is_sent_once(self, bench: Bench, status: int) -> None:
        server = bench.google(lambda _: response("", status, "Retry-After: 1"))
        with pytest.raises(NetworkError, match="may have counted as an attempt"):
            bench.http().send(post())
        assert len(server.requests) == 1
        assert bench.slept == []

    @pytest.mark.parametrize("status", [429, 502, 503, 504])
    def test_what_a_post_leads_to_is_asked_for_once(self, bench: Bench, status: int) -> None:
        """Its address may be good for one use."""
        server = bench.google(
            lambda r: (
                redirect(302, "/done?once=1")
                if r.method == "POST"
                else response("", status, "Retry-After: 1")
            )
        )
        with pytest.raises(NetworkError) as caught:
            bench.http().send(post())
        assert [request.method for request in server.requests] == ["POST", "GET"]
        assert bench.slept == []
        assert "may have counted" not in caught.value.message  # it was answered

    def test_and_again_only_when_nobody_saw_it(self, bench: Bench) -> None:
        google = bench.google(lambda _: redirect(302, "https://www.google.com/done"))
        with pytest.raises(NetworkError, match="status 502"):
            bench.http().send(post())
        assert bench.slept == []  # for a proxy's no is final
        with socket.create_server(("127.0.0.1", 0)) as listener:
            bench._routes["www.google.com:443"] = listener.getsockname()[1]
        with pytest.raises(NetworkError, match=r"www\.google\.com"):
            bench.http().send(post())
        assert bench.slept == [0.5, 1.0]
        assert len(google.requests) == 2

    def test_a_host_that_cannot_be_reached_is_tried_three_times(self, bench: Bench) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(NetworkError, match="refused the connection"):
            bench.http(HTTPS_PROXY="").send(
                Request(f"https://localhost:{port}/", reach=Reach(Origin("localhost", port)))
            )
        assert bench.slept == [0.5, 1.0]

    def test_a_proxy_that_is_restarted_is_tried_again(self, bench: Bench) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(NetworkError, match="the proxy in HTTPS_PROXY"):
            bench.http(HTTPS_PROXY=f"http://127.0.0.1:{port}").send(get())
        assert bench.slept == [0.5, 1.0]

    def test_no_try_begins_after_the_deadline(self, bench: Bench) -> None:
        server = bench.google(lambda _: response("", 503, "Retry-After: 20"))
        with pytest.raises(NetworkError):
            bench.http(Limits(total=20)).send(get())
        assert len(server.requests) == 1


class TestTheRun:
    """All requests of a sign-in together have two minutes."""

    def slow(self, bench: Bench, seconds: float) -> Callable[[Received], Reply]:
        def reply(_: Received) -> Reply:
            bench.now += seconds
            return response("in")

        return reply

    def test_answers_may_not_take_longer_than_that(self, bench: Bench) -> None:
        server = bench.google(self.slow(bench, 50))
        http = bench.http()
        for _ in range(3):
            http.send(get())
        with pytest.raises(NetworkError, match=r"waited for answers for 120 seconds") as caught:
            http.send(post())
        assert caught.value.exit_code == 9
        assert caught.value.hint
        assert "may have counted" not in caught.value.message
        assert len(server.requests) == 3

    def test_the_last_one_has_what_is_left(self, bench: Bench) -> None:
        def stall(sock: socket.socket) -> None:
            server.closing.wait(30)

        slow = self.slow(bench, 119.8)
        server = bench.google(lambda r: stall if r.target == "/stall" else slow(r))
        http = bench.http()
        http.send(get())
        started = time.monotonic()
        with pytest.raises(NetworkError, match="in time"):
            http.send(get("/stall"))
        assert time.monotonic() - started < 9

    def test_people_take_the_time_they_take(self, bench: Bench) -> None:
        bench.google(lambda _: response("in"))
        bench.host("content.googleapis.com", self.slow(bench, 100))
        http = bench.http()
        for _ in range(3):
            http.send(poll(seconds=110))  # until they tap
            bench.now += 1000  # between two requests
            assert http.send(get()).body == "in"

    @pytest.mark.parametrize("again", [Http.close, Http.begin])
    def test_another_run_has_as_much(self, bench: Bench, again: Callable[[Http], None]) -> None:
        bench.google(self.slow(bench, 130))
        http = bench.http()
        http.send(get())
        again(http)
        assert http.send(get()).body == "in"


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class TestFaults:
    @pytest.mark.parametrize(
        "fault",
        [
            lambda sock: None,
            reset,
            lambda sock: sock.sendall(b"HTTP/1.1 20"),
            lambda sock: sock.sendall(b"HTTP/1.1 302 Found\r\nLocation: /ne"),
            lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
            lambda sock: sock.sendall(response("half a page", length=5000)),
            lambda sock: sock.sendall(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nx"
            ),
            lambda sock: sock.sendall(b"220 mail.test ESMTP\r\n"),
            lambda sock: sock.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"),
        ],
        ids=[
            "closed",
            "reset",
            "status cut",
            "header cut",
            "head cut",
            "body cut",
            "chunk cut",
            "no http",
            "headers",
        ],
    )
    @pytest.mark.parametrize("request_", [get("/x?s3cr3t"), post("/x?s3cr3t")], ids=["get", "post"])
    def test_a_broken_answer(
        self, bench: Bench, fault: Callable[[socket.socket], None], request_: Request
    ) -> None:
        server = bench.google(lambda _: fault)
        with pytest.raises(NetworkError) as caught:
            bench.http().send(request_)
        error = caught.value
        assert error.exit_code == 9
        assert "accounts.google.com" in error.message
        assert error.hint
        assert ("may have counted" in error.message) == (request_.form is not None)
        assert len(server.requests) == 1
        # Neither the text nor what a traceback would show of the libraries' errors.
        assert error.__cause__ is error.__context__ is None
        assert "s3cr3t" not in error.message + error.hint

    def test_damaged_compression(self, bench: Bench) -> None:
        bench.google(lambda _: response(b"no gzip", 200, "Content-Encoding: gzip"))
        with pytest.raises(NetworkError, match="came damaged"):
            bench.http().send(get())

    @pytest.mark.parametrize(
        ("encoding", "body"),
        [
            ("gzip", gzip.compress(bytes(300_000_000), 1)),
            ("deflate", zlib.compress(bytes(300_000_000), 1)),
            ("gzip, gzip", gzip.compress(gzip.compress(bytes(300_000_000), 1), 1)),
        ],
        ids=["gzip", "deflate", "twice"],
    )
    def test_a_bomb_does_not_fill_the_memory(
        self, bench: Bench, encoding: str, body: bytes
    ) -> None:
        bench.google(lambda _: response(body, 200, f"Content-Encoding: {encoding}"))
        http = bench.http()
        tracemalloc.start()
        try:
            with pytest.raises(NetworkError, match="more than 5 MB"):
                http.send(get())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 30_000_000

    def test_ten_gigabytes_in_ten_megabytes(self, bench: Bench) -> None:
        part = gzip.compress(bytes(100_000_000), 6)  # which may come as often as one likes
        whole = part * 100
        assert len(whole) > 9_000_000
        bench.google(lambda _: response(whole, 200, "Content-Encoding: gzip"))
        http = bench.http()
        started = time.process_time()
        tracemalloc.start()
        try:
            with pytest.raises(NetworkError, match="more than 5 MB"):
                http.send(get())
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 60_000_000  # the 10 MB on their way here are counted, too
        assert time.process_time() - started < 5

    def test_a_page_of_just_under_the_limit_is_read(self, bench: Bench) -> None:
        bench.google(lambda _: response(b"x" * 5_000_000))
        assert len(bench.http().send(get()).body) == 5_000_000

    @pytest.mark.parametrize(
        "head",
        [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"],
        ids=["status", "header", "body"],
    )
    def test_a_drip_is_cut_off(self, bench: Bench, head: bytes) -> None:
        def drip(sock: socket.socket) -> None:
            sock.sendall(head)
            while not server.closing.wait(0.02):
                sock.sendall(b"x")

        server = bench.google(lambda _: drip)
        started = time.monotonic()
        with pytest.raises(NetworkError, match="did not finish its answer in time"):
            bench.http(Limits(total=0.5)).send(get())
        assert time.monotonic() - started < 10

    def test_a_drip_over_a_kept_connection_is_cut_off(self, bench: Bench) -> None:
        def drip(sock: socket.socket) -> None:
            while not server.closing.wait(0.02):
                sock.sendall(b"x")

        server = bench.google(numbered(response(), drip))
        http = bench.http(Limits(total=0.5))
        http.send(get())
        with pytest.raises(NetworkError, match="did not finish its answer in time"):
            http.send(get())
        assert server.connections == 1

    def test_a_page_without_a_length_is_not_taken_for_whole_when_cut(self, bench: Bench) -> None:
        """Its end is the connection's end, which cutting it off looks like."""

        def stall(sock: socket.socket) -> None:
            sock.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<form>")
            server.closing.wait(30)

        server = bench.google(lambda _: stall)
        with pytest.raises(NetworkError, match="did not finish its answer in time"):
            bench.http(Limits(total=0.5)).send(get())

    def test_a_server_that_says_nothing_is_given_up(self, bench: Bench) -> None:
        def silence(sock: socket.socket) -> None:
            server.closing.wait(30)

        server = bench.google(lambda _: silence)
        with pytest.raises(NetworkError, match=r"did not answer in time.*may have counted"):
            bench.http(Limits(read=0.2)).send(post())
        assert len(server.requests) == 1

    def test_a_handshake_that_never_ends_is_cut_off(self, bench: Bench) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            bench._routes["accounts.google.com:443"] = listener.getsockname()[1]
            started = time.monotonic()
            with pytest.raises(NetworkError, match="did not finish its answer") as caught:
                bench.http(Limits(total=0.3)).send(post())
            assert time.monotonic() - started < 9  # sooner than the time limit for connecting
        assert "may have counted" not in caught.value.message

    def test_a_resolver_that_says_nothing_is_given_up(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked, done = [], threading.Event()

        def stall(host: str, *_: object) -> object:
            asked.append(host)
            done.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

        monkeypatch.setattr(socket, "getaddrinfo", stall)
        started = time.monotonic()
        http = bench.http(Limits(connect=0.2), HTTPS_PROXY="")
        with pytest.raises(NetworkError, match=r"address of accounts\.google\.com could not be"):
            http.send(get())
        assert time.monotonic() - started < 9
        assert asked == ["accounts.google.com"] * 3
        done.set()

    def test_the_time_for_names_is_that_of_the_request(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        done = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: done.wait(30))
        started = time.monotonic()
        # Both end at once: whichever notices first has its sentence.
        with pytest.raises(NetworkError, match=r"in time|could not be found"):
            bench.http(HTTPS_PROXY="").send(Request(f"{GOOGLE}/", (), seconds=0.3, reach=REACH))
        assert time.monotonic() - started < 9
        done.set()

    def test_an_address_that_does_not_answer_leaves_time_for_the_next(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As with IPv6 that leads nowhere."""
        server = bench.google(lambda _: response("in"))
        with ExitStack() as stack:
            full = stack.enter_context(socket.socket())
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(3):
                caller = stack.enter_context(socket.socket())
                caller.setblocking(False)
                caller.connect_ex(full.getsockname())
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", where)
                for where in (full.getsockname(), ("127.0.0.1", server.port))
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
            http = bench.http(Limits(connect=2), HTTPS_PROXY="")
            assert http.send(get()).body == "in"
        assert bench.slept == []

    def test_a_name_that_cannot_be_one(self, bench: Bench) -> None:
        with pytest.raises(NetworkError, match="could not be found"):
            bench.http(HTTPS_PROXY=f"http://{'a' * 70}.test:8080").send(get())

    def test_a_name_that_does_not_exist(self, bench: Bench) -> None:
        host = "no-such-host.invalid"
        with pytest.raises(NetworkError, match=f"address of {host} could not be found") as caught:
            bench.http(HTTPS_PROXY="").send(
                Request(f"https://{host}/?s3cr3t", reach=Reach(Origin(host)))
            )
        assert "s3cr3t" not in caught.value.message + caught.value.hint


class TestTrust:
    def refused(self, bench: Bench, certificate: trustme.LeafCert) -> NetworkError:
        server = bench.host("accounts.google.com", lambda _: response(), certificate)
        http = bench.http()
        with pytest.raises(NetworkError) as caught:
            http.send(get())
        with pytest.raises(NetworkError, match=re.escape(caught.value.message)):
            http.send(post())
        assert server.requests == []
        assert bench.slept == []
        assert "may have counted" not in caught.value.message
        advice = (caught.value.message + caught.value.hint).lower()
        assert not any(word in advice for word in ("verif", "insecure", "disable", "turn"))
        return caught.value

    def test_an_unknown_issuer_is_named(self, bench: Bench) -> None:
        proxies_own = trustme.CA(organization_name="Zcompany \x1b[31mProxy")
        error = self.refused(bench, proxies_own.issue_cert("accounts.google.com"))
        assert "not trusted: it is signed by “Zcompany \\x1b[31mProxy”" in error.message
        assert "--ca-bundle" in error.hint

    def test_one_that_is_signed_by_itself(self, bench: Bench) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accounts.google.com")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName("accounts.google.com")]), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        leaf = trustme.LeafCert(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            certificate.public_bytes(Encoding.PEM),
            [],
        )
        error = self.refused(bench, leaf)
        assert "is not trusted: it is signed by “accounts.google.com”" in error.message
        assert "--ca-bundle" in error.hint

    def test_an_expired_certificate(self, bench: Bench) -> None:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        error = self.refused(bench, bench.ca.issue_cert("accounts.google.com", not_after=yesterday))
        assert "certificate of accounts.google.com has expired" in error.message
        assert "clock" in error.hint

    def test_a_certificate_from_the_future(self, bench: Bench) -> None:
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        error = self.refused(bench, bench.ca.issue_cert("accounts.google.com", not_before=tomorrow))
        assert "not valid yet" in error.message

    def test_a_certificate_for_another_name(self, bench: Bench) -> None:
        error = self.refused(bench, bench.ca.issue_cert("portal.hotel.test"))
        assert "certificate for another name" in error.message
        assert "guest network" in error.hint

    def test_what_does_not_speak_tls(self, bench: Bench) -> None:
        class Portal(Listener):
            def serve(self, sock: socket.socket) -> None:
                while sock.recv(4096):  # the ClientHello first, and then until the client leaves
                    sock.sendall(redirect(302, "http://portal.hotel.test/"))

        with Portal() as portal:
            bench._routes["accounts.google.com:443"] = portal.port
            with pytest.raises(NetworkError, match="No secure connection to accounts"):
                bench.http().send(post())

    def test_what_speaks_old_tls_only(self, bench: Bench) -> None:
        server = bench.google(lambda _: response())
        assert server._context is not None
        with pytest.warns(DeprecationWarning):
            server._context.minimum_version = ssl.TLSVersion.TLSv1_1
        with pytest.warns(DeprecationWarning):
            server._context.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(NetworkError, match="No secure connection"):
            bench.http().send(post())
        assert server.requests == []

    def test_a_handshake_that_is_broken_off(self, bench: Bench) -> None:
        class Firewall(Listener):
            def serve(self, sock: socket.socket) -> None:
                sock.recv(4096)
                reset(sock)

        with Firewall() as firewall:
            origin = Origin("localhost", firewall.port)
            with pytest.raises(NetworkError, match=r"No secure connection .* it was broken off"):
                bench.http(HTTPS_PROXY="").send(Request(f"{origin}/", reach=Reach(origin)))

    def test_learning_the_issuer_takes_no_longer_than_it_may(self, bench: Bench) -> None:
        tls = server_context()
        trustme.CA().issue_cert("localhost").configure_cert(tls)

        class Slow(Listener):
            def serve(self, sock: socket.socket) -> None:
                if self.connections == 1:
                    with tls.wrap_socket(sock, server_side=True):
                        return
                sock.sendall(b"\x16\x03\x03\x40\x00")  # the head of a long record
                while not self.closing.wait(0.02):
                    sock.sendall(b"\x02")

        with Slow() as slow:
            origin = Origin("localhost", slow.port)
            http = bench.http(HTTPS_PROXY="")
            http.connections.look_seconds = 0.3
            started = time.monotonic()
            with pytest.raises(
                NetworkError, match=r"of localhost:\d+ is not trusted\. Nothing was"
            ):
                http.send(Request(f"{origin}/", reach=Reach(origin)))
            assert time.monotonic() - started < 9
            assert slow.connections == 2

    def test_certifis_bundle_is_not_added(self, bench: Bench) -> None:
        bench.google(lambda _: response())
        http = bench.http()
        before = len(http.connections._context.get_ca_certs())
        http.send(get())
        assert len(http.connections._context.get_ca_certs()) == before

    def test_the_process_environment_counts_for_nothing(
        self, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Only the mapping that was given does: requests would read os.environ."""
        stranger = trustme.CA()
        stranger.cert_pem.write_to_path(tmp_path / "stranger.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "stranger.pem"))
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        self.refused(bench, stranger.issue_cert("accounts.google.com"))


class TestProxies:
    def test_a_proxy_is_given_its_password_and_the_host_is_not(self, bench: Bench) -> None:
        server = bench.google(lambda _: response("in"))
        with_password = bench.proxy.url.replace("//", "//ada:p%40ss@")
        assert bench.http(HTTPS_PROXY=with_password).send(get()).body == "in"
        assert bench.proxy.authorization == ["Proxy-Authorization: Basic YWRhOnBAc3M="]
        assert "proxy-authorization" not in server.requests[0].headers

    @pytest.mark.parametrize(
        ("status", "message"), [(407, "wants a user name and password"), (403, "status 403")]
    )
    def test_a_proxy_that_says_no(self, bench: Bench, status: int, message: str) -> None:
        with (
            Proxy({}, refusal=response("<html>portal</html>", status)) as proxy,
            pytest.raises(NetworkError, match=message) as caught,
        ):
            bench.http(HTTPS_PROXY=f"http://ada:hunter2@127.0.0.1:{proxy.port}").send(post())
        assert f"127.0.0.1:{proxy.port}" in caught.value.message
        assert "hunter2" not in caught.value.message + caught.value.hint
        assert len(proxy.asked) == 1

    @pytest.mark.parametrize("says", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: "], ids=["stall", "drip"])
    def test_a_proxy_that_never_opens_the_tunnel(self, bench: Bench, says: bytes) -> None:
        class Slow(Listener):
            def serve(self, sock: socket.socket) -> None:
                sock.recv(4096)
                sock.sendall(says)
                while not self.closing.wait(0.02):
                    sock.sendall(says[-1:])

        with Slow() as slow:
            started = time.monotonic()
            with pytest.raises(NetworkError, match="in time") as caught:
                bench.http(Limits(total=0.4), HTTPS_PROXY=f"http://127.0.0.1:{slow.port}").send(
                    post()
                )
            assert time.monotonic() - started < 9  # sooner than the time limit for connecting
        assert "may have counted" not in caught.value.message

    def test_a_proxy_that_is_not_there(self, bench: Bench) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(
            NetworkError, match=r"\(the proxy in HTTPS_PROXY\) refused the conn"
        ) as refused:
            bench.http(HTTPS_PROXY=f"http://127.0.0.1:{port}").send(get())
        assert "whether HTTPS_PROXY names the right proxy" in refused.value.hint

    def test_a_proxy_over_tls(self, bench: Bench) -> None:
        bench.google(lambda _: response("in"))
        tls = server_context()
        bench.ca.issue_cert("localhost").configure_cert(tls)

        class SecureProxy(Proxy):
            def serve(self, sock: socket.socket) -> None:
                with tls.wrap_socket(sock, server_side=True) as secure:
                    super().serve(secure)

        with SecureProxy(bench._routes) as proxy:
            http = bench.http(HTTPS_PROXY=f"https://localhost:{proxy.port}")
            try:
                assert http.send(get()).body == "in"
                assert http.send(post()).body == "in"
            finally:
                http.close()

    def test_no_proxy_goes_direct(self, bench: Bench) -> None:
        with Server(lambda _: response("direct"), bench.ca.issue_cert("localhost")) as server:
            origin = Origin("localhost", server.port)
            http = bench.http(NO_PROXY=f"localhost:{server.port}")
            page = http.send(Request(f"{origin}/", reach=Reach(origin)))
            http.close()
        assert page.body == "direct"
        assert bench.proxy.asked == []

    def test_a_proxy_of_no_use_is_a_setting(self, bench: Bench) -> None:
        with pytest.raises(SettingsError, match="HTTPS_PROXY"):
            bench.http(HTTPS_PROXY="socks5://ada:hunter2@p:1").send(get())


class TestLog:
    def test_one_line_a_hop_and_no_query(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.google(
            numbered(
                redirect(302, "/two?token=s3cr3t"), response("page", 200, "Set-Cookie: a=s3cr3t")
            )
        )
        with caplog.at_level(logging.DEBUG):
            bench.http().send(post("/one?token=s3cr3t"))
        assert [record.getMessage() for record in caplog.records] == [
            "POST accounts.google.com /one 302 0 ms 5 bytes",
            "GET accounts.google.com /two 200 0 ms 4 bytes",
        ]
        assert {record.name for record in caplog.records} == {"samlauth.http"}

    def test_a_malformed_header_is_not_quoted(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        bench.google(lambda _: response("in", 200, "s3cr3t without a colon", "A: b"))
        with caplog.at_level(logging.DEBUG):
            bench.http().send(get("/?s3cr3t"))
        assert "s3cr3t" not in caplog.text


def test_no_timer_is_left_running(bench: Bench) -> None:
    bench.google(lambda _: response())
    bench.http().send(get())
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(5)
            assert not thread.is_alive()
