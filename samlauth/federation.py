"""The console's sign-in by temporary credentials, as a flow.

AWS's federation endpoint makes a token of credentials, and an address with that token in it opens
the console (IAM User Guide, "Enable custom identity broker access to the AWS console").
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from samlauth.errors import SettingsError, STSRefused
from samlauth.flow import Credentials, Flow, Page, Request, fetch, within
from samlauth.printable import safe
from samlauth.reach import Origin, Reach

_DOMAINS: Final = {
    "aws": "aws.amazon.com",
    "aws-us-gov": "amazonaws-us-gov.com",
    "aws-cn": "amazonaws.cn",
}
"""Partition to what ``signin.`` and ``console.`` stand before."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True)
class Place:
    """A page of the console. Raises SettingsError for what cannot be a partition of AWS's, the name
    of a service, or a region."""

    partition: str
    service: str | None = None
    """As in the console's own addresses: ``s3``, ``ec2``, ``cloudwatch``; None for its front page."""
    region: str | None = None

    def __post_init__(self) -> None:
        if self.partition not in _DOMAINS:
            raise SettingsError(
                f"The console of the partition {safe(self.partition)} is not known to this version.",
                hint=f"Known are {', '.join(_DOMAINS)}.",
            )
        for what, name in (("service", self.service), ("region", self.region)):
            if name is not None and not _NAME.fullmatch(name):
                raise SettingsError(
                    f"{safe(name)!r} cannot be the name of a {what}.",
                    hint="It is written in small letters, as in s3 and eu-west-1.",
                )

    @property
    def endpoint(self) -> Origin:
        """Who makes the token."""
        return Origin(f"signin.{_DOMAINS[self.partition]}")

    @property
    def url(self) -> str:
        """The page's own address."""
        query = f"?{urlencode({'region': self.region})}" if self.region else ""
        return f"https://console.{_DOMAINS[self.partition]}/{self.service or 'console'}/home{query}"


def sign_in_url(credentials: Credentials, place: Place) -> Flow[str]:
    """An address that opens ``place`` for whoever has it, within 15 minutes: it is a secret.

    Raises STSRefused when AWS makes no token of the credentials.
    """
    session = json.dumps(
        {
            "sessionId": credentials.access_key_id,
            "sessionKey": credentials.secret_access_key,
            "sessionToken": credentials.session_token,
        }
    )
    endpoint = f"{place.endpoint}/federation"
    asked = f"{endpoint}?{urlencode({'Action': 'getSigninToken', 'Session': session})}"
    request = Request(asked, carrying="answers", shows="Signing in to the AWS console")
    page = yield from within(Reach(place.endpoint), fetch(request))
    login = {"Action": "login", "Destination": place.url, "SigninToken": _token(page, place)}
    return f"{endpoint}?{urlencode(login)}"


def _token(page: Page, place: Place) -> str:
    try:
        answer = json.loads(page.body)
    except (ValueError, RecursionError):
        answer = None
    token = answer.get("SigninToken") if isinstance(answer, dict) else None
    if page.status != 200 or not isinstance(token, str) or not token:
        raise STSRefused(
            f"{place.endpoint.host} gave no access to the console for these credentials "
            f"(HTTP {page.status}).",
            hint="They may have been revoked, or be of another partition. "
            "Sign in again: samlauth --force",
        )
    return token
