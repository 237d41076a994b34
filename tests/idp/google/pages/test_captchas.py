from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from samlauth.flow import Page
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import Captcha, Identifier, Unknown

from .. import served
from ..scramble import scrambled

Words = Callable[[Page], Page]


@pytest.fixture(params=["as served", "scrambled"])
def words(request: pytest.FixtureRequest) -> Words:
    return scrambled if request.param == "scrambled" else lambda page: page


def captcha(page: Page) -> Captcha:
    state = read(page)
    assert isinstance(state, Captcha)
    return state


def test_the_captcha_of_today(words: Words) -> None:
    state = captcha(words(served.lite_captcha()))
    assert (state.field, state.identifier, state.token) == ("ca", "identifier", ())
    assert state.image_url == "https://accounts.google.com/Captcha?v=2&ctoken=c"
    assert state.form.path == "/v3/signin/identifier"


@pytest.mark.parametrize("named", [True, False])
def test_the_older_captcha(words: Words, named: bool) -> None:
    state = captcha(words(served.gaia_captcha(named=named)))
    assert (state.field, state.identifier) == ("identifier-captcha-input", "Email")
    assert state.image_url == "https://accounts.google.com/Captcha?ctoken=o1"
    token = (("identifiertoken", "o1"), ("identifiertoken_audio", ""))
    assert state.token == (() if named else token)


def test_the_oldest_captcha() -> None:
    block = '<input name="logincaptcha"><img src="//accounts.google.com/Captcha?x">'
    form = f'<form method="post" action="/signin/v1/lookup">{block}</form>'
    state = captcha(served.page(form))
    assert (state.field, state.identifier) == ("logincaptcha", "")
    assert state.image_url == "https://accounts.google.com/Captcha?x"


def test_what_google_says_of_a_captcha() -> None:
    assert captcha(served.lite_captcha(said="Encore")).said == "Encore"
    assert captcha(served.gaia_captcha(said="Nochmal")).said == "Nochmal"


def test_an_empty_place_for_a_captcha_is_none(words: Words) -> None:
    assert isinstance(read(words(served.lite_captcha(token="", src=""))), Identifier)
    block = '<div data-auto-init="CaptchaInput"><img id="captchaimg" src=""></div>'
    page = served.lite_identifier()
    unlit = replace(page, body=page.body.replace("</section>", block + "</section>"))
    assert isinstance(read(words(unlit)), Identifier)


def test_a_captcha_that_cannot_be_shown_is_named(words: Words) -> None:
    for page in (served.lite_captcha(src=""), served.gaia_captcha(src="")):
        assert read(words(page)) == Unknown("a CAPTCHA without an image")
    alone = served.page('<img id="captchaimg" src="/Captcha"><form><input name="x"></form>')
    assert read(words(alone)) == Unknown("a CAPTCHA without a field for its text")
