"""Reads pages and assertions captured from the real world, which are not part of the project.

They are looked for in the folder that ``SAMLAUTH_CAPTURED_PAGES`` names, in its folders ``google``
and ``saml``.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from samlauth.flow import Page, within
from samlauth.idp.google import Google
from samlauth.idp.google.pages import read
from samlauth.idp.google.pages.states import Captcha, Code, Menu, Password, Poll, Prompt, Send
from samlauth.saml import Assertion, Role, SAMLResponse, read_assertion
from samlauth.testing import replay

from . import served
from .scramble import scrambled

FOLDER = os.environ.get("SAMLAUTH_CAPTURED_PAGES")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SAMLAUTH_CAPTURED_PAGES names no folder of captured pages"
)


Capture = Callable[[str], Page]


def captured(name: str) -> Page:
    body = (Path(FOLDER or "") / "google" / name).read_text(encoding="utf-8")
    return Page("https://accounts.google.com/signin/v1/lookup", 200, body)


@pytest.fixture(params=["as captured", "scrambled"])
def capture(request: pytest.FixtureRequest) -> Capture:
    return (lambda name: scrambled(captured(name))) if request.param == "scrambled" else captured


def posted(page: Page, *answers: object, google: Google | None = None) -> dict[str, str]:
    """What is posted in answer to the page."""
    google = google or Google("C0test", "4711", "ada@example.com")
    flow = within(google.reach, google.sign_in())
    form = replay(flow, page, *answers, served.saml_post()).requests[-1].form
    assert form is not None
    assert len(dict(form)) == len(form)
    return dict(form)


def test_password_of_2023(capture: Capture) -> None:
    state = read(capture("form-password-challengeid-1.html"))
    assert isinstance(state, Password)
    assert (state.field, state.said) == ("Passwd", "")
    assert state.form.action == "https://accounts.google.com/signin/challenge/pwd/1"
    fields = posted(capture("form-password-challengeid-1.html"), "pw")
    start = "https://accounts.google.com/o/saml2/initsso?idpid=XXXXXX&spid=YYYYYY&forceauthn=false"
    again = f"{start}&hl=en&loc=US&from_login=1&as=123123-w"
    assert fields == {
        "challengeId": "1",
        "challengeType": "1",
        "ifkv": "_MASKED_ifkv_VALUE_",
        "continue": again,
        "flowName": "WEB_SETUP_GLIF",
        "followup": again,
        "faa": "1",
        "hl": "en",
        "oauth": "1",
        "sarp": "1",
        "scc": "1",
        "ltmpl": "popup",
        "TL": "_MASKED_TL_VALUE_",
        "gxf": "_MASKED_gxf_VALUE_",
        "Email": "test-id1@example.com",
        "Passwd": "pw",
    }


def test_password_of_2024(capture: Capture) -> None:
    state = read(capture("form-password-challengeid-3.html"))
    assert isinstance(state, Password)
    # "Too many failed attempts" stands on the page, hidden.
    assert (state.field, state.said, state.form.id) == ("Passwd", "", "")
    parts = urlsplit(state.form.action)
    assert (parts.netloc, parts.path) == ("accounts.google.com", "/v3/signin/challenge/pwd")
    query = parse_qs(parts.query)
    assert query["cid"] == ["2"]
    assert query["ifkv"] == ["ABCDEFGHIJKLMNOPQRSTUVWXYZ?hl=en"]
    assert "idpid%3DXXXXXX%26spid%3DYYYYYY" in parts.query
    assert posted(capture("form-password-challengeid-3.html"), "pw") == {
        "bgresponse": "js_enabled",
        "identifier": "test-id3@example.com",
        "Passwd": "pw",
        "historicalPassword": "false",
        "action": "1",
        "at": "ALt4Ve3-7VDKsElQQfRT91gYiMG8:1717681198454",
    }


def test_totp_of_2018(capture: Capture) -> None:
    state = read(capture("challenge-totp.html"))
    assert isinstance(state, Code)
    assert (state.kind, state.field, state.said) == ("totp", "Pin", "")
    assert state.form.action == "https://accounts.google.com/signin/challenge/totp/2"
    assert posted(capture("challenge-totp.html"), "123456") == {
        "challengeId": "2",
        "challengeType": "6",
        "continue": "XXXX",
        "scc": "1",
        "sarp": "1",
        "checkedDomains": "youtube",
        "pstMsg": "0",
        "TL": "XXXX",
        "gxf": "XXXX:1529089529979",
        "Pin": "123456",
    }


def test_captcha_of_2024(capture: Capture) -> None:
    page = capture("captcha.html")
    state = read(page)
    assert isinstance(state, Captcha)
    assert (state.field, state.identifier) == ("ca", "identifier")
    token = "super_long_captcha_string"
    assert state.image_url == f"https://accounts.google.com/Captcha?v=2&ctoken={token}"
    image = Page(state.image_url, 200, "", content=b"GIF89a")
    assert posted(page, image, "abcde") == {
        "identifier": "ada@example.com",
        "hiddenPassword": "",
        "ca": "abcde",
        "ct": token,
        "usi": "XXXXXXXXX:YYYYYYYYY",
        "domain": "",
        "region": "US",
        "bgresponse": "js_enabled",
        "action": "1",
        "at": "VVVVVVVVVVV:ZZZZZZZZZZZZZZZZ",
    }


CARRIED_2023 = {
    "challengeId": "2",
    "challengeType": "9",
    "ifkv": "XXXXXXXX",
    "continue": "XXXXXXXX",
    "flowName": "WEB_SETUP_GLIF",
    "followup": "XXXXXXXX",
    "faa": "1",
    "hl": "en",
    "oauth": "1",
    "sarp": "1",
    "scc": "1",
    "ltmpl": "popup",
    "TL": "XXXXXXXX",
    "gxf": "XXXXXXXX",
}


def test_text_message_of_2023(capture: Capture) -> None:
    page = capture("challenge-sms-send.html")
    state = read(page)
    assert isinstance(state, Send)
    assert state.masked.startswith("(•••) •••-••")
    assert [name for name, _ in state.buttons] == ["sms"]
    assert state.form.action == "https://accounts.google.com/signin/challenge/ipp/2"
    assert posted(page) == {**CARRIED_2023, "SendMethod": "SMS"}


def test_the_code_of_a_text_message_of_2023(capture: Capture) -> None:
    # The page that follows was captured as well; it differs from this one by its field.
    page = capture("challenge-sms-send.html")
    start, end = page.body.index('<button type="submit"'), page.body.index("</button>")
    field = """<div dir="ltr">G-</div><input type="tel" pattern="[0-9 ]*"
    id="idvPreregisteredPhonePin" name="Pin" dir="ltr"><span id="pinErrorMessage"><span
    class="Qx8Abe" id="errorMsg"> Enter a code </span></span><input type="submit" id="submit">"""
    code = replace(page, body=page.body[:start] + field + page.body[end:])
    state = read(code)
    assert isinstance(state, Code)
    assert (state.kind, state.field, state.said) == ("ipp", "Pin", "Enter a code")
    assert state.masked.startswith("(•••) •••-••")
    assert posted(code, "G-123 456") == {**CARRIED_2023, "Pin": "123456"}


def test_prompt_of_2018(capture: Capture) -> None:
    page = capture("challenge-prompt.html")
    state = read(page)
    assert isinstance(state, Prompt)
    assert (state.kind, state.seconds, state.number) == ("az", 180.0, "")
    assert state.poll == Poll("XXXXXX", "XXXXXX-XXXXXX-XXXXXX=")
    assert state.form.action == "https://accounts.google.com/signin/challenge/az/5"
    assert state.another and state.another.form.path == "/signin/challenge/skip"
    assert state.resend
    assert dict(state.resend.form.fill({}))["subAction"] == "startChallenge"
    token = Page("https://content.googleapis.com/", 200, '{"txToken": "t"}')
    fields = posted(page, token)
    again = fields.pop("continue")
    assert again.endswith("&from_login=1&as=emST7MqM0J28piqRLOG9-w")
    assert fields == {
        "challengeId": "5",
        "challengeType": "4",
        "scc": "1",
        "sarp": "1",
        "checkedDomains": "youtube",
        "pstMsg": "0",
        "TL": "XXXXXX-XXXXXX-XXXXXX-XXXXXX-xXw",
        "gxf": "XXXXXX:1529303586210",
        "token": "t",
        "action": "VERIFY",
    }


def test_where_the_prompt_of_2018_is_to_be_found() -> None:
    state = read(captured("challenge-prompt.html"))
    assert isinstance(state, Prompt)
    assert state.device == "Unlock your Google Pixel 2"


def test_prompt_with_a_number_of_2022(capture: Capture) -> None:
    page = capture("challenge-extra-number.html")
    state = read(page)
    assert isinstance(state, Prompt)
    assert (state.kind, state.poll, state.seconds, state.number) == ("dp", None, None, "89")
    assert state.form.action == "https://accounts.google.com/signin/challenge/dp/6"
    trusting = Google("C0test", "4711", "ada@example.com", trust_device=True)
    fields = posted(page, None, google=trusting)
    assert fields.pop("continue").endswith("&from_login=1&as=123123-w")
    assert fields == {
        "challengeId": "6",
        "challengeType": "39",
        "checkConnection": "youtube:930:1",
        "flowName": "WEB_SETUP_GLIF",
        "faa": "1",
        "hl": "en",
        "oauth": "1",
        "sarp": "1",
        "scc": "1",
        "TL": "XXXXXX",
        "gxf": "XXXXXX:1529303586210",
        "TrustDevice": "on",
    }


def test_menu_of_2018_in_french(capture: Capture) -> None:
    page = capture("selectchallenge-fr.html")
    state = read(page)
    assert isinstance(state, Menu)
    assert [(option.method.kind, option.method.label) for option in state.options] == [
        ("sms", "SMS to •• •• •• •• 76"),
        ("voice", "Voice call to •• •• •• •• 76"),
        ("recovery-phone", "Confirm your recovery phone number"),
    ]
    fields = posted(page, state.options[1].method)
    assert (fields["challengeId"], fields["subAction"]) == ("2", "selectChallenge")
    assert (fields["challengeType"], fields["SendMethod"]) == ("9", "VOICE")


def assertion(name: str) -> Assertion:
    raw = (Path(FOLDER or "") / "saml" / name).read_bytes()
    return read_assertion(SAMLResponse(base64.b64encode(raw).decode(), served.ACS))


ADFS = tuple(
    Role(
        f"arn:aws:iam::123123123123:role/AWS-Admin-CloudOPS{stage}",
        "arn:aws:iam::123123123123:saml-provider/ExampleADFS",
    )
    for stage in ("Build", "NonProd")
)
APPS = tuple(
    Role(
        f"arn:aws:iam::123456789012:role/{name}",
        "arn:aws:iam::123456789012:saml-provider/GoogleApps",
    )
    for name in ("admin", "read-only", "test")
)
SUITE = (
    Role("arn:aws-cn:iam::123456789012:role/Foobar", "arn:aws:iam::123456789:saml-provider/GSuite"),
)


@pytest.mark.parametrize(
    ("name", "roles", "who", "duration"),
    [
        ("assertion.xml", ADFS, "wolfeidau@example.com", 28_800),
        ("assertion_invalid_date.xml", ADFS, "wolfeidau@example.com", 28_800),
        ("assertion_no_destination.xml", ADFS, "wolfeidau@example.com", 28_800),
        ("saml-response-expired-before-valid.xml", APPS, "first.last@example.com", 28_800),
        ("saml-response-no-expire.xml", APPS, "first.last@example.com", 28_800),
        ("saml-response-too-late.xml", APPS, "first.last@example.com", 28_800),
        ("saml-response-too-soon.xml", APPS, "first.last@example.com", 28_800),
        ("too-many-commas.xml", APPS, "first.last@example.com", 28_800),
        ("valid-response.xml", APPS, "first.last@example.com", 28_800),
        ("saml-session-basic-cn.xml", SUITE, "foo@bar.com", None),
    ],
)
def test_an_assertion_is_read(
    name: str, roles: tuple[Role, ...], who: str, duration: int | None
) -> None:
    claims = assertion(name)
    assert (claims.roles, claims.ignored) == (roles, 0)
    assert (claims.role_session_name, claims.session_duration) == (who, duration)
    assert claims.issued is not None
    assert claims.not_before is not None
    assert (claims.not_on_or_after is None) == (name == "assertion_invalid_date.xml")
    assert claims.destination == ("" if name == "assertion_no_destination.xml" else served.ACS)
    assert claims.issuer.startswith(
        "http://id.example.com/adfs" if roles is ADFS else "https://accounts.google.com/o/saml2"
    )


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("saml-session-basic.xml", ["foobar"]),
        ("saml-session-basic-with-multiple-roles.xml", ["Foobiz", "Admin", "Foobar"]),
    ],
)
def test_accounts_shortened_to_nine_digits_are_no_reason_to_refuse(
    name: str, names: list[str]
) -> None:
    claims = assertion(name)
    assert [role.name for role in claims.roles] == names
    assert {len(role.account_id) for role in claims.roles} == {9}
