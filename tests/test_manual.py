"""The manual page is the one that the settings and the commands make, and groff can read it."""

from __future__ import annotations

import re
import subprocess

import pytest

from samlauth.commands import NAMES
from samlauth.settings import TABLE
from tests.e2e.screen import found
from tests.manual import PAGE, exit_codes, page, text


def test_the_page_is_as_the_settings_and_commands_are() -> None:
    assert PAGE.read_text("utf-8") == page(), "python -m tests.manual writes it anew"


def read() -> str:
    """The page as a person reads it; and nothing to complain of."""
    groff = found("groff")
    done = subprocess.run(
        [groff, "-k", "-man", "-ww", "-Tutf8", "-P-c", "-rLL=400n", PAGE],
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return re.sub(".\b", "", done.stdout)  # what is bold is struck over, as on paper


def test_every_setting_command_and_exit_code_is_in_it() -> None:
    shown = read()
    for setting in TABLE:
        assert setting.flag in shown
        assert setting.variable in shown
    assert all(f"samlauth {name}" in shown for name in NAMES if name != "login")
    assert len(exit_codes()) == 12
    assert "no such role" in shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [("--x-y", "\\-\\-x\\-y"), (".x", "\\&.x"), ("'x", "\\&'x"), ("a\\b", "a\\eb")],
)
def test_text_is_no_request(words: str, shown: str) -> None:
    assert text(words) == shown
