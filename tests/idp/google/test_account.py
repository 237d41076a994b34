from __future__ import annotations

from dataclasses import replace

import pytest

from samlauth.challenges import AnotherWay, EnterPassword, EnterUsername, SolveCaptcha
from samlauth.errors import NeedsBrowser, NobodyToAsk, PageUnreadable, SignInRefused
from samlauth.flow import Page

from . import served
from .played import ADA, NOBODY, ORIGIN, fields, refused, run

# The image to read


def image(content: bytes = b"\x89PNG", status: int = 200) -> Page:
    return Page(f"{ORIGIN}/Captcha", status, "", content=content)


FIRST, SECOND = served.lite_captcha(token="c1"), served.lite_captcha(token="c2")


def test_the_image_is_fetched_and_its_text_is_posted_with_the_account() -> None:
    outcome = run(
        served.lite_identifier(), FIRST, image(), " AbC d ", served.lite_password(), "pw",
        served.saml_post(),
    )  # fmt: skip
    url = f"{ORIGIN}/Captcha?v=2&ctoken=c1"
    # The text beside the field stands there before anybody answered: it is no refusal.
    assert outcome.challenges[0] == SolveCaptcha(b"\x89PNG", url)
    _, _, fetched, posted, _ = outcome.requests
    assert (fetched.url, fetched.form, fetched.binary) == (url, None, True)
    assert (fetched.carrying, fetched.referer) == ("nothing", FIRST.url)
    assert posted.url == f"{ORIGIN}/v3/signin/identifier?{served.V3_QUERY}"
    assert posted.carrying == "answers"
    assert fields(posted) == {
        "bgresponse": "js_enabled",
        "identifier": "ada@example.com",
        "hiddenPassword": "",
        "ca": "AbC d",
        "ct": "c1",
        "action": "1",
        "at": "at-1:17",
    }


def test_a_wrong_text_brings_another_image() -> None:
    again = served.lite_captcha(token="c2", said="Ce n'est pas ça")
    outcome = run(FIRST, image(), "one", again, image(b"GIF89a"), "two", served.saml_post())
    assert outcome.challenges[1] == SolveCaptcha(
        b"GIF89a", f"{ORIGIN}/Captcha?v=2&ctoken=c2", "Ce n'est pas ça"
    )
    posted = [fields(request) for request in outcome.requests if request.form]
    assert [(form["ca"], form["ct"]) for form in posted] == [("one", "c1"), ("two", "c2")]


def test_three_texts_are_enough() -> None:
    again = (served.lite_captcha(said="Encore"), image(), "wrong")
    outcome = refused(NeedsBrowser, *again * 3, served.lite_captcha(said="Encore"))
    assert "Encore" in outcome.result.message
    assert "image" in outcome.result.message
    assert len([r for r in outcome.requests if r.form]) == 3


def test_nobody_to_read_the_image() -> None:
    with pytest.raises(NobodyToAsk):
        run(FIRST, image(), NOBODY)
    outcome = refused(NeedsBrowser, FIRST, image(), "one", SECOND, image(), NOBODY)
    assert "image" in outcome.result.message


def test_an_image_that_cannot_be_fetched_is_left_to_its_address() -> None:
    outcome = run(FIRST, image(b"<html>", 404), "abc", served.saml_post())
    assert outcome.challenges == [SolveCaptcha(b"", f"{ORIGIN}/Captcha?v=2&ctoken=c1")]


def test_the_older_captcha_is_posted_with_its_token_and_without_the_password() -> None:
    for page in (served.gaia_captcha(), served.gaia_captcha(named=False)):
        outcome = run(page, image(), "abc", served.saml_post())
        form = fields(outcome.requests[-1])
        assert form["identifier-captcha-input"] == "abc"
        assert form["identifiertoken"] == "o1"
        assert form["Email"] == "ada@example.com"
        assert form["Passwd"] == ""


def test_a_captcha_alone_is_posted_alone() -> None:
    block = '<input name="logincaptcha"><img src="/Captcha?x">'
    page = served.page(f'<form method="post" action="/signin/v1/lookup">{block}</form>')
    outcome = run(page, image(), "abc", served.saml_post())
    assert outcome.requests[-1].form == (("logincaptcha", "abc"),)


@pytest.mark.parametrize("wrong", [0, 1])
def test_a_password_that_an_image_came_before_is_taken_again(wrong: int) -> None:
    read_wrongly = (SECOND, image(), "xyz") * wrong
    outcome = run(
        served.lite_password(), "pw", FIRST, image(), "abc", *read_wrongly, served.lite_password(),
        "pw", served.saml_post(),
    )  # fmt: skip
    asked = [c for c in outcome.challenges if isinstance(c, EnterPassword)]
    # Not refused: who keeps passwords would throw it away.
    assert [challenge.refused for challenge in asked] == ["", ""]
    assert "again" in outcome.told[0].text
    sent = [fields(request) for request in outcome.requests if request.carrying == "password"]
    assert [form["Passwd"] for form in sent] == ["pw", "pw"]


def test_but_one_that_was_refused_after_it_is_not() -> None:
    outcome = refused(
        SignInRefused, served.lite_password(), "pw", FIRST, image(), "abc", served.lite_password(),
        "pw", served.lite_password(said="Nein"), "pw", "pw", NOBODY,
    )  # fmt: skip
    assert "Nein" in outcome.result.message
    assert len([r for r in outcome.requests if r.carrying == "password"]) == 2


def test_images_do_not_let_a_password_be_sent_for_ever() -> None:
    turn = (served.lite_password(), "pw", FIRST, image(), "abc")
    outcome = refused(NeedsBrowser, *turn * 3, served.lite_password(), "pw", FIRST)
    assert len([r for r in outcome.requests if r.carrying == "password"]) == 4
    assert outcome.result.message == "Google went on showing images, whatever was answered."


def test_the_account_is_asked_for_before_the_image() -> None:
    nobody = replace(ADA, username="")
    outcome = run(FIRST, "eve@example.com", image(), "abc", served.saml_post(), provider=nobody)
    assert [type(c) for c in outcome.challenges] == [EnterUsername, SolveCaptcha]
    assert fields(outcome.requests[-1])["identifier"] == "eve@example.com"


def test_an_account_that_is_unknown_after_the_image_is_asked_for_again() -> None:
    unknown = served.lite_identifier(said="Compte introuvable")
    outcome = run(FIRST, image(), "abc", unknown, "eve@example.com", served.saml_post())
    assert outcome.challenges[1] == EnterUsername("Google username", "Compte introuvable")


# The list of accounts


def test_the_person_s_account_is_picked() -> None:
    page = served.glif_chooser("eve@example.com", "ADA@example.com")
    outcome = run(page, served.glif_password(), "pw", served.saml_post())
    assert outcome.requests[1].url == f"{ORIGIN}/AccountChooser"
    assert fields(outcome.requests[1]) == {
        "continue": served.CONTINUE,
        "Email": "ADA@example.com",
    }
    assert outcome.requests[1].carrying == "answers"


def test_an_entry_that_is_a_link_is_followed() -> None:
    page = served.lite_chooser("eve@example.com", "ada@example.com")
    outcome = run(page, served.lite_password(), "pw", served.saml_post())
    followed = outcome.requests[1]
    assert followed.url == f"{ORIGIN}/v3/signin/challenge/pwd?TL=1&cid=1"
    assert (followed.form, followed.referer, followed.carrying) == (None, page.url, "nothing")


def test_an_account_that_is_not_listed_is_given_elsewhere() -> None:
    page = served.lite_chooser("eve@example.com")
    outcome = run(page, served.lite_identifier(), served.saml_post())
    assert outcome.requests[1].url == f"{ORIGIN}/v3/signin/identifier?flowName=WebLiteSignIn"
    assert fields(outcome.requests[2])["identifier"] == "ada@example.com"


def test_an_account_that_was_not_given_is_asked_for_before_it_is_picked() -> None:
    page = served.glif_chooser("eve@example.com")
    nobody = replace(ADA, username="")
    outcome = run(page, " Eve@example.com", served.saml_post(), provider=nobody)
    assert outcome.challenges == [EnterUsername("Google username")]
    assert fields(outcome.requests[1])["Email"] == "eve@example.com"


def test_a_list_that_leads_nowhere_is_named() -> None:
    outcome = refused(PageUnreadable, served.glif_chooser("eve@example.com"))
    assert "a list of accounts" in outcome.result.message
    assert "ada@example.com" in outcome.result.message
    assert "-u" in outcome.result.hint
    page = served.glif_chooser("ada@example.com")
    assert len(refused(PageUnreadable, page, page, page).requests) == 3


# Another way than the password


def test_the_password_page_of_today_offers_another_way() -> None:
    outcome = run(
        served.lite_password(), AnotherWay(), served.lite_selection(served.lite_entry(4, "6")),
        served.lite_totp(), "123456", served.saml_post(),
    )  # fmt: skip
    post = outcome.requests[1]
    assert post.url == f"{ORIGIN}/v3/signin/challenge/pwd?{served.V3_QUERY}"
    assert post.carrying == "answers"
    assert fields(post)["action"] == "3"
    assert fields(post)["Passwd"] == ""
