"""AWS's federation endpoint: credentials for a token, and the token for the console.

As the real one, it takes credentials that STS issued and are not over, in the query of a GET.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from datetime import UTC
from typing import Final
from urllib.parse import urlsplit

from samlauth.sandbox.sts import issued
from samlauth.sandbox.web import Request, Response

PATH: Final = "/federation"
_CONSOLE: Final = "console.aws.amazon.com"


class Federation:
    """The application behind :data:`PATH` of AWS's sign-in host."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.visits: list[str] = []
        """Where each sign-in to the console led, in order."""
        self._tokens: set[str] = set()
        self._clock = clock

    def __call__(self, request: Request) -> Response:
        """Answers one request."""
        query = dict(request.query)
        match request.method, query.get("Action"):
            case "GET", "getSigninToken":
                return self._token(query.get("Session", ""))
            case "GET", "login":
                return self._login(query.get("SigninToken", ""), query.get("Destination", ""))
            case _:
                return Response(400, b"Bad request.")

    def _token(self, session: str) -> Response:
        try:
            given = json.loads(session)
            key_id, secret = given["sessionId"], given["sessionKey"]
            token = given["sessionToken"]
        except (ValueError, KeyError, TypeError):
            return Response(400, b"The session is not readable.")
        assumed = issued(str(key_id))
        if (
            assumed is None
            or (assumed.secret_access_key, assumed.session_token) != (secret, token)
            or assumed.expiration.replace(tzinfo=UTC).timestamp() <= self._clock()
        ):
            return Response(400, b"The session is not valid.")
        made = secrets.token_urlsafe(64)
        self._tokens.add(made)
        answer = json.dumps({"SigninToken": made}).encode()
        return Response(200, answer, (("Content-Type", "application/json"),))

    def _login(self, token: str, destination: str) -> Response:
        if token not in self._tokens or urlsplit(destination).hostname != _CONSOLE:
            return Response(400, b"The token or the destination is not valid.")
        self.visits.append(destination)
        return Response(302, headers=(("Location", destination),))
