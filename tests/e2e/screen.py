"""A terminal that is looked at as a person would: tmux, which has the last word on what is seen."""

from __future__ import annotations

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
file=$0
"$@"
echo $? >"$file.new"
mv "$file.new" "$file"
exec sleep 600
"""
_PATIENCE = 30.0
"""Seconds until what is waited for must be on the screen."""
_GLANCE = 0.05
"""Seconds between two looks: tmux tells nobody that a screen has changed."""


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
        program = shutil.which("tmux")
        if program is None:
            pytest.skip("there is no tmux")
        options = folder / "tmux.conf"
        options.write_text(_OPTIONS)
        self._tmux = (program, "-u", "-S", str(folder / "tmux"), "-f", str(options))
        self._code = folder / "code"
        self._code.unlink(missing_ok=True)
        self._environ = {**environ, "LC_ALL": "C.UTF-8", "SHELL": "/bin/sh"}
        size = ("-x", str(columns), "-y", str(rows))
        self._run(
            "new-session", "-d", *size, "--", "/bin/sh", "-c", _KEPT, str(self._code), *command
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._run("kill-server")

    def type(self, text: str) -> None:
        """Type the text as it is."""
        self._run("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names for them: Enter, Down, Escape, C-c."""
        self._run("send-keys", *keys)

    def shown(self) -> str:
        """What is on the screen, without the blanks at the ends of lines and the lines below."""
        lines = self._run("capture-pane", "-p").split("\n")
        return "\n".join(line.rstrip() for line in lines).rstrip("\n") + "\n"

    def until(self, text: str) -> str:
        """What is on the screen once ``text`` is."""
        deadline = time.monotonic() + _PATIENCE
        while text not in (shown := self.shown()):
            assert time.monotonic() < deadline, f"no {text!r} in:\n{shown}"
            time.sleep(_GLANCE)
        return shown

    def end(self) -> int:
        """Wait for the command's end; its exit code."""
        deadline = time.monotonic() + _PATIENCE
        while not self._code.exists():
            assert time.monotonic() < deadline, f"it goes on:\n{self.shown()}"
            time.sleep(_GLANCE)
        return int(self._code.read_text())

    def _run(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._tmux, *arguments],
            env=self._environ,
            check=True,
            capture_output=True,
            encoding="utf-8",
            timeout=30,
        ).stdout
