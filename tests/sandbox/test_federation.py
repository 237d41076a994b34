from __future__ import annotations

import json
from datetime import UTC, datetime
from email.message import Message
from urllib.parse import urlencode

import pytest
from moto.sts.models import sts_backends

from samlauth.sandbox.federation import Federation
from samlauth.sandbox.web import Request, Response

PAGE = "https://console.aws.amazon.com/s3/home"


def session(**changes: str) -> str:
    assumed = sts_backends["111111111111"]["aws"].assume_role(
        region_name="us-east-1",
        role_session_name="ada",
        role_arn="arn:aws:iam::111111111111:role/Developer",
        policy="",
        duration=900,
        external_id="",
    )
    keys = {
        "sessionId": assumed.access_key_id,
        "sessionKey": assumed.secret_access_key,
        "sessionToken": assumed.session_token,
    }
    return json.dumps(keys | changes)


def get(app: Federation, method: str = "GET", **query: str) -> Response:
    target = f"/federation?{urlencode(query)}"
    return app(Request(method, "signin.aws.amazon.com", target, Message(), b""))


def now() -> float:
    return datetime.now(UTC).timestamp()


def test_credentials_make_a_token_and_the_token_leads_to_the_console() -> None:
    app = Federation(now)
    answer = get(app, Action="getSigninToken", Session=session())
    token = json.loads(answer.body)["SigninToken"]
    led = get(app, Action="login", SigninToken=token, Destination=PAGE)
    assert (led.status, led.headers) == (302, (("Location", PAGE),))
    assert app.visits == [PAGE]


@pytest.mark.parametrize(
    "given",
    [
        session(sessionId="ASIANOBODY"),
        session(sessionKey="x"),
        session(sessionToken="x"),
        "{}",
        "[]",
        "no json",
    ],
)
def test_other_credentials_make_none(given: str) -> None:
    assert get(Federation(now), Action="getSigninToken", Session=given).status == 400


def test_credentials_that_are_over_make_none() -> None:
    app = Federation(lambda: now() + 901)
    assert get(app, Action="getSigninToken", Session=session()).status == 400


def test_only_a_token_leads_on_and_only_to_the_console() -> None:
    app = Federation(now)
    answer = get(app, Action="getSigninToken", Session=session())
    token = json.loads(answer.body)["SigninToken"]
    for query in (
        {"Action": "login", "SigninToken": "x", "Destination": PAGE},
        {"Action": "login", "SigninToken": token, "Destination": "https://evil.example/"},
        {"Action": "logout"},
        {},
    ):
        assert get(app, **query).status == 400
    assert get(app, "POST", Action="getSigninToken", Session=session()).status == 400
    assert app.visits == []
