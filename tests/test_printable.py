from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samlauth.printable import safe


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
