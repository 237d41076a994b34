"""Standard output is data, standard error is people; these functions are the only way to them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def data(text: str) -> None:
    """Write a line of data to standard output."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(text: str, end: str = "\n") -> None:
    """Write a line for the person to standard error."""
    sys.stderr.write(text + end)
    sys.stderr.flush()


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
