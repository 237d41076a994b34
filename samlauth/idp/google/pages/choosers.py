"""The page that lists the accounts a browser knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from samlauth.html import LONGEST_TEXT, Document
from samlauth.idp.google.pages import markup
from samlauth.idp.google.pages.states import Chooser, Press

if TYPE_CHECKING:
    from bs4 import Tag

_PART = r"[^\s<>\"'@=&?/:]"
# Only from the start of a word on: every other letter of a long one would be tried as well.
_EMAIL = re.compile(rf"(?<!{_PART}){_PART}{{1,64}}@{_PART}{{1,255}}")
_ELSEWHERE = ("/v3/signin/identifier", "/signin/v1/lookup", "/AddSession", "/ServiceLogin")
_NAMED_BY = ("data-identifier", "data-email", "value", "href")


def is_chooser(path: str) -> bool:
    """Whether an address is that of such a page."""
    return "accountchooser" in path.casefold()


def read_chooser(document: Document) -> Chooser:
    """The entries that lead to an account, and the way to one that is not listed."""
    accounts: list[tuple[str, Press | str]] = []
    others: list[Press | str] = []
    seen: dict[str, frozenset[str]] = {}
    for tag, path, way, texts in _ways(document):
        if email := _email(document, tag, texts, seen):
            accounts.append((email, way))
        elif path in _ELSEWHERE:
            others.append(way)
    return Chooser(tuple(accounts), others[0] if others else None)


def _ways(document: Document) -> Iterator[tuple[Tag, str, Press | str, tuple[str, ...]]]:
    """Every button and link of the page, with the path it leads to, and what is sent along."""
    for form in document.forms:
        # What is not posted changes the language or searches.
        tags = document.within(document.tag(form), "button, input[type=submit]")
        path, buttons = form.path, form.presses
        fields = (form.control(name) for name in markup.IDENTIFIER_FIELDS)
        sent = tuple(field.value or "" for field in fields if field)
        for tag in tags if form.method == "post" else ():
            button = (str(tag.get("name") or ""), str(tag.get("value") or ""))
            yield tag, path, Press(form, button if button in buttons else None), sent
    for tag in document.all("a[href]"):
        address = document.join(str(tag["href"]))
        yield tag, markup.path_of(address), address, ()


def _email(
    document: Document, tag: Tag, sent: tuple[str, ...], seen: dict[str, frozenset[str]]
) -> str:
    """The address an entry is for, in lower case: on it, around it, sent along, or in what a person
    reads. ``seen`` has those of texts that were read before: many entries have one around them.
    """
    texts = [document.visible_text(tag), *sent]
    for part in (tag, *islice(tag.parents, 3)):
        texts += (str(part[name]) for name in _NAMED_BY if part.has_attr(name))
    found: set[str] = set()
    for text in texts:
        text = text[:LONGEST_TEXT]
        if text not in seen:
            seen[text] = frozenset(match.casefold() for match in _EMAIL.findall(text))
        found |= seen[text]
    return found.pop() if len(found) == 1 else ""
