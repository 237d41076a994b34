"""The console's sign-in: what is asked for, and what is made of the answer."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from samlauth.credentials import Credentials
from samlauth.errors import SettingsError, STSRefused
from samlauth.federation import Place, sign_in_url
from samlauth.flow import Page
from samlauth.reach import Origin, Reach
from samlauth.testing import replay

CREDENTIALS = Credentials("ASIA1", "hunter2", "hunter3/+=", datetime(2026, 11, 22, tzinfo=UTC))


def page(body: str, status: int = 200) -> Page:
    return Page("https://signin.aws.amazon.com/federation", status, body)


def query(url: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


@pytest.mark.parametrize(
    ("partition", "domain"),
    [
        ("aws", "aws.amazon.com"),
        ("aws-us-gov", "amazonaws-us-gov.com"),
        ("aws-cn", "amazonaws.cn"),
    ],
)
def test_credentials_go_to_their_partitions_own_endpoint(partition: str, domain: str) -> None:
    place = Place(partition, "s3", "eu-west-1")
    run = replay(sign_in_url(CREDENTIALS, place), page('{"SigninToken": "to+ken"}'))
    (request,) = run.requests
    assert request.reach == Reach(Origin(f"signin.{domain}"))
    assert (request.form, request.json, request.carrying) == (None, None, "answers")
    assert request.url.startswith(f"https://signin.{domain}/federation?")
    asked = query(request.url)
    assert asked["Action"] == "getSigninToken"
    assert json.loads(asked["Session"]) == {
        "sessionId": "ASIA1",
        "sessionKey": "hunter2",
        "sessionToken": "hunter3/+=",
    }
    assert run.result.startswith(f"https://signin.{domain}/federation?")
    assert query(run.result) == {
        "Action": "login",
        "Destination": f"https://console.{domain}/s3/home?region=eu-west-1",
        "SigninToken": "to+ken",
    }


def test_the_front_page_is_the_usual_place() -> None:
    assert Place("aws").url == "https://console.aws.amazon.com/console/home"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("The session is not valid.", 400),
        ('{"SigninToken": "x"}', 403),
        ("<html>", 200),
        ("[]", 200),
        ('{"SigninToken": ""}', 200),
        ('{"SigninToken": 7}', 200),
        ("[" * 100_000, 200),
    ],
)
def test_no_token_is_a_refusal(body: str, status: int) -> None:
    run = replay(sign_in_url(CREDENTIALS, Place("aws")), page(body, status), raises=STSRefused)
    assert f"(HTTP {status})" in run.result.message
    assert "hunter" not in run.result.message + run.result.hint


@pytest.mark.parametrize(
    "place",
    [
        ("aws-iso", None, None),
        ("", None, None),
        ("aws", "../evil", None),
        ("aws", "s3?x=y", None),
        ("aws", "", None),
        ("aws", "s3", "eu-west-1&x=y"),
        ("aws", None, "@evil.example"),
    ],
)
def test_a_place_that_cannot_be_is_refused(place: tuple[str, str | None, str | None]) -> None:
    with pytest.raises(SettingsError):
        Place(*place)
