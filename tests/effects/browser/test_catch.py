"""Which request is the one to AWS, and what is in it."""

import base64
from fnmatch import fnmatchcase
from urllib.parse import urlencode, urlsplit

import pytest

from samlauth.aliases import is_aws_sign_in
from samlauth.effects.browser.catch import (
    PATTERNS,
    SIGN_IN_HOSTS,
    UnreadableError,
    saml_response,
)
from samlauth.reach import Origin, origin_of
from samlauth.saml import SAMLResponse

ASSERTION = base64.b64encode(bytes(range(256))).decode()
FORM = urlencode({"SAMLResponse": ASSERTION, "RelayState": ""})

ACS = [
    "https://signin.aws.amazon.com/saml",
    "https://eu-west-1.signin.aws.amazon.com/saml",
    "https://signin.aws.amazon.com/saml/acs/SAMLABC",
    "https://us-gov-west-1.signin.amazonaws-us-gov.com/saml/acs/x",
    "https://signin.amazonaws-us-gov.com/saml",
    "https://signin.amazonaws.cn/saml",
    "https://signin.amazonaws-eusc.eu/saml",
    "https://us-east-1.signin-fips.aws.amazon.com/saml",
    "https://signin.aws.amazon.com:443/saml",
    "https://signin.aws.amazon.com./saml",
    "https://signin.aws.amazon.com/saml?x=1",
]
OTHERS = [
    "http://signin.aws.amazon.com/saml",
    "https://signin.aws.amazon.com:8443/saml",
    "https://signin.aws.amazon.com.evil.example/saml",
    "https://xsignin.aws.amazon.com/saml",
    "https://evil.example/saml?https://signin.aws.amazon.com/saml",
    "https://signin.aws.amazon.com@evil.example/saml",
    "https://hub.example/saml",
    "https://signin.aws.amazon.com/",
    "https://signin.aws.amazon.com/samlx",
    "https://signin.aws.amazon.com/saml/metadata",
    "https://signin.aws.amazon.com/platform/saml/acs/x",
    "not a url",
]


def post(url: str, body: str = FORM) -> dict[str, object]:
    return {"url": url, "method": "POST", "hasPostData": True, "postData": body}


@pytest.mark.parametrize("url", ACS)
def test_a_post_to_aws(url: str) -> None:
    assert saml_response(post(url)) == SAMLResponse(ASSERTION, url)


@pytest.mark.parametrize("url", ACS)
def test_the_browser_stops_it(url: str) -> None:
    shown = url.replace(":443", "")  # as browsers write it
    assert any(fnmatchcase(shown, pattern["urlPattern"]) for pattern in PATTERNS)


@pytest.mark.parametrize("url", OTHERS)
def test_all_others_are_not_our_business(url: str) -> None:
    assert saml_response(post(url)) is None


@pytest.mark.parametrize("body", ["", "SAMLResponse=", "SAMLResponse=%20&x=1", "Other=1", "=", "&"])
def test_nor_is_a_form_without_a_response(body: str) -> None:
    request = {**post(ACS[0], body), "hasPostData": bool(body)}
    assert saml_response(request) is None


def test_nor_is_a_get() -> None:
    assert saml_response({**post(ACS[0]), "method": "GET"}) is None


def entries(*parts: bytes) -> list[dict[str, str]]:
    return [{"bytes": base64.b64encode(part).decode()} for part in parts]


def test_a_form_that_comes_in_parts() -> None:
    whole = urlencode({"RelayState": "x" * 300_000, "SAMLResponse": ASSERTION}).encode()
    request = {**post(ACS[0]), "postDataEntries": entries(whole[:299_999], whole[299_999:])}
    del request["postData"]
    assert saml_response(request) == SAMLResponse(ASSERTION, ACS[0])


def test_an_assertion_too_long_for_sts_is_handed_on() -> None:
    caught = saml_response(post(ACS[0], urlencode({"SAMLResponse": "A" * 150_000})))
    assert caught is not None
    assert len(caught.base64) == 150_000


@pytest.mark.parametrize("parts", [None, [], [{}], [{"bytes": "%"}], [{"bytes": None}]])
def test_a_form_that_is_not_handed_over_is_not_let_go(parts: object) -> None:
    request = {**post(ACS[0], ""), "postDataEntries": parts}
    with pytest.raises(UnreadableError):
        saml_response(request)


def test_every_host_that_a_plain_window_is_kept_from_is_a_sign_in_of_aws() -> None:
    for host in SIGN_IN_HOSTS:
        assert is_aws_sign_in(Origin(host.replace("*", "eu-west-1")))


@pytest.mark.parametrize("url", ACS)
def test_a_plain_window_is_kept_from_all_of_them(url: str) -> None:
    host = (urlsplit(url).hostname or "").rstrip(".")
    assert is_aws_sign_in(origin_of(url))
    assert any(fnmatchcase(host, pattern) for pattern in SIGN_IN_HOSTS)
