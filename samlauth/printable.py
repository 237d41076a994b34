"""Text from elsewhere, made fit to print.

A role name, a server's message or a URL may hold escape sequences that recolour a terminal, move
its cursor or reverse the reading order (CWE-150). Whatever was not written by us passes through
:func:`safe` before a person sees it.
"""

from __future__ import annotations

import unicodedata

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


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
