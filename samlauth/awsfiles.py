"""The AWS config and credentials files as bytes: find a section, read it, change some of its keys.

Nothing here opens a file. :func:`edit` takes the bytes of the old file and returns the bytes of the
new one, and whatever it was not asked to change is there again, byte for byte: comments, order,
spacing, line ends, a byte order mark, bytes that are no UTF-8, sections of other programs.

How the files are read is decided by what botocore reads them with, Python's
``configparser.RawConfigParser``, and this module follows its grammar line by line:

- A line whose first visible character is ``#`` or ``;`` is a comment; there are no others, so
  ``region = eu-west-1 # home`` has the value ``eu-west-1 # home``.
- A line indented deeper than the option above it continues that option's value, even when it looks
  like ``[a section]``. Comments and blank lines in between do not end the value.
- ``[name]`` is a section, up to the last ``]`` of its line; ``key = value`` and ``key: value`` are
  options, and letter case in keys does not count.

A section or a key that is there twice makes botocore refuse the whole file, for every profile.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from samlauth import values
from samlauth.errors import FileError, SettingsError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Changes = Mapping[str, Mapping[str, str | None]]
"""Section → key → its new value; None removes the key."""

_PROFILE = re.compile(r"[A-Za-z0-9_.@+/:=,%-](?:[A-Za-z0-9_.@+/:=,% -]*[A-Za-z0-9_.@+/:=,%-])?")
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_VALUE = re.compile(r"(?:[!-~](?:[ -~]*[!-~])?)?")
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_EOL = re.compile(rb"\r\n|\r|\n")
_HEADER = re.compile(r"\[(.+)\]")
_OPTION = re.compile(r"(?P<before>\s*(?P<key>.*?)(?P<space>\s*)[=:]\s*)(?P<value>.*)")


def check_profile_name(profile: str) -> None:
    """Raise SettingsError for a name that cannot be a profile's.

    Allowed are ASCII letters, digits, inner spaces and ``_ . @ + / : = , % -``, 64 at most. That is
    more than AWS's own tools promise to read and all that people were seen to use. Brackets and
    line ends would start another section in the file; quotes, backslashes and ``#`` are read
    differently by different AWS SDKs; and the files are ASCII by AWS's definition, so that another
    letter would be another name under another locale. ``DEFAULT`` gives its keys to every profile.
    """
    if not profile:
        raise SettingsError("The profile's name is empty.", hint="Name one with -p.")
    if len(profile) > 64:
        raise SettingsError(
            f"The profile's name has {len(profile)} characters; 64 are the most.",
            hint="Choose a shorter name with -p.",
        )
    if profile == "DEFAULT" or not _PROFILE.fullmatch(profile):
        raise SettingsError(
            f"{profile!a} cannot be the name of a profile.",
            hint="Use ASCII letters, digits, inner spaces and any of _ . @ + / : = , % - (not DEFAULT).",
        )


def is_profile_name(text: str) -> bool:
    """Whether :func:`check_profile_name` lets it pass."""
    try:
        check_profile_name(text)
    except SettingsError:
        return False
    return True


def config_section(profile: str, data: bytes = b"") -> str:
    """The config file's section for a profile: ``default``, or ``profile NAME``.

    A name with a space is quoted, as ``aws configure`` does. In the credentials file a section has
    the profile's own name. ``data`` is the config file: botocore reads ``[profile default]`` as
    well as ``[default]`` and the later one wins, so the one that is there is the one to use.
    """
    if profile != "default":
        return f"profile {shlex.quote(profile)}"
    places = _find(data, ("default", "profile default"))
    return max(places, key=lambda name: max(places[name], default=-1))


def read_section(data: bytes, section: str) -> dict[str, str]:
    """The keys, in lower case, and values of a section, as botocore sees them; empty if not there.

    A nested block comes as its lines, as in ``"\\nmax_attempts = 3"``. ``[DEFAULT]`` gives its keys
    to every section. Where a section or a key is there twice, which botocore does not accept, the
    later one wins. Bytes that are no UTF-8 come as lone surrogates.
    """
    return read_sections(data, (section,))[section]


def read_sections(data: bytes, sections: Iterable[str]) -> dict[str, dict[str, str]]:
    """As :func:`read_section`, for many at once: the file is searched but once."""
    wanted = tuple(sections)
    places = _find(data, (*wanted, "DEFAULT"))

    def keys(section: str) -> dict[str, str]:
        if not places[section]:
            return {}
        found = [_section_at(data, start) for start in (*places["DEFAULT"], *places[section])]
        return {entry.key: entry.value for part in found for entry in part.entries}

    return {section: keys(section) for section in wanted}


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
            f"line {_line_number(data, nul)} holds a NUL byte: this is not a text file AWS can read.",
            hint="Save it as plain text: UTF-8, not UTF-16.",
        )
    splices: list[_Splice] = []
    changed: list[tuple[_Section, Mapping[str, str | None]]] = []
    added: list[tuple[str, dict[str, str]]] = []
    for section, starts in _find(data, wanted).items():
        keys = wanted[section]
        if len(starts) > 1:
            first, second = (_line_number(data, start) for start in starts[:2])
            raise FileError(
                f"line {second}: the section [{section}] is there already in line {first}.",
                hint="AWS tools refuse a file with such a section. Make the two one, by hand.",
            )
        if starts:
            old = _section_at(data, starts[0])
            splices += _splices(old, keys)
            changed.append((old, keys))
        elif new_keys := {key: value for key, value in keys.items() if value is not None}:
            added.append((section, new_keys))
    splices.sort(key=lambda splice: splice.start)
    new = _spliced(data, splices)
    _verify(data, new, splices, changed)
    return _with_sections(new, added) if added else new


@values.dataclass(frozen=True)
class Repeated:
    """A section, or a key of one, that is there already."""

    section: str
    key: str
    """In lower case; "" where it is the section that is repeated."""
    first: int
    line: int
    """Line numbers, of the one before and of this one."""
    same: bool = False
    """Whether it is a key with the very value of the one before."""
    exact: bool = True
    """Whether the names are spelled alike, which makes botocore refuse the whole file."""


@values.dataclass(frozen=True)
class Meaningless:
    """A line that is no section, key, value or comment, or a key before the first section."""

    line: int


def faults(data: bytes) -> Iterator[Repeated | Meaningless]:
    """What AWS's tools refuse a whole file for, as far as lines are to blame, in their order."""
    sections: dict[str, tuple[str, int]] = {}
    keys: dict[str, tuple[_Entry, int]] = {}
    section: str | None = None
    for number, line, entry in _numbered(data):
        if line.kind == "header":
            header = _HEADER.match(line.text.strip())
            assert header is not None, "the walk called it a header"
            section, keys = header[1], {}
            if section == "DEFAULT":
                continue  # configparser takes this one as often as it comes
            before, first = sections.setdefault(_canonical(section), (section, number))
            if first != number:
                yield Repeated(section, "", first, number, exact=before == section)
        elif entry is not None and section is not None:
            earlier, first = keys.setdefault(entry.key, (entry, number))
            if first != number:
                same = earlier.value == entry.value
                yield Repeated(section, entry.key, first, number, same=same)
        else:
            yield Meaningless(number)


def without_repeats(data: bytes) -> bytes:
    """The file without the keys that repeat the very value of one before in the same section.

    Raises FileError, naming the line, where more than the repeated key would change.
    """
    repeats = {
        fault.line: fault for fault in faults(data) if isinstance(fault, Repeated) and fault.same
    }
    gone = [
        _Splice(line.start, line.end, b"")
        for number, _, entry in _numbered(data)
        if number in repeats and entry is not None
        for line in entry.lines
    ]
    new = _spliced(data, gone)
    if _said(new) != _said(data, without=repeats):  # pragma: no cover - no text is known to do it
        raise FileError(
            f"line {min(repeats)}: this key cannot be removed without changing more of the file.",
            hint="Remove it by hand.",
        )
    return new


def _said(data: bytes, without: Collection[int] = ()) -> list[tuple[str, str]]:
    """Headers and keys with their values, but for those that begin in the lines ``without``."""
    return [
        (entry.key, entry.value) if entry is not None else (line.text, "")
        for number, line, entry in _numbered(data)
        if number not in without
    ]


def _numbered(data: bytes) -> Iterator[tuple[int, _Line, _Entry | None]]:
    """Headers, keys with their whole values, and lines of no meaning; each with its number."""
    held: tuple[int, _Line, _Entry] | None = None
    for number, line in enumerate(_walk(data, 0), start=1):
        match line.kind:
            case "more" if held is not None:
                held[2].lines.append(line)
                held[2].parts.append(line.text.strip())
                continue
            case "option":
                option = _OPTION.fullmatch(line.text)
                assert option is not None, "the walk called it an option"
                entry = _Entry(option["key"].lower(), [line], [option["value"].strip()])
                if held is not None:
                    yield held
                held = (number, line, entry)
                continue
            case "other" if not line.text.strip() or line.text.strip()[0] in "#;":
                continue
            case _:
                pass
        if held is not None:
            yield held
            held = None
        yield number, line, None
    if held is not None:
        yield held


@dataclass(frozen=True)
class _Line:
    """A line with what it means to a reader that came here from the top of the file."""

    kind: Literal["header", "option", "more", "other"]
    """``more`` continues the option above; ``other`` is blank, a comment, or of no meaning."""
    start: int
    end: int
    """After the line's end-of-line bytes."""
    text: str
    """Without them; every byte is kept by ``surrogateescape``."""
    eol: bytes
    """Empty on a last line that does not end."""

    @property
    def indent(self) -> str:
        return self.text[: len(self.text) - len(self.text.lstrip())]


@dataclass
class _Entry:
    """A key with the lines that make up its value."""

    key: str
    """In lower case."""
    lines: list[_Line]
    parts: list[str] = field(repr=False)

    @property
    def value(self) -> str:
        return "\n".join(self.parts).rstrip()


@dataclass(frozen=True)
class _Section:
    """A section: its header line and its keys in order."""

    header: _Line
    entries: list[_Entry]
    next_indent: str
    """What the next header is indented by; "" at the end of the file."""
    eol: bytes


@values.dataclass(frozen=True)
class _Splice:
    """Bytes to put in the place of ``data[start:end]``."""

    start: int
    end: int
    new: bytes = field(repr=False)


def _line_number(data: bytes, at: int) -> int:
    return len(_EOL.findall(data, 0, at)) + 1


def _eol_of(data: bytes) -> bytes:
    """How the file ends its lines, by its first one."""
    return found[0] if (found := _EOL.search(data)) else b"\n"


def _walk(data: bytes, start: int) -> Iterator[_Line]:
    """The lines from ``start``, which must not be the start of a line that continues a value."""
    depth, in_option = 0, False
    for found in _LINE.finditer(data, start):
        raw = found[0].rstrip(b"\r\n")
        text = raw.decode("utf-8", "surrogateescape")
        if not found.start():
            text = text.removeprefix("\ufeff")
        line = text.strip()
        kind: Literal["header", "option", "more", "other"] = "other"
        if line and line[0] not in "#;":
            indent = len(text) - len(text.lstrip())
            if in_option and indent > depth:
                kind = "more"
            else:
                depth = indent
                if _HEADER.match(line):
                    kind, in_option = "header", False
                elif (option := _OPTION.fullmatch(text)) and option["key"]:
                    kind, in_option = "option", True
        yield _Line(kind, found.start(), found.end(), text, found[0][len(raw) :])


def _section_at(data: bytes, start: int) -> _Section:
    """The section whose header line begins at ``start``."""
    lines = _walk(data, start)
    header = next(lines)
    entries: list[_Entry] = []
    next_indent = ""
    for line in lines:
        match line.kind:
            case "header":
                next_indent = line.indent
                break
            case "option":
                option = _OPTION.fullmatch(line.text)
                assert option is not None, "the walk called it an option"
                entries.append(_Entry(option["key"].lower(), [line], [option["value"].strip()]))
            case "more":
                entries[-1].lines.append(line)
                entries[-1].parts.append(line.text.strip())
            case _:
                # configparser keeps blank lines inside a value, for what may follow; comments not.
                if entries and not line.text.strip():
                    entries[-1].parts.append("")
    return _Section(header, entries, next_indent, header.eol or _eol_of(data))


def _canonical(section: str) -> str:
    """``profile "a b"``, ``profile  'a b'`` and the like as the one name botocore makes of them."""
    if section.startswith("profile"):
        try:
            words = shlex.split(section)
        except ValueError:  # a quote that is not closed: no profile, to botocore
            return section
        if len(words) == 2 and words[0] == "profile":
            return f"profile {words[1]}"
    return section


def _find(data: bytes, sections: Iterable[str]) -> dict[str, list[int]]:
    """For each section, in order, where its header lines begin.

    One search of the whole file for all of them: looking at every header is several times slower
    on a file with thousands of profiles.
    """
    places: dict[str, list[int]] = {section: [] for section in sections}
    by_name = {_canonical(section): section for section in places}
    for at in _candidates(data, tuple(by_name)):
        start = data.rfind(b"\n", 0, at) + 1
        start = max(start, data.rfind(b"\r", start, at) + 1)
        line = next(_walk(data, start))
        header = _HEADER.match(line.text.strip())
        section = by_name.get(_canonical(header[1])) if header else None
        if section is None or (line.indent and _continues(data, start)):
            continue
        places[section].append(start)
    return places


def _candidates(data: bytes, names: tuple[str, ...]) -> Iterator[int]:
    """Where every header may be that means one of the canonical names."""
    if len(names) == 1 and not names[0].startswith("profile "):
        # One plain text is found several times faster than by a regular expression.
        header = b"[%b]" % names[0].encode("utf-8", "surrogateescape")
        at = data.find(header)
        while at >= 0:
            yield at
            at = data.find(header, at + len(header))
    else:
        for found in _header_pattern(names).finditer(data):
            yield found.start()


def _header_pattern(names: Iterable[str]) -> re.Pattern[bytes]:
    """Finds at least every header that means one of the canonical names, in any spelling."""
    profiles, others = [], []
    for name in names:
        kind, _, rest = name.partition(" ")
        if kind == "profile" and rest:
            profiles.append(re.escape(rest.encode("utf-8", "surrogateescape")))
        else:
            others.append(re.escape(name.encode("utf-8", "surrogateescape")))
    choices = list(others)
    if profiles:
        choices.append(rb"profile[ \t]+['\"]?(?:" + b"|".join(profiles) + rb")['\"]?[ \t]*")
    # A single choice stays without a group: its literal start is what makes the search fast.
    return re.compile(
        rb"\[" + (choices[0] if len(choices) == 1 else b"(?:" + b"|".join(choices) + b")") + rb"\]"
    )


def _continues(data: bytes, start: int) -> bool:
    """Whether the indented line at ``start`` continues a value, however much it looks like a header.

    A line without indentation never continues one: read on from the nearest of those above.
    """
    anchor = start
    while anchor > 0:
        anchor = max(data.rfind(b"\n", 0, anchor - 1), data.rfind(b"\r", 0, anchor - 1)) + 1
        # Four bytes hold any first character; a blank line begins with its own end, a space too.
        first = data[anchor : anchor + 4].decode("utf-8", "surrogateescape")[0]
        if not first.isspace() and first not in "#;":
            break
    return next(line for line in _walk(data, anchor) if line.start == start).kind == "more"


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


def _splices(section: _Section, keys: Mapping[str, str | None]) -> list[_Splice]:
    """What to put where, so that the section has these keys with these values."""
    splices: list[_Splice] = []
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
            splices += [_Splice(line.start, line.end, b"") for line in entry.lines]
        if value is not None:
            place = entries[0].lines[0]
            splices.remove(_Splice(place.start, place.end, b""))
            splices.append(_Splice(place.start, place.end, _with_value(place, value)))
    if missing:
        above = last[-1]
        if not above.eol and _Splice(above.start, above.end, b"") not in splices:
            missing = section.eol + missing
        splices.append(_Splice(above.end, above.end, missing))
    return splices


def _with_value(line: _Line, value: str) -> bytes:
    """The line of an option with another value: its own spelling, spacing and end stay."""
    option = _OPTION.fullmatch(line.text)
    assert option is not None, "the walk called it an option"
    before = option["before"]
    if option["space"] and before[-1] in "=:":  # "key =" was empty: not "key =value"
        before += " "
    text = f"{before}{value}" if value else before.rstrip()
    return text.encode("utf-8", "surrogateescape") + line.eol


def _spliced(data: bytes, splices: list[_Splice]) -> bytes:
    """``data`` with the splices, which are in order and do not overlap."""
    pieces: list[bytes | memoryview] = []
    kept = memoryview(data)  # a slice of bytes is a copy; of a view, not
    at = 0
    for splice in splices:
        pieces += (kept[at : splice.start], splice.new)
        at = splice.end
    return b"".join((*pieces, kept[at:])) if splices else data


def _with_sections(data: bytes, added: Iterable[tuple[str, Mapping[str, str]]]) -> bytes:
    """``data`` and new sections after it, each with a blank line before."""
    eol = _eol_of(data)
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
    splices: list[_Splice],
    changed: list[tuple[_Section, Mapping[str, str | None]]],
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
                f"line {_line_number(data, old.header.start)}: this section cannot be changed "
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


def _reads(new: bytes, start: int, old: _Section, keys: Mapping[str, str | None]) -> bool:
    """Whether the section that was ``old`` and is at ``start`` now has its new values."""
    values = {**{entry.key: entry.value for entry in old.entries}, **keys}
    expected = {key: value for key, value in values.items() if value is not None}
    return {entry.key: entry.value for entry in _section_at(new, start).entries} == expected
