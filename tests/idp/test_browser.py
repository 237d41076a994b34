"""The hand-over to the browser, and what comes after it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from samlauth.challenges import Confirm, EnterAssertion, EnterPassword
from samlauth.errors import (
    CodeRefused,
    NeedsBrowser,
    NeedsPerson,
    NobodyToAsk,
    PageUnreadable,
    SamlauthError,
    SettingsError,
    SignInRefused,
    UnsafePage,
)
from samlauth.flow import Browse, BrowserEnded, Flow, Page, Request, ask, fetch, within
from samlauth.idp.browser import QUESTION, Browser, HandOver
from samlauth.reach import Origin, Reach
from samlauth.saml import SAMLResponse
from samlauth.testing import replay

from .test_assertion import ACS, BASE64

RESPONSE = SAMLResponse("PFJlc3BvbnNlLz4=", ACS)
STEP = Browse("https://idp.example/aws", "idp ada", "https://idp.example/account")
WALL = NeedsBrowser("The page wants a passkey.", hint="Add another second step.")


@dataclass
class Pages:
    """A provider that gets as far as it gets."""

    ends: SamlauthError | None = None
    asks: bool = False
    reach: Reach = field(default=Reach(Origin("idp.example")))
    in_browser: Browse = STEP

    def sign_in(self) -> Flow[SAMLResponse]:
        yield from fetch(Request("https://idp.example/"))
        if self.ends:
            raise self.ends
        return RESPONSE


PAGE = Page("https://idp.example/", 200, "")


def test_a_provider_that_can_do_without_signs_in_by_its_pages() -> None:
    provider = HandOver(Pages(), None)
    run = replay(within(provider.reach, provider.sign_in()), PAGE)
    assert run.result == RESPONSE
    assert (run.browsed, run.challenges, run.told) == ([], [], [])
    assert provider.in_browser == STEP


@pytest.mark.parametrize("wall", [WALL, PageUnreadable("What is this?")])
def test_one_that_needs_a_browser_says_why_asks_and_goes_on_there(wall: SamlauthError) -> None:
    provider = HandOver(Pages(wall), None)
    run = replay(within(provider.reach, provider.sign_in()), PAGE, True, RESPONSE)
    assert run.result == RESPONSE
    assert run.challenges == [Confirm(QUESTION, wall.message, setting="browser")]
    assert run.browsed == [STEP]


def test_whoever_has_agreed_already_is_not_asked_again() -> None:
    provider = HandOver(Pages(NeedsBrowser("A passkey.", agreed=True)), None)
    run = replay(within(provider.reach, provider.sign_in()), PAGE, RESPONSE)
    assert (run.result, run.challenges, run.browsed) == (RESPONSE, [], [STEP])


def test_once_it_was_needed_the_browser_is_used_at_once() -> None:
    provider = HandOver(Pages(WALL), None)
    replay(within(provider.reach, provider.sign_in()), PAGE, True, RESPONSE)
    again = replay(within(provider.reach, provider.sign_in()), RESPONSE)
    assert (again.requests, again.challenges, again.browsed) == ([], [], [STEP])


def test_but_not_when_it_gave_nothing() -> None:
    provider = HandOver(Pages(WALL), None)
    closed = BrowserEnded("closed", "You closed the browser.")
    replay(within(provider.reach, provider.sign_in()), PAGE, True, closed, raises=SignInRefused)
    again = replay(within(provider.reach, provider.sign_in()), PAGE, True, RESPONSE)
    assert len(again.requests) == 1


def test_whoever_says_no_is_told_what_else_there_is() -> None:
    provider = HandOver(Pages(WALL), None)
    run = replay(within(provider.reach, provider.sign_in()), PAGE, False, raises=NeedsBrowser)
    assert (run.result.exit_code, run.result.hint) == (6, WALL.hint)
    assert run.browsed == []


def test_with_nobody_to_ask_the_other_ways_are_named() -> None:
    provider = HandOver(Pages(WALL), None)
    run = replay(
        within(provider.reach, provider.sign_in()), PAGE, NobodyToAsk("none"), raises=NeedsPerson
    )
    assert run.result.exit_code == 6
    assert run.result.message == WALL.message
    assert WALL.hint in run.result.hint
    for way in ("--browser", "samlauth assertion", "samlauth --saml-assertion -", "FILE"):
        assert way in run.result.hint
    assert run.browsed == []


def test_where_it_is_not_allowed_the_browser_is_never_offered() -> None:
    provider = HandOver(Pages(WALL), allowed=False)
    run = replay(within(provider.reach, provider.sign_in()), PAGE, raises=NeedsBrowser)
    assert run.result is WALL
    assert (run.told, run.challenges) == ([], [])


def test_where_it_is_asked_for_no_page_is_read_first() -> None:
    provider = HandOver(Pages(), allowed=True)
    run = replay(within(provider.reach, provider.sign_in()), RESPONSE)
    assert (run.requests, run.challenges, run.browsed) == ([], [], [STEP])


@pytest.mark.parametrize(
    "error", [SignInRefused("Wrong password."), UnsafePage("http"), NobodyToAsk("no terminal")]
)
def test_no_other_error_opens_a_browser(error: SamlauthError) -> None:
    provider = HandOver(Pages(error), None)
    run = replay(within(provider.reach, provider.sign_in()), PAGE, raises=type(error))
    assert run.result is error


@pytest.mark.parametrize(
    ("ended", "error"),
    [
        (BrowserEnded("closed", "You closed it.", "Run it again."), SignInRefused),
        (BrowserEnded("timed out", "5 minutes went by.", "--browser-timeout"), CodeRefused),
        (BrowserEnded("crashed", "It died.", "--browser-path"), NeedsPerson),
    ],
)
def test_a_browser_that_gave_nothing(ended: BrowserEnded, error: type[SamlauthError]) -> None:
    provider = HandOver(Pages(), allowed=True)
    run = replay(within(provider.reach, provider.sign_in()), ended, raises=error)
    assert type(run.result) is error
    assert (run.result.message, run.result.hint) == (ended.message, ended.hint)
    assert run.challenges == []


@pytest.mark.parametrize(
    "ended",
    [
        BrowserEnded("absent", "No browser is installed.", "--browser-path names one."),
        BrowserEnded("no display", "There is no display."),
    ],
)
def test_where_none_can_be_opened_the_response_may_be_pasted(ended: BrowserEnded) -> None:
    provider = HandOver(Pages(WALL), None)
    run = replay(within(provider.reach, provider.sign_in()), PAGE, True, ended, "", BASE64)
    assert run.result == SAMLResponse(BASE64, ACS)
    _, first, second = run.challenges
    assert isinstance(first, EnterAssertion)
    assert first.refused == f"{ended.message} {ended.hint}".strip()
    assert isinstance(second, EnterAssertion)
    assert STEP.url in first.note
    assert "empty" in second.refused


def test_with_nobody_to_paste_it_the_other_ways_are_named() -> None:
    provider = HandOver(Pages(), allowed=True)
    ended = BrowserEnded("no display", "There is no display.", "Set DISPLAY.")
    run = replay(
        within(provider.reach, provider.sign_in()), ended, NobodyToAsk("none"), raises=NeedsPerson
    )
    assert run.result.exit_code == 6
    assert run.result.message == ended.message
    assert run.told == []  # it is said once
    assert "Set DISPLAY." in run.result.hint
    assert "samlauth assertion" in run.result.hint


# Any identity provider


def test_any_identity_provider_signs_in_in_the_browser() -> None:
    provider = Browser("https://portal.example:8443/aws?x=1", "ada")
    step = Browse("https://portal.example:8443/aws?x=1", "browser https://portal.example:8443 ada")
    run = replay(within(provider.reach, provider.sign_in()), RESPONSE)
    assert run.result == RESPONSE
    assert run.browsed == [step]
    assert provider.in_browser == step


def test_it_may_be_pasted_there_too() -> None:
    ended = BrowserEnded("absent", "No browser is installed.")
    assert replay(Browser("https://portal.example").sign_in(), ended, BASE64).result.acs == ACS


def test_an_address_without_a_scheme_is_https() -> None:
    assert Browser(" portal.example/aws ").url == "https://portal.example/aws"
    assert Browser("portal.example/aws") == Browser("https://portal.example/aws")


def test_two_people_or_two_providers_share_no_browser_profile() -> None:
    owners = {
        Browser("https://one.example/a", "ada").in_browser.owner,
        Browser("https://two.example/a", "ada").in_browser.owner,
        Browser("https://one.example/a", "bob").in_browser.owner,
    }
    assert len(owners) == 3
    one = Browser("https://one.example/a", "ada").in_browser.owner
    assert Browser("https://one.example/b", "ada").in_browser.owner == one


@pytest.mark.parametrize(
    "url", ["", "http://portal.example", "file:///etc/passwd", "https://", "https://a b", "https://x@y.example", "javascript:alert(1)"]
)  # fmt: skip
def test_no_sign_in_begins_at_any_other_address(url: str) -> None:
    with pytest.raises(SettingsError, match="--url takes an https address") as caught:
        Browser(url)
    assert caught.value.exit_code == 3
    assert caught.value.hint


def test_a_pages_question_passes_through() -> None:
    @dataclass
    class Asks(Pages):
        def sign_in(self) -> Flow[SAMLResponse]:
            yield from ask(EnterPassword("Password", "ada", "https://idp.example"))
            return RESPONSE

    provider = HandOver(Asks(), None)
    assert replay(provider.sign_in(), "pw").result == RESPONSE
