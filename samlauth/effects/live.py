"""The last lines of a terminal, written over whenever they change, and gone when they are done."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from samlauth.printable import safe, width, wrapped

_DIGITS = {
    "0": ("###", "# #", "# #", "# #", "###"),
    "1": (" # ", "## ", " # ", " # ", "###"),
    "2": ("###", "  #", "###", "#  ", "###"),
    "3": ("###", "  #", " ##", "  #", "###"),
    "4": ("# #", "# #", "###", "  #", "  #"),
    "5": ("###", "#  ", "###", "  #", "###"),
    "6": ("###", "#  ", "###", "# #", "###"),
    "7": ("###", "  #", "  #", "  #", "  #"),
    "8": ("###", "# #", "###", "# #", "###"),
    "9": ("###", "# #", "###", "  #", "###"),
}


def large(number: str, cells: int) -> list[str]:
    """The number in digits five lines high; by itself, where it is none or has no room."""
    if not number or not set(number) <= _DIGITS.keys() or 8 * len(number) + 2 > cells:
        return [f"    {safe(number, max(cells - 4, 1))}"] if number else []
    rows = zip(*(_DIGITS[digit] for digit in number), strict=True)
    drawn = ("  ".join(row).replace("#", "██") for row in (map(_doubled, row) for row in rows))
    return [f"    {row}".rstrip() for row in drawn]


def _doubled(row: str) -> str:
    """The row of a digit as wide as it looks high: a cell is half as wide as it is high."""
    return row.replace(" ", "  ")


class Live:
    """Lines that are written over in place; nothing is shown until there is something to show.

    ``write`` is given text to write as it is, and may raise OSError when the terminal is gone;
    ``columns`` says how wide the terminal is now.
    """

    def __init__(self, write: Callable[[str], None], columns: Callable[[], int]) -> None:
        self._write = write
        self._columns = columns
        self._rows: list[str] = []

    def show(self, text: str, number: str = "") -> None:
        """Show the text, on as many lines as it needs, below a large number if there is one."""
        # In the last column some terminals wrap, and others do not.
        cells = max(self._columns() - 1, 1)
        digits = large(number, cells)
        rows = [*(("", *digits, "") if digits else ()), *wrapped(text, cells)]
        self._put(rows)

    def clear(self) -> None:
        """Leave the terminal as it was before."""
        if self._rows:
            self._put([])

    def _put(self, rows: list[str]) -> None:
        text = "\n".join(rows)
        try:
            with suppress(OSError):  # the terminal is gone
                # Erased first: lines that the terminal has wrapped would stay one line to it.
                self._write(f"{self._back()}\x1b[J{text}")
        finally:
            # After Ctrl-C in the middle, too, for it is to be cleared then.
            self._rows = rows

    def _back(self) -> str:
        """The way to where the lines begin: a terminal made narrower has wrapped what was there."""
        columns = max(self._columns(), 1)
        taken = sum(max(1, -(-width(row) // columns)) for row in self._rows)
        return f"\r\x1b[{taken - 1}A" if taken > 1 else "\r"
