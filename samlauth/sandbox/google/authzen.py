"""The poll host: it keeps a request until the person has answered the prompt, and not for long."""

from __future__ import annotations

import json

from samlauth.sandbox.google.pages import API_KEY
from samlauth.sandbox.phone import Phone, Prompt
from samlauth.sandbox.web import Request, Response

HOST = "content.googleapis.com"
PATH = "/cryptauth/v1/authzen/awaittx"

_JSON = ("Content-Type", "application/json; charset=UTF-8")


class AwaitTx:
    """The application behind :data:`HOST`.

    HTTP 500 says that nothing was answered within ``seconds``. Violations go to the list that the
    identity provider keeps.
    """

    def __init__(self, phone: Phone, violations: list[str], seconds: float) -> None:
        self.polls = 0
        self._phone = phone
        self._violations = violations
        self._seconds = seconds

    def __call__(self, request: Request) -> Response:
        """Answers one request."""
        self.polls += 1
        if wrong := self._wrong(request):
            self._violations.append(f"{request.method} {HOST}{request.path}: {wrong}")
            return _json(400, {"error": {"code": 400, "message": wrong}})
        prompt = self._prompt(request)
        assert prompt is not None
        if self._phone.wait(prompt, self._seconds) in ("yes", "no"):
            return _json(200, {"txToken": prompt.token})
        return _json(500, {"error": {"code": 500, "message": "Nothing was answered yet."}})

    def _wrong(self, request: Request) -> str:
        if request.host.removesuffix(":443").lower() != HOST:
            return f"The Host header names {request.host}."
        if (request.method, request.path) != ("POST", PATH):
            return "There is nothing at this address."
        if sorted(request.query) != [("alt", "json"), ("key", API_KEY)]:
            return "The query is not alt=json and the page's key."
        if request.headers.get_content_type() != "application/json":
            return "The Content-Type is not application/json."
        if request.cookies:
            return "A cookie was sent that this host never set."
        if self._prompt(request) is None:
            return "The body does not name a prompt as {“txId”: …}."
        return ""

    def _prompt(self, request: Request) -> Prompt | None:
        try:
            body = json.loads(request.body)
        except ValueError:
            return None
        return next((p for p in self._phone.prompts if body == {"txId": p.transaction}), None)


def _json(status: int, body: dict[str, object]) -> Response:
    return Response(status, json.dumps(body).encode(), (_JSON,))
