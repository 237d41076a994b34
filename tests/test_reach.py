from __future__ import annotations

import pytest

from samlauth.errors import UnsafePage
from samlauth.html import Document
from samlauth.reach import Carrying, Origin, Reach, origin_of

HOME = Origin("login.example.com")
REACH = Reach(
    HOME,
    post_origins=frozenset({Origin("certauth.example.com", 49443)}),
    get_hosts=frozenset({"media.example.com"}),
)
PAGE = "https://login.example.com/signin/v2?step=1"

HOSTILE = {
    "another host without a scheme": "//evil.example/collect",
    "a host after a user name": "https://login.example.com@evil.example/",
    "a user name before the right host": "https://evil.example@login.example.com/",
    "a longer host": "https://login.example.com.evil.example/",
    "no TLS": "http://login.example.com/signin",
    "another port": "https://login.example.com:8443/signin",
    "a script": "javascript:document.forms[0].submit()",
    "backslashes": "\\\\evil.example\\collect",
    "a backslash after a slash": "/\\evil.example/collect",
    "a tab inside": "https://evil\t.example/",
    "a look-alike in another alphabet": "https://lоgin.example.com/",  # noqa: RUF001 - it is the point
    "its punycode": "https://xn--lgin-emc.example.com/",
    "an address that cannot be read": "https://[login.example.com/",
    "a port that is none": "https://login.example.com:port/",
    "inline data": "data:text/html,hello",
}


@pytest.mark.parametrize("action", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("base", ["", '<base href="https://evil.example/">'])
def test_a_form_cannot_send_the_password_elsewhere(action: str, base: str) -> None:
    body = f'{base}<form method="post" action="{action}"><input name="p"></form>'
    [form] = Document(PAGE, body).forms
    with pytest.raises(UnsafePage):
        REACH.check(form.action, "password")


@pytest.mark.parametrize(
    ("action", "sent_to"),
    [
        ("", PAGE),
        ("next", "https://login.example.com/signin/next"),
        ("/other?a=1&amp;b=2", "https://login.example.com/other?a=1&b=2"),
        ("?step=2", "https://login.example.com/signin/v2?step=2"),
        ("HTTPS://LOGIN.example.com:443/x", "https://LOGIN.example.com:443/x"),
        ("https://login.example.com./x", "https://login.example.com./x"),
    ],
)
@pytest.mark.parametrize("base", ["", '<base href="https://evil.example/">'])
def test_the_page_s_own_address_decides_not_its_base(action: str, sent_to: str, base: str) -> None:
    [form] = Document(PAGE, f'{base}<form method="post" action="{action}"></form>').forms
    assert form.action == sent_to
    REACH.check(form.action, "password")


@pytest.mark.parametrize(
    ("url", "carrying", "allowed"),
    [
        ("https://login.example.com/", "password", True),
        ("https://certauth.example.com:49443/", "password", False),
        ("https://certauth.example.com:49443/", "answers", True),
        ("https://certauth.example.com/", "answers", False),
        ("https://media.example.com/", "answers", False),
        ("https://media.example.com/", "nothing", True),
        ("https://media.example.com:444/", "nothing", False),
        ("https://other.example.com/", "nothing", False),
    ],
)
def test_what_a_request_carries_decides_where_it_may_go(
    url: str, carrying: Carrying, allowed: bool
) -> None:
    assert REACH.allows(url, carrying) is allowed


def test_a_refusal_names_both_hosts_and_what_was_kept() -> None:
    with pytest.raises(UnsafePage, match=r"your password sent to https://evil\.example:444") as e:
        REACH.check("https://evil.example:444/p?q", "password")
    assert "https://login.example.com." in e.value.message
    assert e.value.exit_code == 6
    assert e.value.hint
    with pytest.raises(UnsafePage, match="your answer"):
        REACH.check("https://evil.example/", "answers")
    with pytest.raises(UnsafePage, match=r"^The sign-in page led to https://evil\.example") as e:
        REACH.check("https://evil.example/")
    assert "answer" not in e.value.message


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Example.COM/x", Origin("example.com")),
        ("https://example.com:444", Origin("example.com", 444)),
        ("https://bücher.example/", Origin("xn--bcher-kva.example")),
    ],
)
def test_an_origin_is_compared_in_one_spelling(url: str, origin: Origin) -> None:
    assert origin_of(url) == origin


def test_an_origin_prints_as_a_browser_shows_it() -> None:
    assert str(Origin("a.example")) == "https://a.example"
    assert str(Origin("a.example", 444)) == "https://a.example:444"


@pytest.mark.parametrize(
    "url", ["", "login.example.com/x", "https:///x", "https://" + "a" * 70 + ".example/"]
)
def test_what_is_no_https_address_has_no_origin(url: str) -> None:
    with pytest.raises(UnsafePage):
        origin_of(url)
