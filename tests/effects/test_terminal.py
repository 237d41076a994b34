"""Prompts, on a real pseudo-terminal."""

import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from samlauth.effects.console import Console

PROGRAM = """
import sys
from samlauth.challenges import *
from samlauth.effects.terminal import Terminal, has_terminal
from samlauth.errors import NobodyToAsk
from samlauth.saml import Role

BOTH = ("another", "resend")
URL = "https://accounts.google.com/Captcha?v=2&ctoken=" + "x" * 300
PNG = b"\\x89PNG\\r\\n\\x1a\\n" + b"pixels"

def role(account, name, provider="Google"):
    return Role(f"arn:aws:iam::{account}:role/{name}", f"arn:aws:iam::{account}:saml-provider/{provider}")

CHALLENGES = {
    "setting": EnterSetting("idp_id", "Google IDP ID"),
    "username": EnterUsername("Google username"),
    "password": EnterPassword("Google Password", "ada", "https://accounts.google.com"),
    "refused": EnterPassword("Google Password", "ada", "https://accounts.google.com", "Wrong \\x1b[31mpassword."),
    "code": EnterCode("MFA token"),
    "refused-ways": EnterPassword("Google Password", "ada", "https://accounts.google.com", "Wrong.", ("another",)),
    "password-ways": EnterPassword("Google Password", "ada", "https://accounts.google.com", ways=("another",)),
    "code-another": EnterCode("MFA token", note="From your app \\x1b[31m", ways=("another",)),
    "code-resend": EnterCode("Enter SMS token", note="Sent to 79", ways=("resend",)),
    "code-both": EnterCode("Enter SMS token", "Wrong code.", "Sent to 79", BOTH),
    "phone": EnterPhone("Enter your phone number", refused="Not a number.", note="For a text"),
    "phone-country": EnterPhone("Enter your phone number", ("US", "DE", "CH"), ways=BOTH),
    "methods": ChooseMethod((Method("sms", "Text to 79\\x07", "k1"), Method("totp", "App", "k2"))),
    "pin": EnterPin("PIN of Yubi\\x1bKey", "7 tries are left.", ("another",)),
    "key": TouchKey(AssertionRequest(b"c", (b"h",), app_id="https://x"), "https://x"),
    "confirm": Confirm("Open it \\x1b?", "A passkey \\x1b is wanted."),
    "confirm-no": Confirm("Open it?", default=False),
    "captcha": SolveCaptcha(PNG, URL, "Not those characters."),
    "no-image": SolveCaptcha(b"<html>", URL),
    "roles": ChooseRoles((role("1" * 12, "Admin"), role("1" * 12, "Reader"), role("2" * 12, "Admin"))),
    "twins": ChooseRoles((role("1" * 12, "Admin"), role("1" * 12, "Admin", "Other"))),
}
print("terminal:", has_terminal(), file=sys.stderr)
try:
    terminal = Terminal(plain="plain" in sys.argv[3:])
    for name in sys.argv[1].split(","):
        answer = terminal.answer(CHALLENGES[name])
except NobodyToAsk as error:
    answer = error.message
with open(sys.argv[2], "w") as out:
    out.write(repr(answer))
"""


WAITING = """
import signal, sys
from samlauth.challenges import EnterCode
from samlauth.effects.terminal import Terminal
from samlauth.errors import NetworkError
from samlauth.flow import Page, Request, Tell, Wait

name, out, *options = sys.argv[1:]
POLL = Request("https://polls.example/", json="{}")
BOTH = ("another", "resend")
STEPS = {
    "one": Wait(12, "Tap Yes \\x1b[31m", ("another",)),
    "both": Wait(12, "Tap Yes", BOTH),
    "poll": Wait(120, "Tap Yes", BOTH, POLL),
    "short": Wait(0.01, "Tap Yes"),
    "number": Wait(12, "Tap 42", number="42"),
    "device": Tell("Look at the phone. Number: 42", quiet=False, live="Look at the phone"),
    "pause": "pause",
    "code": EnterCode("MFA token"),
}

def go(line=None):
    with open(out + ".go") as fifo:
        return fifo.read()

def send(request):
    if (said := go()) == "error":
        raise NetworkError("down")
    return Page(request.url, 200, said)

def end(number, frame):
    raise SystemExit(128 + number)

signal.signal(signal.SIGTERM, end)
if "nohup" in options:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
terminal = Terminal(plain="plain" in options, quiet="quiet" in options)
for step in map(STEPS.get, name.split(",")):
    try:
        match step:
            case "pause":
                with open("/dev/tty", "w") as tty:
                    print("pausing", file=tty)
                ended = go()
            case Tell():
                terminal.tell(step)
            case Wait():
                ended = terminal.wait(step, send)
            case _:
                ended = terminal.answer(step)
    except NetworkError as error:
        ended = error.message
with open(out, "w") as file:
    file.write(repr(ended))
"""


class Asked:
    """The program on a terminal; its standard input and output are not the terminal."""

    def __init__(
        self,
        challenge: str,
        out: Path,
        *options: str,
        program: str = PROGRAM,
        columns: int = 80,
        **environ: str,
    ) -> None:
        self.out = out
        command = 'exec "$0" -c "$@" </dev/null >/dev/null'
        self.terminal = pexpect.spawn(
            "/bin/sh",
            ["-c", command, sys.executable, program, challenge, str(out), *options],
            encoding="utf-8",
            timeout=20,
            env={"PATH": os.environ["PATH"], "TERM": "xterm", "HOME": str(out.parent), **environ},
            dimensions=(24, columns),
        )

    def answer(self) -> str:
        self.terminal.expect(pexpect.EOF)
        self.terminal.close()
        return self.out.read_text()


URL = "https://accounts.google.com/Captcha?v=2&ctoken=" + "x" * 300


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


def test_what_is_no_text_is_asked_for_again(out: Path) -> None:
    """A terminal of another encoding sends bytes that nobody could send on."""
    asked = Asked("password", out)
    asked.terminal.expect_exact("Google Password: ")
    asked.terminal.waitnoecho()
    os.write(asked.terminal.fileno(), b"p\xe4ss\n")
    asked.terminal.expect_exact("That is not UTF-8 text, so it was not sent.")
    asked.terminal.expect_exact("Google Password: ")
    asked.terminal.sendline("hunter2")
    assert asked.answer() == "'hunter2'"


def test_so_is_a_line_that_is_shown() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"\xe4da\nada\n")
    os.close(writing)
    keyboard = os.fdopen(reading, encoding="utf-8", errors="surrogateescape", buffering=1)
    with Console(keyboard, io.StringIO()) as console:
        assert console.line("Username: ") == "ada"


def test_the_providers_own_text_is_shown_before_asking_again_and_cannot_colour(out: Path) -> None:
    asked = Asked("refused", out)
    asked.terminal.expect_exact("Wrong \\x1b[31mpassword.\r\nGoogle Password: ")
    asked.terminal.waitnoecho()
    asked.terminal.sendline("again")
    assert asked.answer() == "'again'"


def test_a_question_mark_is_an_answer_where_there_is_no_other_way(out: Path) -> None:
    asked = Asked("code", out)
    asked.terminal.expect_exact("MFA token: ")
    assert "Type ?" not in (asked.terminal.before or "")
    asked.terminal.sendline("?")
    assert asked.answer() == "'?'"


@pytest.mark.parametrize(
    ("challenge", "prompt", "answer"),
    [
        (
            "code-another",
            "From your app \\x1b[31m\r\nType ? for another way.\r\nMFA token: ",
            "AnotherWay()",
        ),
        (
            "code-resend",
            "Sent to 79\r\nType ? to have it sent again.\r\nEnter SMS token: ",
            "Resend()",
        ),
    ],
)
def test_the_one_way_there_is_needs_no_question(
    challenge: str, prompt: str, answer: str, out: Path
) -> None:
    asked = Asked(challenge, out)
    asked.terminal.expect_exact(prompt)
    asked.terminal.sendline("?")
    assert asked.answer() == answer


def test_the_pin_of_a_key_is_not_echoed_and_stays_optional(out: Path) -> None:
    for typed, answer in (("24680", "'24680'"), ("?", "AnotherWay()")):
        asked = Asked("pin", out)
        asked.terminal.expect_exact("7 tries are left.\r\nType ? for another way.\r\n")
        asked.terminal.expect_exact("PIN of Yubi\\x1bKey: ")
        asked.terminal.waitnoecho()
        asked.terminal.sendline(typed)
        assert asked.answer() == answer
        assert typed not in str(asked.terminal.before)


def test_a_terminal_alone_has_no_key(out: Path) -> None:
    assert Asked("key", out).answer() == "None"


def test_at_a_password_too_but_it_is_said_only_when_one_was_refused(out: Path) -> None:
    asked = Asked("password-ways", out)
    asked.terminal.expect_exact("Google Password: ")
    assert "another way" not in str(asked.terminal.before)
    asked.terminal.waitnoecho()
    asked.terminal.sendline("?")
    assert asked.answer() == "AnotherWay()"
    asked = Asked("refused-ways", out)
    asked.terminal.expect_exact("Wrong.\r\nType ? for another way.\r\nGoogle Password: ")
    asked.terminal.waitnoecho()
    asked.terminal.sendline("?")
    assert asked.answer() == "AnotherWay()"


@pytest.mark.parametrize(
    ("typed", "answer"), [("1", "AnotherWay()"), ("2", "Resend()"), ("", "'G-123456'")]
)
def test_of_two_ways_one_is_chosen_or_none(typed: str, answer: str, out: Path) -> None:
    asked = Asked("code-both", out)
    asked.terminal.expect_exact(
        "Wrong code.\r\nSent to 79\r\nType ? for another way, or to have it sent again.\r\n"
    )
    asked.terminal.expect_exact("Enter SMS token: ")
    asked.terminal.sendline("?")
    asked.terminal.expect_exact("1 for another way, 2 to have it sent again, ENTER to go back: ")
    asked.terminal.sendline(typed)
    if not typed:
        asked.terminal.expect_exact("Enter SMS token: ")
        asked.terminal.sendline("G-123456")
    assert asked.answer() == answer


def test_the_question_mark_is_explained_once_a_question(out: Path) -> None:
    asked = Asked("code-both,code-both,code-another", out)
    asked.terminal.expect_exact("Type ? for")
    asked.terminal.expect_exact("Enter SMS token: ")
    asked.terminal.sendline("1")
    asked.terminal.expect_exact("Enter SMS token: ")
    assert "Type ?" not in (asked.terminal.before or "")
    asked.terminal.sendline("2")
    asked.terminal.expect_exact("Type ? for another way.\r\nMFA token: ")
    asked.terminal.sendline("3")
    assert asked.answer() == "'3'"


def test_a_phone_number(out: Path) -> None:
    asked = Asked("phone", out)
    asked.terminal.expect_exact("Not a number.\r\nFor a text\r\nEnter your phone number: ")
    asked.terminal.sendline("+49 170 1234567")
    assert asked.answer() == "Phone(number='+49 170 1234567', country='')"


def test_its_country_is_one_of_those_the_page_takes(out: Path) -> None:
    asked = Asked("phone-country", out)
    asked.terminal.expect_exact("Enter your phone number: ")
    asked.terminal.sendline("0170 1234567")
    asked.terminal.expect_exact("(two letters, such as US): ")
    asked.terminal.sendline("Germany")
    asked.terminal.expect_exact("one of these:\r\nCH DE US\r\n")
    asked.terminal.expect_exact("(two letters, such as US): ")
    asked.terminal.sendline("de")
    assert asked.answer() == "Phone(number='0170 1234567', country='DE')"


@pytest.mark.parametrize("at", ["number", "country"])
def test_another_way_than_a_phone(at: str, out: Path) -> None:
    asked = Asked("phone-country", out)
    asked.terminal.expect_exact("Enter your phone number: ")
    if at == "country":
        asked.terminal.sendline("0170 1234567")
        asked.terminal.expect_exact("such as US): ")
    asked.terminal.sendline("?")
    asked.terminal.expect_exact("ENTER to go back: ")
    asked.terminal.sendline("1")
    assert asked.answer() == "AnotherWay()"


def test_a_method_is_chosen_by_its_number(out: Path) -> None:
    asked = Asked("methods", out)
    asked.terminal.expect_exact("[  1] Text to 79\\x07\r\n[  2] App\r\n")
    asked.terminal.expect_exact("Type the number (1 - 2) of the method to use: ")
    asked.terminal.sendline("0")
    asked.terminal.expect_exact("Invalid choice, try again.")
    asked.terminal.expect_exact("of the method to use: ")
    asked.terminal.sendline("2")
    assert asked.answer() == "Method(kind='totp', label='App')"


def test_a_captcha_is_in_a_private_file_while_it_is_asked_for(out: Path) -> None:
    asked = Asked("captcha", out, TMPDIR=str(out.parent))
    asked.terminal.expect_exact("Not those characters.")
    asked.terminal.expect(r"The image is in (/\S+\.png) while you are asked\.\r\n")
    assert isinstance(asked.terminal.match, re.Match)
    image = Path(asked.terminal.match[1])
    asked.terminal.expect_exact(f"It is also at {URL}\r\n")
    asked.terminal.expect_exact("Captcha (case insensitive): ")
    assert image.read_bytes() == b"\x89PNG\r\n\x1a\npixels"
    assert image.stat().st_mode & 0o777 == 0o600
    assert image.is_relative_to(out.parent)
    asked.terminal.sendline("Brown")
    assert asked.answer() == "'Brown'"
    assert "\x1b" not in (asked.terminal.before or "")
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize(
    ("challenge", "typed", "answer"),
    [
        ("confirm", ["y"], "True"),
        ("confirm", [""], "True"),
        ("confirm", ["maybe", "NO"], "False"),
        ("confirm-no", [""], "False"),
        ("confirm-no", ["Yes"], "True"),
    ],
)
def test_a_yes_or_no(out: Path, challenge: str, typed: list[str], answer: str) -> None:
    asked = Asked(challenge, out)
    question = "Open it? [y/N] " if challenge == "confirm-no" else "Open it \\x1b? [Y/n] "
    if challenge == "confirm":
        asked.terminal.expect_exact("A passkey \\x1b is wanted.\r\n")
    for line in typed:
        asked.terminal.expect_exact(question)
        asked.terminal.sendline(line)
    assert asked.answer() == answer


def test_the_file_is_gone_when_nobody_answers(out: Path) -> None:
    asked = Asked("captcha", out, TMPDIR=str(out.parent))
    asked.terminal.expect_exact("Captcha (case insensitive): ")
    asked.terminal.sendeof()
    assert "without an answer" in asked.answer()
    assert list(out.parent.iterdir()) == [out]


def test_a_terminal_that_can_draws_the_captcha(out: Path) -> None:
    asked = Asked("captcha", out, TERM_PROGRAM="iTerm.app")
    asked.terminal.expect_exact("\x1b]1337;File=inline=1;size=14:iVBORw0KGgpwaXhlbHM=\a\r\n")
    asked.terminal.expect_exact("Captcha (case insensitive): ")
    asked.terminal.sendline("Brown")
    assert asked.answer() == "'Brown'"


def test_a_plain_one_does_not(out: Path) -> None:
    asked = Asked("captcha", out, "plain", TERM_PROGRAM="iTerm.app")
    asked.terminal.expect_exact("Captcha (case insensitive): ")
    assert "\x1b" not in (asked.terminal.before or "")
    asked.terminal.sendline("Brown")
    assert asked.answer() == "'Brown'"


def test_what_is_no_image_is_not_shown_or_saved(out: Path) -> None:
    asked = Asked("no-image", out, TERM_PROGRAM="iTerm.app", TMPDIR=str(out.parent))
    asked.terminal.expect_exact(f"To see the image, open {URL}\r\nCaptcha (case insensitive): ")
    assert list(out.parent.iterdir()) == []
    asked.terminal.sendline("Brown")
    assert asked.answer() == "'Brown'"


@pytest.mark.parametrize("junk", ["0", "-1", "4", "1.0", "x", "", "٢", "99999999999999999999"])
def test_a_number_outside_the_list_chooses_nothing(junk: str, out: Path) -> None:
    asked = Asked("roles", out, "plain")
    asked.terminal.expect_exact("[  1] arn:aws:iam::111111111111:role/Admin\r\n")
    asked.terminal.expect_exact("[  3] arn:aws:iam::222222222222:role/Admin\r\n")
    asked.terminal.expect_exact("Type the number (1 - 3) of the role to assume: ")
    asked.terminal.sendline(junk)
    if junk:
        asked.terminal.expect_exact("Invalid choice, try again.")
    asked.terminal.expect_exact("Type the number (1 - 3) of the role to assume: ")
    asked.terminal.sendline("3")
    assert "222222222222:role/Admin" in asked.answer()


def test_on_a_terminal_that_can_do_more_the_roles_are_a_list_to_move_in(out: Path) -> None:
    asked = Asked("roles", out, PROMPT_TOOLKIT_NO_CPR="1")
    asked.terminal.expect_exact("Reader")
    asked.terminal.send("222 adm\r")
    assert "222222222222:role/Admin" in asked.answer()


def test_one_role_through_two_providers_is_told_apart(out: Path) -> None:
    asked = Asked("twins", out, TERM="dumb")
    asked.terminal.expect_exact("role/Admin through arn:aws:iam::111111111111:saml-provider/Google")
    asked.terminal.expect_exact("role/Admin through arn:aws:iam::111111111111:saml-provider/Other")
    asked.terminal.sendline("2")
    assert "saml-provider/Other" in asked.answer()


@pytest.mark.parametrize("challenge", ["code", "password", "roles"])
def test_a_terminal_that_closes_is_no_answer(challenge: str, out: Path) -> None:
    asked = Asked(challenge, out, "plain")
    asked.terminal.expect(": $")
    if challenge == "password":
        asked.terminal.waitnoecho()
    asked.terminal.sendeof()
    assert "without an answer" in asked.answer()


class Shell:
    """An interactive shell, with a program that is a job of it."""

    def __init__(self) -> None:
        self.terminal = pexpect.spawn(
            "/bin/sh",
            ["-i"],
            encoding="utf-8",
            timeout=20,
            env={"PATH": os.environ["PATH"], "TERM": "xterm", "PS1": "ready> ", "ENV": ""},
        )
        self.terminal.expect_exact("ready> ")

    def run(self, line: str) -> None:
        self.terminal.sendline(line)

    def signal(self, number: signal.Signals) -> None:
        """Send it to the job in the foreground."""
        os.killpg(os.tcgetpgrp(self.terminal.child_fd), number)


def test_ctrl_c_at_the_password_leaves_the_echo_on(out: Path) -> None:
    shell = Shell()
    script = out.with_name("program.py")
    script.write_text(PROGRAM)
    shell.run(f"{sys.executable} {script} password {out} 2>/dev/null")
    shell.terminal.expect_exact("Google Password: ")
    shell.terminal.waitnoecho()
    shell.signal(signal.SIGWINCH)  # a resized window is no answer
    shell.terminal.sendintr()
    shell.terminal.expect_exact("ready> ")
    shell.run("stty -a")
    assert shell.terminal.expect([" echo ", "-echo "]) == 0
    shell.terminal.close(force=True)


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


@pytest.fixture
def go(out: Path) -> Path:
    """What is written to it answers the poll of WAITING, and ends its pauses."""
    fifo = out.with_name(out.name + ".go")
    os.mkfifo(fifo)
    return fifo


def waiting(steps: str, out: Path, *options: str, columns: int = 80, **environ: str) -> Asked:
    return Asked(steps, out, *options, program=WAITING, columns=columns, **environ)


ERASED = "\r\x1b[J"


class TestWaits:
    def test_the_seconds_are_written_over_in_place(self, out: Path) -> None:
        asked = waiting("one", out, "quiet")
        for seconds in (12, 11):
            asked.terminal.expect_exact(
                f"\r\x1b[JTap Yes \\x1b[31m · {seconds} s left; ? for another way; ENTER when done"
            )
            assert "\n" not in (asked.terminal.before or "")
        asked.terminal.send("?")
        assert asked.answer() == "AnotherWay()"
        assert asked.terminal.before == ERASED  # and the key was not echoed

    def test_a_narrow_terminal_has_it_on_several_lines(self, out: Path) -> None:
        asked = waiting("one", out, columns=40)
        asked.terminal.expect_exact(
            "\r\x1b[JTap Yes \\x1b[31m · 12 s left; ? for\r\nanother way; ENTER when done"
        )
        asked.terminal.send("\r")
        assert asked.answer() == "None"
        assert asked.terminal.before == "\r\x1b[1A\x1b[J"

    def test_a_number_is_shown_large_where_lines_can_be_written_over(self, out: Path) -> None:
        asked = waiting("device,number", out)
        asked.terminal.expect_exact("Look at the phone\r\n")
        assert asked.terminal.before == ""
        asked.terminal.expect_exact("██  ██  ██████")
        asked.terminal.send("\r")
        assert asked.answer() == "None"
        assert asked.terminal.before.endswith("\r\x1b[7A\x1b[J")

    def test_a_number_is_told_plainly_where_they_cannot(self, out: Path) -> None:
        asked = waiting("device,number", out, "plain")
        asked.terminal.expect_exact("Number: 42\r\nTap 42 (12 s left; ENTER when done)\r\n")
        asked.terminal.send("\r")
        assert asked.answer() == "None"

    def test_which_way_is_asked_on_the_same_line(self, out: Path) -> None:
        asked = waiting("both", out)
        asked.terminal.expect_exact(
            "\r\x1b[JTap Yes · 12 s left; ? for other ways; ENTER when done"
        )
        asked.terminal.send("?")
        asked.terminal.expect_exact(
            "\r\x1b[JTap Yes · 1 for another way, 2 to have it sent again, ENTER to go back"
        )
        asked.terminal.send("2")
        assert asked.answer() == "Resend()"

    def test_the_poll_is_answered_beside_the_keys(self, out: Path, go: Path) -> None:
        asked = waiting("poll", out)
        asked.terminal.expect_exact("s left")
        asked.terminal.send("x\x1b[?1;2c\n")
        go.write_text("yes")
        assert "url='https://polls.example/', status=200" in asked.answer()

    def test_an_error_of_the_poll(self, out: Path, go: Path) -> None:
        asked = waiting("poll", out)
        asked.terminal.expect_exact("s left")
        go.write_text("error")
        assert asked.answer() == "'down'"

    def test_another_way_does_not_wait_for_the_poll(self, out: Path, go: Path) -> None:
        asked = waiting("poll", out)
        asked.terminal.expect_exact("s left")
        asked.terminal.send("?1")
        assert asked.answer() == "AnotherWay()"

    @pytest.mark.parametrize(("options", "term"), [(["plain"], "xterm"), ([], "dumb")])
    def test_a_plain_terminal_is_told_once(self, out: Path, options: list[str], term: str) -> None:
        asked = waiting("both", out, *options, TERM=term)
        asked.terminal.expect_exact(
            "Tap Yes (12 s left; ? for another way, or to have it sent again; ENTER when done)\r\n"
        )
        asked.terminal.send("?")
        asked.terminal.expect_exact(
            "Type 1 for another way, 2 to have it sent again, ENTER to go back.\r\n"
        )
        asked.terminal.send("1")
        assert asked.answer() == "AnotherWay()"
        assert asked.terminal.before == ""

    def test_the_same_wait_once_more_is_not_said_again(self, out: Path) -> None:
        asked = waiting("short,short,code,short", out, "plain")
        asked.terminal.expect_exact("Tap Yes (ENTER when done)\r\nMFA token: ")
        assert asked.terminal.before == ""
        asked.terminal.sendline("1")
        asked.terminal.expect_exact("Tap Yes (ENTER when done)")
        assert asked.answer() == "None"

    def test_what_was_typed_meanwhile_answers_no_question(self, out: Path) -> None:
        asked = waiting("one,code", out)
        asked.terminal.expect_exact("s left")
        asked.terminal.send("?" + "1" * 2000 + "\n")  # more than is read at a time
        asked.terminal.expect_exact("MFA token: ")
        asked.terminal.sendline("123456")
        assert asked.answer() == "'123456'"

    def test_what_was_typed_between_two_waits_counts(self, out: Path, go: Path) -> None:
        asked = waiting("pause,both", out)
        asked.terminal.expect_exact("pausing\r\n")
        asked.terminal.send("?2")
        asked.terminal.expect_exact("?2")  # the echo: the terminal has them
        go.write_text("go")
        assert asked.answer() == "Resend()"

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_signal_leaves_the_terminal_as_it_was(
        self, out: Path, go: Path, number: signal.Signals
    ) -> None:
        script = out.with_name("program.py")
        script.write_text(WAITING)
        shell = Shell()
        shell.run(f"{sys.executable} {script} poll {out} 2>/dev/null")
        shell.terminal.expect_exact("s left")
        if number == signal.SIGINT:
            shell.terminal.sendintr()
        else:
            shell.signal(number)
        shell.terminal.expect_exact(ERASED)
        shell.terminal.expect_exact("ready> ")
        shell.run("stty -a")
        assert shell.terminal.expect([" icanon", "-icanon"]) == 0
        assert shell.terminal.expect([" echo ", "-echo "]) == 0
        shell.terminal.close(force=True)

    def test_in_the_background_it_waits_and_reads_nothing(self, out: Path, go: Path) -> None:
        script = out.with_name("program.py")
        script.write_text(WAITING)
        shell = Shell()
        shell.run(f"{sys.executable} {script} poll {out} &")
        shell.terminal.expect_exact("Tap Yes · 120 s left")
        go.write_text("yes")
        shell.run("wait; echo o''ver")  # not to be found in its own echo
        shell.terminal.expect_exact("over\r\n")
        assert "status=200" in out.read_text()
        shell.terminal.close(force=True)

    def test_a_terminal_that_goes_away_does_not_end_it(self, out: Path, go: Path) -> None:
        asked = waiting("poll", out, "nohup")
        asked.terminal.expect_exact("s left")
        process = asked.terminal.ptyproc  # type: ignore[attr-defined]  # not in the stubs
        process.fileobj.close()
        go.write_text("yes")
        assert process.wait() == 0
        assert "status=200" in out.read_text()
        process.closed = asked.terminal.closed = True

    @pytest.mark.parametrize(
        ("steps", "said"), [("poll", "Tap Yes (120 s left)\n"), ("short", "Tap Yes\n")]
    )
    def test_without_a_terminal_it_just_waits(
        self, out: Path, go: Path, steps: str, said: str
    ) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", WAITING, steps, str(out)],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if steps == "poll":
            go.write_text("yes")
        assert process.communicate(timeout=30)[1] == said
        assert process.returncode == 0
        assert ("status=200" in out.read_text()) == (steps == "poll")
