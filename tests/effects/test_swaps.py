"""Somebody swaps a file for a link, all the time, while it is written: nothing else may change."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from samlauth.effects.files import locked, write_private
from samlauth.effects.files.replacement import Target
from samlauth.errors import FileError

SWAPS = 10_000
OURS = b"[sts]\naws_access_key_id = ASIA0\n"
MINE = b"[mine]\nnobody = else's\n"


class Victim:
    """A file that is nobody's to write, alone in a folder."""

    def __init__(self, folder: Path, content: bytes = MINE) -> None:
        folder.mkdir()
        self.path = folder / "victim"
        self.path.write_bytes(content)
        self.path.chmod(0o644)
        os.utime(self.path, (0, 0))
        self._before = self._now()

    def _now(self) -> tuple[object, ...]:
        found = self.path.lstat()
        names = sorted(entry.name for entry in self.path.parent.iterdir())
        return (
            *(names, self.path.read_bytes(), found.st_ino, found.st_mtime_ns),
            *(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid),
        )

    def is_as_before(self) -> bool:
        """Its bytes, owner, mode and inode, and what lies beside it."""
        return self._now() == self._before


class Swapper(threading.Thread):
    """Puts a file and other things at ``path`` in turn, so many times, each in one step."""

    def __init__(
        self, path: Path, aside: Path, *others: Callable[[Path], object], swaps: int = SWAPS
    ) -> None:
        super().__init__()
        aside.mkdir()
        self._path, self._file, self._next = path, aside / "file", aside / "next"
        self._kinds = (self._next_is_file, *others)
        self._swaps, self._one = swaps, threading.Lock()
        with self.paused():
            pass

    def _next_is_file(self, path: Path) -> None:
        path.hardlink_to(self._file)

    def _put(self, kind: Callable[[Path], object]) -> None:
        with suppress(FileNotFoundError):  # what is renamed to itself stays where it was, too
            self._next.unlink()
        kind(self._next)
        self._next.rename(self._path)

    def run(self) -> None:
        """Swap."""
        for kind in islice(cycle(self._kinds), self._swaps):
            with self._one:
                self._put(kind)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """With nobody who swaps, and a file there that nobody has touched for long."""
        with self._one:
            self._file.unlink(missing_ok=True)
            self._file.write_bytes(OURS)
            self._file.chmod(0o600)
            os.utime(self._file, (0, 0))
            self._put(self._next_is_file)
            yield

    @contextmanager
    def swapping(self) -> Iterator[Callable[[], bool]]:
        """Swap until the block ends; yields what tells whether there are swaps to come."""
        self.start()
        try:
            yield self.is_alive
        finally:
            self.join()


@pytest.mark.parametrize("mounted", [False, True])
def test_a_link_never_leads_the_writer_of_an_aws_file_elsewhere(
    mounted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is written in place has to be what was read: here the victim looks no different.
    victim = Victim(tmp_path / "elsewhere", OURS if mounted else MINE)
    path = tmp_path / "credentials"
    seen: set[bytes] = set()

    def change(data: bytes) -> bytes:
        seen.add(data)
        return data + b"aws_session_token = t\n"

    def busy(*_: Any) -> None:  # noqa: ANN401 - as os.replace
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    if mounted:
        monkeypatch.setattr(os, "replace", busy)
    swapper = Swapper(path, tmp_path / "aside", lambda new: new.symlink_to(victim.path))
    with swapper.swapping() as going:
        while going():
            with swapper.paused():  # a link that is there from the start is the person's own
                target = Target(path, change)
                assert target.real == path
            with suppress(FileError):
                target.write()
    assert victim.is_as_before()
    assert seen
    assert not seen & {MINE}


def test_a_link_never_leads_the_writer_of_our_own_files_elsewhere(tmp_path: Path) -> None:
    victim = Victim(tmp_path / "elsewhere")
    path = tmp_path / "samlauth" / "state"
    path.parent.mkdir()
    swapper = Swapper(
        path,
        tmp_path / "aside",
        lambda new: new.symlink_to(victim.path),
        lambda new: new.hardlink_to(victim.path),
    )
    with swapper.swapping() as going:
        while going():
            with suppress(FileError), locked(path):
                write_private(path, b"new")
    assert victim.is_as_before()


def test_a_lock_that_is_swapped_for_a_link_is_not_one_on_what_it_leads_to(tmp_path: Path) -> None:
    victim = Victim(tmp_path / "elsewhere")
    path = tmp_path / "samlauth" / "state"
    path.parent.mkdir()
    if os.geteuid() == 0:
        os.chown(path.parent, 1234, 2345)  # whose is then what root makes and locks there
    lock, others = path.with_name("state.lock"), victim.path.open("rb")
    swapper = Swapper(
        *(lock, tmp_path / "aside", lambda new: new.symlink_to(victim.path)),
        swaps=SWAPS // 4,  # the library that locks takes its time
    )
    with others, swapper.swapping() as going:
        while going():
            with locked(path):
                fcntl.flock(others, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody else has it
                write_private(path, b"new")
                fcntl.flock(others, fcntl.LOCK_UN)
    assert victim.is_as_before()
    assert path.read_bytes() == b"new"
