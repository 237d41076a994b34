"""Reads pages captured from the real world, which are not part of the project.

They are looked for in the folder ``adfs`` of the one that ``SAMLAUTH_CAPTURED_PAGES`` names.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from samlauth.challenges import EnterCode
from samlauth.errors import SettingsError
from samlauth.flow import Page
from samlauth.idp.adfs.entry import read_entry
from samlauth.idp.adfs.pages import read
from samlauth.idp.adfs.pages.states import Code, HandOff, Login

from . import served
from .played import ADA, fields, refused, run
from .scramble import scrambled

FOLDER = os.environ.get("SAMLAUTH_CAPTURED_PAGES")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SAMLAUTH_CAPTURED_PAGES names no folder of captured pages"
)

HERE = "https://id.example.com/adfs/ls/IdpInitiatedSignOn.aspx?loginToRp=urn%3Aamazon%3Awebservices"
PROVIDER = replace(ADA, entry=read_entry("id.example.com"))

Capture = Callable[[str], Page]


@pytest.fixture(params=["as captured", "scrambled"])
def capture(request: pytest.FixtureRequest) -> Capture:
    def captured(name: str) -> Page:
        body = (Path(FOLDER or "") / "adfs" / name).read_text(encoding="utf-8")
        page = Page(HERE, 200, body)
        return scrambled(page) if request.param == "scrambled" else page

    return captured


def test_login_of_2013(capture: Capture) -> None:
    page = capture("loginpage.html")
    state = read(page)
    assert isinstance(state, Login)
    assert (state.said, state.others, state.keeps) == ("", (), True)
    _, post = run(page, "pw", served.saml_post(), provider=PROVIDER).requests
    assert post.url == "https://id.example.com/adfs/ls/idpinitiatedsignon"
    assert fields(post) == {
        "UserName": "EXAMPLE\\ada", "Password": "pw", "AuthMethod": "FormsAuthentication"
    }  # fmt: skip


def test_rsa_passcode(capture: Capture) -> None:
    page = capture("passcode.html")
    state = read(page)
    assert isinstance(state, Code)
    assert (state.adapter.name, state.field, state.said) == ("RSA SecurID", "Passcode", "")
    outcome = run(page, "1234567890", served.saml_post(), provider=PROVIDER)
    _, post = outcome.requests
    assert post.url == HERE
    posted = fields(post)
    context = posted.pop("Context")
    assert context.startswith(
        '<EncryptedData Type="http://www.w3.org/2001/04/xmlenc#Content" xmlns'
    )
    assert context.endswith("</KeyInfo></Signature></EncryptedData>")
    assert "i2oZON1eIEibLY9OHLI6HSy1FE7KhQ62qeLd4M+WsjIJP4zSFu5Z9ltp1Yi0+" in context
    assert posted == {
        "AuthMethod": "SecurIDAuthentication", "Passcode": "1234567890", "Submit": "Submit"
    }  # fmt: skip
    [challenge] = outcome.challenges
    assert isinstance(challenge, EnterCode)
    if "RSA SecurID" in page.body:
        assert challenge.note == "Enter your RSA SecurID passcode."


def test_a_token_of_ws_federation(capture: Capture) -> None:
    page = capture("ADFStrust.html")
    assert read(page) == HandOff("WS-Federation")
    refused(SettingsError, page, provider=PROVIDER)
