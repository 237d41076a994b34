"""The line on the terminal while the person is in the browser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from samlauth.effects import waiting
from samlauth.flow import Wait

PROGRAM = """
import sys
from pathlib import Path
from samlauth.effects.terminal import Terminal
from samlauth.flow import Wait

out, go, seconds, *options = sys.argv[1:]
terminal = Terminal(plain="plain" in options)
text, over = "Sign in \\x1b[31m there", Path(go).exists
if "other" in options:
    step = Wait(float(seconds), text, ("another",))
    ended = terminal.until_or_other(step, over, "to try again" if "again" in options else "")
else:
    ended = terminal.until(text, float(seconds), over)
Path(out).write_text(ended)
"""


class Screen:
    """The program on a terminal."""

    def __init__(self, folder: Path, *options: str, seconds: float = 12) -> None:
        self.out, self.go = folder / "out", folder / "go"
        self.terminal = pexpect.spawn(
            sys.executable,
            ["-c", PROGRAM, str(self.out), str(self.go), str(seconds), *options],
            encoding="utf-8",
            timeout=20,
            env={"PATH": os.environ["PATH"], "TERM": "xterm", "HOME": str(folder)},
        )

    def ended(self) -> str:
        self.terminal.expect(pexpect.EOF)
        self.terminal.close()
        return self.out.read_text()


def test_enter_ends_it(tmp_path: Path) -> None:
    screen = Screen(tmp_path)
    for seconds in (12, 11):
        screen.terminal.expect_exact(
            f"\r\x1b[JSign in \\x1b[31m there · {seconds} s left; ENTER when done"
        )
    screen.terminal.send("?x\r")
    screen.terminal.expect_exact("\r\x1b[J")
    assert screen.ended() == "enter"


@pytest.mark.parametrize("options", [[], ["plain"]])
def test_so_does_what_is_waited_for(tmp_path: Path, options: list[str]) -> None:
    screen = Screen(tmp_path, *options)
    screen.terminal.expect_exact("12 s left; ENTER when done")
    screen.go.touch()
    assert screen.ended() == "over"


def test_a_plain_terminal_is_told_once(tmp_path: Path) -> None:
    screen = Screen(tmp_path, "plain")
    screen.terminal.expect_exact("Sign in \\x1b[31m there (12 s left; ENTER when done)\r\n")
    screen.terminal.send("\r")
    assert screen.ended() == "enter"
    assert screen.terminal.before == ""


def test_so_does_the_time(tmp_path: Path) -> None:
    assert Screen(tmp_path, seconds=0.2).ended() == "time"


@pytest.mark.parametrize(("there", "ends"), [(True, "over"), (False, "time")])
def test_without_a_terminal_it_is_said_on_standard_error(
    tmp_path: Path, there: bool, ends: str
) -> None:
    if there:
        (tmp_path / "go").touch()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "out", tmp_path / "go", "0.2"],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("", "Sign in \\x1b[31m there\n")
    assert (tmp_path / "out").read_text() == ends


@pytest.mark.parametrize("options", [["other"], ["other", "plain"]])
def test_what_enter_is_for_may_be_nothing_and_there_may_be_another_way(
    tmp_path: Path, options: list[str]
) -> None:
    screen = Screen(tmp_path, *options)
    screen.terminal.expect_exact("12 s left; ? for another way")
    assert screen.terminal.read(1) != ";"
    screen.terminal.send("\rx?")
    assert screen.ended() == "another"
    screen = Screen(tmp_path, "other", "again")
    screen.terminal.expect_exact("12 s left; ? for another way; ENTER to try again")
    screen.terminal.send("\r")
    assert screen.ended() == "enter"


def test_it_is_looked_at_often_and_first() -> None:
    pauses: list[float] = []
    now = [0.0]

    def keys(seconds: float) -> str:
        pauses.append(seconds)
        now[0] += seconds
        return "x"

    def until(over: bool, seconds: float) -> str:
        return waiting.until(
            Wait(seconds, "x"),
            lambda: over,
            keys,
            waiting.unseen,
            lambda: now[0],
            with_keys=True,
        )

    assert until(True, 0) == "over"
    assert until(False, 1) == "time"
    assert now[0] == pytest.approx(1)
    assert max(pauses) <= 0.05
