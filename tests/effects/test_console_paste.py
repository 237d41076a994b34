"""A long paste, on a real pseudo-terminal."""

import base64
import os
import re
import signal
import sys
import termios
import textwrap
import time
from pathlib import Path
from urllib.parse import quote

import pexpect
import pytest

PROGRAM = """
import signal, sys
from samlauth.effects.console import Console

def end(number, frame):
    raise SystemExit(128 + number)

signal.signal(signal.SIGTERM, end)
if "nohup" in sys.argv:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
ended = "nothing"
try:
    with Console.open() as console:
        try:
            ended = console.pasted("SAML response: ", plain="plain" in sys.argv)
        except EOFError:
            ended = "EOF"
        if "then" in sys.argv:
            ended += "|" + console.line("Then: ")
except KeyboardInterrupt:
    ended = "interrupted"
with open(sys.argv[1], "w") as out:
    out.write(ended)
"""


def response(size: int) -> str:
    """Base64 of what looks like a response, of at least so many characters."""
    xml = (
        "<Response>" + "\n".join(f"<Role>{n:030}</Role>" for n in range(size // 57)) + "</Response>"
    )
    return base64.b64encode(xml.encode()).decode()


SHORT = response(300)
LONG = response(90_000)
WRAPPED = "\r".join(textwrap.wrap(LONG, 76))
XML = base64.b64decode(LONG).decode().replace("\n", "\r")


class Pasting:
    """The program on a terminal, its prompt shown."""

    def __init__(self, out: Path, *options: str, term: str = "xterm") -> None:
        self.out = out
        self.terminal = pexpect.spawn(
            sys.executable,
            ["-c", PROGRAM, str(out), *options],
            encoding="utf-8",
            timeout=30,
            env={"PATH": os.environ["PATH"], "TERM": term, "HOME": str(out.parent)},
            dimensions=(24, 80),
        )
        self.terminal.delaybeforesend = None
        self.before = termios.tcgetattr(self.terminal.child_fd)
        self.shown = ""
        self.until("SAML response: ")

    def until(self, text: str) -> None:
        self.terminal.expect_exact(text)
        self.shown += f"{self.terminal.before}{self.terminal.after}"

    def paste(self, text: str, chunk: int = 65_536, pause: float = 0.0) -> None:
        """Feed it as fast as it is taken, or in chunks with pauses, as over a slow line."""
        data = text.encode()
        for start in range(0, len(data), chunk):
            left = data[start : start + chunk]
            while left:
                left = left[os.write(self.terminal.child_fd, left) :]
            time.sleep(pause)

    def end(self) -> str:
        self.terminal.expect(pexpect.EOF)
        self.shown += str(self.terminal.before)
        self.terminal.close()
        return self.out.read_text()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "pasted"


@pytest.mark.parametrize("text", [LONG, WRAPPED, XML], ids=["one line", "wrapped", "XML"])
@pytest.mark.parametrize("chunk", [65_536, 4_000], ids=["fast", "slow"])
def test_90_kb_are_taken_whole_and_not_shown(text: str, chunk: int, out: Path) -> None:
    pasting = Pasting(out)
    pasting.paste(text, chunk, 0.0 if chunk > 4_000 else 0.02)
    pasting.paste("\r")
    pasted = pasting.end()
    assert pasted == text.replace("\r", "\n")
    assert len(pasted) > 69_000
    assert re.search(r"\x1b\[KSAML response: [\d,]{6} characters\r\n$", pasting.shown)
    shown = re.sub(r"SAML response: |characters|…|[\d,]|\x1b\[K|\s", "", pasting.shown)
    assert shown == "", "nothing else, and nothing of it, is on the screen"


def test_a_pause_inside_a_paste_does_not_end_it(out: Path) -> None:
    pasting = Pasting(out)
    lines = textwrap.wrap(LONG, 76)
    pasting.paste("\r".join(lines[:100]) + "\r")
    pasting.until("That is not all of it")
    pasting.until("SAML response: ")
    pasting.paste("\r".join(lines[100:]) + "\r")
    assert pasting.end() == "\n".join(lines)


def test_the_size_is_shown_meanwhile(out: Path) -> None:
    pasting = Pasting(out)
    pasting.paste(LONG[:10_000])
    pasting.until("\r\x1b[KSAML response: … 10,000 characters")
    pasting.paste(LONG[10_000:] + "\r")
    assert pasting.end() == LONG


@pytest.mark.parametrize(("options", "term"), [([], "dumb"), (["plain"], "xterm")])
def test_a_plain_terminal_is_told_the_size_once(options: list[str], term: str, out: Path) -> None:
    pasting = Pasting(out, *options, term=term)
    pasting.paste(LONG[:10_000])
    pasting.paste(LONG[10_000:] + "\r")
    assert pasting.end() == LONG
    assert pasting.shown == f"SAML response: {len(LONG):,} characters\r\n"


@pytest.mark.parametrize("text", ["hello", LONG[:5_000]])
def test_enter_twice_ends_what_is_not_whole(text: str, out: Path) -> None:
    pasting = Pasting(out)
    pasting.paste(text + "\r")
    pasting.until("That is not all of it: paste the rest.")
    pasting.until("SAML response: ")
    pasting.paste("\r")
    assert pasting.end() == text


def test_enter_alone_is_an_empty_answer(out: Path) -> None:
    pasting = Pasting(out)
    pasting.paste("\r")
    assert pasting.end() == ""
    assert "not all of it" not in pasting.shown


def test_ctrl_d_ends_it_at_once(out: Path) -> None:
    pasting = Pasting(out)
    pasting.paste(LONG[:5_000] + "\x04")
    assert pasting.end() == LONG[:5_000]


def test_ctrl_d_alone_is_the_end_of_the_input(out: Path) -> None:
    pasting = Pasting(out)
    pasting.paste("\x04")
    assert pasting.end() == "EOF"


def test_a_terminal_that_goes_away_is_the_end_of_the_input(out: Path) -> None:
    pasting = Pasting(out, "nohup")
    pasting.paste(LONG[:5_000])
    pasting.until("5,000")
    process = pasting.terminal.ptyproc  # type: ignore[attr-defined]  # not in the stubs
    process.fileobj.close()
    assert process.wait() == 0
    assert out.read_text() == "EOF"
    process.closed = pasting.terminal.closed = True


def test_backspace_and_ctrl_u(out: Path) -> None:
    pasting = Pasting(out)
    pasting.paste("\x7fnonsense\x15" + SHORT + "xyü\x7f\x7f\x08\r")
    assert pasting.end() == SHORT


@pytest.mark.parametrize("wrap", [lambda t: f"\x1b[200~{t}\x1b[201~", lambda t: f"\x1b[A{t}\x1b\r"])
def test_what_is_no_text_is_left_out(wrap: object, out: Path) -> None:
    assert callable(wrap)
    pasting = Pasting(out)
    pasting.paste(wrap(SHORT) + "\r")
    assert pasting.end() == SHORT


def test_an_encoded_response_is_whole_too(out: Path) -> None:
    pasting = Pasting(out)
    body = f"SAMLResponse={quote(SHORT, safe='')}&RelayState="
    pasting.paste(body + "\r")
    assert pasting.end() == body


def test_ctrl_c_restores_the_terminal(out: Path) -> None:
    pasting = Pasting(out)
    assert not termios.tcgetattr(pasting.terminal.child_fd)[3] & (termios.ECHO | termios.ICANON)
    pasting.paste(LONG[:5_000])
    pasting.until("5,000")
    pasting.paste("\x03")
    pasting.terminal.expect(pexpect.EOF)
    assert out.read_text() == "interrupted"
    assert termios.tcgetattr(pasting.terminal.child_fd) == pasting.before
    pasting.terminal.close()


def test_a_signal_restores_the_terminal(out: Path) -> None:
    pasting = Pasting(out)
    pasting.terminal.kill(signal.SIGTERM)
    pasting.terminal.expect(pexpect.EOF)
    assert termios.tcgetattr(pasting.terminal.child_fd) == pasting.before
    pasting.terminal.close()


def test_ctrl_z_does_not_lead_to_a_terminal_that_shows_the_rest(out: Path) -> None:
    # Nobody could bring the program back here, so the key would do nothing in any case.
    pasting = Pasting(out)
    suspends = termios.tcgetattr(pasting.terminal.child_fd)[6][termios.VSUSP]
    assert suspends == bytes([os.fpathconf(pasting.terminal.child_fd, "PC_VDISABLE")])
    pasting.paste("\x1a\x15" + SHORT + "\r")
    assert pasting.end() == SHORT


def test_the_next_question_is_asked_as_usual(out: Path) -> None:
    pasting = Pasting(out, "then")
    pasting.paste(SHORT + "\r")
    pasting.until("Then: ")
    assert termios.tcgetattr(pasting.terminal.child_fd) == pasting.before
    pasting.paste("1\r")
    assert pasting.end() == f"{SHORT}|1"
