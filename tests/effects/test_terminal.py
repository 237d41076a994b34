"""Prompts, on a real pseudo-terminal."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

PROGRAM = """
import sys
from samlauth.challenges import *
from samlauth.effects.terminal import Terminal, has_terminal
from samlauth.errors import NobodyToAsk
from samlauth.saml import Role

def role(account, name, provider="Google"):
    return Role(f"arn:aws:iam::{account}:role/{name}", f"arn:aws:iam::{account}:saml-provider/{provider}")

CHALLENGES = {
    "setting": EnterSetting("idp_id", "Google IDP ID"),
    "username": EnterUsername("Google username"),
    "password": EnterPassword("Google Password", "ada", "https://accounts.google.com"),
    "refused": EnterPassword("Google Password", "ada", "https://accounts.google.com", "Wrong \\x1b[31mpassword."),
    "code": EnterCode("MFA token"),
    "roles": ChooseRoles((role("1" * 12, "Admin"), role("1" * 12, "Reader"), role("2" * 12, "Admin"))),
    "twins": ChooseRoles((role("1" * 12, "Admin"), role("1" * 12, "Admin", "Other"))),
}
print("terminal:", has_terminal(), file=sys.stderr)
try:
    answer = Terminal().answer(CHALLENGES[sys.argv[1]])
except NobodyToAsk as error:
    answer = error.message
with open(sys.argv[2], "w") as out:
    out.write(repr(answer))
"""


class Asked:
    """The program on a terminal; its standard input and output are not the terminal."""

    def __init__(self, challenge: str, out: Path) -> None:
        self.out = out
        command = 'exec "$0" -c "$1" "$2" "$3" </dev/null >/dev/null'
        self.terminal = pexpect.spawn(
            "/bin/sh",
            ["-c", command, sys.executable, PROGRAM, challenge, str(out)],
            encoding="utf-8",
            timeout=20,
        )

    def answer(self) -> str:
        self.terminal.expect(pexpect.EOF)
        self.terminal.close()
        return self.out.read_text()


@pytest.fixture
def out(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "answer"


@pytest.mark.parametrize(
    ("challenge", "prompt", "typed", "answer"),
    [
        ("setting", "Google IDP ID: ", "C01abc", "'C01abc'"),
        ("username", "Google username: ", "  ada@example.com ", "'ada@example.com'"),
        ("code", "MFA token: ", "123 456", "'123 456'"),
    ],
)
def test_a_line_is_asked_for_on_the_terminal_itself(
    challenge: str, prompt: str, typed: str, answer: str, out: Path
) -> None:
    asked = Asked(challenge, out)
    asked.terminal.expect_exact(prompt)
    asked.terminal.sendline("")
    asked.terminal.expect_exact(prompt)
    asked.terminal.sendline(typed)
    assert asked.answer() == answer


def test_a_password_is_not_echoed_and_taken_as_typed(out: Path) -> None:
    asked = Asked("password", out)
    asked.terminal.expect_exact("Google Password: ")
    asked.terminal.waitnoecho()
    asked.terminal.sendline(" hunter2 ")
    assert asked.answer() == "' hunter2 '"
    assert "hunter2" not in (asked.terminal.before or "")


def test_the_providers_own_text_is_shown_before_asking_again_and_cannot_colour(out: Path) -> None:
    asked = Asked("refused", out)
    asked.terminal.expect_exact("Wrong \\x1b[31mpassword.\r\nGoogle Password: ")
    asked.terminal.waitnoecho()
    asked.terminal.sendline("again")
    assert asked.answer() == "'again'"


@pytest.mark.parametrize("junk", ["0", "-1", "4", "1.0", "x", "", "٢", "99999999999999999999"])
def test_a_number_outside_the_list_chooses_nothing(junk: str, out: Path) -> None:
    asked = Asked("roles", out)
    asked.terminal.expect_exact("[  1] arn:aws:iam::111111111111:role/Admin\r\n")
    asked.terminal.expect_exact("[  3] arn:aws:iam::222222222222:role/Admin\r\n")
    asked.terminal.expect_exact("Type the number (1 - 3) of the role to assume: ")
    asked.terminal.sendline(junk)
    if junk:
        asked.terminal.expect_exact("Invalid choice, try again.")
    asked.terminal.expect_exact("Type the number (1 - 3) of the role to assume: ")
    asked.terminal.sendline("3")
    assert "222222222222:role/Admin" in asked.answer()


def test_one_role_through_two_providers_is_told_apart(out: Path) -> None:
    asked = Asked("twins", out)
    asked.terminal.expect_exact("role/Admin through arn:aws:iam::111111111111:saml-provider/Google")
    asked.terminal.expect_exact("role/Admin through arn:aws:iam::111111111111:saml-provider/Other")
    asked.terminal.sendline("2")
    assert "saml-provider/Other" in asked.answer()


@pytest.mark.parametrize("challenge", ["code", "password", "roles"])
def test_a_terminal_that_closes_is_no_answer(challenge: str, out: Path) -> None:
    asked = Asked(challenge, out)
    asked.terminal.expect(": $")
    if challenge == "password":
        asked.terminal.waitnoecho()
    asked.terminal.sendeof()
    assert "without an answer" in asked.answer()


def test_ctrl_c_at_the_password_leaves_the_echo_on(out: Path) -> None:
    shell = pexpect.spawn(
        "/bin/sh", ["-i"], encoding="utf-8", timeout=20, env={**os.environ, "PS1": "ready> "}
    )
    shell.expect_exact("ready> ")
    (out.parent / "program.py").write_text(PROGRAM)
    shell.sendline(f"{sys.executable} {out.parent / 'program.py'} password {out} 2>/dev/null")
    shell.expect_exact("Google Password: ")
    shell.waitnoecho()
    shell.kill(signal.SIGWINCH)  # a resized window is no answer
    shell.sendintr()
    shell.expect_exact("ready> ")
    shell.sendline("stty -a")
    assert shell.expect([" echo ", "-echo "]) == 0
    shell.close(force=True)


def test_without_a_terminal_nobody_answers(out: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "password", str(out)],
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert "terminal: False" in done.stderr
    assert out.read_text() == "None"
