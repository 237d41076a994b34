"""Duo's Universal Prompt, as far as a sign-in at ADFS sees it: a page that is nothing but a script."""

from __future__ import annotations

import html
import json
import secrets
from dataclasses import dataclass, field

from samlauth.sandbox.web import Request, Response

HOST = "api-rehearsal.duosecurity.com"
PATH = "/frame/frameless/v4/auth"
AUTH_METHOD = "DuoAdfsAdapter"

_HTML = ("Content-Type", "text/html; charset=utf-8")


@dataclass
class Handed:
    """One person whom ADFS handed over."""

    back_to: str
    """Where they are sent when they said yes."""
    state: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    seed: str = field(default_factory=lambda: secrets.token_hex(12))

    @property
    def code(self) -> str:
        """What the page's script makes of the seed."""
        return self.seed[::-1]


class Duo:
    """The application behind :data:`HOST`. Violations go to the list that ADFS keeps."""

    def __init__(self, violations: list[str]) -> None:
        self.handed: dict[str, Handed] = {}
        """Everybody who was handed over, by the adapter's context."""
        self._violations = violations

    def __call__(self, request: Request) -> Response:
        """Answers one request."""
        if request.path == "/favicon.ico":
            return Response(404)
        fields = dict(request.form)
        handed = self.handed.get(fields.get("adfs_context", ""))
        method = fields.get("adfs_auth_method")
        if (request.method, request.path, method) != ("POST", PATH, AUTH_METHOD) or handed is None:
            self._violations.append(f"{request.method} {HOST}{request.path}: Nobody led there.")
            return Response(400, b"Bad request.", (_HTML,))
        return Response(200, _page(handed, fields["adfs_context"]).encode(), (_HTML,))

    def passed(self, fields: list[tuple[str, str]]) -> bool:
        """Whether these are the fields the page's script sends back to ADFS."""
        handed = self.handed.get(dict(fields).get("context", ""))
        return handed is not None and sorted(fields) == [
            ("authMethod", AUTH_METHOD),
            ("context", dict(fields)["context"]),
            ("duo_code", handed.code),
            ("state", handed.state),
        ]


def _page(handed: Handed, context: str) -> str:
    given = {
        "action": handed.back_to,
        "seed": handed.seed,
        "fields": {"state": handed.state, "context": context, "authMethod": AUTH_METHOD},
    }
    return f"""<!DOCTYPE html>
<html><head><title>Rehearsal of Duo</title></head><body><div id="root" data-given="{html.escape(json.dumps(given))}"></div>
<script>
const root = document.getElementById("root"), given = JSON.parse(root.dataset.given);
root.innerText = "Is it you who signs in? ";
const yes = document.createElement("button");
yes.name = "yes";
yes.innerText = "Yes, it is me";
yes.onclick = () => {{
  const form = document.createElement("form");
  form.method = "post";
  form.action = given.action;
  given.fields.duo_code = [...given.seed].reverse().join("");
  for (const [name, value] of Object.entries(given.fields)) {{
    const input = document.createElement("input");
    Object.assign(input, {{ type: "hidden", name, value }});
    form.append(input);
  }}
  root.append(form);
  form.submit();
}};
root.append(yes);
</script></body></html>"""
