"""The recorded session in the README is what samlauth shows now."""

from __future__ import annotations

import re

from tests.recording import SVG, play, svg


def test_the_recorded_session_is_still_true() -> None:
    assert svg(play()) == SVG.read_text("utf-8"), "python -m tests.recording plays it anew"


def test_it_shows_nothing_of_whoever_recorded_it() -> None:
    text = SVG.read_text("utf-8")
    assert not re.search(r"/(home|root|tmp|work|Users)\b", text)
