"""Lines that are written over, as the text that draws them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from samlauth.effects.live import Live, large

FORTY_TWO = [
    "    ██  ██  ██████",
    "    ██  ██      ██",
    "    ██████  ██████",
    "        ██  ██",
    "        ██  ██████",
]


class Screen:
    """What is written, and a width that can change."""

    def __init__(self, columns: int) -> None:
        self.columns = columns
        self.written: list[str] = []
        self.lines = Live(self.written.append, lambda: self.columns)

    def shown(self, act: Callable[[], None]) -> str:
        self.written.clear()
        act()
        return "".join(self.written)


def test_nothing_is_written_before_there_is_something() -> None:
    screen = Screen(80)
    assert screen.shown(screen.lines.clear) == ""


def test_one_line_is_written_over_and_gone() -> None:
    screen = Screen(80)
    assert screen.shown(lambda: screen.lines.show("12 s left")) == "\r\x1b[J12 s left"
    assert screen.shown(lambda: screen.lines.show("9 s left")) == "\r\x1b[J9 s left"
    assert screen.shown(screen.lines.clear) == "\r\x1b[J"
    assert screen.shown(screen.lines.clear) == ""


def test_a_text_too_wide_for_a_line_has_several_and_none_reaches_the_last_column() -> None:
    screen = Screen(11)
    drawn = screen.shown(lambda: screen.lines.show("abcd efgh ij klmnopqrstuvw"))
    assert drawn == "\r\x1b[Jabcd efgh\nij\nklmnopqrs…"
    assert screen.shown(lambda: screen.lines.show("abcd")) == "\r\x1b[2A\x1b[Jabcd"


def test_wide_characters_take_two_columns() -> None:
    screen = Screen(11)
    drawn = screen.shown(lambda: screen.lines.show("管理者 e\u0301e\u0301e\u0301 管理"))
    assert drawn == "\r\x1b[J管理者 e\u0301e\u0301e\u0301\n管理"


def test_a_terminal_made_narrower_has_wrapped_what_was_there() -> None:
    screen = Screen(80)
    screen.lines.show("x" * 30)
    screen.columns = 20
    assert screen.shown(screen.lines.clear) == "\r\x1b[1A\x1b[J"


def test_a_number_stands_above_in_large_digits() -> None:
    screen = Screen(40)
    drawn = screen.shown(lambda: screen.lines.show("Tap 42", "42"))
    assert drawn.removeprefix("\r\x1b[J").split("\n") == [
        *("", *FORTY_TWO, ""),
        "Tap 42",
    ]
    assert screen.shown(screen.lines.clear) == "\r\x1b[7A\x1b[J"


@pytest.mark.parametrize(
    ("number", "cells", "lines"),
    [
        ("", 80, []),
        ("42", 18, FORTY_TWO),
        ("42", 17, ["    42"]),
        ("4b", 80, ["    4b"]),
        ("\x1b[2J", 80, ["    \\x1b[2J"]),
        ("1234567890", 10, ["    12345…"]),
    ],
)
def test_a_number_without_room_or_digits_is_itself(
    number: str, cells: int, lines: list[str]
) -> None:
    assert large(number, cells) == lines


def test_each_digit_is_five_lines_and_another_shape() -> None:
    shapes = {tuple(large(digit, 80)) for digit in "0123456789"}
    assert len(shapes) == 10
    assert {len(shape) for shape in shapes} == {5}


def test_what_was_interrupted_is_cleared() -> None:
    written: list[str] = []

    def interrupted(text: str) -> None:
        written.append(text)
        if "12" in text:
            raise KeyboardInterrupt

    lines = Live(interrupted, lambda: 80)
    with pytest.raises(KeyboardInterrupt):
        lines.show("12 s left")
    lines.clear()
    assert written[-1] == "\r\x1b[J"


def test_a_terminal_that_is_gone_is_no_error() -> None:
    def gone(_: str) -> None:
        raise OSError

    lines = Live(gone, lambda: 80)
    lines.show("12 s left")
    lines.clear()
