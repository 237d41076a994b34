import base64
import json
import os
from pathlib import Path

import pytest

from samlauth.aliases import account_names, is_aws_sign_in
from samlauth.errors import NetworkError, SamlauthError
from samlauth.flow import Page
from samlauth.reach import Origin, Reach
from samlauth.saml import SAMLResponse
from samlauth.testing import replay

ACS = "https://signin.aws.amazon.com/saml"
RESPONSE = SAMLResponse("UmVzcG9uc2U=", ACS)
ONE, TWO = "111111111111", "222222222222"


def meta(data: object) -> str:
    text = data if isinstance(data, str) else json.dumps(data)
    return f'<meta name="data" content="{base64.b64encode(text.encode()).decode()}">'


def drawn(*labels: str) -> str:
    """The page that a script draws."""
    accounts = {label: ["arn:aws:iam::111111111111:role/A"] for label in labels}
    return f'<meta name="csrf_token" content="x">{meta({"roles_accounts": accounts})}<div></div>'


def written(*labels: str) -> str:
    """The page that needs no script."""
    return '<form id="saml_form">' + "".join(
        f'<div class="saml-account"><div class="saml-account-name">{label}</div></div>'
        for label in labels
    )


def names(body: str) -> dict[str, str]:
    return replay(account_names(RESPONSE), Page(ACS, 200, body)).result


def test_the_response_is_posted_to_its_own_consumer_service_and_may_go_nowhere_else() -> None:
    run = replay(account_names(RESPONSE), Page(ACS, 200, drawn(f"production ({ONE})")))
    (request,) = run.requests
    assert request.url == ACS
    assert request.form == (("SAMLResponse", "UmVzcG9uc2U="), ("RelayState", ""))
    assert request.carrying == "answers"
    assert request.reach == Reach(Origin("signin.aws.amazon.com"))
    assert request.seconds == 2
    assert run.result == {ONE: "production"}


@pytest.mark.parametrize(
    "acs",
    [
        "https://eu-west-1.signin.aws.amazon.com/saml/acs/SAMLSPABC",
        "https://signin.amazonaws-us-gov.com/saml",
        "https://cn-north-1.signin.amazonaws.cn/saml",
        "https://signin.amazonaws-eusc.eu:443/saml",
    ],
)
def test_every_partition_and_region_has_a_consumer_service(acs: str) -> None:
    run = replay(account_names(SAMLResponse("QQ==", acs)), Page(acs, 200, written(f"a ({ONE})")))
    assert [request.url for request in run.requests] == [acs]
    assert run.result == {ONE: "a"}


@pytest.mark.parametrize(
    "acs",
    [
        "https://signin.aws.amazon.com.evil.example/saml",
        "https://evilsignin.aws.amazon.com/saml",
        "https://signin.aws.amazon.com:8443/saml",
        "http://signin.aws.amazon.com/saml",
        "https://ada@signin.aws.amazon.com/saml",
        "https://console.aws.amazon.com/saml",
        "",
    ],
)
def test_a_response_for_anybody_else_is_not_posted(acs: str) -> None:
    run = replay(account_names(SAMLResponse("QQ==", acs)))
    assert (run.result, run.requests) == ({}, [])


def test_the_sign_in_hosts_of_aws() -> None:
    assert is_aws_sign_in(Origin("us-gov-west-1.signin-fips.amazonaws-us-gov.com"))
    assert not is_aws_sign_in(Origin("signin.aws.amazon.com", 8443))
    assert not is_aws_sign_in(Origin("signin-aws.amazon.com"))


def test_the_page_that_a_script_draws() -> None:
    body = drawn(f"production ({ONE})", TWO, f"Team: ops (eu) ({TWO[:-1]}3)")
    assert names(body) == {ONE: "production", TWO: "", "222222222223": "Team: ops (eu)"}
    folded = body.replace('content="ey', 'content="e\n  y')
    assert folded != body
    assert names(folded) == names(body)


@pytest.mark.parametrize("label", ["Account:", "Konto :", "アカウント：", " Account:\n "])  # noqa: RUF001 - as the Japanese page writes it
def test_the_page_that_needs_no_script_in_any_language(label: str) -> None:
    body = written(f"{label} Team: ops ({ONE})", f"{label} {TWO}")
    assert names(body) == {ONE: "Team: ops", TWO: ""}


def test_names_are_made_fit_to_print() -> None:
    assert names(drawn(f"\x1b[31mred\u202e ({ONE})")) == {ONE: "\\x1b[31mred\\u202e"}
    assert len(names(drawn("x" * 500 + f" ({ONE})"))[ONE]) == 200


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html><h1>Your request included an invalid SAML response.</h1></html>",
        drawn("production", "production (11111111111)", "production (" + "\u0661" * 12 + ")", "()"),
        written("Account: production (x)", "Account:"),
        '<meta name="data">',
        '<meta name="data" content="%%%">',
        '<meta name="data" content="é">',
        '<meta name="data" content="/////w==">',
        meta("{"),
        meta("[" * 100_000),
        meta("1" * 10_000),
        meta([1]),
        meta({"roles_accounts": [f"production ({ONE})"]}),
        meta({"roles_accounts": None}),
        "<" * 60_000,
    ],
)
def test_a_page_that_cannot_be_read_gives_no_names(body: str) -> None:
    assert names(body) == {}


def test_a_sign_in_without_a_list_gives_no_names() -> None:
    page = Page(ACS, 302, "", elsewhere="https://console.aws.amazon.com/")
    assert replay(account_names(RESPONSE), page).result == {}


@pytest.mark.parametrize("error", [NetworkError("too slow"), SamlauthError("unexpected")])
def test_no_answer_gives_no_names(error: SamlauthError) -> None:
    assert replay(account_names(RESPONSE), error).result == {}


FOLDER = os.environ.get("SAMLAUTH_CAPTURED_PAGES")


@pytest.mark.skipif(not FOLDER, reason="SAMLAUTH_CAPTURED_PAGES names no folder of captured pages")
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("saml.html", {"000000000001": "account-alias", "000000000002": ""}),
        ("aws_nextjs.html", {"012345678901": "testaccount1", "987654321987": ""}),
    ],
)
def test_captured_pages(name: str, found: dict[str, str]) -> None:
    body = (Path(FOLDER or "") / "aws" / name).read_text(encoding="utf-8")
    assert names(body) == found
