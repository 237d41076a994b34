from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from samlauth.challenges import Method
from samlauth.flow import Page
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import Menu

from .. import served
from ..scramble import scrambled

Words = Callable[[Page], Page]

CAPTCHA = "a CAPTCHA for browsers (recaptcha)"
PASSKEY = "a passkey challenge (pk)"


@pytest.fixture(params=["as served", "scrambled"])
def words(request: pytest.FixtureRequest) -> Words:
    return scrambled if request.param == "scrambled" else lambda page: page


def menu(page: Page) -> Menu:
    state = read(page)
    assert isinstance(state, Menu)
    return state


def offered(state: Menu) -> list[tuple[str, str]]:
    return [(option.method.kind, option.method.label) for option in state.options]


def test_the_older_menu_has_a_form_for_each_way(words: Words) -> None:
    state = menu(words(served.glif_selection()))
    assert offered(state) == [
        ("sms", f"SMS to {served.MASKED}"),
        ("voice", f"Voice call to {served.MASKED}"),
        ("recovery-phone", "Confirm your recovery phone number"),
        ("totp", "TOTP (Google Authenticator)"),
        ("key", "Security key"),
    ]
    assert state.left_out == (CAPTCHA,)
    # Two entries share their id and their address; their forms do not.
    sms, voice = (option.press.form for option in state.options[:2])
    assert sms.path == voice.path == "/signin/challenge/ipp/2"
    assert [dict(form.fill({}))["SendMethod"] for form in (sms, voice)] == ["SMS", "VOICE"]
    assert len({option.method.key for option in state.options}) == 5


def test_the_newer_menu_has_a_button_for_each_way(words: Words) -> None:
    state = menu(words(served.lite_selection()))
    assert offered(state) == [
        ("skotp", "One-time code, made with your security key on another device"),
        ("prompt", "Google Prompt"),
        ("ootp", "Security code from your phone, even offline"),
        ("totp", "TOTP (Google Authenticator)"),
        ("sms", "SMS to (•••) •••-••01"),
        ("sms", "SMS to (•••) •••-••02"),
    ]
    assert state.left_out == (PASSKEY,)
    assert [option.press.button for option in state.options] == [
        ("challenge", value)
        for value in ("5,undefined", "11,undefined", "9,undefined", "4,undefined", "7,SMS", "8,SMS")
    ]
    fields = state.options[4].press.form.fill({}, state.options[4].press.button)
    assert [value for name, value in fields if name == "challenge"] == ["7,SMS"]
    assert ("challengeListId", "2") in fields
    assert not [name for name, _ in fields if name in {"accountrecovery", ""}]


@pytest.mark.parametrize(
    "data",
    [
        'data-challengeunavailable="true"',
        'data-challengeunavailable=""',
        "data-unavailable",
        'data-unavailable="True"',
    ],
)
def test_a_way_that_cannot_be_used_is_left_out(data: str) -> None:
    entries = served.lite_entry(4, "6"), served.lite_entry(5, "8", data=data)
    assert offered(menu(served.lite_selection(*entries))) == [
        ("totp", "TOTP (Google Authenticator)")
    ]
    forms = served.glif_entry(4, "totp"), served.glif_entry(5, "bc", data=data)
    assert offered(menu(served.glif_selection(*forms))) == [("totp", "TOTP (Google Authenticator)")]


def test_a_way_that_is_said_to_be_available_stays() -> None:
    entries = served.lite_entry(4, "6", data='data-challengeunavailable="false"')
    assert len(menu(served.lite_selection(entries)).options) == 1


def test_a_button_that_is_disabled_is_left_out() -> None:
    page = served.lite_selection(served.lite_entry(4, "6"), served.lite_entry(5, "8"))
    body = page.body.replace('value="5,undefined"', 'value="5,undefined" disabled')
    assert [kind for kind, _ in offered(menu(replace(page, body=body)))] == ["totp"]


def test_a_way_of_tomorrow_is_offered_in_google_s_words() -> None:
    entries = (
        served.lite_entry(4, "6"),
        served.lite_entry(5, "99", words="Miau\u202e <b>dreimal</b>"),
    )
    assert offered(menu(served.lite_selection(*entries)))[1] == ("other", "Miau\\u202e dreimal")
    forms = served.glif_entry(4, "totp"), served.glif_entry(5, "miau", words="")
    assert offered(menu(served.glif_selection(*forms)))[1] == ("other", "Something else")


def test_buttons_that_are_not_described_are_offered_in_google_s_words() -> None:
    page = served.lite("/v3/signin/x", '<button name="challenge" value="4,undefined">a</button>')
    state = menu(page)
    assert [option.method for option in state.options] == [Method("other", "a", "0")]


def test_the_password_may_be_one_of_the_ways() -> None:
    state = menu(served.lite_selection(served.lite_entry(1, "1"), served.lite_entry(4, "6")))
    assert offered(state)[0] == ("password", "Password")


def test_a_menu_of_ways_for_browsers_only_says_which() -> None:
    entries = served.glif_entry(1, "recaptcha"), served.glif_entry(4, "pk")
    assert menu(served.glif_selection(*entries)) == Menu((), (CAPTCHA, PASSKEY))


def test_a_menu_may_come_under_another_address() -> None:
    page = served.glif_selection(path="/signin/challenge/skip")
    assert len(menu(page).options) == 5
    page = replace(served.lite_selection(), url=served.HOST + "/v3/signin/challenge/pwd?TL=1")
    assert len(menu(page).options) == 6
    single = served.glif_selection(served.glif_entry(5, "totp"))
    assert offered(menu(single)) == [("totp", "TOTP (Google Authenticator)")]
    single = served.glif_selection(served.glif_entry(5, "sk"))
    assert offered(menu(single)) == [("key", "Security key")]
