"""The person at the terminal: prompts on the controlling terminal, lines on standard error.

Prompts go to the terminal itself and not to standard input or output, so that a list piped into a
loop is never eaten and data piped out stays clean.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Self, TextIO, assert_never

from samlauth.challenges import (
    AnyChallenge,
    ChooseRoles,
    EnterCode,
    EnterPassword,
    EnterSetting,
    EnterUsername,
)
from samlauth.effects import output
from samlauth.errors import NobodyToAsk
from samlauth.flow import Tell
from samlauth.printable import safe
from samlauth.saml import Role

LIVE_AFTER = 0.5
"""Seconds a wait must last before a line about it is worth showing."""


class Terminal:
    """Answers challenges by asking the person; shows them the lines of a flow."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    def answer(self, challenge: AnyChallenge) -> object | None:
        """What the person answers; None when there is no terminal.

        Raises NobodyToAsk when the terminal closes instead of answering.
        """
        try:
            tty = _Console.open()
        except OSError:
            return None
        with tty:
            try:
                return _ask(tty, challenge)
            except EOFError:
                tty.say("")
                raise NobodyToAsk(
                    "The question was left without an answer.", hint="Run the command again."
                ) from None

    def tell(self, line: Tell) -> None:
        """Show a line on standard error."""
        if not (self._quiet and line.quiet):
            output.tell(line.text)

    @contextmanager
    def showing(self, text: str | None) -> Iterator[None]:
        """Show ``text`` on the terminal's last line while the block runs, if it takes long."""
        if text is None or self._quiet or not _is_live(sys.stderr):
            yield
            return
        lock = threading.Lock()
        state = {"shown": False, "over": False}

        def show() -> None:
            with lock:
                if not state["over"]:
                    state["shown"] = True
                    output.tell(f"\r{safe(text)} …", end="")

        timer = threading.Timer(LIVE_AFTER, show)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with lock:
                state["over"] = True
                if state["shown"]:
                    output.tell("\r\x1b[K", end="")


def has_terminal() -> bool:
    """Whether there is a controlling terminal to ask on."""
    try:
        _Console.open().close()
    except OSError:
        return False
    return True


def _is_live(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class _Console:
    """The controlling terminal, whatever standard input and output are."""

    def __init__(self, keys: TextIO, screen: TextIO) -> None:
        self._keys, self._screen = keys, screen

    @classmethod
    def open(cls) -> Self:
        """Raises OSError when the process has none."""
        names = ("CONIN$", "CONOUT$") if sys.platform == "win32" else ("/dev/tty", "/dev/tty")
        keys = Path(names[0]).open(encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 - closed with the console
        try:
            return cls(keys, Path(names[1]).open("w", encoding="utf-8", errors="replace"))
        except OSError:
            keys.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._keys.close()
        self._screen.close()

    def say(self, text: str, end: str = "\n") -> None:
        self._screen.write(text + end)
        self._screen.flush()

    def line(self, prompt: str) -> str:
        """A line that is not empty, without the white space around it. Raises EOFError."""
        while True:
            self.say(prompt, end="")
            typed = self._keys.readline()
            if not typed:
                raise EOFError
            if typed.strip():
                return typed.strip()

    def secret(self, prompt: str) -> str:
        """A line typed without an echo, as it was typed. Raises EOFError."""
        while not (typed := getpass(prompt)):
            pass
        return typed


def _ask(tty: _Console, challenge: AnyChallenge) -> object:
    match challenge:
        case EnterPassword(label=label, refused=refused):
            _report(tty, refused)
            return tty.secret(f"{label}: ")
        case (
            EnterSetting(label=label, refused=refused)
            | EnterUsername(label=label, refused=refused)
            | EnterCode(label=label, refused=refused)
        ):
            _report(tty, refused)
            return tty.line(f"{label}: ")
        case ChooseRoles(roles=roles):
            return (_pick(tty, roles),)
        case _:
            assert_never(challenge)


def _report(tty: _Console, refused: str) -> None:
    if refused:
        tty.say(safe(refused))


def _pick(tty: _Console, roles: tuple[Role, ...]) -> Role:
    for number, role in enumerate(roles, 1):
        tty.say(f"[{number:3}] {_described(role, roles)}")
    while True:
        typed = tty.line(f"Type the number (1 - {len(roles)}) of the role to assume: ")
        if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(roles):
            return roles[int(typed) - 1]
        tty.say("Invalid choice, try again.")


def _described(role: Role, roles: tuple[Role, ...]) -> str:
    twins = [other for other in roles if other.role_arn == role.role_arn]
    through = f" through {role.principal_arn}" if len(twins) > 1 else ""
    return safe(role.role_arn + through, 400)
