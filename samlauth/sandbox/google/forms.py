"""What a form must come back as: read from the page that was served, as a browser would read it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bs4 import BeautifulSoup, Tag

BGRESPONSE = "bgresponse"
"""The field a script of Google's fills in; any value may come back, and it is recorded."""
TRUST_DEVICE = "TrustDevice"
"""Whether this device may be remembered: a client may leave it out, and it is recorded."""

_MAY_BE_LEFT_OUT = frozenset({"action", "signIn"})
"""Buttons that go on: Google does not miss them."""


@dataclass(frozen=True)
class Form:
    """One form of a page, and what posting it must look like."""

    action: str
    """Path and query, byte for byte."""
    answers: frozenset[str]
    """The fields the person fills in."""
    fixed: Mapping[str, str]
    """Fields that must come back with just this value."""
    choices: Mapping[str, frozenset[str]]
    """Lists to choose from, with the values they have."""
    optional: Mapping[str, str]
    """A ticked box: absent, or there with just this value."""
    free: frozenset[str]
    """Fields that must come back with any value."""
    buttons: Mapping[str, frozenset[str]]
    """Buttons with a name, and the values they have: one is clicked."""
    must_click: bool
    """Whether there is no way to post the form but by a button with a name."""

    @property
    def path(self) -> str:
        """The action without its query."""
        return self.action.partition("?")[0]

    @property
    def leads_away(self) -> bool:
        """Whether it asks for help with the account instead of signing in."""
        return self.fixed.get("subAction") == "requestHelp" or "usernamerecovery" in self.action

    def clicked(self, fields: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
        """Name and value of the button that was clicked; None when it has no name."""
        return next(((name, value) for name, value in fields if name in self.buttons), None)

    def complaints(self, fields: Collection[tuple[str, str]]) -> Iterator[str]:
        """What is wrong with the fields that were posted: sentences, without values."""
        posted = Counter(name for name, _ in fields)
        needed = (*sorted(self.answers), *self.fixed, *self.choices, *sorted(self.free))
        for name, times in posted.items():
            if times > 1:
                yield f"The field {name} was posted {times} times."
            if not name:
                yield "A field without a name was posted; a browser leaves those out."
            elif name not in {*needed, *self.optional, *self.buttons}:
                yield f"The field {name} was posted, which is not in the form."
        for name in needed:
            if name not in posted:
                yield f"The field {name} is missing."
        clicked = self.buttons.keys() & posted.keys()
        if len(clicked) > 1:
            yield "More than one button was clicked."
        if self.must_click and not clicked:
            yield "No button was clicked, and the form has no other way to be posted."
        for name, value in fields:
            if not self._can_be(name, value):
                yield f"The field {name} did not come back as the page had it."

    def _can_be(self, name: str, value: str) -> bool:
        several = self.choices.get(name) or self.buttons.get(name)
        if several is not None:
            return value in several
        return value == {**self.fixed, **self.optional}.get(name, value)


def read(html: str, answers: Collection[str]) -> tuple[Form, ...]:
    """The forms of ``html`` that are posted; those of ``answers`` that a form has, it asks for."""
    page = BeautifulSoup(html, "lxml")
    forms = page.find_all("form")
    return tuple(_form(form, answers) for form in forms if _text(form, "method").lower() == "post")


def _form(form: Tag, answers: Collection[str]) -> Form:
    found: set[str] = set()
    fixed: dict[str, str] = {}
    choices: dict[str, frozenset[str]] = {}
    optional: dict[str, str] = {}
    free: set[str] = set()
    buttons: dict[str, frozenset[str]] = {}
    goes_without = False
    for control in form.find_all(["input", "button", "select"]):
        name, kind, value = (_text(control, part) for part in ("name", "type", "value"))
        if control.has_attr("disabled") or kind == "button":
            continue
        if control.name == "button" or kind == "submit":
            if name:
                buttons[name] = buttons.get(name, frozenset()) | {value}
            else:
                goes_without = True
        elif not name:
            continue
        elif control.name == "select":
            choices[name] = frozenset(
                _text(option, "value") for option in control.find_all("option")
            )
        elif name in answers:
            found.add(name)
        elif kind == "checkbox" or name == TRUST_DEVICE:
            optional[name] = value or "on"
        elif name == BGRESPONSE:
            free.add(name)
        else:
            fixed[name] = value
    return Form(
        _text(form, "action"),
        frozenset(found),
        fixed,
        choices,
        optional,
        frozenset(free),
        buttons,
        must_click=not goes_without and not buttons.keys() <= _MAY_BE_LEFT_OUT,
    )


def _text(tag: Tag, name: str) -> str:
    return str(tag.get(name) or "")
