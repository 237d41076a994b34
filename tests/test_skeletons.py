"""A skeleton is named as its page is, and has nothing of the person in it."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samlauth.flow import Page
from samlauth.idp.readers import SPOKEN, name
from samlauth.skeletons import MAX_TAGS, TEXT, place, private_words, skeleton
from tests.idp.adfs import served as adfs_served
from tests.idp.google import served as google_served
from tests.rehearsed import Sort, pages_of, sorts

CAPTURED = os.environ.get("SAMLAUTH_CAPTURED_PAGES")
ADA = private_words("ada.lovelace@example.com")


def served(module: ModuleType) -> Iterator[Page]:
    """Every page that the tests of a provider serve without being told anything."""
    for _, make in inspect.getmembers(module, inspect.isfunction):
        needed = [
            parameter
            for parameter in inspect.signature(make).parameters.values()
            if parameter.default is parameter.empty and parameter.kind.name != "VAR_POSITIONAL"
        ]
        if not needed and isinstance(made := make(), Page):
            yield made


def captured() -> Iterator[tuple[str, Path]]:
    for idp in ("google", "adfs"):
        for path in sorted((Path(CAPTURED or "/nonexistent") / idp).glob("*.html")):
            yield idp, path


def assert_bare(page: Page) -> None:
    """Nothing in it but what a skeleton may be made of."""
    bare = skeleton(page, ADA)
    text = re.sub(r"<[^>]*>", " ", bare.body)
    for known in SPOKEN:
        text = known.sub("", text)
    assert set(text) <= {" ", "\n", TEXT, "0"}
    assert not re.search(r"[^\"\s<>=]*@|[A-Za-z0-9+]{41,}", bare.body + bare.url), bare.body


@pytest.mark.parametrize("sort", sorts(), ids=lambda sort: "-".join(filter(None, sort)))
def test_a_page_of_a_rehearsal_is_named_by_its_skeleton(sort: Sort) -> None:
    pages = pages_of(sort)
    assert pages
    for page in pages:
        assert name(sort[0], skeleton(page, ADA)) == name(sort[0], page), skeleton(page).body
        assert name(sort[0], skeleton(skeleton(page, ADA), ADA)) == name(sort[0], page)
        assert_bare(page)


@pytest.mark.parametrize(
    ("idp", "page"),
    [("google", page) for page in served(google_served)]
    + [("adfs", page) for page in served(adfs_served)],
)
def test_a_page_of_a_test_is_named_by_its_skeleton(idp: str, page: Page) -> None:
    assert name(idp, skeleton(page)) == name(idp, page), skeleton(page).body


@pytest.mark.skipif(not CAPTURED, reason="SAMLAUTH_CAPTURED_PAGES names no folder")
@pytest.mark.parametrize(("idp", "path"), list(captured()), ids=str)
def test_a_captured_page_is_named_by_its_skeleton(idp: str, path: Path) -> None:
    host = "accounts.google.com/signin/v1/lookup" if idp == "google" else "sso.example.com/adfs/ls/"
    page = Page(f"https://{host}", 200, path.read_text("utf-8"))
    assert name(idp, skeleton(page)) == name(idp, page), skeleton(page).body
    assert_bare(page)


PERSONAL = """<title>ada.lovelace@example.com</title><script>var me = "ada.lovelace@example.com"</script>
<!-- ada.lovelace@example.com --><style>.ada{}</style><my-tag who="ada"><p id="ada-menu">Ada L.</p>
<form id="challenge" data-name="ada" action="/u/lovelace/challenge/totp/2?TL=token&amp;me=ada#ada"
  style="background:url(https://ada.example)">
<input type="hidden" name="TL" value="AHNYTIw8w0aFDFdMAaeeAeRgQm9d">
<input type="hidden" name="at_ALt4Ve37VDKsElQQfRT91gYiMG8" value="1">
<input type="hidden" name="challengeType" value="6"><input name="Email" value="ada.lovelace@example.com">
<input type="submit" value="Ada, go on"><textarea name="t">ada</textarea>
<select name="country"><option value="GB" selected>United Kingdom</option><option value="ada"></select>
<img src="https://lh3.example.com/ada/photo.jpg?x=ada"><a href="mailto:ada.lovelace@example.com">x</a>
<a href="javascript:ada()" onclick="HRD.selection('https://lovelace.example.com/adfs')">y</a>
<span id="n">4711</span><samp>42</samp></form></my-tag>"""


def test_what_is_anybodys_is_left_out() -> None:
    page = Page("https://sso.example.com/adfs/ls/?wctx=ada&rrk=46", 200, PERSONAL, note="ada")
    bare = skeleton(page, ADA)
    assert not re.search(
        "ada|lovelace|example|ALt4|AHNY|4711|42|selected", bare.url + bare.body + bare.note, re.I
    )
    assert bare.url == "https://idp.invalid/adfs/ls/?rrk=46"
    for kept in (
        '<form action="/u/hidden/challenge/totp/2" id="challenge">',
        '<input name="TL" type="hidden" value="hidden">',
        '<input name="hidden-2" type="hidden" value="hidden">',
        '<input name="challengeType" type="hidden" value="6">',
        '<input name="Email">',
        '<option value="GB">',
        '<img src="https://other.invalid/hidden/photo.jpg">',
    ):
        assert kept in bare.body, bare.body


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://accounts.google.com/o/saml2/initsso?idpid=C0&from_login=1",
            "accounts.google.com/o/saml2/initsso",
        ),
        ("https://api-9f8e7d6c.duosecurity.com/frame?sid=1", "hidden.duosecurity.com/frame"),
        ("https://acme.example/%61da", "idp.invalid/hidden"),
        ("https://[", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_an_address(url: str, shown: str) -> None:
    assert place(url) == shown


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("idvPreregisteredPhonePin", True),
        ("ctl00$ContentPlaceHolder1$UsernameTextBox", True),
        ("VIPAuthenticationProviderUPN", True),
        ("Defender AD FS Adapter", True),
        ("i0116", True),
        ("person@example.com", False),
        ("123456", False),
        ("AHNYTIw8w0aFDFdM", False),
        ("JBSWY3DPEHPK3PXP", False),
        ("my-lovelace-id", False),
        ("größe", False),
        ("x" * 90, False),
    ],
)
def test_a_name_that_a_programmer_gave(text: str, kept: bool) -> None:
    bare = skeleton(Page("https://accounts.google.com/", 200, f'<p id="{text}">'), ADA)
    assert (text in bare.body) is kept


def test_a_page_beyond_measure_has_a_skeleton_of_bounded_size() -> None:
    long = skeleton(Page("https://accounts.google.com/", 200, "<p>x" * (2 * MAX_TAGS)))
    assert long.body.count("<p>") <= MAX_TAGS
    deep = skeleton(Page("https://accounts.google.com/", 200, "<div>" * 40_000))
    assert len(deep.body) < 2_000_000
    assert skeleton(Page("https://accounts.google.com/", 200, "<p>" * 60_000)).body == ""


MARKUP = st.lists(
    st.one_of(
        st.text(max_size=20),
        st.sampled_from(
            [
                "<form",
                "action=",
                ">",
                "<input",
                "name=Pin",
                "type=tel>",
                "<p>",
                "</p>",
                "<!--",
                "-->",
                "<meta",
                "http-equiv=refresh",
                "content='0;url=x'>",
                "<a",
                "href='javascript:__doPostBack('a')'>",
                "<template>",
                "<select>",
                "&#0;",
                "&#xD800;",
                "<svg>",
                "<script>",
                "]]>",
                "<![CDATA[",
                "<?x",
            ]
        ),
    ),
    max_size=40,
).map("".join)


@given(MARKUP, st.text(max_size=30))
@settings(max_examples=300, deadline=None)
def test_every_page_has_a_skeleton(body: str, url: str) -> None:
    for page in (
        Page(url, 200, body),
        Page("https://accounts.google.com/", 200, body, elsewhere=url),
    ):
        bare = skeleton(page, ADA)
        name("google", bare)
        name("adfs", bare)
        assert skeleton(bare, ADA).url == bare.url
