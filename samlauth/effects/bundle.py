"""The bundle that ``samlauth report`` makes: a zip of a report, readable without any tool of ours."""

from __future__ import annotations

import io
import os
import re
import zipfile
import zlib
from pathlib import Path
from typing import Final

from samlauth.errors import FileError, UsageError
from samlauth.printable import safe
from samlauth.reports import Report, decode, encode

_RUN: Final = "run.json"
_READ_ME: Final = "README.txt"
_PAGE: Final = re.compile(r"pages/([0-9]{2,3})-[A-Za-z-]{1,60}\.html")
_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MOST: Final = 20_000_000
"""Bytes of a bundle, and of all that is in it."""

_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""How the files in a bundle may be packed; each other way has errors of its own."""
_NOT_OURS: Final = (
    *(ValueError, zipfile.BadZipFile, zlib.error, EOFError),
    *(NotImplementedError, RuntimeError),
)
"""What reading a zip raises that is damaged, encrypted, or of a kind that Python does not know."""

_ABOUT: Final = """\
What a sign-in by samlauth came across before it failed. samlauth made this file and sent it nowhere.

run.json   when it was, what was asked and sent in which order, how long it took, versions
pages/     the bones of each page: elements, ids, names, where forms go; text and values are left out

Look through it before you hand it on. `samlauth replay FILE` names the pages.
"""


def members(report: Report) -> dict[str, bytes]:
    """The files of the bundle, by name."""
    files = {_READ_ME: _ABOUT, _RUN: encode(report, bodies=False)}
    for number, seen in enumerate(report.pages, 1):
        files[f"pages/{number:02}-{seen.word}.html"] = seen.page.body
    return {name: text.encode("utf-8", "backslashreplace") for name, text in files.items()}


def write(report: Report, path: Path) -> None:
    """Make the bundle, mode 0600. Raises UsageError where there is a file, FileError else."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in members(report).items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.external_attr = 0o600 << 16
            bundle.writestr(entry, data, zipfile.ZIP_DEFLATED)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
    except FileExistsError:
        raise UsageError(
            f"There is a file {safe(str(path), 1000)} already.", hint="Name another with -o."
        ) from None
    except OSError as error:
        raise _unusable(path, "written", error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.getvalue())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unusable(path, "written", error) from error


def read(path: Path) -> Report:
    """The report in a bundle, or in a file of the same JSON. Raises FileError for anything else.

    Whoever made the file may mean harm: nothing is unpacked to the disk, and sizes are bounded.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST + 1)
    except OSError as error:
        raise _unusable(path, "read", error) from error
    try:
        if len(data) > _MOST:
            raise ValueError("it is too large")
        if data[:2] == b"PK":
            return _unpacked(data)
        return decode(data.decode("utf-8"))
    except _NOT_OURS as error:
        raise FileError(
            f"{safe(str(path), 1000)} cannot be read as a report: {safe(str(error))}.",
            hint="samlauth report makes one. One of a newer version needs a newer samlauth.",
        ) from error


def _unpacked(data: bytes) -> Report:
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        left = _MOST
        texts: dict[str, str] = {}
        for entry in bundle.infolist():
            if entry.filename != _RUN and not _PAGE.fullmatch(entry.filename):
                continue
            if entry.compress_type not in _METHODS:
                raise ValueError("it is packed in a way that samlauth does not use")
            with bundle.open(entry) as file:
                content = file.read(left + 1)
            left -= len(content)
            if left < 0:
                raise ValueError("what is in it is too large")
            texts[entry.filename] = content.decode("utf-8", "replace")
    if _RUN not in texts:
        raise ValueError(f"there is no {_RUN} in it")
    bodies = {
        int(found[1]) - 1: text for name, text in texts.items() if (found := _PAGE.fullmatch(name))
    }
    return decode(texts[_RUN], bodies)


def _unusable(path: Path, verb: str, error: OSError) -> FileError:
    return FileError(
        f"{safe(str(path), 1000)} cannot be {verb}: {error.strerror}.",
        hint="See its path and its mode."
        if verb == "read"
        else "See its path, its mode, and the room on the disk.",
    )
