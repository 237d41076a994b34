"""What a family of sign-in pages has to offer, and what every page of it carries."""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import quote

from samlauth.sandbox.google.methods import TOTP, Method

Screen = Literal[
    "identifier", "captcha", "password", "code", "send", "number", "prompt", "key", "selection",
    "chooser", "interstitial",
]  # fmt: skip

Markup = Literal["EKvSSd", "feLNVc", "samp", "strong"]
"""Where a prompt has the number to tap: ``div[jsname=EKvSSd]`` (2018), ``div[jsname=feLNVc]``
(2022), ``samp[jsname=feLNVc]`` (2025), or only the last ``strong`` of the text."""

SONG = "song"
"""The field of :func:`quiz` that its script fills in."""

API_KEY = "rehearsal-api-key"
"""With what a page asks the poll host; no secret at Google's either."""


@dataclass(frozen=True)
class Ticket:
    """What one page carries: the state that must come back from it and from no other, and what
    it shows of this sign-in."""

    resume: str
    """The ``continue`` URL."""
    username: str
    tl: str
    gxf: str
    at: str
    ifkv: str
    dsh: str
    usi: str
    method: Method = TOTP
    """What a page of the second step is about."""
    methods: tuple[Method, ...] = ()
    """What a menu offers."""
    number: str = ""
    """The number to tap; empty for none."""
    markup: Markup = "feLNVc"
    transaction: str = ""
    """The prompt's id, for the poll host."""
    lifetime: float = 0
    """Seconds the prompt can be answered; 0 for a page that does not say."""
    captcha: str = ""
    """The token of the picture."""
    nonce: bytes = b""
    """What a security key has to sign for."""
    credentials: tuple[bytes, ...] = ()
    """The keys that are asked for; none where the page asks by its script alone."""
    said: str = ""
    """What the page says without being asked, such as the administrator's demand."""

    @property
    def proof(self) -> str:
        """What the page's script makes of ``usi``: it shows that a browser ran it."""
        total = 7
        for letter in self.usi:
            total = (total * 31 + ord(letter)) % 1_000_003
        return f"!{total}"

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

    def location(self, screen: Screen, ticket: Ticket) -> str | None:
        """Path and query that the step before redirects to; None when it shows the page itself."""

    def page(self, screen: Screen, ticket: Ticket, *, refused: bool) -> str:
        """The page; ``refused`` when it comes back because the answer was wrong."""

    def rejected(self, ticket: Ticket) -> str:
        """Path and query of the page for those who are not let in without a browser."""

    def unheard_of(self, ticket: Ticket) -> str:
        """Path and query of a challenge no version of samlauth knows."""


ANSWERS: Mapping[Screen, frozenset[str]] = {
    "identifier": frozenset({"identifier", "Email"}),
    "captcha": frozenset({"ca", "identifier-captcha-input"}),
    "password": frozenset({"Passwd"}),
    "code": frozenset({"Pin", "pin"}),
    "send": frozenset(),
    "number": frozenset({"phoneNumber"}),
    "prompt": frozenset({"token"}),
    "key": frozenset({"id-assertion", "pstMsg"}),
    "selection": frozenset(),
    "chooser": frozenset(),
    "interstitial": frozenset(),
}
"""The fields the person, or what answers for them, fills in; a page has those it asks for."""

REFUSED: Mapping[Screen, str] = {
    "identifier": "No such account here. Look at the address again.",
    "captcha": "Those are not the letters. Here are others.",
    "password": "That is not the password. Try once more, or ask for it to be reset.",
    "code": "That code is wrong, too old, or was used before. Type the one shown now.",
    "number": "That number cannot be used here.",
    "key": "No key answered.",
}
"""What the pages say of a wrong answer."""

UNASKED = "Enter a code"
"""What some pages say where they tell of errors before anybody answered (Google's own words)."""
DENIED = "You said no on your telephone."
LATE = "Your sign-in attempt timed out. Resend the prompt to try again"
"""Google's own words."""
DEMAND = "Your organisation wants you to turn on a second step. Contact your administrator."

COUNTRIES: Mapping[str, str] = {
    "DE": "Deutschland",
    "FR": "France",
    "IE": "Ireland",
    "GB": "United Kingdom",
    "US": "United States",
}


def number_markup(ticket: Ticket) -> str:
    """The number to tap, in the mark-up of its year; empty when there is none."""
    if not ticket.number:
        return ""
    match ticket.markup:
        case "EKvSSd":
            return f'<div jsname="EKvSSd" class="NOZDsb">{ticket.number}</div>'
        case "feLNVc":
            return f'<div jsname="feLNVc" class="NOZDsb">{ticket.number}</div>'
        case "samp":
            return f'<samp jsname="feLNVc" class="Sevzkc">{ticket.number}</samp>'
        case "strong":
            return ""


def countries() -> str:
    """A list of countries with none selected: a browser sends the first."""
    options = "".join(f'<option value="{c}">{name}</option>' for c, name in COUNTRIES.items())
    return f'<select id="countryList" name="countryCode">{options}</select>'


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


def script(ticket: Ticket, name: str, *, then: str = "") -> str:
    """A script that puts :attr:`Ticket.proof` into the fields of that name, and then goes on."""
    return f"""<script>
let total = 7;
for (const letter of "{ticket.usi}") total = (total * 31 + letter.charCodeAt(0)) % 1000003;
for (const field of document.getElementsByName("{name}")) field.value = "!" + total;
{then}</script>"""


def signed_in(username: str) -> str:
    """The page of the account."""
    return document(
        "Your account",
        f'<h1 jsname="r4nke">You are signed in</h1>\n<p class="vOZun">{html.escape(username)}</p>',
        base="https://accounts.google.com/",
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
    """A challenge that does not exist; its script answers it where scripts run."""
    return document(
        "One more thing",
        '<h1 jsname="r4nke">Which of these birds is yours?</h1>\n'
        f'<form action="{html.escape(action)}" method="POST">\n'
        '<select name="bird"><option value="1">Wren</option><option value="2">Owl</option>'
        f"</select>\n{hidden({'TL': ticket.tl, 'nest': '7', SONG: ''})}\n"
        "<button>That one</button>\n</form>\n"
        + script(ticket, SONG, then="document.forms[0].submit();\n"),
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
