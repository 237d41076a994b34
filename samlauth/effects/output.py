"""Standard output is data, standard error is people; these functions are the only way to them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from samlauth.errors import FileError

_colourless = False
"""Whether the person wants no colours, whatever the environment says."""


def open_streams() -> None:
    """Have all of standard input, output and error, the second for any name that is to be printed.

    Those that were closed are opened on nothing, before a file of ours gets their number.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            while (opened := os.open(os.devnull, os.O_RDWR)) < number:
                pass
            setattr(sys, name, os.fdopen(opened, "r" if number == 0 else "w"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A name that the locale cannot spell is no reason to fail; standard error is so already.
        sys.stdout.reconfigure(errors="backslashreplace")


def data(text: str) -> None:
    """Write a line of data to standard output.

    Raises FileError when it cannot be written, BrokenPipeError when whoever reads it is gone.
    """
    with _naming():
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


def tell(text: str, end: str = "\n") -> None:
    """Write a line for the person to standard error, broken between words to fit a terminal.

    What does not ``end`` the line is written as it is: more is to come, or it moves the cursor. If
    nobody can be told, for it is closed or leads to a full disk, what there is to do is done all the
    same.
    """
    with suppress(OSError):
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
def _naming() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileError(
            f"Standard output could not be written: {error.strerror}.",
            hint="See where it leads to: a disk that is full, for one, takes no more.",
        ) from error


@contextmanager
def aside() -> Iterator[Callable[[bytes], None]]:
    """Keep standard output for what is given to the function, and for nothing else.

    Whatever a library prints in the block, from Python or below it, goes to standard error. The
    function raises as :func:`data`.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)

    def write(content: bytes) -> None:
        left = memoryview(content)
        with _naming():
            while left:
                left = left[os.write(kept, left) :]

    try:
        yield write
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
