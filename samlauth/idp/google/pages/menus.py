"""Pages that list ways to prove it is you.

The older ones have a form for each way, and two of them may bear the same entry id; the newer ones
have one form whose buttons are all called ``challenge``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from samlauth.challenges import Method
from samlauth.html import Document, Form
from samlauth.idp.google.pages import kinds, markup
from samlauth.idp.google.pages.kinds import Kind
from samlauth.idp.google.pages.states import Menu, Option, Press, Unknown
from samlauth.printable import safe

if TYPE_CHECKING:
    from bs4 import Tag

_IS_UNAVAILABLE = re.compile(r"data-(?:challenge)?unavailable")


def is_menu(document: Document, form: Form) -> bool:
    """Whether the page is a menu, its address apart."""
    if "/challenge/selection" in form.path or "/selectchallenge" in form.path:
        return True
    if document.first("button[name=challenge], [data-action=selectchallenge]"):
        return True
    # A single entry is no menu: the page of a phone prompt has one to send the prompt again.
    return len(document.all("form[data-challengeentry]")) > 1


def read_menu(document: Document) -> Menu | Unknown:
    """The ways that can be used; Unknown when the page lists none that can be read."""
    entries = [*_forms(document), *_buttons(document)]
    left_out = [kind.seen for kind, _, _ in entries if kind and kind.browser_only]
    options = [
        Option(_method(document, kind, tag, str(number)), press)
        for number, (kind, tag, press) in enumerate(entries)
        if kind is None or not kind.browser_only
    ]
    if not options and not left_out:
        return Unknown("a menu of ways to prove it is you, and none that it can read")
    return Menu(tuple(options), tuple(dict.fromkeys(left_out)))


_Entry: TypeAlias = "tuple[Kind | None, Tag, Press]"


def _forms(document: Document) -> list[_Entry]:
    found: list[_Entry] = []
    for form in document.forms:
        control, tag = form.control("subAction"), document.tag(form)
        selects = control is not None and control.value == "selectChallenge"
        if not (selects or (control is None and tag.has_attr("data-challengeentry"))):
            continue
        if _is_unavailable(document, tag):
            continue
        sent = form.control("SendMethod")
        kind = _kind(markup.kind_of(form, ""), (sent and sent.value) or "")
        found.append((kind, tag, Press(form)))
    return found


def _buttons(document: Document) -> list[_Entry]:
    found: list[_Entry] = []
    for form in document.forms:
        buttons = form.presses
        for tag in document.within(document.tag(form), "button[name=challenge]"):
            button = ("challenge", str(tag.get("value", "")))
            if button not in buttons:
                continue  # disabled
            holder = next((p for p in tag.parents if p.has_attr("data-challengetype")), tag)
            if _is_unavailable(document, holder):
                continue
            number = kinds.by_number(str(holder.get("data-challengetype", "")))
            way = str(holder.get("data-sendmethod") or holder.get("data-challengevariant") or "")
            found.append((_kind(number.words[0] if number else "", way), tag, Press(form, button)))
    return found


def _kind(word: str, way: str) -> Kind | None:
    return kinds.sent_by(way.casefold()) if word == "ipp" else kinds.by_word(word)


def _is_unavailable(document: Document, tag: Tag) -> bool:
    """Whether the entry, or something right around or in it, says that it cannot be used here."""
    return any(
        _IS_UNAVAILABLE.fullmatch(name) and str(value).casefold() != "false"
        for part in (tag, tag.parent, *document.within(tag, "button"))
        if part is not None
        for name, value in part.attrs.items()
    )


def _method(document: Document, kind: Kind | None, tag: Tag, key: str) -> Method:
    if kind is not None:
        return kinds.method(kind, markup.masked(document, tag), key)
    # A kind of tomorrow is offered in Google's own words.
    return Method("other", safe(document.visible_text(tag), 80) or "Something else", key)
