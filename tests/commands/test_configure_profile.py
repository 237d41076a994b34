"""``samlauth configure``, answered on a terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

SAMLAUTH = Path(sys.executable).parent / "samlauth"
GOOGLE = (
    ("Identity provider", ""),
    ("Google IDP ID", "C01abc"),
    ("Google SP ID", "000111000111"),
    ("Username", "ada@example.com"),
    ("AWS region", "eu-west-1"),
    ("Role", ""),
    ("keyring?", ""),
)
WRITTEN = """\
[profile x]
samlauth.idp = google
samlauth.idp_id = C01abc
samlauth.sp_id = 000111000111
samlauth.username = ada@example.com
region = eu-west-1
"""


class Home:
    def __init__(self, folder: Path) -> None:
        self.config = folder / ".aws" / "config"
        self.environ = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "TERM": "dumb"}

    def write(self, text: str) -> None:
        self.config.parent.mkdir()
        self.config.write_text(text)

    def configure(self, *answers: tuple[str, str], words: tuple[str, ...] = ("-p", "x")) -> str:
        """Answer each question; what was shown. The command has to end well."""
        run = pexpect.spawn(
            str(SAMLAUTH),
            ["configure", *words],
            env=self.environ,
            encoding="utf-8",
            timeout=30,
            dimensions=(50, 250),
        )
        shown = ""
        for question, answer in answers:
            run.expect_exact(question)
            shown += str(run.before) + question
            run.expect(r"[:\]] $")
            shown += str(run.before) + str(run.after)
            run.sendline(answer)
        run.expect(pexpect.EOF)
        run.close()
        shown += str(run.before)
        assert run.exitstatus == 0, shown
        return shown


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_what_was_answered_is_written(home: Home) -> None:
    shown = home.configure(*GOOGLE)
    assert home.config.read_text() == WRITTEN
    assert "Now sign in: samlauth -p x" in shown


def test_enter_keeps_everything_the_second_time(home: Home) -> None:
    home.configure(*GOOGLE)
    before = home.config.stat().st_mtime_ns, home.config.stat().st_ino
    shown = home.configure(*((question, "") for question, _ in GOOGLE))
    assert "Google IDP ID [C01abc]:" in shown
    assert "Username [ada@example.com]:" in shown
    assert "The profile x is as it was." in shown
    assert (home.config.stat().st_mtime_ns, home.config.stat().st_ino) == before


def test_other_keys_and_comments_stay_and_the_other_provider_is_named(home: Home) -> None:
    text = "# mine\n[profile x]\nsamlauth.idp_id = C9 \noutput = json\n\n[profile y]\n"
    home.write(text)
    home.configure(
        ("Identity provider", "ADFS"),
        ("ADFS host", "adfs.example.com"),
        ("Username", "ada"),
        ("AWS region", ""),
        ("Role", "Admin"),
        ("keyring?", "y"),
    )
    new = (
        "samlauth.idp = adfs\nsamlauth.adfs_host = adfs.example.com\nsamlauth.username = ada\n"
        "samlauth.role_arn = Admin\nsamlauth.keyring = true\n"
    )
    assert home.config.read_text() == text.replace("output = json\n", f"output = json\n{new}")


def test_what_makes_no_sense_is_asked_for_again(home: Home) -> None:
    shown = home.configure(
        ("Identity provider", "okta"),
        ("Identity provider", "browser"),
        ("URL where", "http://idp.example.com"),
        ("URL where", "https://idp.example.com/aws"),
        ("AWS region", "Ireland"),
        ("AWS region", "eu-west-1"),
        ("Role", "Admin\u00e9"),
        ("Role", ""),
        ("keyring?", "perhaps"),
        ("keyring?", "n"),
    )
    assert "There is no identity provider okta: it is not built in" in shown
    assert "No sign-in can begin at" in shown
    assert "not the name of a region. For example: eu-west-1" in shown
    assert "cannot be stored in an AWS file" in shown
    assert "Type y or n." in shown
    assert home.config.read_text() == (
        "[profile x]\nsamlauth.idp = browser\nsamlauth.url = https://idp.example.com/aws\n"
        "region = eu-west-1\nsamlauth.keyring = false\n"
    )


def test_the_address_of_the_app_is_both_ids(home: Home) -> None:
    address = "https://accounts.google.com/o/saml2/initsso?idpid=C01abc&spid=000111000111&forceauthn=false"
    home.configure(*GOOGLE[:1], ("Google IDP ID", address), *GOOGLE[3:])
    assert home.config.read_text() == WRITTEN


def test_a_role_is_removed_and_a_value_of_another_tool_is_kept_where_it_is(home: Home) -> None:
    home.write(
        "[profile x]\ngoogle_config.google_idp_id = C1\ngoogle_config.google_sp_id = 1\n"
        "google_config.google_username = ada\nsamlauth.role_arn = Admin\n"
    )
    answers = [(question, "") for question, _ in GOOGLE]
    answers[5] = ("Role [Admin]", "-")
    home.configure(*answers)
    assert home.config.read_text() == (
        "[profile x]\ngoogle_config.google_idp_id = C1\ngoogle_config.google_sp_id = 1\n"
        "google_config.google_username = ada\n"
    )


def test_the_environment_of_today_is_not_for_the_profile(home: Home) -> None:
    home.environ |= {"GOOGLE_USERNAME": "someone", "AWS_REGION": "us-east-1", "AWS_PROFILE": "x"}
    home.configure(*GOOGLE, words=())
    assert home.config.read_text() == WRITTEN


@pytest.mark.parametrize(
    ("text", "words", "code", "said"),
    [
        ("", [], 6, "no terminal to ask them on"),
        ("[profile x]\nsso_session = a\n", [], 3, "uses IAM Identity Center"),
        ("[profile x]\nrole_arn = a\nsource_profile = b\n", [], 3, "samlauth -p b"),
        ("", ["-p", "a]"], 3, "cannot be the name of a profile"),
        ("", ["word"], 2, "has to be told what to configure"),
    ],
)
def test_where_nothing_can_be_asked(
    text: str, words: list[str], code: int, said: str, home: Home
) -> None:
    home.write(text)
    done = subprocess.run(
        [SAMLAUTH, "configure", *(words or ["-p", "x"])],
        env=home.environ,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert home.config.read_text() == text
