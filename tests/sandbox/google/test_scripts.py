"""What a browser gets past by running the scripts of the pages, and a reader of pages does not."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
import requests

from samlauth.sandbox.google import REJECTED, UNHEARD_OF
from samlauth.sandbox.google.methods import Family
from samlauth.sandbox.rehearsal import Rehearsal

from ..browser import Browser

ORIGIN = "https://accounts.google.com"

every_family = pytest.mark.parametrize("pages", ["g1", "g2", "v3"])


def computed(page: requests.Response) -> str:
    """What the page's script computes."""
    (seed,) = re.findall(r'const letter of "([^"]+)"', page.text)
    total = 7
    for letter in seed:
        total = (total * 31 + ord(letter)) % 1000003
    return f"!{total}"


def scripted(browser: Browser, field: str, answer: str, filled: str) -> None:
    """Post the form with the answer, after the script filled in a field."""
    proof = computed(browser.page)
    fields = [(n, proof if n == filled else v) for n, v in browser.fields(field, answer)]
    browser.post(browser.action(field), fields)


@every_family
@pytest.mark.parametrize("named", [True, False])
def test_a_browser_is_let_in_where_a_reader_is_not(pages: Family, named: bool) -> None:
    with (
        Rehearsal(mfa="totp" if named else "rejected", pages=pages) as rehearsal,
        Browser(rehearsal) as browser,
    ):
        username = REJECTED if named else rehearsal.username
        browser.open()
        browser.identify(username)
        assert urlsplit(browser.page.url).path.endswith("/signin/rejected")
        browser.open()
        scripted(browser, browser.address_field, username, "bgresponse")
        browser.submit("Passwd", rehearsal.password)
        if named:
            browser.submit("Pin", rehearsal.code())
        assert browser.saml_response
    assert rehearsal.google.violations == []
    assert rehearsal.google.passwords == {rehearsal.password: 1}


def test_the_proof_is_of_the_page_that_was_shown() -> None:
    with Rehearsal(mfa="rejected") as rehearsal, Browser(rehearsal) as browser:
        browser.open()
        old = computed(browser.page)
        browser.open()
        fields = browser.fields("identifier", rehearsal.username)
        fields = [(name, old if name == "bgresponse" else value) for name, value in fields]
        browser.post(browser.action("identifier"), fields)
        assert urlsplit(browser.page.url).path == "/v3/signin/rejected"


@every_family
@pytest.mark.parametrize("named", [True, False])
def test_the_page_nobody_has_seen_is_answered_by_its_script(pages: Family, named: bool) -> None:
    with (
        Rehearsal(mfa="totp" if named else "unknown", pages=pages) as rehearsal,
        Browser(rehearsal) as browser,
    ):
        browser.open()
        browser.identify(UNHEARD_OF if named else rehearsal.username)
        assert "/challenge/aviary" in browser.page.url
        scripted(browser, "bird", "1", "song")
        browser.submit("Passwd", rehearsal.password)
        if named:
            browser.submit("Pin", rehearsal.code())
        assert browser.saml_response
    assert rehearsal.google.violations == []


def test_the_page_nobody_has_seen_is_not_answered_without_its_script() -> None:
    with Rehearsal(mfa="unknown") as rehearsal, Browser(rehearsal) as browser:
        browser.open()
        browser.identify()
        assert browser.submit("bird", "2").status_code == 400
    (sentence,) = rehearsal.google.violations
    assert sentence.endswith(": The script of the page did not answer it.")


@every_family
def test_the_account_page_is_a_start_without_an_app(pages: Family) -> None:
    with Rehearsal(mfa="none", pages=pages) as rehearsal, Browser(rehearsal) as browser:
        browser.open(f"{ORIGIN}/ServiceLogin")
        browser.identify()
        browser.submit("Passwd", rehearsal.password)
        assert browser.page.url == f"{ORIGIN}/ManageAccount"
        assert "You are signed in" in browser.text
        assert rehearsal.google.assertions == 0
        # From there, and when it is opened anew, no form stands in the way.
        for start in ("/ServiceLogin", "/ManageAccount"):
            browser.open(ORIGIN + start)
            assert browser.page.url == f"{ORIGIN}/ManageAccount"
        browser.open()
        assert browser.saml_response
    assert rehearsal.google.violations == []
    assert rehearsal.google.passwords.total() == 1


def test_the_account_page_is_for_who_is_signed_in() -> None:
    with Rehearsal() as rehearsal, Browser(rehearsal) as browser:
        browser.open(f"{ORIGIN}/ManageAccount")
        assert browser.form("identifier")
    assert rehearsal.google.violations == []


def test_who_is_signed_in_stays_so_when_the_browser_is_closed() -> None:
    with Rehearsal(mfa="none") as rehearsal, Browser(rehearsal) as browser:
        browser.open(f"{ORIGIN}/ServiceLogin")
        browser.identify()
        browser.submit("Passwd", rehearsal.password)
        browser.session.cookies.clear_session_cookies()
        browser.open()
        assert browser.saml_response
    assert rehearsal.google.violations == []


def test_chromium_may_ask_who_is_signed_in(rehearsal: Rehearsal) -> None:
    with Browser(rehearsal) as browser:
        url = f"{ORIGIN}/ListAccounts?gpsia=1&source=ChromiumBrowser&json=standard"
        assert browser.post(url, []).json() == ["gaia.l.a.r", []]
    assert rehearsal.google.violations == []
