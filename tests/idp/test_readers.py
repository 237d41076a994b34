"""Pages that somebody made to be slow to read: the work they make goes by their size alone.

Counted in calls, which are the same on every machine.
"""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from samlauth.flow import Page
from samlauth.html import LONGEST_TEXT, MAX_TAGS
from samlauth.idp.adfs import pages as adfs
from samlauth.idp.google import pages as google
from samlauth.idp.google.pages import choosers, keys
from samlauth.idp.google.pages.states import BrowserOnly, Chooser, SecurityKey, Unknown
from samlauth.skeletons import skeleton

MOST = 600
"""Calls for each tag: a page that is as flat as can be takes up to 200, one that is read again for each
element around it thousands."""

GOOGLE = "https://accounts.google.com"
ADFS = "https://sso.example.com/adfs/ls/"
CODE = "<form id=challenge action=/signin/challenge/totp/1><input name=Pin>"
PROMPT = "<form id=challenge action=/signin/challenge/az/1>"
ADAPTER = (
    "<form><input type=hidden name=AuthMethod value=x><input type=hidden name=Context value=x>"
    "<input name=otp id=otp>"
)
MENU = "<form method=post action=/challenge/selection>"
CHOICE = "<button name=challenge value=1>x</button>"


def nested(opening: str, inside: str, times: int = 300, depth: int = 140) -> str:
    return opening * (depth // opening.count("<")) + inside * times


PAGES = {
    "flat": "<p>x" * 500,
    "headings": nested("<h2>", "<br>"),
    "numbers of a prompt": PROMPT + nested("<samp>", "<br>"),
    "alerts": CODE + nested("<section aria-live=assertive>", "<br>"),
    "masked numbers": CODE + nested("<b dir=ltr>", "<br>"),
    "a field that is wrong": nested("<div>", "<p>")
    + nested("<b>", "<input name=Pin aria-invalid=true>", 1, 20),
    "images": "<div id=identifier-captcha>" + nested("<div>", "<img>", depth=130),
    "choices": MENU + nested("<div>", CHOICE, 300, 130),
    "choices that are not to be had": MENU + nested("<div data-challengetype=1>", CHOICE, 300, 130),
    "buttons without a name": "<form method=post>"
    + "<button name=a>" * 50
    + "<button></button>" * 300,
    "options": "<form><select name=a>" + nested("<option><b>", "<br>", depth=130),
    "options in groups": "<form><select name=a><optgroup>" + "<option>x</option>" * 300,
    "lists": "<form>" + nested("<select name=a>", "<option>x</option>", depth=130),
    "paragraphs of an adapter": ADAPTER + nested("<div class=groupMargin>", "<p></p>", depth=130),
    "errors of an adapter": ADAPTER
    + nested("<div class=groupMargin>", "<b id=errorText></b>", depth=130),
    "labels of an adapter": ADAPTER + nested("<div>", "<label for=x></label>", depth=130),
    "realms": "<form id=hrd>" + nested("<div onclick=\"HRD.selection('x')\">", "<br>", depth=130),
    "links": "<form id=options>" + nested("<i><a class=actionLink id=x>", "<br>", depth=130),
}


def calls_of(read: object, page: Page) -> int:
    assert callable(read)
    counted = 0

    def count(_: FrameType, event: str, __: object) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        read(page)
    finally:
        sys.setprofile(before)
    return counted


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES.keys())
def test_no_way_to_nest_a_page_makes_it_slow_to_read(body: str) -> None:
    tags = body.count("<")
    assert tags < MAX_TAGS
    for path in ("/v3/signin/challenge/totp", "/accountchooser", "/signin/selectchallenge"):
        assert calls_of(google.read, Page(GOOGLE + path, 200, body)) < MOST * tags
    assert calls_of(adfs.read, Page(ADFS, 200, body)) < MOST * tags
    assert calls_of(skeleton, Page(ADFS, 200, body)) < MOST * tags


LINK = "<a href=/AccountChooser?Email=ada%40example.com>ada@example.com</a>"


@pytest.mark.parametrize(
    ("path", "form", "inside"),
    [
        ("/accountchooser", "<form method=post>", "<button>x</button>"),
        ("/signin/selectchallenge", "<form method=post action=/x>", CHOICE),
        ("/", "<form data-challengeentry=1 action=/challenge/totp/1>", "<b dir=ltr>x</b>"),
    ],
    ids=["buttons", "choices", "masked numbers"],
)
def test_forms_in_forms_are_not_read_for_ever(path: str, form: str, inside: str) -> None:
    """No browser has them, and each is looked through for itself."""
    state = google.read(Page(GOOGLE + path, 200, f"{form}<div>" * 60 + inside * 400))
    assert isinstance(state, Unknown)
    assert "too large for a sign-in page" in state.seen


def test_what_is_around_many_links_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    class Noting:
        def findall(self, text: str) -> list[str]:
            read.append(text)
            return pattern.findall(text)

    pattern = choosers._EMAIL
    monkeypatch.setattr(choosers, "_EMAIL", Noting())
    around = "grace@example.com " + "x" * 100_000
    page = Page(f"{GOOGLE}/accountchooser", 200, f"<div data-email='{around}'>{LINK * 300}</div>")
    state = google.read(page)
    assert isinstance(state, Chooser)
    assert not state.accounts  # for two are named
    assert sum(map(len, read)) < 2 * LONGEST_TEXT


def test_an_address_begins_where_its_word_does() -> None:
    found = choosers._EMAIL.findall("to ada@example.com, " + "a" * 65 + "@example.com; @b.example")
    assert found == ["ada@example.com,"]


def test_what_a_key_is_asked_has_an_end() -> None:
    data = '{"appid": "https://accounts.google.com", "keys": ["%s"]}' % ("A" * 88)
    key = (
        "<form id=challenge action=/signin/challenge/sk/1><input type=hidden name=id-assertion>"
        "<input type=hidden name=id-challenge value=QUJDREVGR0hJSktMTU5PUA>"
        f"<div data-challenge-ui='{data}'></div>"
    )
    more = f"<div data-challenge-ui='{'x' * keys.LONGEST_DATA}'></div>"
    url = f"{GOOGLE}/signin/challenge/sk/1"
    assert isinstance(google.read(Page(url, 200, key)), SecurityKey)
    assert isinstance(google.read(Page(url, 200, key + more)), BrowserOnly)
    assert keys.NOBODYS in skeleton(Page(url, 200, key)).body
    assert keys.NOBODYS not in skeleton(Page(url, 200, more + key)).body
