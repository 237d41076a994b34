"""The part of CSS selectors that sign-in pages need, matched without the whole of it.

Names, ids, classes, attributes and descendants, and lists of those (Selectors Level 4 §4-6, §14.1).
soupsieve, which Beautiful Soup comes with, knows all of CSS, and takes longer to build its parser
than a whole sign-in takes to think.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from samlauth.soup import Tag

_NAME = r"-?[A-Za-z_][\w-]*"
_PART = re.compile(
    rf"""\#(?P<id>{_NAME}) | \.(?P<class>{_NAME})
    | \[(?P<attribute>{_NAME})
        (?:(?P<how>[*^$]?=)(?:"(?P<quoted>[^"\\]*)"|(?P<bare>{_NAME}))\s*(?P<any_case>[iI])?)?\]""",
    re.VERBOSE | re.ASCII,
)
_TYPE = re.compile(_NAME, re.ASCII)


class _Test(NamedTuple):
    attribute: str
    how: str
    """``=``, ``*=``, ``^=``, ``$=``, ``~=`` for a class, empty for being there."""
    value: str
    any_case: bool


class _Compound(NamedTuple):
    name: str
    """Of the element, empty for any."""
    tests: tuple[_Test, ...]


_Chain = tuple[_Compound, ...]
"""An element and what it is in, the innermost first."""


def select(tags: Iterable[Tag], selector: str) -> list[Tag]:
    """Those of the elements that the selector matches, in their order.

    Raises ValueError for a selector of another kind.
    """
    chains = _read(selector)
    seen: dict[tuple[int, _Chain], bool] = {}
    found: list[Tag] = []
    for tag in tags:
        for innermost, *outer in chains:
            if _fits(tag, innermost) and (not outer or _is_inside(tag, tuple(outer), seen)):
                found.append(tag)
                break
    return found


@cache
def _read(selector: str) -> tuple[_Chain, ...]:
    return tuple(_chain(part.strip(), selector) for part in _split(selector, ","))


def _split(text: str, at: str) -> list[str]:
    """The parts between, but not inside brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"[": 1, "]": -1}.get(character, 0)
        if depth == 0 and (character == at or (at == " " and character.isspace())):
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _chain(text: str, selector: str) -> _Chain:
    compounds = [_compound(part, selector) for part in _split(text, " ") if part]
    if not compounds:
        raise ValueError(f"not a selector: {selector}")
    return tuple(reversed(compounds))


def _compound(text: str, selector: str) -> _Compound:
    named = _TYPE.match(text)
    place, tests = (named.end() if named else 0), []
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            raise ValueError(f"not a selector of the kinds known here: {selector}")
        place = part.end()
        if part["id"]:
            tests.append(_Test("id", "=", part["id"], any_case=False))
        elif part["class"]:
            tests.append(_Test("class", "~=", part["class"], any_case=False))
        else:
            value = part["quoted"] if part["quoted"] is not None else part["bare"] or ""
            # HTML's own list of attributes whose values are compared in any case has ``type``.
            any_case = bool(part["any_case"]) or part["attribute"].lower() == "type"
            how = part["how"] or ""
            tests.append(_Test(part["attribute"].lower(), how, value, any_case))
    return _Compound(named.group().lower() if named else "", tuple(tests))


def _is_inside(tag: Tag, outer: _Chain, seen: dict[tuple[int, _Chain], bool]) -> bool:
    """Whether elements around this one fit, in their order; ``seen`` has what was found of others.

    So each element is asked once, however deep what is in it.
    """
    parent, asked, found = tag.parent, [], False
    while parent is not None and (known := seen.get((id(parent), outer))) is None:
        asked.append((id(parent), outer))
        if _fits(parent, outer[0]):
            # The nearest that fits leaves most to choose from for the next.
            found = len(outer) == 1 or _is_inside(parent, outer[1:], seen)
            break
        parent = parent.parent
    else:
        found = parent is not None and bool(known)
    seen.update(dict.fromkeys(asked, found))
    return found


def _fits(tag: Tag, compound: _Compound) -> bool:
    if compound.name and tag.name != compound.name:
        return False
    # A loop, for there are many elements to ask, and nearly all end here.
    for test in compound.tests:  # noqa: SIM110 - all() would make a generator for each of them
        if not _holds(tag, test):
            return False
    return True


def _holds(tag: Tag, test: _Test) -> bool:
    value = tag.attrs.get(test.attribute)
    if value is None:
        return False
    if test.how == "~=":
        return test.value in (value if isinstance(value, list) else str(value).split())
    found, wanted = " ".join(value) if isinstance(value, list) else str(value), test.value
    if test.any_case:
        found, wanted = found.lower(), wanted.lower()
    match test.how:
        case "":
            return True
        case "=":
            return found == wanted
        case "^=":
            return bool(wanted) and found.startswith(wanted)
        case "$=":
            return bool(wanted) and found.endswith(wanted)
        case _:
            return bool(wanted) and wanted in found
