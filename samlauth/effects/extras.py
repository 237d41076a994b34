"""The packages that not every installation has, and what adds them to the one that runs."""

from __future__ import annotations

import shlex
import sys
from pathlib import PurePath


def adding(extra: str, *, prefix: str = sys.prefix, python: str = sys.executable) -> str:
    """The command that adds an extra: ``pip install 'samlauth[EXTRA]'``, where pip can.

    pipx and uv keep samlauth in an environment of its own, which the person's pip does not know.
    None of the three looks for a samlauth that is installed already in a package index.
    """
    folders = PurePath(prefix).parts
    wanted = shlex.quote(f"samlauth[{extra}]")
    if "pipx" in folders:
        return f"pipx runpip samlauth install {wanted}"
    if folders[-3:-1] == ("uv", "tools"):
        return f"uv pip install --python {shlex.quote(python)} {wanted}"
    return f"pip install {wanted}"
