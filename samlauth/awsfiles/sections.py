"""Where the sections of an AWS file are, and what is in one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from samlauth.awsfiles.lines import HEADER, Line, eol_of, walk


@dataclass
class Entry:
    """A key with the lines that make up its value."""

    key: str
    """In lower case."""
    lines: list[Line]
    parts: list[str] = field(repr=False)

    @classmethod
    def begun(cls, line: Line) -> Entry:
        """The entry that an option's line begins."""
        option = line.option()
        return cls(option["key"].lower(), [line], [option["value"].strip()])

    def add(self, line: Line) -> None:
        """Take a line that continues the value."""
        self.lines.append(line)
        self.parts.append(line.text.strip())

    @property
    def value(self) -> str:
        """As botocore sees it: lines that continue it stand after a line end each."""
        return "\n".join(self.parts).rstrip()


@dataclass(frozen=True)
class Section:
    """A section: its header line and its keys in order."""

    header: Line
    entries: list[Entry]
    next_indent: str
    """What the next header is indented by; "" at the end of the file."""
    eol: bytes


def find(data: bytes, sections: Iterable[str]) -> dict[str, list[int]]:
    """For each section, in order, where its header lines begin.

    One search of the whole file for all of them: looking at every header is several times slower
    on a file with thousands of profiles.
    """
    places: dict[str, list[int]] = {section: [] for section in sections}
    by_name = {canonical(section): section for section in places}
    for at in _candidates(data, tuple(by_name)):
        start = data.rfind(b"\n", 0, at) + 1
        start = max(start, data.rfind(b"\r", start, at) + 1)
        line = next(walk(data, start))
        header = HEADER.match(line.text.strip())
        section = by_name.get(canonical(header[1])) if header else None
        if section is None or (line.indent and _continues(data, start)):
            continue
        places[section].append(start)
    return places


def section_at(data: bytes, start: int) -> Section:
    """The section whose header line begins at ``start``."""
    lines = walk(data, start)
    header = next(lines)
    entries: list[Entry] = []
    next_indent = ""
    for line in lines:
        match line.kind:
            case "header":
                next_indent = line.indent
                break
            case "option":
                entries.append(Entry.begun(line))
            case "more":
                entries[-1].add(line)
            case _:
                # configparser keeps blank lines inside a value, for what may follow; comments not.
                if entries and not line.text.strip():
                    entries[-1].parts.append("")
    return Section(header, entries, next_indent, header.eol or eol_of(data))


def canonical(section: str) -> str:
    """``profile "a b"``, ``profile  'a b'`` and the like as the one name botocore makes of them."""
    if section.startswith("profile"):
        try:
            words = shlex.split(section)
        except ValueError:  # a quote that is not closed: no profile, to botocore
            return section
        if len(words) == 2 and words[0] == "profile":
            return f"profile {words[1]}"
    return section


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
    return next(line for line in walk(data, anchor) if line.start == start).kind == "more"
