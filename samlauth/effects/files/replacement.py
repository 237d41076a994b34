"""One file brought up to date: a new one takes its place, unless it changed since it was read."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from samlauth.awsfiles.lines import BYTE_ORDER_MARK
from samlauth.effects import descriptors
from samlauth.effects.files import disk, location, locks, overwriting, staging
from samlauth.effects.files.settling import (
    ChangedMeanwhileError,
    Version,
    settle,
    version,
    version_at,
)
from samlauth.effects.files.trouble import naming
from samlauth.errors import FileError

_RETRY_SECONDS = 10.0


@dataclass
class Target:
    """One file, and the change to make to it."""

    path: Path
    """By the name the person knows."""
    change: Callable[[bytes], bytes]
    private: bool = True
    """Whether nobody else may read it."""
    shared: bool = True
    """Whether other programs write it, too; else it is one of our own."""
    written: bool = False
    notices: list[str] = field(default_factory=list)
    """Sentences for the person, about how it had to be written."""
    marked: bool = False
    """Whether it begins with a byte order mark."""
    unlocked: str = ""
    """Why there is no lock on it, or ""."""

    @cached_property
    def real(self) -> Path:
        """Where it is, with links followed as far as they may be. Raises FileError."""
        return location.real(self.path) if self.shared else location.own(self.path)

    def prepare(self, held: ExitStack) -> None:
        """Make the folder and hold the lock as long as ``held``, unless nothing is to be written.

        Raises FileError.
        """
        with naming(self.path, "written"):
            if version_at(self.real) is None:
                if not self.change(b""):
                    return
                disk.make_folder(self.real.parent)
            self.unlocked = held.enter_context(locks.held(self.real, self.path))

    def write(self) -> None:
        """Bring the file up to date, and say so in ``written``. Raises FileError."""
        with naming(self.path, "written"):
            try:
                self._retry()
            except OSError as error:
                if not self.written:
                    raise
                raise FileError(
                    f"{self.path} was written, but may not last: {error.strerror}.",
                    hint="Look at the state of the disk before you rely on the file.",
                ) from error
        if self.written and self.marked:
            self._tell(
                f"{self.path} begins with a byte order mark, so that AWS tools cannot read it. "
                "Save it as UTF-8 without one."
            )
        if self.written and self.unlocked:
            self._tell(f"{self.path} was written without a lock ({self.unlocked}).")

    def _retry(self) -> None:
        give_up = time.monotonic() + _RETRY_SECONDS
        while time.monotonic() < give_up:
            with suppress(ChangedMeanwhileError):
                if descriptors.replaces_open_files():
                    with disk.opened(self.real) as fd:
                        self._attempt(fd)
                else:
                    self._attempt_closed()
                return
        raise FileError(
            f"{self.path} was changed by another program each time it was about to be written.",
            hint="See what keeps writing to it, and try again.",
        )

    def _attempt(self, fd: int | None) -> None:
        """Read, change and replace the file that ``fd`` is open on; None where there is none."""
        data, base = self._look(fd)
        held, here = data, base
        while (after := self._changed(data)) != held:
            try:
                here = self._replace(after, here, None if fd is None else os.fstat(fd))
            except OSError as error:
                if fd is None or self.written or error.errno not in overwriting.IN_PLACE:
                    raise
                self._overwrite(data, after, error)
                return
            if fd is None or version(os.fstat(fd)) == base:
                return
            # Somebody who had opened the old file before it was replaced wrote to it after that.
            held = after
            data, base = self._look(fd)

    def _attempt_closed(self) -> None:
        """The same, with the file closed before it is replaced: nobody has the old one then."""
        with disk.opened(self.real) as fd:
            data, here = self._look(fd)
            old = None if fd is None else os.fstat(fd)
        after = self._changed(data)
        if after == data:
            return
        try:
            self._replace(after, here, old)
        except OSError as error:
            if old is None or self.written or error.errno not in overwriting.IN_PLACE:
                raise
            self._overwrite(data, after, error)

    def _look(self, fd: int | None) -> tuple[bytes, Version]:
        if fd is None:
            return b"", None
        return settle(fd) if self.shared else (disk.read(fd), version(os.fstat(fd)))

    def _changed(self, data: bytes) -> bytes:
        self.marked = data.startswith(BYTE_ORDER_MARK)
        try:
            return self.change(data)
        except FileError as error:
            raise FileError(f"{self.path}, {error.message}", hint=error.hint) from error

    def _replace(self, after: bytes, here: Version, old: os.stat_result | None) -> Version:
        """Put a new file in the place of the one that is ``here``; what is there then.

        Raises ChangedMeanwhileError when another one is, and OSError when the old one still is.
        """
        new = staging.name(self.real)
        try:
            status = staging.stage(new, after, old, private=self.private)
            self._tell_closed(old, status)
            with disk.opened_folder(new.parent) as folder:
                if version_at(self.real) != here:
                    raise ChangedMeanwhileError
                try:
                    descriptors.replace(new, self.real)
                except FileNotFoundError:  # swept by somebody who could not see our lock
                    raise ChangedMeanwhileError from None
                self.written = True
                disk.sync_folder(folder)
        except BaseException:
            with suppress(OSError):
                new.unlink()
            raise
        return version(status)

    def _overwrite(self, data: bytes, after: bytes, error: OSError) -> None:
        """Write ``after`` over ``data`` in the file itself, as it cannot be replaced for ``error``."""
        with overwriting.opened(self.real, self.path) as fd:
            old = os.fstat(fd)
            overwriting.overwrite(fd, data, after)
            self.written = True
            with suppress(OSError):  # may be somebody else's
                descriptors.close_to(fd, disk.mode(old, private=self.private))
            self._tell_closed(old, os.fstat(fd))
        self._tell(overwriting.notice(self.path, error))

    def _tell_closed(self, old: os.stat_result | None, new: os.stat_result) -> None:
        before, after = (stat.S_IMODE(status.st_mode) for status in (old or new, new))
        # Some file systems show one mode for all files, whatever is asked for.
        if self.private and before & 0o077 and before != after:
            self._tell(f"{self.path} was open to others (mode {before:o}); it is {after:o} now.")

    def _tell(self, notice: str) -> None:
        if notice not in self.notices:
            self.notices.append(notice)
