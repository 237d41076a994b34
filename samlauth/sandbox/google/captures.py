"""Captured pages in place of ours: the real page, with the live values of a rehearsal put in."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from samlauth.sandbox.google.g2 import G2
from samlauth.sandbox.google.methods import TOTP
from samlauth.sandbox.google.pages import REFUSED, Pages, Screen, Ticket
from samlauth.sandbox.google.v3 import V3

_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
_INPUT = re.compile(r"<input\b[^>]*>")
_NAME = re.compile(r'\bname="([^"]*)"')
_VALUE = re.compile(r'\bvalue="[^"]*"')
_ACTION = re.compile(r'(?<=<form action=")/v3/signin/challenge/pwd\?[^"]*')
_FIELDS: dict[Screen, str] = {"password": "Passwd", "code": "Pin"}
_ERROR_PLACE = '<div class="F3wxlc" jsname="h9d3hd">'


class Captures:
    """A family whose password and code pages are files, edited as text so that the rest stays.

    ``folder`` is the one that holds ``google/``. The captured code page is a g2 page; behind a v3
    password page it is what Google does too: both families in one sign-in.
    """

    def __init__(self, own: G2 | V3, folder: Path) -> None:
        number = "1" if isinstance(own, G2) else "3"
        self._own: Pages = own
        self._code_pages = G2()
        files: dict[Screen, str] = {
            "password": f"form-password-challengeid-{number}.html",
            "code": "challenge-totp.html",
        }
        self._files = {
            screen: (folder / "google" / name).read_text("utf-8") for screen, name in files.items()
        }

    def location(self, screen: Screen, ticket: Ticket) -> str | None:
        """As the family of the page has it."""
        return self._family(screen, ticket).location(screen, ticket)

    def page(self, screen: Screen, ticket: Ticket, *, refused: bool) -> str:
        """The captured page where there is one."""
        if not self._is_captured(screen, ticket):
            return self._own.page(screen, ticket, refused=refused)
        text = _ADDRESS.sub(escape(ticket.username), self._files[screen])
        text = _INPUT.sub(lambda tag: _live(tag[0], ticket), text)
        address = escape(self._own.location(screen, ticket) or "")
        text = _ACTION.sub(lambda _: address, text)
        return _with_error(text, _FIELDS[screen], screen) if refused else text

    def rejected(self, ticket: Ticket) -> str:
        """As the family has it."""
        return self._own.rejected(ticket)

    def unheard_of(self, ticket: Ticket) -> str:
        """As the family has it."""
        return self._own.unheard_of(ticket)

    def _is_captured(self, screen: Screen, ticket: Ticket) -> bool:
        return screen in self._files and (screen != "code" or ticket.method is TOTP)

    def _family(self, screen: Screen, ticket: Ticket) -> Pages:
        captured_code = screen == "code" and self._is_captured(screen, ticket)
        return self._code_pages if captured_code else self._own


def _live(tag: str, ticket: Ticket) -> str:
    """The input with the value it would have in this sign-in."""
    values = {
        "TL": ticket.tl,
        "gxf": ticket.gxf,
        "at": ticket.at,
        "ifkv": ticket.ifkv,
        "continue": ticket.resume,
        "followup": ticket.resume,
    }
    name = _NAME.search(tag)
    if name is None or name[1] not in values:
        return tag
    return _VALUE.sub(lambda _: f'value="{escape(values[name[1]])}"', tag)


def _with_error(text: str, field: str, screen: Screen) -> str:
    """The page as it comes back after a wrong answer."""
    if _ERROR_PLACE in text:
        text = text.replace(f'name="{field}"', f'name="{field}" aria-invalid="true"')
        said = f'<div jsname="B34EJ"><span jsslot>{REFUSED[screen]}</span></div>'
        return text.replace(_ERROR_PLACE, _ERROR_PLACE + said)
    ident = "passwordError" if screen == "password" else "errorMsg"
    said = f'<span class="Qx8Abe" id="{ident}">{REFUSED[screen]}</span>'
    return re.sub(rf'<input\b[^>]*\bname="{field}"[^>]*>', lambda tag: tag[0] + said, text)
