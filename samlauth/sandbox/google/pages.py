"""What a family of sign-in pages has to offer, and what every page of it carries."""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import quote

Family = Literal["g2", "v3"]
Screen = Literal["identifier", "password", "code"]


@dataclass(frozen=True)
class Ticket:
    """The state that one page carries and that must come back from it, and from no other."""

    resume: str
    """The ``continue`` URL."""
    username: str
    tl: str
    gxf: str
    at: str
    ifkv: str
    dsh: str
    usi: str

    @classmethod
    def fresh(cls, resume: str, username: str, now: float) -> Ticket:
        """A ticket no page has carried yet; ``now`` in seconds, Unix."""
        millis = f"{now * 1000:.0f}"
        return cls(
            resume=resume,
            username=username,
            tl="AJ" + secrets.token_urlsafe(48),
            gxf=f"AF{secrets.token_urlsafe(24)}:{millis}",
            at=f"AL{secrets.token_urlsafe(20)}:{millis}",
            ifkv="Af" + secrets.token_urlsafe(36),
            dsh=f"S{secrets.randbelow(10**9)}:{millis}",
            usi=f"S-{secrets.randbelow(10**9)}:{secrets.token_urlsafe(6)}+/=",
        )


class Pages(Protocol):
    """A family of pages. Every page is HTML as text."""

    def answer(self, screen: Screen) -> str:
        """The name of the field that the person fills in."""

    def location(self, screen: Screen, ticket: Ticket) -> str | None:
        """Path and query that the step before redirects to; None when it shows the page itself."""

    def page(self, screen: Screen, ticket: Ticket, *, refused: bool) -> str:
        """The page; ``refused`` when it comes back because the answer was wrong."""

    def rejected(self, ticket: Ticket) -> str:
        """Path and query of the page for those who are not let in without a browser."""

    def unheard_of(self, ticket: Ticket) -> str:
        """Path and query of a challenge no version of samlauth knows."""


REFUSED: Mapping[Screen, str] = {
    "identifier": "No such account here. Look at the address again.",
    "password": "That is not the password. Try once more, or ask for it to be reset.",
    "code": "That code is wrong, too old, or was used before. Type the one shown now.",
}
"""What the pages say of a wrong answer."""


def hidden(fields: Mapping[str, str]) -> str:
    """Hidden inputs, a line each."""
    return "\n".join(
        f'<input type="hidden" name="{name}" value="{html.escape(value)}">'
        for name, value in fields.items()
    )


def query(fields: Mapping[str, str]) -> str:
    """A query as Google writes it: slashes, colons and question marks as they are."""
    return "&".join(f"{name}={quote(value, safe='/:?')}" for name, value in fields.items())


def document(title: str, body: str, *, base: str) -> str:
    """A whole page."""
    return (
        f'<!doctype html>\n<html lang="en" dir="ltr">\n<head>\n<base href="{base}">\n'
        f'<meta charset="utf-8">\n<meta name="robots" content="noindex">\n'
        f"<title>{html.escape(title)} - samlauth rehearsal</title>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def refused_without_browser() -> str:
    """The page behind ``…/signin/rejected``."""
    return document(
        "Not signed in",
        '<div jsname="bN97Pc"><h1 jsname="r4nke">Sign-in stopped</h1>\n'
        '<p class="vOZun">This browser or app is not one we let sign in.</p>\n'
        '<a href="https://support.google.com/accounts?p=signin">Read why</a></div>',
        base="https://accounts.google.com/",
    )


def quiz(ticket: Ticket, action: str) -> str:
    """A challenge that does not exist."""
    return document(
        "One more thing",
        '<h1 jsname="r4nke">Which of these birds is yours?</h1>\n'
        f'<form action="{html.escape(action)}" method="POST">\n'
        '<select name="bird"><option value="1">Wren</option><option value="2">Owl</option>'
        f"</select>\n{hidden({'TL': ticket.tl, 'nest': '7'})}\n"
        "<button>That one</button>\n</form>",
        base="https://accounts.google.com/",
    )


def saml_post(acs: str, saml_response: str) -> str:
    """The page that posts itself to AWS."""
    return (
        '<html><head><title>Redirecting</title><base target="_top"></head>\n'
        '<body onload="document.forms[0].submit()">\n'
        f'<form action="{html.escape(acs)}" method="post">\n'
        f'<input type="hidden" name="SAMLResponse" value="{html.escape(saml_response)}">\n'
        '<input type="hidden" name="RelayState" value="">\n'
        "<noscript>Scripts are off: press the button to go on."
        '<input type="submit" value="Go on"></noscript>\n</form></body></html>\n'
    )


def app_error(status: int, code: str) -> str:
    """The error page of a SAML app."""
    return document(
        f"Error {status}",
        f"<p><b>{status}.</b> <ins>This did not work.</ins></p>\n"
        f'<p>Error: <span class="code">{html.escape(code)}</span><br>\n'
        "The service named in this request cannot be used by this account.</p>",
        base="https://accounts.google.com/",
    )


def complaint(sentences: list[str]) -> str:
    """The page for a client that did what no browser does."""
    items = "\n".join(f"<li>{html.escape(sentence)}</li>" for sentence in sentences)
    return document(
        "Error 400",
        f"<p><b>400.</b> <ins>A browser would not have sent this.</ins></p>\n<ul>{items}</ul>",
        base="https://accounts.google.com/",
    )
