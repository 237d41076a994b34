"""A browser as a process of Windows.

Written by the documentation of Windows and of subprocess, and never run there.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import PureWindowsPath
from typing import IO

from samlauth.effects.browser import process
from samlauth.effects.browser.process import Process

assert sys.platform == "win32"

_ASKING_SECONDS = 10.0


class Child(Process):
    """A browser that may be running. Whoever starts it calls :meth:`end`, come what may."""

    def __init__(self) -> None:
        super().__init__()
        self._process: subprocess.Popen[str] | None = None
        self._environ: Mapping[str, str] = {}

    def _execute(
        self, command: list[str], environ: dict[str, str], pipe: tuple[int, int] | None
    ) -> Iterator[str]:
        assert pipe is None, "a child gets no descriptors by number here"
        self._environ = environ
        started = self._process = subprocess.Popen(  # noqa: S603 - the browser, without a shell
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            # Ctrl-C in our console is for us.
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
        )
        assert started.stderr is not None
        return _lines(started.stderr)

    @property
    def status(self) -> int | None:
        """Its exit status; None while it is running."""
        return None if self._process is None else self._process.poll()

    def hang_up(self, browser: int) -> None:
        """Ask its windows to close, as their buttons do, so that it writes its last cookies."""
        self._taskkill()

    def end(self, ask: Callable[[], object]) -> None:
        """End it: first by ``ask``, then by force, with what it has started.

        Chromium's helpers end by themselves once it is gone.
        """
        if self._process is None:
            return
        try:
            if not self.ended():
                ask()
                self.ends_within(process.FAREWELL_SECONDS)
        finally:
            if not self.ended():
                self._taskkill("/T", "/F")
                self._process.kill()
                self.ends_within(process.HELPERS_SECONDS)
            self._settle()

    def _taskkill(self, *options: str) -> None:
        """Windows' own program: without /F it posts WM_CLOSE, with /T it takes the whole tree."""
        assert self._process is not None
        root = self._environ.get("SYSTEMROOT", r"C:\Windows")
        program = str(PureWindowsPath(root, "System32", "taskkill.exe"))
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(  # noqa: S603 - a program of the system, and a number
                [program, *options, "/PID", str(self._process.pid)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_ASKING_SECONDS,
                check=False,
            )


def _lines(file: IO[str]) -> Iterator[str]:
    with file:
        yield from file
