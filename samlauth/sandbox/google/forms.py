"""What a form must come back as: read from the page that was served, as a browser would read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

BGRESPONSE = "bgresponse"
"""The field a script of Google's fills in; any value may come back, and it is recorded."""


@dataclass(frozen=True)
class Form:
    """The one form of a page that goes on with the sign-in, and what posting it must look like."""

    action: str
    """Path and query, byte for byte."""
    answer: str
    """The field the person fills in."""
    fixed: Mapping[str, str]
    """Fields that must come back with just this value."""
    optional: Mapping[str, str]
    """A ticked box or the clicked button: absent, or there with just this value."""
    free: frozenset[str]
    """Fields that must come back with any value."""
    clicks: Mapping[str, str]
    """Values of buttons other than the first, each with the button's text."""

    def complaints(self, fields: Iterable[tuple[str, str]]) -> Iterator[str]:
        """What is wrong with the fields that were posted: sentences, without values."""
        posted = Counter(name for name, _ in fields)
        for name, times in posted.items():
            if times > 1:
                yield f"The field {name} was posted {times} times."
            if not name:
                yield "A field without a name was posted; a browser leaves those out."
            elif name not in {self.answer, *self.fixed, *self.optional, *self.free}:
                yield f"The field {name} was posted, which is not in the form."
        for name in (self.answer, *self.fixed, *self.free):
            if name not in posted:
                yield f"The field {name} is missing."
        for name, value in fields:
            if name in self.optional and value in self.clicks:
                yield f'The button "{self.clicks[value]}" was clicked instead of the first.'
            elif value != {**self.fixed, **self.optional}.get(name, value):
                yield f"The field {name} did not come back as the page had it."


def read(html: str, answer: str) -> Form:
    """The form of ``html`` that holds the field ``answer``."""
    page = BeautifulSoup(html, "lxml")
    field = page.find("input", attrs={"name": answer})
    assert isinstance(field, Tag), f"no field {answer} in the page"
    form = field.find_parent("form")
    assert form is not None
    fixed: dict[str, str] = {}
    optional: dict[str, str] = {}
    free: set[str] = set()
    clicks: dict[str, str] = {}
    for control in form.find_all(["input", "button"]):
        name, kind, value = (str(control.get(a, "")) for a in ("name", "type", "value"))
        if not name or name == answer or control.has_attr("disabled"):
            continue
        if control.name == "button" or kind == "submit":
            if name in optional:
                clicks[value] = control.get_text(strip=True) or value
            else:
                optional[name] = value
        elif kind == "checkbox":
            optional[name] = value or "on"
        elif name == BGRESPONSE:
            free.add(name)
        else:
            fixed[name] = value
    return Form(str(form["action"]), answer, fixed, optional, frozenset(free), clicks)
