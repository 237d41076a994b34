"""A SAML response handed over with the command: ``--saml-assertion VALUE``."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO
from urllib.parse import unquote

from samlauth.effects.paths import expanded
from samlauth.errors import FileError
from samlauth.printable import safe

MOST = 1_000_000
"""Bytes of a file or of standard input that are read: ten times what AWS takes in any form."""

_ITSELF = re.compile(r"[\"'\s]*(?:<|SAMLResponse\b|[A-Za-z0-9+/=%\s]{200})")
"""How a value begins that is the response and not the name of a file."""


def handed(value: str, stdin: TextIO, warn: Callable[[str], None]) -> str | None:
    """The text that ``value`` leads to; None when it is to be asked for.

    ``-`` is standard input, and the person where that is a terminal. Else a file, by its path or as
    ``file://`` and its path; else the text itself, of which ``warn`` is told that others can see it.
    The text is in whatever form it was copied: :func:`samlauth.idp.assertion.read_pasted` reads it.
    Raises FileError when there is nothing to read.
    """
    if value == "-":
        return None if stdin.isatty() else _read(stdin.buffer, "Standard input")
    if value.startswith("file://"):
        return _file(_of_url(value))
    path = expanded(value)
    if not _is_there(path) and _ITSELF.match(value):
        warn(
            "The SAML response stands on the command line, where every user of this computer can "
            "see it; give a file's name, or - and the response on standard input."
        )
        return value
    return _file(path)


def _of_url(url: str) -> Path:
    name = url.removeprefix("file://").removeprefix("localhost/").strip()
    plain = expanded("/" + name if url.startswith("file://localhost/") else name)
    # The aws CLI takes what follows as it is; a URL has spaces and the like encoded.
    return plain if _is_there(plain) else Path(unquote(str(plain)))


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # far too long, as a response is, or with a NUL in it
        return False


def _file(path: Path) -> str:
    name = safe(str(path), 100)
    try:
        with path.open("rb") as file:
            return _read(file, name)
    except (OSError, ValueError) as error:
        # A ValueError is a name that no file can have.
        reason = getattr(error, "strerror", None) or "no file can be called that"
        raise FileError(
            f"The SAML response could not be read from {name}: {reason}.",
            hint="--saml-assertion takes a file's name, - for standard input, or the response.",
        ) from None


def _read(file: BinaryIO, name: str) -> str:
    data = file.read(MOST + 1)
    if len(data) > MOST:
        raise FileError(
            f"{name} holds more than {MOST:,} bytes, which is no SAML response.",
            hint="AWS takes 100,000 characters at most.",
        )
    # PowerShell's > writes UTF-16.
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_utf_16 else "utf-8-sig", "replace")
