"""A terminal that is looked at as a person would: tmux, which has the last word on what is seen."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

_OPTIONS = """\
set -g default-terminal xterm-256color
set -g status off
set -g escape-time 0
"""
# The command's last screen stays, and tmux does not always come to know how a command ended.
_KEPT = """\
trap : INT
"$@"
echo $? >"$0"
exec cat
"""
_PATIENCE = 30.0
"""Seconds until what is waited for must be on the screen."""


class Screen:
    """A command on a terminal of its own, ``columns`` wide and ``rows`` high.

    A context manager: the terminal, its server and the command end with it. ``folder`` is where the
    server keeps its socket.
    """

    def __init__(
        self,
        folder: Path,
        command: tuple[str, ...],
        environ: Mapping[str, str],
        *,
        columns: int,
        rows: int = 24,
    ) -> None:
        program = found("tmux")
        options = folder / "tmux.conf"
        options.write_text(_OPTIONS)
        self._tmux = (program, "-u", "-S", str(folder / "tmux"), "-f", str(options))
        self._written, written = _pipe(folder / "written")
        self._code, code = _pipe(folder / "code")
        self._environ = {**environ, "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}
        size = ("-x", str(columns), "-y", str(rows))
        kept = ("/bin/sh", "-c", _KEPT, code)
        self._run("new-session", "-d", *size, "--", *kept, *command)
        # Whatever is written to the screen is told here, too: there is no other way to know of it.
        self._run("pipe-pane", f"exec cat >{shlex.quote(written)}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._run("kill-server")
        os.close(self._written)
        os.close(self._code)

    def type(self, text: str) -> None:
        """Type the text as it is."""
        self._run("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names for them: Enter, Down, Escape, C-c."""
        self._run("send-keys", *keys)

    def widen(self, columns: int) -> None:
        """Make the terminal wider, or narrower."""
        self._run("resize-window", "-x", str(columns))

    def shown(self) -> str:
        """What is on the screen, without the blanks at the ends of lines and the lines below."""
        lines = self._run("capture-pane", "-p").split("\n")
        return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"

    def until(self, text: str) -> str:
        """What is on the screen once ``text`` is."""
        deadline = time.monotonic() + _PATIENCE
        while text not in (shown := self.shown()):
            if not _read(self._written, deadline - time.monotonic()):
                raise AssertionError(f"no {text!r} in:\n{shown}")
        return shown

    def end(self) -> int:
        """Wait for the command's end; its exit code."""
        code = _read(self._code, _PATIENCE)
        assert code, f"it goes on:\n{self.shown()}"
        return int(code)

    def _run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._tmux, *arguments],
            env=self._environ,
            check=True,
            capture_output=True,
            encoding="utf-8",
            timeout=30,
        ).stdout


def _pipe(path: Path) -> tuple[int, str]:
    """A pipe with a name, open for reading; and its name."""
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    # For writing, too: a pipe that nobody writes to yet would be at its end.
    return os.open(path, os.O_RDWR | os.O_NONBLOCK), str(path)


def _read(pipe: int, seconds: float) -> bytes:
    """What comes through it next; nothing when that takes longer."""
    ready, _, _ = select.select([pipe], [], [], max(seconds, 0))
    return os.read(pipe, 65_536) if ready else b""


def found(program: str) -> str:
    """Where a program of the machine's is; skips the test if it is not there."""
    path = shutil.which(program)
    if path is None:
        assert "CI" not in os.environ, f"{program} has to be installed where everything is tested"
        pytest.skip(f"there is no {program}")
    return path
