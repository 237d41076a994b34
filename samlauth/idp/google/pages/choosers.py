"""The page that lists the accounts a browser knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from samlauth.html import Document, Form
from samlauth.idp.google.pages import markup
from samlauth.idp.google.pages.states import Chooser, Press

if TYPE_CHECKING:
    from bs4 import Tag

_EMAIL = re.compile(r"[^\s<>\"'@=&?/:]{1,64}@[^\s<>\"'@=&?/:]{1,255}")
_ELSEWHERE = ("/v3/signin/identifier", "/signin/v1/lookup", "/AddSession", "/ServiceLogin")
_NAMED_BY = ("data-identifier", "data-email", "value", "href")


def is_chooser(path: str) -> bool:
    """Whether an address is that of such a page."""
    return "accountchooser" in path.casefold()


def read_chooser(document: Document) -> Chooser:
    """The entries that lead to an account, and the way to one that is not listed."""
    accounts: list[tuple[str, Press | str]] = []
    others: list[Press | str] = []
    for tag, path, way in _ways(document):
        if email := _email(document, tag, way):
            accounts.append((email, way))
        elif path in _ELSEWHERE:
            others.append(way)
    return Chooser(tuple(accounts), others[0] if others else None)


def _ways(document: Document) -> Iterator[tuple[Tag, str, Press | str]]:
    """Every button and link of the page, with the path it leads to."""
    for form in document.forms:
        # What is not posted changes the language or searches.
        tags = document.within(document.tag(form), "button, input[type=submit]")
        for tag in tags if form.method == "post" else ():
            yield tag, form.path, Press(form, _button(form, tag))
    for tag in document.all("a[href]"):
        address = document.join(str(tag["href"]))
        yield tag, markup.path_of(address), address


def _button(form: Form, tag: Tag) -> tuple[str, str] | None:
    button = (str(tag.get("name") or ""), str(tag.get("value") or ""))
    return button if button in form.buttons(button[0]) else None


def _email(document: Document, tag: Tag, way: Press | str) -> str:
    """The address an entry is for, in lower case: on it, around it, or in what a person reads."""
    texts = [document.visible_text(tag)]
    for part in (tag, *islice(tag.parents, 3)):
        texts += (str(part[name]) for name in _NAMED_BY if part.has_attr(name))
    if isinstance(way, Press):
        fields = (way.form.control(name) for name in markup.IDENTIFIER_FIELDS)
        texts += ((field.value or "") for field in fields if field)
    found = {match.casefold() for text in texts for match in _EMAIL.findall(text)}
    return found.pop() if len(found) == 1 else ""
