from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import get_args
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samlauth.flow import Page
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import (
    AppError,
    BrowserOnly,
    Code,
    Demand,
    ErrorPage,
    Federated,
    Identifier,
    Interstitial,
    Password,
    Posted,
    Prompt,
    Rejected,
    State,
    Unknown,
)

from . import served
from .scramble import scrambled

SCRAMBLED = "\u202eכל טקסט 何でも 1234 app SAMLResponse Wrong password"


def overwritten(page: Page) -> Page:
    """The page with every text a person would read replaced; attributes stay."""
    return replace(page, body=re.sub(r">([^<>]*[^\s<>][^<>]*)<", f">{SCRAMBLED}<", page.body))


IDENTIFIERS = {
    "gaia": (served.gaia_identifier(), "Email"),
    "gaia with the newer name": (served.gaia_identifier(names="identifier"), "identifier"),
    "lite": (served.lite_identifier(), "identifier"),
}
PASSWORDS = {
    "gaia": served.gaia_password(),
    "glif": served.glif_password(),
    "glif, another number": served.glif_password(number=7),
    "lite": served.lite_password(),
}
CODES = {
    "glif": (served.glif_code(), "Pin"),
    "glif, known by its type": (served.glif_code("a-new-word", challenge_type="6"), "Pin"),
    "lite": (served.lite_totp(), "Pin"),
    "lite, another field": (served.lite_totp(name="totpPin"), "totpPin"),
}


Words = Callable[[Page], Page]
WORDS: dict[str, Words] = {
    "as served": lambda page: page,
    "scrambled": scrambled,
    "overwritten": overwritten,
}


@pytest.fixture(params=WORDS)
def words(request: pytest.FixtureRequest) -> Words:
    return WORDS[request.param]


@pytest.mark.parametrize(("page", "field"), IDENTIFIERS.values(), ids=IDENTIFIERS)
def test_the_page_that_asks_who_signs_in(words: Words, page: Page, field: str) -> None:
    state = read(words(page))
    assert isinstance(state, Identifier)
    assert state.field == field


@pytest.mark.parametrize("page", PASSWORDS.values(), ids=PASSWORDS)
def test_the_page_that_asks_for_the_password(words: Words, page: Page) -> None:
    state = read(words(page))
    assert isinstance(state, Password)
    assert state.field == "Passwd"
    assert state.form.method == "post"


@pytest.mark.parametrize(("page", "field"), CODES.values(), ids=CODES)
def test_the_page_that_asks_for_an_authenticator_s_code(
    words: Words, page: Page, field: str
) -> None:
    state = read(words(page))
    assert isinstance(state, Code)
    assert (state.kind, state.field) == ("totp", field)


def test_the_page_that_posts_the_response(words: Words) -> None:
    state = read(words(served.saml_post()))
    assert isinstance(state, Posted)
    assert state.saml_response.acs == served.ACS
    assert state.saml_response.base64 == "PFJlc3BvbnNlLz4="


@pytest.mark.parametrize("path", ["/signin/rejected?rrk=88", "/v3/signin/rejected?x=1&rrk=88"])
def test_a_refusal_to_sign_in_without_a_browser(words: Words, path: str) -> None:
    assert read(words(served.page("<form></form>", path))) == Rejected("88")
    assert read(words(served.rejected())) == Rejected("47")


def test_a_refusal_need_not_say_why() -> None:
    assert read(served.page("", "/v3/signin/rejected?rrk=a%1b")) == Rejected("")


# The end


def test_an_empty_response_is_not_the_end() -> None:
    assert isinstance(read(served.saml_post(value=" \n")), Unknown)


def test_the_end_wins_over_everything_else_on_the_page() -> None:
    both = served.saml_post().body + served.lite_captcha().body
    assert isinstance(read(served.page(both, "/signin/rejected", 500)), Posted)


# Errors


@pytest.mark.parametrize(
    "code",
    [
        "app_not_configured",
        "app_not_configured_for_user",
        "app_not_enabled_for_user",
        "not_a_saml_app",
    ],
)
@pytest.mark.parametrize("status", [403, 400, 200])
def test_an_app_error_keeps_google_s_code(code: str, status: int) -> None:
    assert read(served.app_error(code, status)) == AppError(code)


def test_an_app_error_may_come_from_anywhere_when_there_is_nothing_to_answer() -> None:
    assert read(served.page("<p>app_not_configured", "/x")) == AppError("app_not_configured")
    script = "<script>var a = 'app_not_configured'</script>"
    assert isinstance(read(served.page(script, "/x", 403)), ErrorPage)


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_an_error_page_is_named_by_its_status(status: int) -> None:
    page = served.page("<p>Oh", "/o/saml2/initsso?as=secret", status)
    assert read(page) == ErrorPage(status, "/o/saml2/initsso")
    answerable = replace(served.glif_password(), status=status)
    assert read(answerable) == ErrorPage(status, "/signin/v1/lookup")


@pytest.mark.parametrize(
    ("path", "status", "stale"),
    [
        ("/o/saml2/initsso?idpid=x&from_login=1&as=y&authuser=0", 400, True),
        ("/o/saml2/initsso?idpid=x", 400, False),
        ("/o/saml2/initsso?from_login=1", 403, False),
        ("/signin/challenge/dp/6?from_login=1", 400, False),
    ],
)
def test_a_lost_thread_between_the_challenge_and_the_app(
    path: str, status: int, stale: bool
) -> None:
    state = read(served.page("<p>Oh", path, status))
    assert isinstance(state, ErrorPage)
    assert state.stale is stale


@pytest.mark.parametrize(
    ("url", "state"),
    [
        ("https://acme.okta.example/app?SAMLRequest=x", Federated("acme.okta.example")),
        ("https://LOGIN.example.com:8443/", Federated("login.example.com")),
        (
            "https://myaccount.google.com/interstitials/birthday?continue=x",
            Interstitial(
                "a question about your birthday, at myaccount.google.com/interstitials/birthday"
            ),
        ),
        (
            "https://gds.google.com/web/chip?x=1",
            Interstitial("a page of your account, at gds.google.com/web/chip"),
        ),
        (
            "https://play.google.com/x?y",
            Unknown("a redirect out of the sign-in, to play.google.com/x"),
        ),
        (
            "http://accounts.google.com/x",
            Unknown("a redirect to an address that is not safe to follow"),
        ),
    ],
)
def test_a_redirect_out_of_reach_is_named_by_its_host(url: str, state: State) -> None:
    assert read(Page(served.HOST + "/x", 302, "", elsewhere=url)) == state


# Pages that cannot be answered

NO_MENU = "a menu of ways to prove it is you, and none that it can read"


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (served.glif_code("sk", challenge_type="2"), "a security-key challenge (sk)"),
        (served.lite_challenge("sk/presend"), "a security-key challenge (sk)"),
        (served.lite_challenge("wa"), "a security-key challenge (sk)"),
        (served.lite_challenge("pk/presend"), "a passkey challenge (pk)"),
        (served.lite_challenge("recaptcha"), "a CAPTCHA for browsers (recaptcha)"),
        (served.lite_challenge("idv"), "a challenge to prove who you are (idv)"),
        (served.lite_challenge("sq", '<input name="answer">'), "a security question (sq)"),
        (served.lite_challenge("xyz"), "an unheard-of kind of challenge (xyz)"),
    ],
)
def test_a_challenge_for_browsers_is_named_with_the_way_around_it(
    words: Words, page: Page, seen: str
) -> None:
    state = read(words(page))
    assert isinstance(state, BrowserOnly)
    assert state.seen == seen
    assert state.another is not None
    assert (state.another.button, state.another.form.path) in {
        (None, "/signin/challenge/skip"),
        (("action", "3"), urlsplit(page.url).path),
    }


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (served.page("", "/v3/signin/challenge/selection?x"), NO_MENU),
        (
            served.page('<form action="/x"><input name="y"></form>', "/signin/selectchallenge/2"),
            NO_MENU,
        ),
        (
            served.lite("/v3/signin/challenge/selection", "<p>nothing at all"),
            NO_MENU,
        ),
        (
            served.lite("/v3/signin/challenge/selection", "", url="/v3/signin/challenge/pwd?TL=1"),
            NO_MENU,
        ),
        (
            served.page(
                '<form id="challenge" action="/signin/selectchallenge/7">', "/signin/challenge/skip"
            ),
            NO_MENU,
        ),
    ],
)
def test_a_menu_of_nothing_is_named(words: Words, page: Page, seen: str) -> None:
    assert read(words(page)) == Unknown(seen)


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (
            served.page("<ul><li>ada", "/signin/newfeatures?x"),
            "a page about what is new, at /signin/newfeatures",
        ),
        (
            served.lite(
                "/v3/signin/speedbump/passkeyenrollment", "", url="/v3/signin/challenge/totp?TL=1"
            ),
            "an offer to set up a passkey, at /v3/signin/challenge/totp",
        ),
        (
            served.page("<form method=post action='/signin/v2/gaplustos'>", "/x"),
            "terms to agree to, at /x",
        ),
        (
            served.page("", "/signin/changepassword"),
            "a demand to change the password, at /signin/changepassword",
        ),
        (
            served.page("", "/signin/recoveryoptions"),
            "a question about recovery details, at /signin/recoveryoptions",
        ),
        (
            served.page("", "/signin/privacyreminder/x"),
            "a reminder about privacy, at /signin/privacyreminder/x",
        ),
        (
            served.page("", "/signin/oauth/consent"),
            "a page to consent to something, at /signin/oauth/consent",
        ),
        (
            served.page("", "/v3/signin/speedbump/x"),
            "a page to confirm something on, at /v3/signin/speedbump/x",
        ),
    ],
)
def test_a_page_between_the_sign_in_and_its_end_is_named(
    words: Words, page: Page, seen: str
) -> None:
    assert read(words(page)) == Interstitial(seen)


def test_a_page_never_heard_of_is_named_by_its_path_and_fields_and_never_by_values() -> None:
    page = served.page(
        '<form action="/save"><input name="tos" value="s3cret"><input name="tok\u202een">'
        "<input type=hidden name=at value=s3cret></form>",
        "/signin/photos\u202e?token=s3cret",
    )
    state = read(page)
    assert state == Unknown(
        "an unheard-of page, at /signin/photos\\u202e (its fields: tos, tok\\u202een, at)"
    )


def test_a_page_never_heard_of_is_quoted() -> None:
    said = "<h1>Ciao\u202e</h1><h2></h2><h1>Ciao\u202e</h1><p class=vOZun>Chiama <b>Grace</b></p>"
    hidden = "<p class=vOZun aria-hidden=true>Troppi tentativi</p>"
    for form in ("", "<form action=/x><input name=y></form>"):
        state = read(served.page(said + hidden + form, "/x"))
        assert isinstance(state, Unknown)
        assert state.said == "Ciao\\u202e Chiama Grace"


def test_a_page_without_anything_to_answer_is_named_by_its_path() -> None:
    assert read(served.page("<h3>Hi", "/x")) == Unknown("an unheard-of page, at /x, with no form")
    assert read(served.page("<form></form>" * 2, "/x")) == Unknown(
        "an unheard-of page, at /x, with several forms, none of which it knows"
    )
    assert read(Page("https://[bad", 200, "")) == Unknown("an unheard-of page, at /, with no form")


def test_a_page_for_browsers_with_scripts_only_is_a_refusal() -> None:
    escape = '<meta http-equiv="Refresh" content="0; url=/v3/signin/rejected?rhlk=js&rrk=47">'
    assert read(served.page(f"<noscript>{escape}</noscript>", "/v3/signin/x")) == Rejected("47")
    other = escape.replace("rejected", "other")
    assert isinstance(read(served.page(other, "/v3/signin/x")), Unknown)


def test_an_administrator_s_demand_is_quoted_and_does_not_hide_what_can_be_answered() -> None:
    said = "Chiedi a Grace\\u202e"
    assert read(served.page(served.DEMAND)) == Demand(said)
    assert read(served.page(f"{served.DEMAND}<form action=/x></form>")) == Demand(said)
    state = read(served.glif_code("bc", challenge_type="8", extra=served.DEMAND))
    assert isinstance(state, Code)
    assert (state.kind, state.demand) == ("bc", said)


def test_a_page_too_large_is_named() -> None:
    assert read(served.page("<a>" * 60_000, "/x")) == Unknown(
        "a page too large for a sign-in page, at /x"
    )


# Traps


def test_the_form_that_answers_is_neither_the_first_nor_the_last() -> None:
    state = read(served.glif_code())
    assert isinstance(state, Code)
    assert state.form.path == "/signin/challenge/totp/2"
    tl = state.form.control("TL")
    assert tl is not None
    assert tl.value == served.CARRIED["TL"]


def test_without_an_id_the_form_with_the_field_answers() -> None:
    page = served.glif_password()
    around = '<form action="/a"><input name="q"></form>'
    body = around + page.body.replace('id="challenge"', "") + around
    state = read(replace(page, body=body))
    assert isinstance(state, Password)
    assert state.form.path == "/signin/challenge/pwd/1"


def test_without_id_and_field_the_form_with_the_path_answers() -> None:
    page = served.lite("/v3/signin/challenge/totp", '<input type="tel" name="otp">')
    around = '<form action="/a"><input name="q"></form>'
    state = read(replace(page, body=around + page.body + around))
    assert isinstance(state, Code)
    assert state.field == "otp"


def test_the_form_with_the_known_id_answers_whatever_stands_beside_it() -> None:
    page = served.glif_code("dp", challenge_type="39", control="")
    other = '<form action="/switch"><input type="email" name="Email"></form>'
    state = read(replace(page, body=other + page.body))
    assert isinstance(state, Prompt)


def test_too_many_attempts_are_quoted_where_they_are_shown() -> None:
    section = '<section aria-live="assertive"{}><h2>Trop de tentatives</h2></section>'
    for attributes, said in (("", "Trop de tentatives"), (' aria-hidden="true"', "")):
        shown = section.format(attributes)
        page = served.lite(
            "/v3/signin/challenge/pwd", shown + served.lite_field("password", "Passwd")
        )
        state = read(page)
        assert isinstance(state, Password)
        assert state.said == said


def test_a_form_with_a_hidden_field_of_that_name_does_not_answer() -> None:
    page = served.lite_password()
    other = '<form action="/forget"><input type="hidden" name="Passwd"></form>'
    state = read(replace(page, body=other + page.body))
    assert isinstance(state, Password)
    assert state.form.path == "/v3/signin/challenge/pwd"


def test_the_form_to_skip_a_challenge_does_not_answer_it() -> None:
    forms = '<form action="/signin/challenge/skip"></form><form action="/signin/challenge/dp/3">'
    state = read(served.page(forms))
    assert isinstance(state, Prompt)
    assert state.form.path == "/signin/challenge/dp/3"


def test_an_old_message_that_is_hidden_says_nothing() -> None:
    said = '<p aria-hidden="true"><span id="passwordError">Trop de tentatives</span></p>'
    state = read(
        served.lite("/v3/signin/challenge/pwd", served.lite_field("password", "Passwd") + said)
    )
    assert isinstance(state, Password)
    assert state.said == ""


def test_a_refresh_for_browsers_without_scripts_is_not_followed() -> None:
    refresh = '<noscript><meta http-equiv=refresh content="0;url=/v3/signin/rejected?rrk=47">'
    page = served.lite_password()
    assert isinstance(read(replace(page, body=refresh + "</noscript>" + page.body)), Password)


def test_a_hidden_password_field_makes_no_password_page() -> None:
    assert isinstance(read(served.lite_identifier()), Identifier)
    assert isinstance(read(served.gaia_identifier()), Identifier)


def test_a_page_can_come_back_under_the_address_that_was_posted_to() -> None:
    assert isinstance(read(served.lite_totp(url="/v3/signin/challenge/pwd?TL=1")), Code)
    assert isinstance(read(served.lite_totp(url="/v3/signin/challenge/selection?TL=1")), Code)
    assert isinstance(read(served.lite_password(url="/v3/signin/identifier?x=1")), Password)


def test_a_code_page_with_two_fields_is_not_guessed_at() -> None:
    two = '<input type="tel" name="a"><input type="text" name="b">'
    assert read(served.glif_code(control=two)) == Unknown(
        "an authenticator's code (totp) without one clear field for the answer"
    )
    state = read(served.glif_code(control=two + '<input type="tel" name="Pin">'))
    assert isinstance(state, Code)
    assert state.field == "Pin"


def test_a_password_page_whose_field_has_another_name_is_answered() -> None:
    one = served.lite("/v3/signin/challenge/pwd", '<input type="password" name="pw">')
    state = read(one)
    assert isinstance(state, Password)
    assert state.field == "pw"
    older = served.gaia_password()
    state = read(replace(older, body=older.body.replace('name="Passwd"', 'name="pw"')))
    assert isinstance(state, Password)
    assert state.field == "pw"
    none = served.lite("/v3/signin/challenge/pwd", '<input type="hidden" name="pw">')
    assert read(none) == Unknown(
        "a page for the password (pwd) without one clear field for the answer"
    )


def test_an_identifier_page_is_known_by_its_field_alone() -> None:
    state = read(served.page('<form action="/new"><input type="email" name="identifier"></form>'))
    assert isinstance(state, Identifier)
    assert state.field == "identifier"
    for path, field in (("/signin/v1/lookup", "Email"), ("/v3/signin/identifier", "identifier")):
        bare = read(served.page(f'<form action="{path}"></form>'))
        assert isinstance(bare, Identifier)
        assert bare.field == field


# Google's own words


@pytest.mark.parametrize(
    "page",
    [
        served.gaia_identifier(said="Non <b>lo</b> conosco\u202e"),
        served.gaia_password(said="Non <b>lo</b> conosco\u202e"),
        served.glif_password(said="Non <b>lo</b> conosco\u202e"),
        served.glif_code(said="Non <b>lo</b> conosco\u202e"),
        served.lite_identifier(said="Non <b>lo</b> conosco\u202e"),
        served.lite_password(said="Non <b>lo</b> conosco\u202e"),
        served.lite_totp(said="Non <b>lo</b> conosco\u202e"),
    ],
)
def test_what_google_says_is_quoted_fit_to_print(page: Page) -> None:
    state = read(page)
    assert isinstance(state, Identifier | Password | Code)
    assert state.said == "Non lo conosco\\u202e"


@pytest.mark.parametrize("page", [page for page, _ in IDENTIFIERS.values()] + [*PASSWORDS.values()])
def test_a_page_that_says_nothing_is_quoted_as_nothing(page: Page) -> None:
    state = read(page)
    assert isinstance(state, Identifier | Password)
    assert state.said == ""


def test_another_field_s_error_is_not_this_one_s() -> None:
    wrong = served.lite_field("text", "other", "Autre chose")
    page = served.lite("/v3/signin/challenge/pwd", served.lite_field("password", "Passwd") + wrong)
    state = read(page)
    assert isinstance(state, Password)
    assert state.said == ""


def test_an_error_outside_the_form_is_not_the_field_s() -> None:
    wrong = '<input type="password" name="Passwd" aria-invalid="true">'
    elsewhere = served.lite_error("Cookies !")
    page = served.lite("/v3/signin/challenge/pwd", wrong, before=elsewhere)
    state = read(page)
    assert isinstance(state, Password)
    assert state.said == ""


# Any page at all

PIECES = [
    *(page.body for page in PASSWORDS.values()),
    *(page.body for page, _ in CODES.values()),
    served.lite_captcha().body,
    served.lite_selection().body,
    served.glif_selection().body,
    served.glif_chooser("ada@example.com").body,
    served.gaia_captcha().body,
    served.glif_number(ways=("SMS",)).body,
    served.glif_prompt(number="7").body,
    served.saml_post().body,
    "<form", "</form>", "<noscript>", ' id="challenge"', "\x00", "\ud800", "<!--", "<?xml ?>",
]  # fmt: skip


@given(
    body=st.lists(st.sampled_from(PIECES) | st.text(max_size=60), max_size=5).map("".join),
    url=st.text(max_size=40) | st.just(served.HOST + "/v3/signin/challenge/totp"),
    status=st.sampled_from([200, 400, 503]),
    elsewhere=st.none() | st.text(max_size=40),
    cut=st.integers(0, 400),
)
@settings(deadline=None, max_examples=150)
def test_any_page_is_in_some_state(
    body: str, url: str, status: int, elsewhere: str | None, cut: int
) -> None:
    state = read(Page(url, status, body[cut:], elsewhere))
    assert isinstance(state, get_args(State))
    assert repr(state).isprintable()
