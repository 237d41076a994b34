"""The controlling terminal: questions and single keys on it, whatever standard input and output are.

Prompts go to the terminal itself and not to standard input or output, so that a list piped into a
loop is never eaten and data piped out stays clean.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from getpass import getpass
from pathlib import Path
from typing import Self, TextIO

from samlauth.printable import utf8

_QUIET = 0.3
"""Seconds without input after a line end that tell ENTER from a line end in what is pasted."""
_PROGRESS = 0.1
"""Seconds between two looks at how much was pasted so far."""

_GLANCE = 0.5
"""Seconds after which a signal is noticed that came in the instant before a wait."""

_NO_TEXT = "That is not UTF-8 text, so it was not sent. See which encoding your terminal has."

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


def columns(stream: TextIO) -> int:
    """How wide the terminal ``stream`` is on is; 80 where nobody can tell."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except OSError:
        return 80


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
        return columns(self.screen)

    def say(self, text: str, end: str = "\n") -> None:
        """Show a text as it is."""
        self.screen.write(text + end)
        self.screen.flush()

    def line(self, prompt: str, *, empty: bool = False) -> str:
        """A line, not ``empty`` unless it may be, without white space around it. Raises EOFError."""
        while True:
            self.say(prompt, end="")
            typed = self._read()
            if not typed:
                raise EOFError
            try:
                typed = utf8(typed).strip()
            except ValueError:
                self.say(_NO_TEXT)
                continue
            if typed or empty:
                return typed

    if sys.platform == "win32":

        def _read(self) -> str:
            return self.keyboard.readline()

        def secret(self, prompt: str) -> str:
            """A line typed without an echo, as it was typed. Raises EOFError."""
            while not (typed := getpass(prompt)):
                pass
            return typed

        def pasted(self, prompt: str, *, plain: bool = False) -> str:
            """A SAML response, typed or pasted without an echo, up to ENTER. Raises EOFError."""
            return getpass(prompt)

        @contextmanager
        def keys(self) -> Iterator[ReadKeys]:
            """Single keys, as they are pressed and without an echo, while the block runs."""
            yield _pressed

    else:

        def _read(self) -> str:
            """The next line, with its end; empty when the terminal closes.

            It is waited for in pieces: Python runs no signal's handler while it reads, and one that
            came just before would have to wait for the line.
            """
            from select import select

            while not select([self.keyboard], [], [], _GLANCE)[0]:
                pass
            return self.keyboard.readline()

        def secret(self, prompt: str) -> str:
            """A line typed without an echo, as it was typed. Raises EOFError."""
            import termios

            keyboard = self.keyboard.fileno()
            try:
                usual, unseen = termios.tcgetattr(keyboard), termios.tcgetattr(keyboard)
                unseen[3] &= ~termios.ECHO
                try:
                    termios.tcsetattr(keyboard, termios.TCSAFLUSH, unseen)
                    return self._secret(prompt)
                finally:
                    termios.tcsetattr(keyboard, termios.TCSAFLUSH, usual)
            except termios.error:
                raise EOFError from None  # the terminal is gone

        def _secret(self, prompt: str) -> str:
            while True:
                self.say(prompt, end="")
                typed = self._read()
                if not typed:
                    raise EOFError
                self.say("")
                try:
                    typed = utf8(typed.removesuffix("\n"))
                except ValueError:
                    self.say(_NO_TEXT)
                    continue
                if typed:
                    return typed

        def pasted(self, prompt: str, *, plain: bool = False) -> str:
            """A SAML response, pasted without an echo, however long and with its line ends in it.

            A terminal hands over at most 4,095 characters of a line (termios(3), MAX_CANON), so the
            line is read beside its line discipline. ENTER ends it where the response has its end,
            and any blank line does, as does Ctrl-D; Backspace and Ctrl-U work. On a terminal whose
            line can be written over, unless it is to be ``plain``, the number of characters is shown
            meanwhile. Afterwards the terminal is as it was, and what was typed and not read is forgotten.

            Raises EOFError when the terminal closes, or at Ctrl-D with nothing pasted.
            """
            import termios

            keyboard = self.keyboard.fileno()
            try:
                usual, unread = termios.tcgetattr(keyboard), termios.tcgetattr(keyboard)
                unread[3] &= ~(termios.ICANON | termios.ECHO | termios.IEXTEN)
                unread[6][termios.VMIN], unread[6][termios.VTIME] = 1, 0
                # After Ctrl-Z, the shell would come back with a terminal that shows the rest.
                unread[6][termios.VSUSP] = os.fpathconf(keyboard, "PC_VDISABLE").to_bytes(1, "big")
                try:
                    termios.tcsetattr(keyboard, termios.TCSAFLUSH, unread)
                    return _Paste(self, prompt, plain=plain).read()
                finally:
                    if _in_foreground(keyboard):
                        termios.tcsetattr(keyboard, termios.TCSAFLUSH, usual)
            except termios.error:
                raise EOFError from None  # the terminal is gone

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
        if key == "\x03":  # Ctrl-C is no signal for those who read single keys
            raise KeyboardInterrupt
        if key in "\x00\xe0":  # a function key: the second half says which
            msvcrt.getwch()
            return ""
        return key

else:

    class _Paste:
        """What is being pasted on a terminal that hands over every character by itself."""

        def __init__(self, console: Console, prompt: str, *, plain: bool) -> None:
            self._console = console
            self._prompt = prompt
            self._rewriting = not plain and can_rewrite(console.screen)
            self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
            self._typed: list[str] = []
            self._asked = False
            """Whether a line end is the last that came, and may be the end of it all."""
            self._hinted = False
            self._shown, self._shown_at = 0, 0.0

        def read(self) -> str:
            """All of it, once it is over."""
            self._console.say(self._prompt, end="")
            over = False
            while not over:
                behind = self._rewriting and self._shown != len(self._typed)
                arrived = self._more(_QUIET if self._asked else _PROGRESS if behind else None)
                over = self._is_all() if arrived is None else self._take(arrived)
                self._show()
            text = self._text().strip()
            clear = f"\r\x1b[K{self._prompt}" if self._rewriting else ""
            self._console.say(f"{clear}{len(text):,} characters")
            return text

        def _text(self) -> str:
            return _SEQUENCE.sub("", "".join(self._typed)).replace("\r", "\n")

        def _more(self, seconds: float | None) -> str | None:
            """What arrives next; None for nothing in so many seconds. Raises EOFError."""
            import select

            keyboard = self._console.keyboard.fileno()
            if not select.select([keyboard], [], [], seconds)[0]:
                return None
            try:
                arrived = os.read(keyboard, 65_536)
            except OSError:
                arrived = b""
            if not arrived:
                raise EOFError
            return self._decode(arrived)

        def _take(self, arrived: str) -> bool:
            """Take in what arrived; whether Ctrl-D was in it. Raises EOFError for Ctrl-D alone."""
            for key in arrived:
                self._asked = key in "\r\n"
                match key:
                    case "\x04":
                        if not self._text().strip():
                            raise EOFError
                        return True
                    case "\x7f" | "\x08":
                        del self._typed[-1:]
                    case "\x15":
                        self._typed.clear()
                    case _:
                        self._typed.append(key)
            return False

        def _is_all(self) -> bool:
            """Whether nothing more came because of an ENTER, at the end of it all."""
            from samlauth.idp.assertion import is_whole

            if not self._asked:
                return False
            self._asked = False
            text = self._text()
            if not text.strip() or text.endswith("\n\n") or is_whole(text):
                return True
            if not self._hinted:
                self._hinted = True
                self._console.say("\r\x1b[K" if self._rewriting else "\n", end="")
                self._console.say("That is not all of it: paste the rest. ENTER ends it as it is.")
                self._console.say(self._prompt, end="")
                self._shown = 0
            return False

        def _show(self) -> None:
            now, size = time.monotonic(), len(self._typed)
            if self._rewriting and size != self._shown and now - self._shown_at >= _PROGRESS:
                self._shown, self._shown_at = size, now
                self._console.say(f"\r\x1b[K{self._prompt}… {size:,} characters", end="")

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
