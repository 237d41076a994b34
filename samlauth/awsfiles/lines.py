"""What each line of an AWS file is to somebody who reads the file from its top."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

HEADER = re.compile(r"\[(.+)\]")
"""Matches a header without the space around it: ``[1]`` is its name."""

Kind = Literal["header", "option", "more", "other"]
"""``more`` continues the option above; ``other`` is blank, a comment, or of no meaning."""

_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_EOL = re.compile(rb"\r\n|\r|\n")
_OPTION = re.compile(r"(?P<before>\s*(?P<key>.*?)(?P<space>\s*)[=:]\s*)(?P<value>.*)")


@dataclass(frozen=True)
class Line:
    """A line with what it means to a reader that came here from the top of the file."""

    kind: Kind
    start: int
    end: int
    """After the line's end-of-line bytes."""
    text: str = field(repr=False)
    """Without them; every byte is kept by ``surrogateescape``."""
    eol: bytes
    """Empty on a last line that does not end."""

    @property
    def indent(self) -> str:
        """The space that it begins with."""
        return self.text[: len(self.text) - len(self.text.lstrip())]

    def option(self) -> re.Match[str]:
        """The parts of a line of that kind: ``before`` the value, ``key``, ``space``, ``value``."""
        parts = _OPTION.fullmatch(self.text)
        assert parts is not None, "the walk called it an option"
        return parts


def walk(data: bytes, start: int) -> Iterator[Line]:
    """The lines from ``start``, which must not be the start of a line that continues a value."""
    depth, in_option = 0, False
    for found in _LINE.finditer(data, start):
        raw = found[0].rstrip(b"\r\n")
        text = raw.decode("utf-8", "surrogateescape")
        if not found.start():
            text = text.removeprefix("\ufeff")
        line = text.strip()
        kind: Kind = "other"
        if line and line[0] not in "#;":
            indent = len(text) - len(text.lstrip())
            if in_option and indent > depth:
                kind = "more"
            else:
                depth = indent
                if HEADER.match(line):
                    kind, in_option = "header", False
                elif (option := _OPTION.fullmatch(text)) and option["key"]:
                    kind, in_option = "option", True
        yield Line(kind, found.start(), found.end(), text, found[0][len(raw) :])


def number_at(data: bytes, at: int) -> int:
    """The number of the line with the byte ``at``, from 1."""
    return len(_EOL.findall(data, 0, at)) + 1


def eol_of(data: bytes) -> bytes:
    """How the file ends its lines, by its first one."""
    return found[0] if (found := _EOL.search(data)) else b"\n"
