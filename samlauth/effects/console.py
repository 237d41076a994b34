"""The controlling terminal: questions and single keys on it, whatever standard input and output are.

Prompts go to the terminal itself and not to standard input or output, so that a list piped into a
loop is never eaten and data piped out stays clean.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from getpass import getpass
from pathlib import Path
from typing import Self, TextIO

_SEQUENCE = re.compile(r"\x1b(?:[\[O][0-?]*[ -/]*[@-~]|.)?", re.DOTALL)
"""An arrow key, or the terminal's late answer to a question of another program (ECMA-48 §5.4)."""

ReadKeys = Callable[[float], str]
"""Waits so many seconds at most for keys to be pressed; what was, empty when nothing was."""


def no_keys(seconds: float) -> str:
    """Read no keys where there is no keyboard: let the time pass."""
    time.sleep(seconds)
    return ""


def can_rewrite(stream: TextIO) -> bool:
    """Whether a line shown on ``stream`` can be written over."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class Console:
    """The controlling terminal of the process. A context manager: it closes itself."""

    def __init__(self, keyboard: TextIO, screen: TextIO) -> None:
        self.keyboard, self.screen = keyboard, screen

    @classmethod
    def open(cls) -> Self:
        """Raises OSError when the process has none."""
        names = ("CONIN$", "CONOUT$") if sys.platform == "win32" else ("/dev/tty", "/dev/tty")
        keyboard = Path(names[0]).open(encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 - closed with the console
        try:
            return cls(keyboard, Path(names[1]).open("w", encoding="utf-8", errors="replace"))
        except OSError:
            keyboard.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close it; a terminal that is gone is closed already."""
        self.keyboard.close()
        with suppress(OSError):
            self.screen.close()

    @property
    def columns(self) -> int:
        """How wide it is; 80 where nobody can tell."""
        try:
            return os.get_terminal_size(self.screen.fileno()).columns or 80
        except OSError:
            return 80

    def say(self, text: str, end: str = "\n") -> None:
        """Show a text as it is."""
        self.screen.write(text + end)
        self.screen.flush()

    def line(self, prompt: str, *, empty: bool = False) -> str:
        """A line, not ``empty`` unless it may be, without white space around it. Raises EOFError."""
        while True:
            self.say(prompt, end="")
            typed = self.keyboard.readline()
            if not typed:
                raise EOFError
            if typed.strip() or empty:
                return typed.strip()

    def secret(self, prompt: str) -> str:
        """A line typed without an echo, as it was typed. Raises EOFError."""
        while not (typed := getpass(prompt)):
            pass
        return typed

    if sys.platform == "win32":

        @contextmanager
        def keys(self) -> Iterator[ReadKeys]:
            """Single keys, as they are pressed and without an echo, while the block runs."""
            yield _pressed

    else:

        @contextmanager
        def keys(self) -> Iterator[ReadKeys]:
            """Single keys, as they are pressed and without an echo, while the block runs.

            The terminal is then as it was, and what was typed and not read is forgotten: it was not
            meant for the next question. In the background no key is read, for the shell would stop
            the process for trying.
            """
            import termios
            import tty

            keyboard = self.keyboard.fileno()
            try:
                usual = termios.tcgetattr(keyboard) if _in_foreground(keyboard) else None
            except termios.error:
                usual = None
            if usual is None:
                yield no_keys
                return
            try:
                # What is typed between two waits counts for the second.
                tty.setcbreak(keyboard, termios.TCSADRAIN)
                yield lambda seconds: _typed(keyboard, seconds)
            finally:
                if _in_foreground(keyboard):
                    with suppress(termios.error):  # the terminal is gone
                        termios.tcsetattr(keyboard, termios.TCSAFLUSH, usual)


if sys.platform == "win32":

    def _pressed(seconds: float) -> str:
        import msvcrt

        until = time.monotonic() + seconds
        while not msvcrt.kbhit():
            left = until - time.monotonic()
            if left <= 0:
                return ""
            time.sleep(min(left, 0.05))
        key = msvcrt.getwch()
        if key in "\x00\xe0":  # a function key: the second half says which
            msvcrt.getwch()
            return ""
        return key

else:

    def _in_foreground(keyboard: int) -> bool:
        try:
            return os.tcgetpgrp(keyboard) == os.getpgrp()
        except OSError:
            return False

    def _typed(keyboard: int, seconds: float) -> str:
        import select

        if not _in_foreground(keyboard):
            return no_keys(seconds)
        if not select.select([keyboard], [], [], seconds)[0]:
            return ""
        try:
            typed = os.read(keyboard, 1024)
        except OSError:
            typed = b""
        if not typed:
            return no_keys(seconds)  # the terminal is gone, and would say so at once, for ever
        return _SEQUENCE.sub("", typed.decode("utf-8", "replace"))
