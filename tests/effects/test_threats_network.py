"""What a hostile network and hostile pages may try, and where it is shown that it comes to nothing.

- A form that posts elsewhere, ``<base>``, look-alike names: :mod:`tests.test_reach`,
  :mod:`tests.e2e.test_hostile_pages`.
- No TLS any more, and redirects that take a body along: ``TestReach`` and ``TestRedirects`` of
  :mod:`tests.effects.test_http`, :mod:`tests.e2e.test_hostile_pages`.
- Weak TLS and certificates that are not trusted: ``TestTrust`` there, :mod:`tests.effects.test_trust`.
- A .netrc, proxies and their passwords: here, ``TestProxies`` of :mod:`tests.effects.test_http`.
- Entities, and input without measure: here, :mod:`tests.test_saml`, :mod:`tests.test_html`.
- Answers that never end: ``TestFaults`` of :mod:`tests.effects.test_http`; every fault at every step:
  :mod:`tests.e2e.test_network_faults`.
"""

from __future__ import annotations

import base64
import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from samlauth.effects.sts import STS
from samlauth.errors import AssertionRefused, NetworkError, PageUnreadable, UnsafePage
from samlauth.flow import AssumeRoleWithSAML, CallSTS, Request
from samlauth.html import Document
from samlauth.reach import Origin, Reach
from samlauth.saml import Role, SAMLResponse, read_assertion
from tests.effects.loopback import Listener, redirect, response
from tests.effects.test_http import GOOGLE, Bench, get, post

ROLE = Role("arn:aws:iam::000111000111:role/Dev", "arn:aws:iam::000111000111:saml-provider/Google")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(tmp_path, stack)


class TestNetrc:
    @pytest.fixture(autouse=True)
    def planted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        hosts = ("accounts.google.com", "www.google.com", "sts.eu-west-1.amazonaws.com")
        lines = [f"machine {host} login ada password hunter2\n" for host in hosts]
        for name in (".netrc", "_netrc"):
            (tmp_path / name).write_text("".join([*lines, "default login ada password hunter2\n"]))
            (tmp_path / name).chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("USERPROFILE", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    @pytest.mark.parametrize("request_", [get(), post()], ids=["get", "post"])
    def test_it_is_not_read_for_a_page(self, request_: Request, bench: Bench) -> None:
        google = bench.google(lambda _: redirect(302, "https://www.google.com/"))
        www = bench.host("www.google.com", lambda _: response("in"))
        bench.http().send(request_)
        for request in (*google.requests, *www.requests):
            assert "authorization" not in request.headers
            assert b"hunter2" not in request.body
        assert len(google.requests) == len(www.requests) == 1
        assert bench.proxy.authorization == []

    def test_nor_for_sts(self, bench: Bench) -> None:
        server = bench.host("sts.eu-west-1.amazonaws.com", lambda _: response("no", 403))
        call = AssumeRoleWithSAML(
            ROLE, SAMLResponse("PHg+", "https://signin.aws.amazon.com/saml"), 900, "eu-west-1"
        )
        with pytest.raises(NetworkError):
            STS(bench.http()).call(CallSTS((call,)))
        assert ["authorization" in request.headers for request in server.requests] == [False]


def document(doctype: str, role: str = "") -> bytes:
    name = "https://aws.amazon.com/SAML/Attributes/Role"
    return (
        f'<?xml version="1.0"?>{doctype}<p:Response xmlns:p="urn:p" xmlns:s="urn:s" '
        'xmlns:xi="http://www.w3.org/2001/XInclude"><s:Assertion><s:AttributeStatement>'
        f'<s:Attribute Name="{name}"><s:AttributeValue>{role}</s:AttributeValue></s:Attribute>'
        "</s:AttributeStatement></s:Assertion></p:Response>"
    ).encode()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))

PAYLOADS: dict[str, Callable[[str], bytes]] = {
    "a file": lambda url: document('<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "&a;"),
    "an address": lambda url: document(f'<!DOCTYPE r [<!ENTITY a SYSTEM "{url}">]>', "&a;"),
    "a parameter": lambda url: document(f'<!DOCTYPE r [<!ENTITY % a SYSTEM "{url}"> %a;]>'),
    "a billion laughs": lambda url: document(f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]>', "&l9;"),
    "quadratic": lambda url: document(
        f'<!DOCTYPE r [<!ENTITY a "{"a" * 20_000}">]>', "&a;" * 12_000
    ),
    "an entity of its own": lambda url: document(
        f'<!DOCTYPE r [<!ENTITY a "{ROLE.role_arn},{ROLE.principal_arn}">]>', "&a;"
    ),
    "a document type elsewhere": lambda url: document(f'<!DOCTYPE r SYSTEM "{url}">'),
    "an inclusion": lambda url: document("", f'<xi:include parse="text" href="{url}"/>'),
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_entities_are_refused_at_once_and_lead_nowhere(name: str) -> None:
    class Bait(Listener):
        def serve(self, sock: socket.socket) -> None:
            sock.sendall(response(f"{ROLE.role_arn},{ROLE.principal_arn}"))

    with Bait() as bait:
        payload = PAYLOADS[name](f"http://127.0.0.1:{bait.port}/role")
        posted = SAMLResponse(
            base64.b64encode(payload).decode(), "https://signin.aws.amazon.com/saml"
        )
        assert len(posted.base64) <= 100_000
        tracemalloc.start()
        started = time.process_time()
        try:
            with pytest.raises(AssertionRefused) as caught:
                read_assertion(posted)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert time.process_time() - started < 0.5  # what tracing costs is in it
        assert peak < 20_000_000
        assert bait.connections == 0
    assert caught.value.exit_code == 8
    assert caught.value.hint


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 200_000,
        "<form>" + "<input name=a>" * 350_000,
        "<b>" * 200_000 + "</b>" * 200_000 + "<form><input type=password></form>",
    ],
    ids=["200,000 deep", "350,000 fields", "deep, and then a form"],
)
def test_a_page_without_measure_is_refused_before_it_is_read(body: str, bench: Bench) -> None:
    assert len(body) < 5_000_000  # which is where the reading stops anyway
    bench.google(lambda _: response(body))
    page = bench.http().send(get())
    started = time.process_time()
    with pytest.raises(PageUnreadable) as caught:
        Document(page.url, page.body)
    assert time.process_time() - started < 0.5
    assert caught.value.exit_code == 6


HOME = "accounts.google.com"

# Pieces that the readers of addresses are known to differ about.
pieces = st.sampled_from(
    [
        "https:", "http:", "HTTPS:", "//", "/", "///", "\\", "\\\\", "@", ":", ":443", ":8443", "?",
        "#", ".", "..", "%2f", "%40", "%00", "[", "]", "[::1]", " ", "\t", "\n", "\0", "\u3002",
        "\uff0e", "\u2044", "\uff0f", "\u00ad", "\u200b", "evil.example", HOME, HOME.upper(),
        "accounts", "google.com", "a\u0441counts.google.com", "xn--", "user", "127.0.0.1", "\u212a",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=8).map("".join) | st.text(max_size=30))
def test_what_is_allowed_is_where_the_library_would_go(address: str) -> None:
    """Two readers of one address: ours, which decides, and urllib3's, which connects."""
    reach = Reach(Origin(HOME))
    for url in (address, f"https://{address}", f"https://{HOME}{address}"):
        try:
            allowed = reach.allows(url, "password")
        except UnsafePage:
            continue
        if allowed:
            try:
                parsed = urllib3.util.parse_url(url)
            except urllib3.exceptions.LocationParseError:
                continue  # it goes nowhere
            assert (parsed.scheme, parsed.auth) == ("https", None)
            assert (parsed.host or "").lower().rstrip(".") == HOME
            assert parsed.port in (None, 443)


@given(st.lists(pieces, max_size=6).map("".join))
def test_an_address_on_a_page_leads_home_or_nowhere(action: str) -> None:
    reach = Reach(Origin(HOME))
    [form] = Document(f"{GOOGLE}/signin", f'<form action="{action}"></form>').forms[:1] or [None]
    assert form is not None
    try:
        allowed = reach.allows(form.action, "password")
    except UnsafePage as refused:
        assert refused.hint
        assert len(refused.message) < 500
        return
    if allowed:
        with suppress(urllib3.exceptions.LocationParseError):
            assert (urllib3.util.parse_url(form.action).host or "").lower().rstrip(".") == HOME


def test_a_refusal_quotes_no_more_than_fits_a_line() -> None:
    reach = Reach(Origin(HOME))
    long = ".".join(["evil"] * 5000)
    for url in (f"https://{long}/", f"{'x' * 5000}://{HOME}/", f"http://{long}/"):
        with pytest.raises(UnsafePage) as caught:
            reach.check(url, "password")
        assert len(caught.value.message) < 500
