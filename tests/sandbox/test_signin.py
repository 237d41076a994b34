from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from samlauth.sandbox.accounts import account_role
from samlauth.sandbox.rehearsal import Rehearsal

from .browser import Browser, Fields

URL = "https://signin.aws.amazon.com/saml"
NAMES = {"rehearsal-dev (111111111111)": 2, "rehearsal-prod (222222222222)": 1, "333333333333": 1}
ROLES = tuple(
    account_role(account, name)
    for account, name in (
        ("111111111111", "One"),
        ("222222222222", "Two"),
        ("111111111111", "Three"),
        ("333333333333", "Four"),
    )
)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def start(stack: ExitStack, **options: object) -> Browser:
    rehearsal = stack.enter_context(
        Rehearsal(mfa="none", **options)  # type: ignore[arg-type]  # the tests name its own
    )
    browser = stack.enter_context(Browser(rehearsal))
    browser.open()
    browser.identify()
    browser.submit("Passwd", rehearsal.password)
    return browser


def bring(browser: Browser) -> None:
    fields = [("SAMLResponse", browser.saml_response), ("RelayState", "")]
    browser.session.cookies.clear()
    browser.post(URL, fields)
    assert browser.page.status_code == 200


def test_the_new_page_has_the_roles_as_data(stack: ExitStack) -> None:
    browser = start(stack, roles=ROLES)
    response = browser.saml_response
    bring(browser)
    meta = browser.soup.select_one("meta[name=data]")
    assert meta is not None
    data = json.loads(base64.b64decode(str(meta["content"])))
    assert {name: len(roles) for name, roles in data["roles_accounts"].items()} == NAMES
    assert data["roles_accounts"]["333333333333"] == [ROLES[3].role_arn]
    assert data["SAMLResponse"] == response
    assert browser.rehearsal.sign_in.posts == 1
    assert browser.rehearsal.google.violations == []


def test_the_old_page_is_a_form(stack: ExitStack) -> None:
    browser = start(stack, roles=ROLES, layout="old")
    bring(browser)
    names = browser.soup.select("fieldset > div.saml-account div.saml-account-name")
    assert [name.get_text() for name in names] == [f"Account: {name}" for name in NAMES]
    labels = [str(label["for"]) for label in browser.soup.select("label.saml-role-description")]
    assert sorted(labels) == sorted(role.role_arn for role in ROLES)


def test_a_single_role_leaves_nothing_to_choose(stack: ExitStack) -> None:
    browser = start(stack, roles=ROLES[:1])
    answer = browser.session.post(
        URL,
        data={"SAMLResponse": browser.saml_response},
        headers={"Cookie": ""},
        allow_redirects=False,
    )
    assert answer.headers["Location"].startswith("https://console.aws.amazon.com/")


def test_a_response_that_is_not_good_is_refused(stack: ExitStack) -> None:
    now = [1_800_000_000.0]
    browser = start(stack, clock=lambda: now[0])
    good = browser.saml_response
    browser.session.cookies.clear()
    changed = base64.b64encode(base64.b64decode(good).replace(b"ReadOnly", b"Readonly")).decode()
    for response, said in (("x", "Invalid base64"), (changed, "signature invalid")):
        browser.post(URL, [("SAMLResponse", response)])
        assert (browser.page.status_code, said in browser.text) == (400, True)
    now[0] += 301
    browser.post(URL, [("SAMLResponse", good)])
    assert "within 5 minutes" in browser.text
    assert browser.rehearsal.sign_in.posts == 3
    assert browser.rehearsal.google.violations == []


@pytest.mark.parametrize(
    ("fields", "headers", "sentence"),
    [
        ([("RelayState", "")], {}, "The fields are not those of the identity provider's form."),
        (
            [("SAMLResponse", "x")] * 2,
            {},
            "The fields are not those of the identity provider's form.",
        ),
        ([("SAMLResponse", "x"), ("a", ""), ("b", "")], {}, "The fields are not those"),
        (
            [("SAMLResponse", "x")],
            {"Cookie": "SID=1"},
            "A cookie was sent that this host never set.",
        ),
        ([("SAMLResponse", "x")], {"Content-Type": "text/plain"}, "The Content-Type is not"),
        ([("SAMLResponse", "x")], {"Host": "evil.example"}, "The Host header names evil.example."),
    ],
)
def test_it_is_strict(
    stack: ExitStack, fields: Fields, headers: dict[str, str], sentence: str
) -> None:
    browser = start(stack)
    browser.session.cookies.clear()
    browser.post(URL, fields, **headers)
    assert browser.page.status_code == 400
    (violation,) = browser.rehearsal.google.violations
    assert re.match(f"POST signin.aws.amazon.com/saml: {re.escape(sentence)}", violation)


def test_there_is_nothing_else(stack: ExitStack) -> None:
    browser = start(stack)
    browser.open(URL)
    assert browser.rehearsal.google.violations == [
        "GET signin.aws.amazon.com/saml: There is nothing at this address."
    ]


def test_every_post_counts_and_a_browsers_own_requests_are_no_violation(
    stack: ExitStack,
) -> None:
    browser = start(stack)
    browser.session.cookies.clear()
    assert browser.open(URL.replace("/saml", "/favicon.ico")).status_code == 404
    assert browser.rehearsal.sign_in.posts == 0
    assert browser.rehearsal.google.violations == []
    browser.post(URL.replace("/saml", "/saml/acs/other"), [("anything", "x")])
    assert browser.rehearsal.sign_in.posts == 1
    assert len(browser.rehearsal.google.violations) == 1


def test_the_cookies_it_sets_come_back(stack: ExitStack) -> None:
    browser = start(stack)
    response = browser.saml_response
    bring(browser)
    browser.post(URL, [("SAMLResponse", response)])
    assert browser.page.status_code == 200
    assert len(browser.rehearsal.sign_in.handed_out) == 2
