"""What a form must come back as: read from the page that was served, as a browser would read it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag

_SET_BY_SCRIPTS = {
    "AuthMethod": re.compile(r"SelectOption\('([^']*)'\)"),
    "HomeRealmSelection": re.compile(r"HRD\.selection\('([^']*)'\)"),
    "__EVENTTARGET": re.compile(r"__doPostBack\('([^']*)'\)"),
}
"""Fields that a link's script fills in, and where the page has the values it may take."""


@dataclass(frozen=True)
class Form:
    """One form of a page, and what posting it must look like."""

    ident: str
    host: str
    target: str
    """Path and query of where it is posted, byte for byte."""
    fixed: Mapping[str, str]
    """Fields that must come back with just this value."""
    typed: frozenset[str]
    """The fields the person fills in, and those that a script fills in from them."""
    optional: Mapping[str, str]
    """Boxes to tick: absent, or there with just this value."""
    choices: Mapping[str, frozenset[str]]
    """Fields that a script fills in, with the values it can."""
    buttons: Mapping[str, str]
    posts_itself: bool
    """Whether a script posts it, which clicks no button."""

    def complaints(self, fields: Collection[tuple[str, str]]) -> Iterator[str]:
        """What is wrong with the fields that were posted: sentences, without values."""
        posted = Counter(name for name, _ in fields)
        needed = {*self.fixed, *self.typed, *self.choices}
        for name, times in posted.items():
            if times > 1:
                yield f"The field {name} was posted {times} times."
            if name not in needed | self.optional.keys() | self.buttons.keys():
                yield f"The field {name} was posted, which is not in the form."
        for name in sorted(needed - posted.keys()):
            yield f"The field {name} is missing."
        if self.buttons and not self.posts_itself and not self.buttons.keys() & posted.keys():
            yield "No button was clicked."
        given = {**self.fixed, **self.optional, **self.buttons}
        for name, value in fields:
            right = {given[name]} if name in given else self.choices.get(name, {value})
            if value not in right:
                yield f"The field {name} did not come back as the page had it."


def read(html: str, url: str) -> tuple[Form, ...]:
    """The forms of the page served at ``url``."""
    page = BeautifulSoup(html, "lxml")
    return tuple(_form(form, html, url) for form in page.find_all("form"))


def _form(form: Tag, html: str, url: str) -> Form:
    fixed: dict[str, str] = {}
    typed: set[str] = set()
    optional: dict[str, str] = {}
    choices: dict[str, frozenset[str]] = {}
    buttons: dict[str, str] = {}
    ident = _text(form, "id")
    for control in form.find_all("input"):
        name, kind, value = (_text(control, part) for part in ("name", "type", "value"))
        if control.get("id") == "hrdSelection":
            name = "HomeRealmSelection"  # the page leaves the naming to its script
        if not name:
            continue
        if kind == "submit":
            buttons[name] = value
        elif kind == "checkbox":
            optional[name] = value
        elif name in _SET_BY_SCRIPTS and (name != "AuthMethod" or ident == "options"):
            possible = _SET_BY_SCRIPTS[name].findall(html)
            choices[name] = frozenset([*possible, *([value] if control.has_attr("value") else [])])
        elif kind == "hidden" and control.has_attr("value"):
            fixed[name] = value
        else:
            typed.add(name)
    address = urlsplit(urljoin(url, _text(form, "action")))
    target = address.path + (f"?{address.query}" if address.query else "")
    by_script = f"forms['{ident}'].submit()" in html or not typed
    return Form(
        ident,
        str(address.hostname),
        target,
        fixed,
        frozenset(typed),
        optional,
        choices,
        buttons,
        by_script,
    )


def _text(tag: Tag, name: str) -> str:
    return str(tag.get(name) or "")
