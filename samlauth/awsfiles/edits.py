"""Changes of keys and sections, with every other byte left as it was."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from samlauth.awsfiles.lines import Line, eol_of, number_at
from samlauth.awsfiles.sections import Section, find, section_at
from samlauth.errors import FileError, SettingsError
from samlauth.values import dataclass

Changes = Mapping[str, Mapping[str, str | None]]
"""Section → key → its new value; None removes the key."""

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_VALUE = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")


@dataclass(frozen=True)
class Splice:
    """Bytes to put in the place of ``data[start:end]``."""

    start: int
    end: int
    new: bytes = field(repr=False)


def edit(data: bytes, changes: Changes) -> bytes:
    """The file with these keys changed and every other byte as it was.

    A key that is there keeps its line, its spelling and its spacing; a new one comes after the last
    key of its section, a new section at the end of the file. Lines that continued a replaced or
    removed value go with it. A key that is there twice is made one. The result is verified: all
    that was to stay is compared, and the changed sections are read back.

    Raises SettingsError for a section, key or value that must not be written, and FileError, naming
    the line, where the file does not allow the change: a section that is there twice, a NUL byte.
    No error shows a value.
    """
    wanted = {section: _checked(section, keys) for section, keys in changes.items()}
    if (nul := data.find(b"\0")) >= 0:
        raise FileError(
            f"line {number_at(data, nul)} holds a NUL byte: this is not a text file AWS can read.",
            hint="Save it as plain text: UTF-8, not UTF-16.",
        )
    splices: list[Splice] = []
    changed: list[tuple[Section, Mapping[str, str | None]]] = []
    added: list[tuple[str, dict[str, str]]] = []
    for section, starts in find(data, wanted).items():
        keys = wanted[section]
        if len(starts) > 1:
            first, second = (number_at(data, start) for start in starts[:2])
            raise FileError(
                f"line {second}: the section [{section}] is there already in line {first}.",
                hint="AWS tools refuse a file with such a section. Make the two one, by hand.",
            )
        if starts:
            old = section_at(data, starts[0])
            splices += _splices(old, keys)
            changed.append((old, keys))
        elif new_keys := {key: value for key, value in keys.items() if value is not None}:
            added.append((section, new_keys))
    splices.sort(key=lambda splice: splice.start)
    new = spliced(data, splices)
    _verify(data, new, splices, changed)
    return _with_sections(new, added) if added else new


def spliced(data: bytes, splices: list[Splice]) -> bytes:
    """``data`` with the splices, which are in order and do not overlap."""
    pieces: list[bytes | memoryview] = []
    kept = memoryview(data)  # a slice of bytes is a copy; of a view, not
    at = 0
    for splice in splices:
        pieces += (kept[at : splice.start], splice.new)
        at = splice.end
    return b"".join((*pieces, kept[at:])) if splices else data


def _checked(section: str, keys: Mapping[str, str | None]) -> dict[str, str | None]:
    """The keys in lower case, once nothing in them could be read as anything else."""
    if not section or not _VALUE.fullmatch(section) or "[" in section or "]" in section:
        raise SettingsError(
            f"{section!a} cannot be the name of a section: it has a bracket, a control character, a "
            "space at an end, or a character beyond ASCII.",
            hint="Choose another name with -p.",
        )
    for key, value in keys.items():
        if not _KEY.fullmatch(key):
            raise SettingsError(
                f"{key!a} cannot be the name of a key.",
                hint="Use ASCII letters, digits and any of _ . - in it.",
            )
        if value is not None and not _VALUE.fullmatch(value):
            raise SettingsError(
                f"The value for {key} in [{section}] cannot be stored in an AWS file: it has a "
                "control character, a line end, a space at an end, or a character beyond ASCII.",
                hint="Give it in a variable or as a flag each time, or change it to one that can.",
            )
    return {key.lower(): value for key, value in keys.items()}


def _splices(section: Section, keys: Mapping[str, str | None]) -> list[Splice]:
    """What to put where, so that the section has these keys with these values."""
    splices: list[Splice] = []
    missing = b""
    last = section.entries[-1].lines if section.entries else [section.header]
    # The line that follows must not come to stand deeper than the last key: it would continue it.
    indent = last[0].indent if section.entries else " " * len(section.next_indent)
    for key, value in keys.items():
        entries = [entry for entry in section.entries if entry.key == key]
        match entries, value:
            case [], None:
                continue
            case [], str():
                line = f"{indent}{key} = {value}".rstrip(" ") + section.eol.decode()
                missing += line.encode("utf-8", "surrogateescape")
                continue
            case [entry], str() if entry.value == value:
                continue
        for entry in entries:
            splices += [Splice(line.start, line.end, b"") for line in entry.lines]
        if value is not None:
            place = entries[0].lines[0]
            splices.remove(Splice(place.start, place.end, b""))
            splices.append(Splice(place.start, place.end, _with_value(place, value)))
    if missing:
        above = last[-1]
        if not above.eol and Splice(above.start, above.end, b"") not in splices:
            missing = section.eol + missing
        splices.append(Splice(above.end, above.end, missing))
    return splices


def _with_value(line: Line, value: str) -> bytes:
    """The line of an option with another value: its own spelling, spacing and end stay."""
    option = line.option()
    before = option["before"]
    if option["space"] and before[-1] in "=:":  # "key =" was empty: not "key =value"
        before += " "
    text = f"{before}{value}" if value else before.rstrip()
    return text.encode("utf-8", "surrogateescape") + line.eol


def _with_sections(data: bytes, added: Iterable[tuple[str, Mapping[str, str]]]) -> bytes:
    """``data`` and new sections after it, each with a blank line before."""
    eol = eol_of(data)
    pieces = [data]
    if data and data[-1] not in b"\r\n":
        pieces.append(eol)
    for section, keys in added:
        if data or len(pieces) > 1:
            pieces.append(eol)
        lines = [f"[{section}]", *(f"{key} = {value}".rstrip(" ") for key, value in keys.items())]
        pieces += (line.encode() + eol for line in lines)
    return b"".join(pieces)


def _verify(
    data: bytes,
    new: bytes,
    splices: list[Splice],
    changed: list[tuple[Section, Mapping[str, str | None]]],
) -> None:
    """Raise FileError unless ``new`` is ``data`` but for the splices, and reads as was asked."""
    at = shift = 0
    shifts = [(0, 0)]
    intact = True
    for splice in splices:
        intact = intact and _same(data, at, splice.start, new, at + shift)
        at = splice.end
        shift += len(splice.new) - (splice.end - splice.start)
        shifts.append((at, shift))
    intact = intact and _same(data, at, len(data), new, at + shift)
    intact = intact and len(new) == len(data) + shift
    for old, keys in changed:
        start = old.header.start
        start += max((place, by) for place, by in shifts if place <= start)[1]
        if not (intact and _reads(new, start, old, keys)):
            raise FileError(
                f"line {number_at(data, old.header.start)}: this section cannot be changed "
                "without changing more of the file.",
                hint="Look at the section's indentation, and put it right by hand.",
            )


def _same(data: bytes, start: int, end: int, new: bytes, at: int) -> bool:
    """Whether ``new`` holds ``data[start:end]`` at ``at``.

    In pieces that fit a processor's cache: one slice of a large file costs three times as much.
    """
    step = 1 << 16
    return all(
        new.startswith(data[place : min(end, place + step)], at + place - start)
        for place in range(start, end, step)
    )


def _reads(new: bytes, start: int, old: Section, keys: Mapping[str, str | None]) -> bool:
    """Whether the section that was ``old`` and is at ``start`` now has its new values."""
    wanted = {**{entry.key: entry.value for entry in old.entries}, **keys}
    expected = {key: value for key, value in wanted.items() if value is not None}
    return {entry.key: entry.value for entry in section_at(new, start).entries} == expected
