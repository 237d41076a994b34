"""Reads pages and assertions captured from the real world, which are not part of the project.

They are looked for in the folder that ``SAMLAUTH_CAPTURED_PAGES`` names, in its folders ``google``
and ``saml``.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from samlauth.flow import Page, within
from samlauth.idp.google import Google
from samlauth.idp.google.pages import Code, Password, Unknown, read
from samlauth.saml import Assertion, Role, SAMLResponse, read_assertion
from samlauth.testing import replay

from . import served

FOLDER = os.environ.get("SAMLAUTH_CAPTURED_PAGES")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SAMLAUTH_CAPTURED_PAGES names no folder of captured pages"
)


def captured(name: str) -> Page:
    body = (Path(FOLDER or "") / "google" / name).read_text(encoding="utf-8")
    return Page("https://accounts.google.com/signin/v1/lookup", 200, body)


def posted(name: str, *answers: str) -> dict[str, str]:
    """What is posted in answer to the page."""
    google = Google("C0test", "4711", "ada@example.com")
    flow = within(google.reach, google.sign_in())
    form = replay(flow, captured(name), *answers, served.saml_post()).requests[1].form
    assert form is not None
    assert len(dict(form)) == len(form)
    return dict(form)


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("captcha.html", "a CAPTCHA"),
        ("challenge-sms-send.html", "a text-message challenge (ipp)"),
        ("challenge-prompt.html", "a Google prompt on a phone (az)"),
        ("challenge-extra-number.html", "a Google prompt on a phone (dp)"),
        ("selectchallenge-fr.html", "a menu of ways to prove it is you"),
    ],
)
def test_a_page_that_cannot_be_answered_is_named(name: str, seen: str) -> None:
    assert read(captured(name)) == Unknown(seen)


def test_password_of_2023() -> None:
    state = read(captured("form-password-challengeid-1.html"))
    assert isinstance(state, Password)
    assert (state.field, state.said) == ("Passwd", "")
    assert state.form.action == "https://accounts.google.com/signin/challenge/pwd/1"
    fields = posted("form-password-challengeid-1.html", "pw")
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


def test_password_of_2024() -> None:
    state = read(captured("form-password-challengeid-3.html"))
    assert isinstance(state, Password)
    # "Too many failed attempts" stands on the page, hidden.
    assert (state.field, state.said, state.form.id) == ("Passwd", "", "")
    parts = urlsplit(state.form.action)
    assert (parts.netloc, parts.path) == ("accounts.google.com", "/v3/signin/challenge/pwd")
    query = parse_qs(parts.query)
    assert query["cid"] == ["2"]
    assert query["ifkv"] == ["ABCDEFGHIJKLMNOPQRSTUVWXYZ?hl=en"]
    assert "idpid%3DXXXXXX%26spid%3DYYYYYY" in parts.query
    assert posted("form-password-challengeid-3.html", "pw") == {
        "bgresponse": "js_enabled",
        "identifier": "test-id3@example.com",
        "Passwd": "pw",
        "TrustDevice": "true",
        "historicalPassword": "false",
        "action": "1",
        "at": "ALt4Ve3-7VDKsElQQfRT91gYiMG8:1717681198454",
    }


def test_totp_of_2018() -> None:
    state = read(captured("challenge-totp.html"))
    assert isinstance(state, Code)
    assert (state.kind, state.field, state.said) == ("totp", "Pin", "")
    assert state.form.action == "https://accounts.google.com/signin/challenge/totp/2"
    assert posted("challenge-totp.html", "123456") == {
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
