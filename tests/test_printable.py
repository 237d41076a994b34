from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlauth.printable import folded, padded, safe, table, width, wrapped


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe 管理者 👩", "Größe 管理者 👩"),
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("a\nb\r\tc", "a\\x0ab\\x0d\\x09c"),
        ("\x7f\x85\x9b", "\\x7f\\x85\\x9b"),
        ("nimda\u202etxt.exe", "nimda\\u202etxt.exe"),
        ("in\u200bvisible\ufeff", "in\\u200bvisible\\ufeff"),
        ("line\u2028paragraph\u2029", "line\\u2028paragraph\\u2029"),
        ("private\ue000 surrogate\ud800", "private\\ue000 surrogate\\ud800"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("", ""),
    ],
)
def test_what_a_terminal_might_obey_is_escaped(text: str, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.parametrize(
    ("text", "cells", "shown"),
    [
        ("abcd", 4, "abcd"),
        ("abcde", 4, "abc…"),
        ("管理者", 6, "管理者"),
        ("管理者", 5, "管理…"),
        ("管理者", 4, "管…"),
        # An escape is cut as a whole: half of one would read as something else.
        ("ab\x1bcd", 6, "ab…"),
        ("ab", 1, "…"),
        ("ab", 0, ""),
    ],
)
def test_what_is_too_wide_is_cut_and_says_so(text: str, cells: int, shown: str) -> None:
    assert safe(text, cells) == shown


def test_accents_cannot_pile_up() -> None:
    assert len(safe("a" + "\u0301" * 5000)) == 200


@given(st.text(st.characters(exclude_categories=())), st.integers(0, 80))
def test_the_result_is_one_printable_line_that_fits(text: str, cells: int) -> None:
    shown = safe(text, cells)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert len(shown) <= cells
    assert safe(shown, cells) == shown


@pytest.mark.parametrize(
    ("text", "cells"),
    [("", 0), ("abc", 3), ("管理者", 6), ("e\u0301", 1), ("👩", 2), ("ﾊﾝ", 2)],
)
def test_a_text_is_as_wide_as_a_terminal_shows_it(text: str, cells: int) -> None:
    assert width(text) == cells
    assert width(padded(text, 9)) == 9


@pytest.mark.parametrize(
    ("text", "cells", "lines"),
    [
        ("", 9, [""]),
        ("ab cd ef", 5, ["ab cd", "ef"]),
        ("ab cd ef", 4, ["ab", "cd", "ef"]),
        ("管理 管理 者", 9, ["管理 管理", "者"]),
        ("abcdefgh ij", 5, ["abcd…", "ij"]),
        ("a\x1b[2J b", 9, ["a\\x1b[2J", "b"]),
    ],
)
def test_words_are_wrapped(text: str, cells: int, lines: list[str]) -> None:
    assert wrapped(text, cells) == lines


@pytest.mark.parametrize(
    ("text", "cells", "lines"),
    [
        ("", 9, [""]),
        ("ab  cd ef", 9, ["ab  cd ef"]),
        ("ab  cd ef", 8, ["ab  cd", "ef"]),
        ("  ab cd\nef gh ij", 5, ["  ab", "  cd", "ef gh", "ij"]),
        ("管理 管理 者", 9, ["管理 管理", "者"]),
        ("see https://a.example/b c", 9, ["see", "https://a.example/b", "c"]),
        ("\x1b[1;31mab\x1b[0m cd", 5, ["\x1b[1;31mab\x1b[0m cd"]),
        ("  Now run: samlauth -p x", 12, ["  Now run:", "  samlauth -p x"]),
        ("ab: samlauth env, or cd", 9, ["ab:", "samlauth", "env, or", "cd"]),
    ],
)
def test_lines_are_folded_between_words(text: str, cells: int, lines: list[str]) -> None:
    assert folded(text, cells).split("\n") == lines


ROWS = [("sts", "12 h", "arn:role/Ops", "ada"), ("管理", "9 min", "arn:role/管", "")]


def test_the_columns_of_a_table_are_below_one_another() -> None:
    assert list(table(ROWS)) == [
        "sts   12 h   arn:role/Ops  ada",
        "管理  9 min  arn:role/管",
    ]
    assert list(table(ROWS, 30)) == list(table(ROWS))
    assert list(table([])) == []


def test_a_row_that_has_no_room_has_more_lines_and_nothing_is_cut_off() -> None:
    assert list(table(ROWS, 29)) == ["sts  12 h  arn:role/Ops  ada", "管理  9 min  arn:role/管"]
    assert list(table(ROWS, 12)) == [
        *("sts  12 h", "  arn:role/Ops", "  ada"),
        *("管理  9 min", "  arn:role/管"),
    ]
