"""What pages of all kinds share: which form answers them, what they say, the ways out of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from samlauth.html import Control, Document, Form
from samlauth.idp.google.pages import kinds
from samlauth.idp.google.pages.states import Press
from samlauth.printable import safe

if TYPE_CHECKING:
    from bs4 import Tag

IDENTIFIER_FIELDS: Final = ("identifier", "Email")

NEXT: Final = ("action", "1")
"""The button that goes on, on pages that have several; others have no such button."""

_FIELDS = ("Passwd", "Pin", "ca", "phoneNumber", *IDENTIFIER_FIELDS)
"""Fields by which the form of a page is known, the most telling first."""
_KIND = re.compile(r"/challenge/([a-z0-9]+)(?:/|$)")
_NO_KINDS = frozenset({"skip", "selection"})
_MASKED = re.compile(r"[•∙·*]|\d\D*\d")
_TOLD = ("#passwordError", "span#errorMsg", ".error-msg")
_ALERTS = "section[aria-live=assertive]"
_TYPED_CODES = ("tel", "text", "number", "password")


def path_of(url: str) -> str:
    """The path of a URL; empty when it cannot be read as one."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def host_of(url: str) -> str:
    """The host of a URL in lower case; empty when it cannot be read as one."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def chosen(document: Document) -> Form | None:
    """The form that answers the page: by id, by its field, by its path; else the only one.

    Neither the first nor the last: around it stand forms to resend, to skip, to ask for help.
    """
    forms = document.forms
    for form_id in ("challenge", "gaia_loginform"):
        if found := [form for form in forms if form.id == form_id]:
            return found[0]
    for name in _FIELDS:
        for form in forms:
            if any(control.name == name and control.typed for control in form.controls):
                return form
    if found := [form for form in forms if path_kind(form.path)]:
        return found[0]
    return forms[0] if len(forms) == 1 else None


def path_kind(path: str) -> str:
    """Google's word for the challenge that a path belongs to; empty for none."""
    found = _KIND.search(path)
    return found.group(1) if found and found.group(1) not in _NO_KINDS else ""


def kind_of(form: Form, page_path: str) -> str:
    """The kind of challenge, in Google's own word; empty when the page names none."""
    control = form.control("challengeType")
    kind = kinds.by_number(control.value or "") if control else None
    by_type = kind.words[0] if kind else ""
    # The page's own path comes last: it is still the previous page's when Google answers a form
    # with the next page at once.
    return path_kind(form.path) or by_type or path_kind(page_path)


def code_field(form: Form) -> Control | None:
    """The field for a code: the one named ``Pin``, else the only one a person could type into."""
    typed = [c for c in form.controls if c.typed and c.kind in _TYPED_CODES]
    pins = [c for c in typed if c.name.casefold() == "pin"]
    if pins:
        return pins[0]
    return typed[0] if len(typed) == 1 else None


def another(document: Document, form: Form) -> Press | None:
    """How the page lets a person prove who they are in another way."""
    for other in document.forms:
        if other.path.endswith("/signin/challenge/skip"):
            return Press(other)
    buttons = form.buttons("action")
    # Beside the password the 2, where there is one, may be for those who forgot it.
    numbers = ("3",) if path_kind(form.path) in {"", "pwd"} else ("3", "2")
    ways = (("action", number) for number in numbers)
    return next((Press(form, way) for way in ways if way in buttons), None)


def resend(document: Document, form: Form) -> Press | None:
    """How the page sends the prompt or the code again."""
    for other in document.forms:
        control = other.control("subAction")
        if control and control.value == "startChallenge" and other.place != form.place:
            return Press(other)
    sends = form.buttons("SendMethod")
    return Press(form, sends[0]) if sends else None


def sends(form: Form) -> tuple[tuple[str, Press], ...]:
    """The buttons that have a code sent, each with ``sms`` or ``voice``."""
    ways = {"SMS": "sms", "VOICE": "voice"}
    return tuple(
        (ways[value.upper()], Press(form, (name, value)))
        for name, value in form.buttons("SendMethod")
        if value.upper() in ways
    )


def masked(document: Document, tag: Tag) -> str:
    """The masked phone number or address an element names.

    It is the one text on a page that is written from left to right in every language.
    """
    for part in document.within(tag, "[dir=ltr]"):
        text = document.visible_text(part)
        if len(text) < 60 and _MASKED.search(text):
            return safe(text, 60)
    return ""


def said(document: Document, name: str) -> str:
    """Google's own text about the field of that name."""
    told = [tag for selector in _TOLD for tag in document.all(selector)]
    marked = document.all("[aria-invalid=true]")
    wrong = next((tag for tag in marked if tag.get("name") == name), None)
    for parent in () if wrong is None else islice(wrong.parents, 12):
        if parent.name == "form":
            break
        if beside := document.within(parent, "[jsname=B34EJ]"):
            told.append(beside[0])
            break
    texts = (document.visible_text(tag) for tag in (*told, *document.all(_ALERTS)))
    return safe(next((text for text in texts if text), ""))


def headings(document: Document) -> str:
    """What the page says of itself, in the person's language: for quoting, never for deciding."""
    return _joined(document, document.all("h1, h2, p.vOZun"))


def told(document: Document, tag: Tag) -> str:
    """The paragraphs in an element, likewise."""
    return _joined(document, document.within(tag, "p.vOZun"))


def _joined(document: Document, tags: Iterable[Tag]) -> str:
    texts = dict.fromkeys(document.visible_text(tag) for tag in tags)
    return safe(" ".join(filter(None, texts)))


def demand(document: Document) -> str:
    """What the person's administrator demands; empty on nearly every page."""
    return safe(document.visible_text(document.first("#contactAdminMessage")))
