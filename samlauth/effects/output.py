"""Standard output is data, standard error is people; these two functions are the only way to them."""

from __future__ import annotations

import sys


def data(text: str) -> None:
    """Write a line of data to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(text: str, end: str = "\n") -> None:
    """Write a line for the person to standard error."""
    sys.stderr.write(text + end)
    sys.stderr.flush()
