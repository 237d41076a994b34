"""What pages of all kinds share: what they say, their buttons, and what they are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from samlauth.html import Control, Document, Form
from samlauth.idp.adfs.pages.adapters import FIELDS, Adapter
from samlauth.printable import safe

if TYPE_CHECKING:
    from bs4 import Tag

CODES: Final = frozenset({"text", "password", "tel", "number"})
"""Types of the fields that a code may go into."""

_NUMBER = re.compile(r"\d{1,3}", re.ASCII)
_GUID = re.compile(
    r"(?<![\w-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![\w-])", re.I
)
MSIS: Final = re.compile(r"\bMSIS\d{4}\b")
"""Microsoft's numbers for errors."""
_ACCOUNT = frozenset({"username", "email"})


def path_of(url: str) -> str:
    """The path of a page's URL."""
    return urlsplit(url).path


def shown_path(url: str) -> str:
    """The same, fit to print."""
    return safe(path_of(url) or "/", 100)


def said(document: Document) -> str:
    """ADFS's own text about what was answered: a label in some years, a span in others, and
    ASP.NET's label before 2012 R2."""
    return safe(document.visible_text(document.first("#errorText, [id$=ErrorTextLabel]")), 300)


def is_account(control: Control) -> bool:
    """Whether a control is for the user name."""
    return control.kind == "email" or control.name.casefold() in _ACCOUNT


def button(document: Document, form: Form) -> tuple[str, str] | None:
    """The button that ENTER presses, if that sends anything: the first one (HTML §4.10.22.2)."""
    candidates = document.within(document.tag(form), _SUBMITS)
    first = next((tag for tag in candidates if not _presses_nothing(tag)), None)
    names = form.buttons(str(first.get("name", ""))) if first is not None else ()
    return names[0] if names else None


_SUBMITS = "input[type=submit], input[type=image], button"


def _presses_nothing(tag: Tag) -> bool:
    return tag.name == "button" and str(tag.get("type", "")).lower() in {"button", "reset"}


def code_fields(form: Form, adapter: Adapter) -> tuple[Control, ...]:
    """The fields a code may go into, the one it is meant for first; empty when that is not clear."""
    typed = [c for c in form.controls if c.typed and c.kind in CODES and not is_account(c)]
    for name in (*adapter.fields, *FIELDS):
        if named := [c for c in typed if c.name.casefold() == name.casefold()]:
            return (*named, *(c for c in typed if c not in named))
    return tuple(typed) if len(typed) == 1 else ()


def is_open(form: Form) -> bool:
    """Whether there is something in the form that only the person can fill in or choose."""
    kinds = CODES | {"select", "radio", "textarea"}
    return any(
        c.kind in kinds and c.visible and c.editable and not is_account(c) for c in form.controls
    )


def prompt(document: Document, form: Form, field: str = "") -> str:
    """What an adapter's page tells the person to do, in their language: for quoting."""
    tag = document.tag(form)
    places = [document.first("#instructions")]
    places += _without_error(document, tag, ".groupMargin")
    control = _with(document, tag, "name", field) if field else None
    if control is not None and (name := control.get("id")):
        places.append(_with(document, tag, "for", str(name), "label"))
    places += _without_error(document, tag, "p")
    texts = (document.visible_text(place) for place in places)
    if text := next(filter(None, texts), ""):
        return safe(text, 300)
    return safe(str(control.get("placeholder", "")).strip(), 300) if control is not None else ""


def _with(document: Document, tag: Tag, name: str, value: str, element: str = "") -> Tag | None:
    """The first element in another that has the attribute."""
    found = document.within(tag, f"{element}[{name}]")
    return next((part for part in found if part.get(name) == value), None)


def _without_error(document: Document, tag: Tag, selector: str) -> list[Tag]:
    around = document.around(document.all("#errorText"))
    return [place for place in document.within(tag, selector) if id(place) not in around]


def saying(document: Document, words: Iterable[str]) -> str:
    """The text, of one element, that has any of ``words``, in lower case, in it; empty for none."""
    words = tuple(words)
    for node in document.visible_strings() if words else ():
        # The text of an element is long to gather: that of each, on a page that is nested deeply on
        # purpose, would take hours.
        said = node.casefold()
        if any(word in said for word in words):
            return safe(document.visible_text(node.parent), 200)
    return ""


def number(document: Document) -> str:
    """The number to enter on the phone; empty when the page shows none."""
    text = document.visible_text(document.first("#validEntropyNumber"))
    found = _NUMBER.search(text)
    return found.group() if found else ""


def trouble(document: Document) -> str:
    """What an error page says."""
    texts = (document.visible_text(document.first(f"#{name}")) for name in _TROUBLE)
    return safe(" ".join(dict.fromkeys(filter(None, texts))), 400)


_TROUBLE = ("openingMessage", "errorMessage")


def error_code(document: Document) -> str:
    """Microsoft's number for an error; empty when the page has none."""
    found = MSIS.search(document.text)
    return found.group() if found else ""


def activity(document: Document) -> str:
    """The Activity ID: the first GUID in what the page says of an error."""
    area = document.first("#errorArea")
    found = _GUID.search(document.text if area is None else document.visible_text(area))
    return found.group() if found else ""


def skeleton(document: Document) -> str:
    """What a page is made of, without any value but the name an adapter has for itself."""
    forms = [_bones(form) for form in islice(document.forms, 4)]
    return "; ".join(forms) or "no form"


def _bones(form: Form) -> str:
    names = _listed(dict.fromkeys(c.name for c in form.controls))
    method = form.control("AuthMethod")
    shown = f"form {safe(form.id, 40)}".rstrip() + f" with {names or 'no fields'}"
    return f"{shown}, AuthMethod {safe(method.value, 60)}" if method and method.value else shown


def _listed(names: Iterable[str]) -> str:
    return ", ".join(safe(name, 40) for name in islice(names, 12))
