"""What macOS does otherwise with an open file."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from samlauth.effects import descriptors

FULL = 51
"""``F_FULLFSYNC`` there (sys/fcntl.h)."""


@pytest.mark.parametrize(("has_it", "synced"), [(True, [FULL]), (False, [FULL, "fsync"])])
def test_macos_is_asked_for_the_disk_itself(
    has_it: bool, synced: list[object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def fcntl(_: int, command: int) -> None:
        asked.append(command)
        if not has_it:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace(F_FULLFSYNC=FULL, fcntl=fcntl))
    monkeypatch.setattr(os, "fsync", lambda _: asked.append("fsync"))
    with (tmp_path / "file").open("wb") as file:
        descriptors.sync(file.fileno())
    assert asked == synced
