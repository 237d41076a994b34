"""The README's recorded session: ``python -m tests.recording`` plays it and writes it anew.

A shell in the rehearsal is typed into; what is on its screen at each step is a frame of an animated
SVG. What differs from run to run (times, the code) is put the same, so that a recording that is
still true is the same file.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pexpect
import pyte

from samlauth.sandbox.rehearsal import Rehearsal

SVG = Path(__file__).parents[1] / "docs" / "session.svg"
COLUMNS, ROWS = 84, 24
_WIDTH, _HEIGHT, _MARGIN, _BAR = 8.4, 18, 16, 28
_BACKGROUND, _TEXT, _DIM = "#16181d", "#d8dee9", "#7b8494"
_COLOURS = {
    "black": "#3b4252",
    "red": "#e06c75",
    "green": "#98c379",
    "brown": "#e5c07b",
    "blue": "#61afef",
    "magenta": "#c678dd",
    "cyan": "#56b6c2",
    "white": "#e5e9f0",
}
LIST_ENDS = "ENTER takes"
"""In the line below the list of roles."""
_STEADY = (
    (re.compile(r"(MFA token: )\d{6}"), r"\g<1>492039"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "2026-01-30"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "21:30:00"),
    (re.compile(r"(?<!:)\b\d\d:\d\d\b(?!:)"), "21:30"),
    (re.compile(r"AROA\w+"), "AROA0EXAMPLE0EXAMPLE0"),
)
"""What is not the same twice, and what stands for it, of the same length."""


class Frame(NamedTuple):
    """A screen, and how many seconds it is shown."""

    rows: tuple[tuple[Piece, ...], ...]
    seconds: float


class Piece(NamedTuple):
    """Characters of one look."""

    column: int
    text: str
    colour: str
    background: str
    bold: bool


class Recorder:
    """A shell on a terminal, and its screen."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.Stream(self._screen)
        self._shell = pexpect.spawn(
            "sh",
            env={
                **rehearsal.environ,
                "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
                "PS1": "$ ",
                "TERM": "xterm-256color",
                "COLORTERM": "truecolor",
                "PROMPT_TOOLKIT_NO_CPR": "1",
                "TZ": "UTC",
            },
            encoding="utf-8",
            dimensions=(ROWS, COLUMNS),
            timeout=60,
        )
        self.frames: list[Frame] = []

    def wait(self, text: str) -> None:
        """Until the last line on the screen has this text; ``$`` for a shell that waits."""
        while self._last() != "$" if text == "$" else text not in self._last():
            self._stream.feed(self._shell.read_nonblocking(4096, timeout=60))

    def type(self, text: str, end: str = "\r") -> None:
        """Press these keys."""
        self._shell.send(text + end)

    def shoot(self, seconds: float) -> None:
        """Add a frame of the screen as it is."""
        self.frames.append(Frame(tuple(map(self._row, range(ROWS))), seconds))

    def command(self, line: str) -> None:
        """Type a command line at the shell's prompt, and run it."""
        self.wait("$")
        self.type(line, end="")
        self.wait(line[-20:])
        self.shoot(2)
        self.type("")

    def close(self) -> None:
        self._shell.close(force=True)

    def _last(self) -> str:
        lines = (line.strip() for line in reversed(self._screen.display))
        return next(filter(None, lines), "")

    def _row(self, number: int) -> tuple[Piece, ...]:
        cells = self._screen.buffer[number]
        width = len(self._screen.display[number].rstrip())
        looks = [
            (_colour(cells[at].fg, cells[at].reverse), _ground(cells[at]), cells[at].bold)
            for at in range(width)
        ]
        pieces = []
        for (colour, background, bold), places in groupby(range(width), looks.__getitem__):
            columns = list(places)
            text = "".join(cells[at].data for at in columns)
            pieces.append(Piece(columns[0], steady(text), colour, background, bold))
        return tuple(pieces)


def steady(text: str) -> str:
    """The text with what differs between runs put the same."""
    for pattern, instead in _STEADY:
        text = pattern.sub(instead, text)
    return text


def _colour(name: str, reverse: bool) -> str:
    if reverse:
        return _BACKGROUND
    return _hex(name) or _TEXT


def _ground(cell: pyte.screens.Char) -> str:
    if cell.reverse:
        return _hex(cell.fg) or _TEXT
    return _hex(cell.bg)


def _hex(name: str) -> str:
    """A colour of pyte's as SVG has it; empty for the terminal's own."""
    if name == "default":
        return ""
    known = _COLOURS.get(name.removeprefix("bright"))
    return known or (f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else "")


def play() -> list[Frame]:
    """The session: a login, a proof, and the next morning's."""
    with Rehearsal(roles=6, mfa="totp") as rehearsal:
        recorder = Recorder(rehearsal)
        try:
            recorder.command(
                f"samlauth -u {rehearsal.username} -I {rehearsal.idp_id} "
                f"-S {rehearsal.sp_id} -p sts-temp"
            )
            recorder.wait("Password:")
            recorder.shoot(1.5)
            recorder.type(rehearsal.password)
            recorder.wait("MFA token:")
            code = rehearsal.code()
            recorder.type(code, end="")
            recorder.wait(code)
            recorder.shoot(2)
            recorder.type("")
            recorder.wait(LIST_ENDS)
            recorder.shoot(2.5)
            recorder.type("prod dev", end="")
            recorder.wait("1 of 6")
            recorder.shoot(2.5)
            recorder.type("")
            recorder.wait("$")
            recorder.shoot(3)
            recorder.command(
                "aws sts get-caller-identity --profile sts-temp --query Arn --output text"
            )
            recorder.wait("$")
            recorder.shoot(3)
            recorder.command("samlauth status --short -p sts-temp")
            recorder.wait("$")
            recorder.shoot(5)
        finally:
            recorder.close()
        return recorder.frames


def svg(frames: list[Frame]) -> str:
    """The frames, one after the other and again."""
    width = COLUMNS * _WIDTH + 2 * _MARGIN
    height = ROWS * _HEIGHT + _BAR + 2 * _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="14">',
            "<title>A session of samlauth, recorded in its rehearsal</title>",
            f'<rect width="{width:g}" height="{height:g}" rx="8" fill="{_BACKGROUND}"/>',
            *(
                f'<circle cx="{_MARGIN + 6 + 20 * dot}" cy="18" r="6" fill="{_DIM}"/>'
                for dot in range(3)
            ),
            *_timed(frames),
            "</svg>",
            "",
        ]
    )


def _timed(frames: list[Frame]) -> Iterator[str]:
    whole = sum(frame.seconds for frame in frames)
    start = 0.0
    for number, frame in enumerate(frames):
        end = start + frame.seconds
        times = ";".join(f"{at / whole:.4f}".rstrip("0").rstrip(".") for at in (0, start, end))
        # The last frame is what is seen where nothing moves.
        resting = "visible" if number == len(frames) - 1 else "hidden"
        yield f'<g visibility="{resting}">'
        yield (
            f'<animate attributeName="visibility" values="hidden;visible;hidden" '
            f'keyTimes="{times}" dur="{whole:g}s" calcMode="discrete" repeatCount="indefinite"/>'
            if start
            else f'<animate attributeName="visibility" values="visible;hidden" '
            f'keyTimes="0;{times.rpartition(";")[2]}" dur="{whole:g}s" calcMode="discrete" '
            'repeatCount="indefinite"/>'
        )
        for row, pieces in enumerate(frame.rows):
            yield from _drawn(row, pieces)
        yield "</g>"
        start = end


def _drawn(row: int, pieces: tuple[Piece, ...]) -> Iterator[str]:
    top = _BAR + _MARGIN + row * _HEIGHT
    for piece in pieces:
        left = _MARGIN + piece.column * _WIDTH
        length = len(piece.text) * _WIDTH
        if piece.background:
            yield (
                f'<rect x="{left:g}" y="{top}" width="{length:g}" height="{_HEIGHT}" '
                f'fill="{piece.background}"/>'
            )
        if piece.text.strip():
            weight = ' font-weight="bold"' if piece.bold else ""
            yield (
                f'<text x="{left:g}" y="{top + 14}" textLength="{length:g}" fill="{piece.colour}"'
                f'{weight} xml:space="preserve">{escape(piece.text)}</text>'
            )


if __name__ == "__main__":
    SVG.write_text(svg(play()), "utf-8")
