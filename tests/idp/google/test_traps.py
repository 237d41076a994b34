"""What has misled readers of Google's pages, or would: one small test for each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from samlauth.challenges import EnterCode, EnterPhone, Phone, SolveCaptcha
from samlauth.errors import PageUnreadable
from samlauth.flow import Page
from samlauth.idp.google import Google
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import (
    AppError,
    Captcha,
    Code,
    ErrorPage,
    Federated,
    Identifier,
    Menu,
    Number,
    Password,
    Posted,
    Prompt,
    Send,
    Unknown,
)

from . import served
from .played import ORIGIN, fields, refused, run


def elsewhere(host: str) -> object:
    return read(Page(f"{ORIGIN}/x", 302, "", elsewhere=f"https://{host}/x"))


@pytest.mark.parametrize("host", ["myaccount.google.com", "m.youtube.com"])
def test_another_host_of_google_is_no_other_identity_provider(host: str) -> None:
    assert not isinstance(elsewhere(host), Federated)
    assert elsewhere("youtube.com.evil.example") == Federated("youtube.com.evil.example")


@pytest.mark.parametrize("host", ["www.google.com", "accounts.google.de", "accounts.youtube.com"])
def test_a_page_of_a_host_that_is_only_passed_is_none_of_the_sign_in(host: str) -> None:
    page = replace(served.lite_password(), url=f"https://{host}/accounts/SetSID?x")
    state = read(page)
    assert isinstance(state, Unknown)
    assert f"{host}/accounts/SetSID" in state.seen


def test_a_request_that_a_script_would_post_to_another_provider_is_federated() -> None:
    fields = served.hidden({"SAMLRequest": "PD94", "RelayState": "r"})

    def asking(action: str, more: str = "") -> object:
        return read(served.page(f'<form method="post" action="{action}">{fields}{more}</form>'))

    assert asking("https://acme.okta.example/sso") == Federated("acme.okta.example")
    assert isinstance(asking("/o/saml2/idp"), Unknown)
    assert isinstance(asking("http://acme.okta.example/sso"), Unknown)
    field = '<input type="email" name="identifier">'
    assert isinstance(asking("/v3/signin/identifier", field), Identifier)


def test_an_app_s_error_is_one_whatever_its_status_where_apps_are_signed_in_to() -> None:
    good = served.app_error("app_not_enabled_for_user", 200)
    assert read(good) == AppError("app_not_enabled_for_user")
    form = served.lite_identifier().body
    assert isinstance(read(served.page(good.body + form, "/o/saml2/initsso")), AppError)
    assert isinstance(read(served.page(good.body + form, "/v3/signin/identifier")), Identifier)


def test_a_field_for_a_response_without_a_value_is_not_the_end() -> None:
    page = served.page(
        '<form action="https://signin.aws.amazon.com/saml"><input name=SAMLResponse>'
    )
    assert not isinstance(read(page), Posted)


def test_a_page_for_the_password_may_call_its_field_anything() -> None:
    page = served.lite("/v3/signin/challenge/pwd", served.lite_field("password", "secret"))
    state = read(page)
    assert isinstance(state, Password)
    assert state.field == "secret"
    asked = run(page, "pw", served.saml_post())
    assert fields(asked.requests[-1])["secret"] == "pw"


@pytest.mark.parametrize(
    "inner",
    [
        '<input type="text" name="one">',
        served.hidden({"Passwd": ""}),
        served.lite_field("password", "a") + served.lite_field("password", "b"),
    ],
    ids=["a text", "hidden", "two"],
)
def test_but_only_where_there_is_one_field_to_type_it_into(inner: str) -> None:
    assert isinstance(read(served.lite("/v3/signin/challenge/pwd", inner)), Unknown)


def with_number(page: Page, number: str) -> Page:
    """The page with another number at its button for another way."""
    return replace(page, body=page.body.replace('value="3"', f'value="{number}"'))


@pytest.mark.parametrize("page", [served.lite_totp(), served.lite_prompt()])
def test_the_button_for_another_way_is_a_two_where_there_is_no_three(page: Page) -> None:
    state = read(with_number(page, "2"))
    assert isinstance(state, Code | Prompt)
    assert state.another is not None
    assert state.another.button == ("action", "2")
    both = replace(page, body=page.body.replace("</form>", '<button name="action" value="2">'))
    state = read(both)
    assert isinstance(state, Code | Prompt)
    assert state.another is not None
    assert state.another.button == ("action", "3")


def test_but_not_beside_a_password_where_it_may_be_for_those_who_forgot_it() -> None:
    state = read(with_number(served.lite_password(), "2"))
    assert isinstance(state, Password)
    assert state.another is None


@pytest.mark.parametrize("kind", ["totp", "pwd"])
def test_a_challenge_that_takes_no_more_answers_is_quoted(kind: str) -> None:
    alert = '<section aria-live="assertive"><h2>Trop de tentatives</h2></section>'
    state = read(served.lite_challenge(kind, alert))
    assert isinstance(state, Unknown)
    assert "without one clear field" in state.seen
    assert state.said == "Trop de tentatives"
    plain = read(served.lite_challenge(kind, "<h1>Code</h1><p class=vOZun>Plus tard"))
    assert isinstance(plain, Unknown)
    assert plain.said == "Code Plus tard"
    refusal = refused(PageUnreadable, served.lite_challenge(kind, alert)).result
    assert "Trop de tentatives" in refusal.message


def test_one_field_of_that_type_elsewhere_is_no_password() -> None:
    page = served.lite("/v3/signin/challenge/totp", served.lite_field("password", "Pin"))
    assert isinstance(read(page), Code)


@pytest.mark.parametrize(
    "image",
    [
        '<img id="captchaimg" src="/x.png">',
        '<div id="identifier-captcha"><img src="/x.png"></div>',
        '<div class="captcha-img"><img src="/x.png"></div>',
        '<img src="/Captcha?x">',
    ],
)
def test_the_image_to_read_has_four_marks(image: str) -> None:
    body = f'<form action="/signin/v1/lookup" method="post"><input name="Email">{image}'
    state = read(served.page(f'{body}<input type="text" name="logincaptcha"></form>'))
    assert isinstance(state, Captcha)
    assert state.image_url.startswith(f"{ORIGIN}/")


def test_a_captcha_by_itself_does_not_ask_who_is_there() -> None:
    page = served.page(
        '<form action="/x" method="post"><input name="logincaptcha"><img src="/Captcha?x"></form>'
    )
    image = Page(f"{ORIGIN}/Captcha", 200, "", content=b"\x89PNG")
    nobody = Google("C0test", "4711", "")
    played = run(page, image, "abc", served.saml_post(), provider=nobody)
    assert [type(challenge) for challenge in played.challenges] == [SolveCaptcha]


@pytest.mark.parametrize(
    ("kind", "field", "state"),
    [
        ("ipp", "Pin", Code),
        ("ipp", "phoneNumber", Number),
        ("ipp", "anything", Code),
        ("iap", "anything", Number),
        ("kpp", "anything", Number),
        ("kpe", "anything", Number),
        ("kpp", "Pin", Code),
        ("totp", "anything", Code),
        ("tomorrow", "Pin", Code),
        ("tomorrow", "anything", None),
    ],
)
def test_what_a_page_asks_for_by_its_kind_and_its_field(
    kind: str, field: str, state: type[object] | None
) -> None:
    page = served.lite_challenge(kind, served.lite_field("tel", field))
    found = read(page)
    assert isinstance(found, state) if state else not isinstance(found, Code | Number)


def test_a_page_that_has_nothing_to_type_into_sends_a_code_when_it_goes_on() -> None:
    page = served.lite_challenge("ipp")
    state = read(page)
    assert isinstance(state, Send)
    assert [way for way, _ in state.buttons] == ["sms"]
    voice = served.lite_challenge("ipp", '<button name="SendMethod" value="VOICE">x</button>')
    called = read(voice)
    assert isinstance(called, Send)
    assert [way for way, _ in called.buttons] == ["voice"]


def test_the_country_is_a_list_that_is_called_so() -> None:
    number = served.lite_field("tel", "phoneNumber")
    for other in ('<input name="countryCode">', '<select name="region"><option value="DE">x'):
        state = read(served.lite_challenge("iap", number + other))
        assert isinstance(state, Number)
        assert (state.country, state.countries) == ("", ())


def test_the_number_is_the_field_that_is_called_so() -> None:
    two = served.lite_field("text", "name") + served.lite_field("tel", "phoneNumber")
    state = read(served.lite_challenge("iap", two))
    assert isinstance(state, Number)
    assert state.field == "phoneNumber"


def test_what_is_said_of_a_code_without_a_number_to_name() -> None:
    for way, said in (
        ("SMS", "Google sent a text message to your phone."),
        ("VOICE", "Google calls your phone and says the code."),
    ):
        hidden = served.hidden({"SendMethod": way})
        page = served.lite_challenge("ipp", served.lite_field("tel", "Pin") + hidden)
        asked = run(page, "123456", served.saml_post()).challenges[0]
        assert isinstance(asked, EnterCode)
        assert asked.note == said


def test_what_is_said_while_a_code_is_sent() -> None:
    for way, said in (("SMS", "text message"), ("VOICE", "call you")):
        played = run(served.glif_send(way), served.glif_sms(), "1", served.saml_post())
        assert said in (played.requests[1].shows or "")


def test_where_a_backup_code_is_from_is_said_with_and_without_google_s_words() -> None:
    silent = served.lite_challenge("bc", served.lite_field("tel", "Pin"))
    asked = run(silent, "1", served.saml_post()).challenges[0]
    assert isinstance(asked, EnterCode)
    assert asked.note.endswith("2-Step Verification.")
    told = served.lite_challenge("bc", served.lite_field("tel", "Pin") + '<p class="vOZun">Huit')
    asked = run(told, "1", served.saml_post()).challenges[0]
    assert isinstance(asked, EnterCode)
    assert asked.note.endswith("Google says: “Huit”")


def test_a_recovery_number_is_called_what_google_calls_it_and_sent_without_a_country() -> None:
    page = served.lite_challenge("kpp", served.lite_field("tel", "phoneNumber"))
    played = run(page, Phone("+1 555-0100"), served.saml_post())
    assert isinstance(played.challenges[0], EnterPhone)
    assert fields(played.requests[-1])["phoneNumber"] == "+15550100"


def test_the_code_after_a_recovery_number_is_one_that_was_sent() -> None:
    for kind in ("kpp", "kpe", "iap"):
        page = served.lite_challenge(kind, served.lite_field("tel", "Pin"))
        asked = run(page, "1", served.saml_post()).challenges[0]
        assert isinstance(asked, EnterCode)
        assert "SMS" in asked.label


def test_an_error_s_page_is_that_of_its_status() -> None:
    found = read(served.page("<p>x", "/o/saml2/initsso", 500))
    assert isinstance(found, ErrorPage)
    assert found.status == 500


@pytest.mark.parametrize("mark", ['div jsname="EKvSSd"', 'div jsname="feLNVc"', "samp"])
def test_a_number_to_tap_has_three_marks(mark: str) -> None:
    page = served.lite_challenge("dp", f"<{mark}>42</{mark.split()[0]}>")
    state = read(page)
    assert isinstance(state, Prompt)
    assert state.number == "42"
    assert read(served.lite_challenge("dp", "<div>42</div>")) != state


@pytest.mark.parametrize("mark", ["data-sendmethod", "data-challengevariant"])
def test_how_a_code_is_sent_is_marked_in_two_places(mark: str) -> None:
    entry = f'<div {mark}="VOICE" data-challengetype="9"><button name="challenge" value="7,x">x</button>'
    state = read(served.lite_selection(f"<li>{entry}</div></li>", served.lite_entry(4, "6")))
    assert isinstance(state, Menu)
    assert [option.method.kind for option in state.options] == ["voice", "totp"]
