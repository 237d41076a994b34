"""A Linux that denies what Windows does not have, as far as its documentation says so.

Nothing here was compared with a Windows.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from filelock import FileLock as FileLock  # loaded while it still sees what is so: it is not ours

ABSENT = ("fchown", "chown", "geteuid", "getuid", "pwrite", "getpgrp", "tcgetpgrp", "mkfifo")
"""Functions of ``os`` that are there on Unix alone (documentation of ``os``, "Availability")."""
UNIX_FLAGS = ("O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY")
UNIX_MODULES = ("fcntl", "pwd", "resource", "termios", "tty")
BINARY = 0x8000
"""``O_BINARY`` there. Here it is ``O_LARGEFILE``, and nothing comes of it."""


class Windows:
    """Files as they are there: none that is open can be replaced, and no folder be opened."""

    def __init__(self) -> None:
        self.refused = 0
        """How many replaces there were of a file that was open."""
        self.when_refused: Callable[[], object] = lambda: None
        self._open, self._close, self._replace = os.open, os.close, os.replace
        self._held: dict[int, tuple[int, int]] = {}

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:  # noqa: ANN401 - as os.open
        """As ``os.open``, which shares a file for reading and writing and not for deleting."""
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied")
        fd = self._open(path, flags, mode)
        self._held[fd] = _identity(os.fstat(fd))
        return fd

    def close(self, fd: int) -> None:
        """As ``os.close``."""
        self._held.pop(fd, None)
        self._close(fd)

    def replace(self, new: Any, old: Any) -> None:  # noqa: ANN401 - as os.replace
        """As ``os.replace``, which is MoveFileEx."""
        there = [_identity(Path(path).stat()) for path in (new, old) if Path(path).exists()]
        if any(each in there for each in self._held.values()):
            self.refused += 1
            self.when_refused()
            raise PermissionError(errno.EACCES, "Access is denied")
        self._replace(new, old)


def pretend(monkeypatch: pytest.MonkeyPatch) -> Windows:
    """Have this process find Windows where it looks, from now on."""
    windows = Windows()
    monkeypatch.setattr(sys, "platform", "win32")
    for name in ABSENT:
        monkeypatch.delattr(os, name)
    for name in UNIX_MODULES:
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("open", "close", "replace"):
        monkeypatch.setattr(os, name, getattr(windows, name))
    return windows


def loaded(module: ModuleType) -> Any:  # noqa: ANN401 - what is in it differs by platform
    """The module as it is when it is loaded where :func:`pretend` was called."""
    assert module.__file__
    spec = importlib.util.spec_from_file_location(f"{module.__name__}_there", module.__file__)
    assert spec and spec.loader
    there = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(there)
    return there


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
