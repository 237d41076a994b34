"""Standard output is data, standard error is people; these functions are the only way to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

_colourless = False
"""Whether the person wants no colours, whatever the environment says."""


def data(text: str) -> None:
    """Write a line of data to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(text: str, end: str = "\n") -> None:
    """Write a line for the person to standard error, broken between words to fit a terminal.

    What does not ``end`` the line is written as it is: more is to come, or it moves the cursor.
    """
    if end == "\n" and sys.stderr.isatty():
        from samlauth.effects.console import columns
        from samlauth.printable import folded

        text = folded(text, columns(sys.stderr))
    sys.stderr.write(text + end)
    sys.stderr.flush()


def coloured(text: str, code: str) -> str:
    """``text`` for standard error, with an SGR code (ECMA-48 §8.3.117) where colours are wanted.

    ``NO_COLOR`` and ``CLICOLOR=0`` turn them off, ``CLICOLOR_FORCE`` turns them on; else they are for
    a terminal that is not dumb (no-color.org, bixense.com/clicolors).
    """
    return f"\x1b[{code}m{text}\x1b[0m" if _with_colours(os.environ) else text


def without_colours() -> None:
    """Show no colours from now on."""
    global _colourless
    _colourless = True


def _with_colours(environ: Mapping[str, str]) -> bool:
    if _colourless or environ.get("NO_COLOR"):
        return False
    if environ.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    dumb = environ.get("TERM", "dumb") == "dumb"
    return environ.get("CLICOLOR") != "0" and not dumb and sys.stderr.isatty()


@contextmanager
def aside() -> Iterator[Callable[[bytes], None]]:
    """Keep standard output for what is given to the function, and for nothing else.

    Whatever a library prints in the block, from Python or below it, goes to standard error.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)

    def write(content: bytes) -> None:
        left = memoryview(content)
        while left:
            left = left[os.write(kept, left) :]

    try:
        yield write
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
