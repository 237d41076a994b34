from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from dataclasses import replace

import pytest

from samlauth.challenges import (
    AnotherWay,
    AuthenticatorAssertion,
    ChooseMethod,
    Confirm,
    EnterCode,
    Method,
    NoAssertion,
    TouchKey,
)
from samlauth.errors import CodeRefused, NeedsBrowser, NobodyToAsk, SamlauthError
from samlauth.flow import Page
from samlauth.idp.browser import OR_ANOTHER_WAY
from samlauth.idp.google import Google

from . import served
from .played import ADA, NOBODY, ORIGIN, fields, refused, run

ANSWER = AuthenticatorAssertion(
    served.HANDLES[1], b'{"typ":"x"}', b"h" * 32 + b"\x01\0\0\0\x07", b"0signature"
)
MISSING = NoAssertion("not installed", "There is no fido2.", "Install it.")
ASKED = "Google asks for a security key. "
TOTP_MENU = served.lite_selection(served.lite_entry(4, "6"))
WITHOUT_KEYS = replace(ADA, disable_u2f=True)
WITH_BROWSER = replace(ADA, can_browse=lambda: True)
PASSKEY = served.lite_challenge("pk/presend")
BY_CODE = (TOTP_MENU, served.lite_totp(), "1", served.saml_post())


def bare(page: Page) -> Page:
    """The page without its way to the menu."""
    body = page.body.replace("/signin/challenge/skip", "/signin/challenge").replace(
        '<button name="action" value="3">', ""
    )
    return replace(page, body=body)


def decoded(text: str) -> bytes:
    assert "=" not in text
    return urlsafe_b64decode(text + "==")


def test_the_answer_of_u2f() -> None:
    outcome = run(served.glif_key(), ANSWER, served.saml_post())
    [challenge] = outcome.challenges
    assert challenge == TouchKey(
        challenge.request if isinstance(challenge, TouchKey) else None,  # type: ignore[arg-type]  # the assertion fails then
        ORIGIN,
        ways=("another",),
    )
    post = outcome.requests[1]
    assert post.url == f"{ORIGIN}/signin/challenge/sk/9"
    assert post.carrying == "answers"
    sent = fields(post)
    answer = json.loads(sent.pop("id-assertion"))
    assert sent == {
        "challengeId": "9", "challengeType": "2", **served.CARRIED, "pstMsg": "1",
        "id-challenge": served.b64(served.NONCE),
    }  # fmt: skip
    assert {name: decoded(text) for name, text in answer.items()} == {
        "keyHandle": served.HANDLES[1],
        "clientData": b'{"typ":"x"}',
        "signatureData": b"\x01\0\0\0\x070signature",
    }


@pytest.mark.parametrize("by_app_id", [True, False])
def test_the_answer_of_webauthn(by_app_id: bool) -> None:
    given = replace(ANSWER, by_app_id=by_app_id, user_handle=b"ada")
    outcome = run(served.lite_key(), given, served.saml_post())
    sent = fields(outcome.requests[1])
    answer = json.loads(sent["id-assertion"])
    assert answer["clientExtensionResults"] == {"appid": by_app_id}
    assert decoded(answer["id"]) == decoded(answer["rawId"]) == served.HANDLES[1]
    assert {name: decoded(text) for name, text in answer["response"].items()} == {
        "clientDataJSON": ANSWER.client_data_json,
        "authenticatorData": ANSWER.authenticator_data,
        "signature": ANSWER.signature,
        "userHandle": b"ada",
    }
    assert "pstMsg" not in sent


def test_another_way_leads_to_the_menu() -> None:
    outcome = run(
        served.glif_key(), AnotherWay(), TOTP_MENU, served.lite_totp(), "1", served.saml_post()
    )
    assert outcome.requests[1].url == f"{ORIGIN}/signin/challenge/skip"


def test_another_way_where_the_page_has_none_is_the_browser() -> None:
    for page in (bare(served.glif_key()), bare(served.lite_key())):
        assert "browser" in refused(NeedsBrowser, page, AnotherWay()).result.message


def test_an_answer_that_is_not_taken_is_asked_for_anew_and_not_for_ever() -> None:
    again = served.glif_key(said="Nein.")
    outcome = run(served.glif_key(), ANSWER, again, ANSWER, served.saml_post())
    assert [c.refused for c in outcome.challenges if isinstance(c, TouchKey)] == ["", "Nein."]
    ended = refused(CodeRefused, served.glif_key(), *[ANSWER, again] * 3)
    assert "Nein." in ended.result.message
    assert len(ended.challenges) == 3


def test_a_page_that_says_things_unasked_is_no_refusal() -> None:
    [challenge] = run(served.glif_key(said="Berühren"), ANSWER, served.saml_post()).challenges
    assert isinstance(challenge, TouchKey)
    assert challenge.refused == ""


@pytest.mark.parametrize("reason", ["not installed", "no access"])
def test_without_any_use_of_keys_there_is_another_way_said_in_one_line(reason: str) -> None:
    ended = replace(MISSING, reason=reason)  # type: ignore[arg-type]  # it is one of them
    script = (TOTP_MENU, served.lite_totp(), "1", served.saml_post())
    for page in (served.glif_key(), served.lite_key()):
        outcome = run(page, ended, *script)
        assert outcome.told[0].text == (
            "Google asks for a security key. There is no fido2. Install it."
        )
        assert not outcome.told[0].quiet


def test_without_any_use_of_keys_and_another_way_there_is_the_browser() -> None:
    ended = refused(NeedsBrowser, bare(served.glif_key()), MISSING)
    assert ended.result.message == f"{ASKED}{MISSING.message}"
    page = served.lite_key()
    assert len(refused(NeedsBrowser, page, MISSING, page, MISSING).requests) == 2


def test_who_wants_the_key_and_cannot_use_it_here_is_led_to_the_browser() -> None:
    outcome = refused(NeedsBrowser, served.glif_key(), MISSING, provider=replace(ADA, mfa="key"))
    assert len(outcome.requests) == 1


@pytest.mark.parametrize(
    ("reason", "error", "first"),
    [
        ("timed out", CodeRefused, ""),
        ("denied", CodeRefused, ""),
        ("blocked", CodeRefused, ""),
        ("no key", NobodyToAsk, ASKED),
        ("wrong key", NobodyToAsk, ASKED),
        ("removed", NobodyToAsk, ASKED),
    ],
)
def test_how_it_ends_without_an_answer(reason: str, error: type[SamlauthError], first: str) -> None:
    ended = replace(MISSING, reason=reason)  # type: ignore[arg-type]  # it is one of them
    outcome = refused(error, served.glif_key(), ended)
    assert outcome.result.message == f"{first}{MISSING.message}"
    assert outcome.result.hint == MISSING.hint


def test_nobody_to_touch_it() -> None:
    refused(NobodyToAsk, served.glif_key(), NobodyToAsk("no terminal", hint="x"))


def test_keys_that_are_switched_off_are_passed() -> None:
    script = (TOTP_MENU, served.lite_totp(), "1", served.saml_post())
    outcome = run(served.glif_key(), *script, provider=WITHOUT_KEYS)
    assert [type(c) for c in outcome.challenges] == [EnterCode]
    assert "-D" in outcome.told[0].text
    ended = refused(NeedsBrowser, bare(served.glif_key()), provider=WITHOUT_KEYS)
    assert "-D" in ended.result.message


def test_keys_that_are_switched_off_are_not_in_the_menu() -> None:
    menu = served.glif_selection(served.glif_entry(5, "totp"), served.glif_entry(9, "sk"))
    outcome = run(menu, served.lite_totp(), "1", served.saml_post(), provider=WITHOUT_KEYS)
    assert [type(c) for c in outcome.challenges] == [EnterCode]
    only = served.glif_selection(served.glif_entry(9, "sk"))
    assert "-D" in refused(NeedsBrowser, only, provider=WITHOUT_KEYS).result.message


def test_a_key_is_one_of_the_ways_of_a_menu() -> None:
    menu = served.glif_selection(served.glif_entry(5, "totp"), served.glif_entry(9, "sk"))
    outcome = run(
        menu, Method("key", "Security key", "1"), served.glif_key(), ANSWER, served.saml_post()
    )
    assert [type(c) for c in outcome.challenges] == [ChooseMethod, TouchKey]
    wanted = replace(ADA, mfa="key")
    outcome = run(menu, served.glif_key(), ANSWER, served.saml_post(), provider=wanted)
    assert [type(c) for c in outcome.challenges] == [TouchKey]


def test_a_key_of_no_use_is_not_offered_again_while_there_is_more() -> None:
    menu = served.glif_selection(served.glif_entry(5, "totp"), served.glif_entry(9, "sk"))
    outcome = run(served.glif_key(), MISSING, menu, served.glif_code(), "1", served.saml_post())
    assert [type(c) for c in outcome.challenges] == [TouchKey, EnterCode]


def test_mfa_leaves_the_key_for_what_it_names() -> None:
    wanted = replace(ADA, mfa="totp")
    outcome = run(
        served.lite_key(), TOTP_MENU, served.lite_totp(), "1", served.saml_post(), provider=wanted
    )
    assert [type(c) for c in outcome.challenges] == [EnterCode]


# Pages that only a browser can answer


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (PASSKEY, "a passkey challenge (pk)"),
        (served.lite_challenge("wa"), "a security-key challenge (sk)"),
        (served.lite_challenge("sk"), "a security-key challenge (sk)"),
    ],
)
def test_the_browser_comes_before_another_way(page: Page, seen: str) -> None:
    outcome = refused(NeedsBrowser, page, True, provider=WITH_BROWSER)
    note = f"Google shows {seen}, which takes a browser."
    assert outcome.challenges == [Confirm(OR_ANOTHER_WAY, note, setting="browser")]
    assert isinstance(outcome.result, NeedsBrowser)
    assert outcome.result.agreed
    assert seen in outcome.result.message
    assert len(outcome.requests) == 1


def test_whoever_wants_no_browser_takes_another_way() -> None:
    outcome = run(PASSKEY, False, *BY_CODE, provider=WITH_BROWSER)
    assert [type(c) for c in outcome.challenges] == [Confirm, EnterCode]
    assert "passkey" not in " ".join(line.text for line in outcome.told)


def test_with_nobody_to_ask_there_is_another_way_and_it_is_said() -> None:
    outcome = run(PASSKEY, NOBODY, *BY_CODE, provider=WITH_BROWSER)
    assert outcome.told[0].text.endswith("which takes a browser: another way.")


def test_without_a_browser_nobody_is_asked_about_one() -> None:
    outcome = run(PASSKEY, *BY_CODE)
    assert [type(c) for c in outcome.challenges] == [EnterCode]
    assert outcome.told[0].text == (
        "Google shows a passkey challenge (pk), which takes a browser: another way."
    )


def test_whether_there_is_a_browser_is_looked_at_when_one_is_needed() -> None:
    looked = []

    def look() -> bool:
        looked.append(True)
        return False

    looking = replace(ADA, can_browse=look)
    run(served.lite_totp(), "1", served.saml_post(), provider=looking)
    assert not looked
    run(PASSKEY, *BY_CODE, provider=looking)
    assert looked == [True]


def test_a_page_without_another_way_is_not_asked_about_here() -> None:
    page = served.lite("/v3/signin/challenge/pk", "", buttons=False)
    outcome = refused(NeedsBrowser, page, provider=WITH_BROWSER)
    assert isinstance(outcome.result, NeedsBrowser)
    assert not outcome.result.agreed
    assert outcome.challenges == []


def test_keys_that_are_switched_off_are_not_for_the_browser_either() -> None:
    provider = replace(WITHOUT_KEYS, can_browse=lambda: True)
    outcome = run(served.lite_challenge("sk"), *BY_CODE, provider=provider)
    assert [type(c) for c in outcome.challenges] == [EnterCode]
    refused(NeedsBrowser, PASSKEY, True, provider=provider)


def test_what_is_no_key_goes_to_another_way_first() -> None:
    page = served.lite_challenge("recaptcha")
    outcome = run(page, *BY_CODE, provider=WITH_BROWSER)
    assert [type(c) for c in outcome.challenges] == [EnterCode]


def test_mfa_leaves_the_passkey_for_what_it_names() -> None:
    outcome = run(PASSKEY, *BY_CODE, provider=replace(WITH_BROWSER, mfa="totp"))
    assert [type(c) for c in outcome.challenges] == [EnterCode]


@pytest.mark.parametrize("provider", [ADA, WITH_BROWSER])
def test_a_passkey_that_is_wanted_is_the_browsers(provider: Google) -> None:
    outcome = refused(NeedsBrowser, PASSKEY, provider=replace(provider, mfa="passkey"))
    assert "a passkey challenge (pk)" in outcome.result.message
    assert len(outcome.requests) == 1


def test_an_answer_is_in_no_text() -> None:
    assert "signature'" not in repr(ANSWER) and "0signature" not in repr(ANSWER)
