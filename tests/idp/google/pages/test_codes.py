from __future__ import annotations

from collections.abc import Callable

import pytest

from samlauth.flow import Page
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import Code, Number, Press, Send, Unknown

from .. import served
from ..scramble import scrambled

Words = Callable[[Page], Page]


@pytest.fixture(params=["as served", "scrambled"])
def words(request: pytest.FixtureRequest) -> Words:
    return scrambled if request.param == "scrambled" else lambda page: page


CODES = {
    "totp": (served.glif_code(), "totp", "Pin"),
    "totp by its type": (served.glif_code("a-new-word"), "totp", "Pin"),
    "totp by the page's address": (
        served.page('<form action="/x"><input name="Pin"></form>', "/v3/signin/challenge/totp"),
        "totp",
        "Pin",
    ),
    "totp beside a field for something else": (
        served.lite_challenge(
            "totp", '<input type="number" name="n"><input type="email" name="e">'
        ),
        "totp",
        "n",
    ),
    "totp in a password's field": (
        served.lite_challenge("totp", '<input type="password" name="n">'),
        "totp",
        "n",
    ),
    "lite totp": (served.lite_totp(name="totpPin"), "totp", "totpPin"),
    "backup": (served.glif_code("bc", challenge_type="8"), "bc", "Pin"),
    "lite backup": (served.lite_challenge("bc", served.lite_field("tel", "Pin")), "bc", "Pin"),
    "security code": (served.glif_code("ootp", challenge_type="5"), "ootp", "Pin"),
    "key's code": (served.glif_code("skotp", challenge_type="37"), "skotp", "Pin"),
    "text message": (served.glif_sms(), "ipp", "Pin"),
    "lite text message": (
        served.lite_challenge("ipp/verify", served.lite_field("tel", "idvPin")),
        "ipp",
        "idvPin",
    ),
    "another phone": (
        served.glif_code("iap", challenge_type="17", control='<input type="tel" name="pin">'),
        "iap",
        "pin",
    ),
    "recovery phone": (served.glif_code("kpp", challenge_type="13"), "kpp", "Pin"),
    "a kind of tomorrow": (served.glif_code("xyz", challenge_type="99"), "xyz", "Pin"),
}


@pytest.mark.parametrize(("page", "kind", "field"), CODES.values(), ids=CODES)
def test_a_page_that_asks_for_a_code(words: Words, page: Page, kind: str, field: str) -> None:
    state = read(words(page))
    assert isinstance(state, Code)
    assert (state.kind, state.field) == (kind, field)


def test_the_ways_out_of_a_code_page() -> None:
    older, newer = read(served.glif_sms()), read(served.lite_totp())
    assert isinstance(older, Code) and isinstance(newer, Code)
    assert older.another and older.another.form.path == "/signin/challenge/skip"
    assert older.another.button is None
    assert older.resend and older.resend.form.path == "/signin/challenge"
    assert newer.another == Press(newer.form, ("action", "3"))
    assert newer.resend is None
    # An authenticator sends nothing, so there is nothing to send again.
    assert getattr(read(served.glif_code()), "resend", "?") is None


def test_a_button_beside_the_field_sends_the_code_again() -> None:
    again = '<button name="SendMethod" value="SMS">'
    page = served.lite_challenge("ipp/verify", served.lite_field("tel", "Pin") + again)
    state = read(page)
    assert isinstance(state, Code)
    assert state.resend == Press(state.form, ("SendMethod", "SMS"))


def test_a_page_without_ways_out_has_none() -> None:
    bare = '<form action="/signin/challenge/totp/2" id="challenge"><input name="Pin"></form>'
    state = read(served.page(bare))
    assert isinstance(state, Code)
    assert (state.another, state.resend) == (None, None)


def test_the_masked_number_and_how_the_code_was_sent(words: Words) -> None:
    sent = served.hidden({"SendMethod": "VOICE"})
    state = read(words(served.glif_sms(extra=sent)))
    assert isinstance(state, Code)
    # "G-" is written from left to right as well.
    assert (state.masked, state.sending) == (served.MASKED, "voice")
    state = read(words(served.glif_sms(masked="")))
    assert isinstance(state, Code)
    assert (state.masked, state.sending) == ("", "")


def test_what_is_no_masked_number() -> None:
    long = f'<div dir="ltr">{served.MASKED} {"x" * 60}</div>'
    control = f'<p dir="ltr">G-</p>{long}<b dir="ltr">a•••@example.com</b><input name="Pin">'
    state = read(served.glif_code("ipp", challenge_type="9", control=control))
    assert isinstance(state, Code)
    assert state.masked == "a•••@example.com"


@pytest.mark.parametrize("ways", [("SMS",), ("VOICE",), ("SMS", "VOICE")])
def test_a_page_that_offers_to_send_a_code(words: Words, ways: tuple[str, ...]) -> None:
    state = read(words(served.glif_send(*ways)))
    assert isinstance(state, Send)
    assert state.masked == served.MASKED
    assert [name for name, _ in state.buttons] == [way.lower() for way in ways]
    assert [press for _, press in state.buttons] == [
        Press(state.form, ("SendMethod", way)) for way in ways
    ]
    assert state.another is not None


def test_a_page_that_offers_to_send_a_code_in_one_way_only(words: Words) -> None:
    state = read(words(served.lite_challenge("ipp/collect")))
    assert isinstance(state, Send)
    assert state.buttons == (("sms", Press(state.form, ("action", "1"))),)


def test_a_page_that_sends_nothing_is_named() -> None:
    page = served.lite("/v3/signin/challenge/ipp/collect", "", buttons=False)
    assert read(page) == Unknown(
        "a text-message challenge (ipp) without one clear field for the answer"
    )


NUMBERS = {
    "another phone": (served.glif_number(ways=("SMS", "VOICE")), "iap", "phoneNumber"),
    "recovery phone": (served.glif_number("kpp", field="recovery"), "kpp", "recovery"),
    "lite recovery phone": (
        served.lite_challenge("kpe", served.lite_field("tel", "phoneNumber")),
        "kpe",
        "phoneNumber",
    ),
    "lite text message": (
        served.lite_challenge("ipp/collect", served.lite_field("tel", "deviceNumber")),
        "ipp",
        "deviceNumber",
    ),
}


@pytest.mark.parametrize(("page", "kind", "field"), NUMBERS.values(), ids=NUMBERS)
def test_a_page_that_asks_for_a_phone_number(
    words: Words, page: Page, kind: str, field: str
) -> None:
    state = read(words(page))
    assert isinstance(state, Number)
    assert (state.kind, state.field) == (kind, field)


def test_the_country_of_a_phone_number(words: Words) -> None:
    state = read(words(served.glif_number(ways=("SMS", "VOICE"))))
    assert isinstance(state, Number)
    assert (state.country, state.countries) == ("countryCode", ("IE", "FR"))
    assert [(way, press.button) for way, press in state.buttons] == [
        ("sms", ("sendMethod", "SMS")),
        ("voice", ("sendMethod", "VOICE")),
    ]
    state = read(words(served.glif_number("kpp")))
    assert isinstance(state, Number)
    assert (state.country, state.countries, state.buttons) == ("", (), ())


def test_what_google_says_of_a_code_or_a_number() -> None:
    for page in (served.glif_sms(said="Nicht <b>der</b>"), served.glif_number(said="Nicht der")):
        state = read(page)
        assert isinstance(state, Code | Number)
        assert state.said == "Nicht der"


def test_what_the_page_for_a_backup_code_says() -> None:
    inner = '<p class="vOZun">Demandez à Grace</p>' + served.lite_field("tel", "Pin")
    state = read(served.lite_challenge("bc", inner))
    assert isinstance(state, Code)
    assert state.told == "Demandez à Grace"
    state = read(served.lite_challenge("totp", inner))
    assert isinstance(state, Code)
    assert state.told == ""
