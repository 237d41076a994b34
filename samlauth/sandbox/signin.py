"""AWS's sign-in page: who brings a SAML response to it is shown the roles, by account.

It is where account names can be learnt from, and where credentials open the console. The page has had two shapes, both served here.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from typing import Literal

from samlauth.sandbox import federation
from samlauth.sandbox.accounts import ACCOUNT_NAMES, AccountRole
from samlauth.sandbox.trust import Fault, Trust
from samlauth.sandbox.web import Request, Response

HOST = "signin.aws.amazon.com"

Layout = Literal["old", "new"]

_HTML = ("Content-Type", "text/html; charset=utf-8")


class SignIn:
    """The application behind :data:`HOST`.

    Violations go to the list that the identity provider keeps.
    """

    def __init__(
        self,
        trust: Trust,
        violations: list[str],
        *,
        layout: Layout = "new",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.posts = 0
        """How often anything was posted here, good or bad."""
        self.handed_out: list[str] = []
        """The value of every cookie that was set, in order."""
        self.federation = federation.Federation(clock)
        """What makes sign-ins to the console of credentials."""
        self._trust = trust
        self._violations = violations
        self._layout: Layout = layout
        self._clock = clock
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """Answers one request."""
        with self._lock:
            if request.path == federation.PATH:
                return self.federation(request)
            if request.method == "POST":
                self.posts += 1
            elif request.path == "/favicon.ico":
                return Response(404)  # a browser asks for it by itself
            if wrong := self._wrong(request):
                self._violations.append(f"{request.method} {HOST}{request.path}: {wrong}")
                return Response(400, b"Bad request.", (_HTML,))
            response = dict(request.form)["SAMLResponse"]
            now = datetime.fromtimestamp(self._clock(), UTC)
            try:
                roles = self._trust.offered(response, now=now)
            except Fault as fault:
                error = f"<h1>Your request included an invalid SAML response.</h1>{fault.message}"
                return Response(400, error.encode(), (_HTML,))
            return self._welcome(roles, response)

    def _wrong(self, request: Request) -> str:
        fields = Counter(name for name, _ in request.form)
        if request.host.removesuffix(":443").lower() != HOST:
            return f"The Host header names {request.host}."
        if (request.method, request.target) != ("POST", "/saml"):
            return "There is nothing at this address."
        if request.headers.get_content_type() != "application/x-www-form-urlencoded":
            return "The Content-Type is not application/x-www-form-urlencoded."
        if fields["SAMLResponse"] != 1 or fields["RelayState"] > 1 or len(fields) > 2:
            return "The fields are not those of the identity provider's form."
        if set(request.cookies) - {("aws-signin", value) for value in self.handed_out}:
            return "A cookie was sent that this host never set."
        return ""

    def _welcome(self, roles: tuple[AccountRole, ...], response: str) -> Response:
        self.handed_out.append(secrets.token_urlsafe(24))
        cookie = f"aws-signin={self.handed_out[-1]}; Domain=.{HOST}; Path=/; Secure; HttpOnly"
        headers = (_HTML, ("Set-Cookie", cookie))
        if len(roles) == 1:  # there is nothing to choose
            console = f"https://console.aws.amazon.com/console/home?role={roles[0].name}"
            return Response(302, b"", (("Location", console), *headers))
        page = _new(roles, response) if self._layout == "new" else _old(roles, response)
        return Response(200, page.encode(), headers)


def _by_account(roles: tuple[AccountRole, ...]) -> dict[str, list[AccountRole]]:
    """The roles under their account, as the page writes it: its alias, if any, and its id."""
    accounts: dict[str, list[AccountRole]] = {}
    for role in roles:
        alias = ACCOUNT_NAMES.get(role.account_id)
        shown = f"{alias} ({role.account_id})" if alias else role.account_id
        accounts.setdefault(shown, []).append(role)
    return accounts


def _old(roles: tuple[AccountRole, ...], response: str) -> str:
    accounts = "\n".join(
        f"""<div class="saml-account"><div onClick="expandCollapse({number});">
<div class="saml-account-name">Account: {account}</div></div>
<hr>
<div id="{number}" class="saml-account">
{"".join(map(_radio, of_account))}</div></div>"""
        for number, (account, of_account) in enumerate(_by_account(roles).items())
    )
    return f"""<!DOCTYPE html>
<html><head><title>Rehearsal sign-in</title></head><body><div id="container">
<h1 class="background">Not Amazon Web Services</h1>
<div id="content"><div id="main_error"></div>
<form id="saml_form" name="saml_form" action="/saml" method="post">
<input type="hidden" name="RelayState" value="">
<input type="hidden" name="SAMLResponse" value="{escape(response)}">
<p>Take a role:</p><fieldset>
{accounts}
</fieldset></form></div></div></body></html>
"""


def _radio(role: AccountRole) -> str:
    return f"""<div class="saml-role" onClick="checkRadio(this);">
<input type="radio" name="roleIndex" value="{role.role_arn}" class="saml-radio"
 id="{role.role_arn}">
<label for="{role.role_arn}" class="saml-role-description">{role.name}</label></div>
"""


def _new(roles: tuple[AccountRole, ...], response: str) -> str:
    data = {
        "invalid_accounts": {},
        "RelayState": "",
        "name": None,
        "roles_accounts": {
            account: [role.role_arn for role in of_account]
            for account, of_account in _by_account(roles).items()
        },
        "foreign_accounts": {},
        "region": "IAD",
        "portal": None,
        "SAMLResponse": response,
        "problems": "{}",
        "policy": None,
    }
    content = base64.b64encode(json.dumps(data).encode()).decode()
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="csrf_token" content="{secrets.token_urlsafe(8)}">
<meta name="data"
    content="{content}">
<meta name="panorama" content="IAD">
<title>Rehearsal sign-in</title></head>
<body><div id="root"></div></body></html>
"""
