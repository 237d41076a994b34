"""Where colours are wanted."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from samlauth.effects import output
from samlauth.errors import FileError

RED = "\x1b[31mno\x1b[0m"


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "terminal", "shown"),
    [
        ({"TERM": "xterm"}, True, RED),
        ({"TERM": "xterm"}, False, "no"),
        ({"TERM": "dumb"}, True, "no"),
        ({}, True, "no"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, "no"),
        ({"TERM": "xterm", "NO_COLOR": ""}, True, RED),
        ({"TERM": "xterm", "CLICOLOR": "0"}, True, "no"),
        ({"TERM": "xterm", "CLICOLOR": "1"}, False, "no"),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, False, RED),
        ({"TERM": "xterm", "CLICOLOR_FORCE": "0"}, False, "no"),
        ({"TERM": "xterm", "CLICOLOR_FORCE": ""}, False, "no"),
        ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, False, RED),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, True, "no"),
    ],
)
def test_the_environment_and_the_terminal_decide(
    environ: dict[str, str], terminal: bool, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stderr", Screen() if terminal else io.StringIO())
    assert output.coloured("no", "31") == shown


def test_the_person_may_want_none_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(output, "_colourless", False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("CLICOLOR_FORCE", "1")
    assert output.coloured("no", "31") == RED
    output.without_colours()
    assert output.coloured("no", "31") == "no"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_an_output_that_takes_nothing_is_said_to_be_that(monkeypatch: pytest.MonkeyPatch) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO(full, "w", closefd=False)))
            with pytest.raises(FileError, match="Standard output could not be written: No space"):
                output.data("x")
    finally:
        os.close(full)


def test_nobody_who_reads_is_another_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO(writing, "w", closefd=False)))
            with pytest.raises(BrokenPipeError):
                output.data("x")
    finally:
        os.close(writing)
