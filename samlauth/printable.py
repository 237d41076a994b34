"""Text from elsewhere, made fit to print.

A role name, a server's message or a URL may hold escape sequences that recolour a terminal, move
its cursor or reverse the reading order (CWE-150). Whatever was not written by us passes through
:func:`safe` before a person sees it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_ON_THE_LAST_ONE = frozenset({"Mn", "Me"})
_COLOUR = re.compile("\x1b\\[[0-9;]*m")
_PIECE = re.compile(r" *(?:(?<=: )(?:samlauth|aws|pipx?|uv) (?:(?![,;] ).)*$|\S+)")
"""A word with the blanks before it, or the command that a line ends in."""


def safe(text: str, cells: int = 200) -> str:
    """``text`` with what a terminal might obey escaped, at most ``cells`` columns wide.

    Controls, invisible format characters (bidirectional marks, zero-width ones, tags), surrogates,
    private-use characters and line and paragraph separators become ``\\x1b``, ``\\u202e`` and so
    on; so the result is always one line. What is cut off is shown as ``…``.
    """
    shown: list[str] = []
    width = 0
    # Every character is at least one unit long, so what lies beyond need not be looked at.
    for character in text[: cells + 1]:
        unit = _escaped(character)
        width += _width(unit)
        shown.append(unit)
    if width <= cells:
        return "".join(shown)
    while shown and width > cells - 1:
        width -= _width(shown.pop())
    return "".join(shown) + "…" if cells > 0 else ""


def utf8(read: str) -> str:
    """What was read, as text that can be sent and written.

    Bytes that a locale, ASCII for one, could not read come as lone surrogates, and are read as
    UTF-8 here. Raises ValueError where they are none.
    """
    try:
        return read.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        raise ValueError("not UTF-8 text") from None


def width(text: str) -> int:
    """Columns that ``text``, made fit to print, takes: none for an accent, two for a wide character.

    The widths of Unicode's East Asian Width (UAX #11), in which emoji are wide.
    """
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(0 if unicodedata.category(c) in _ON_THE_LAST_ONE else _width(c) for c in text)


def padded(text: str, cells: int) -> str:
    """``text`` with blanks behind it, ``cells`` columns wide."""
    return text + " " * (cells - width(text))


def wrapped(text: str, cells: int) -> list[str]:
    """``text``, made fit to print, in lines at most ``cells`` columns wide, broken between words."""
    lines = [""]
    for word in text.split():
        word = safe(word, cells)
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if width(longer) <= cells:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def folded(text: str, cells: int, hanging: int | None = None) -> str:
    """``text``, fit to print, its lines that are wider than ``cells`` broken between words.

    What goes on below is as far in as its line began, or ``hanging`` columns. A word too wide by
    itself, such as a URL, is left to the terminal, and so is a command at the end of a line
    (``Run: samlauth …``): in one piece it can be copied.
    """
    return "\n".join(part for line in text.split("\n") for part in _folded(line, cells, hanging))


def _folded(line: str, cells: int, hanging: int | None) -> Iterator[str]:
    if width(_COLOUR.sub("", line)) <= cells:
        yield line
        return
    indent = " " * (len(line) - len(line.lstrip(" ")) if hanging is None else hanging)
    row = ""
    for piece in _PIECE.findall(line):
        if row and width(_COLOUR.sub("", row + piece)) > cells:
            yield row
            row = indent + piece.lstrip(" ")
        else:
            row += piece
    yield row


def table(rows: Sequence[Sequence[str]], cells: int | None = None) -> Iterator[str]:
    """A line for each row, its columns below one another; the texts are fit to print.

    Where that is wider than ``cells``, each row has as many lines as it needs, the others indented:
    nothing is cut off, and only a text that is too wide by itself is left to the terminal to wrap.
    """
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    if cells is None or sum(widths) + 2 * (len(widths) - 1) <= cells:
        for row in rows:
            yield "  ".join(map(padded, row, widths)).rstrip()
        return
    for first, *others in rows:
        line = first
        for text in filter(None, others):
            if width(line) + 2 + width(text) > cells:
                yield line
                line = ""
            line += f"  {text}"
        yield line


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _UNPRINTABLE:
        return character
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _width(unit: str) -> int:
    """Columns a unit takes at most: an accent counts as one, so that accents cannot pile up."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in unit)
