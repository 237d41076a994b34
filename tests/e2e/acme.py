"""Acme ID, the identity provider of docs/plugins.md, in a rehearsal."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from html import escape

from samlauth.sandbox import assertions
from samlauth.sandbox.rehearsal import Rehearsal
from samlauth.sandbox.sts import STS
from samlauth.sandbox.trust import Trust
from samlauth.sandbox.web import Request, Response

HOST = "id.example.org"
URL = f"https://{HOST}"


class Acme:
    """What is behind :data:`HOST`, for the person of the rehearsal; AWS trusts it.

    Made before the rehearsal is entered.
    """

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.posted: list[tuple[str, dict[str, str]]] = []
        """The path and the fields of every form, in order."""
        self.apps: list[str] = []
        """Where each sign-in began."""
        self.code = f"{secrets.randbelow(10**6):06}"
        self.wall = False
        """Whether the code is followed by a page that no form gets past."""
        self._rehearsal = rehearsal
        self._nonce = secrets.token_urlsafe(8)
        self._signer = assertions.forged_signer()
        rehearsal.hosts[HOST] = self
        rehearsal.sts = STS(Trust(URL, self._signer.certificate_pem, rehearsal.roles))

    def __call__(self, request: Request) -> Response:
        """Answers one request."""
        fields = dict(request.form)
        if request.method == "GET" and request.path.startswith("/apps/"):
            self.apps.append(request.path)
            return _page(_NAME)
        self.posted.append((request.path, fields))
        match request.path, fields:
            case "/login", {"user": user, "password": password}:
                if (user, password) == (self._rehearsal.username, self._rehearsal.password):
                    return _page(_CODE.format(nonce=self._nonce))
                return _page('<p id="error">That is not your \x1b[31mpassword.</p>' + _NAME)
            case "/code", {"code": self.code, "nonce": self._nonce}:
                return _page("Use your passkey." if self.wall else self._done())
        return Response(400)

    def _done(self) -> str:
        statement = assertions.Statement(
            issuer=URL,
            subject=self._rehearsal.username,
            roles=tuple(role.attribute_value for role in self._rehearsal.roles),
            issued=datetime.now(UTC),
            role_session_name=self._rehearsal.username,
        )
        response = escape(self._signer.sign(statement))
        return (
            f'<form method="post" action="{assertions.ACS}">'
            f'<input type="hidden" name="SAMLResponse" value="{response}"></form>'
        )


_NAME = (
    '<form method="post" action="/login"><input name="user"><input type="password" name="password">'
    "</form>"
)
_CODE = (
    '<form method="post" action="/code"><input name="code">'
    '<input type="hidden" name="nonce" value="{nonce}"></form>'
)


def _page(body: str) -> Response:
    page = f"<!doctype html><title>Acme ID</title>{body}"
    return Response(200, page.encode(), (("Content-Type", "text/html; charset=utf-8"),))
