"""What a logout removes, and what it leaves."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlauth.commands import logout
from samlauth.credentials import Credentials
from samlauth.effects import cache, files
from samlauth.effects.browser import profile as browser
from samlauth.effects.state import Identity, Issued, State, StateFile
from samlauth.errors import FileError, SettingsError, UsageError

NOW = datetime.now(UTC).replace(microsecond=0)
ADA = Identity("google", "C01", "12", "ada@example.com", "arn:aws:iam::111111111111:role/Admin")
ISSUED = Issued("ASIAOURS", ADA, NOW, NOW + timedelta(hours=12))

CREDENTIALS = """\
# mine
[other]
aws_access_key_id = AKIAOTHER

[sts]
aws_access_key_id = ASIAOURS
aws_secret_access_key = hunter2
aws_session_token = hunter3
aws_security_token = hunter3
aws_session_expiration = 2026-11-21T21:00:00+0000
cli_history = on

[two]
aws_access_key_id = ASIATWO
aws_secret_access_key = hunter4
"""

CONFIG = """\
[profile sts]
region = eu-west-1
samlauth.username = ada@example.com
samlauth.idp_id = C01
samlauth.sp_id = 12
"""


class Home:
    """A home folder with what samlauth keeps in it."""

    def __init__(self, folder: Path) -> None:
        self.aws = files.AWSFiles(folder / ".aws" / "config", folder / ".aws" / "credentials")
        self.memory = StateFile.beside(self.aws.config)
        self.aws.config.parent.mkdir()
        self.aws.config.write_text(CONFIG)
        self.aws.credentials.write_text(CREDENTIALS)
        self.aws.credentials.chmod(0o600)

    def issued(self, **profiles: Issued) -> None:
        self.memory.update(lambda _: State(profiles, recent=("a role",)))

    def cached(self, profile: str) -> Path:
        path = cache.path_beside(str(self.aws.config), profile)
        credentials = Credentials("ASIAOURS", "hunter2", "hunter3", ISSUED.expiration)
        cache.keep(path, str(self.aws.config), credentials, ISSUED)
        return Path(path)

    def browsed(self, owner: str) -> Path:
        with browser.held(os.environ, owner, print) as profile:
            (profile.folder / "Cookies").write_text("hunter5")
            return profile.folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in os.environ:
        if name.startswith(("AWS_", "SAMLAUTH_", "GOOGLE_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(tmp_path)


def log_out(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    logout.arguments(parser)
    return logout.run(parser.parse_args(arguments))


def test_all_that_a_login_left_is_removed(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.issued(sts=ISSUED, two=replace(ISSUED, access_key_id="ASIATWO"))
    cached, kept = home.cached("sts"), home.cached("two")
    folder = home.browsed("google C01 ada@example.com")
    others = home.browsed("google C01 bob@example.com")
    assert log_out("-p", "sts") == 0

    text = home.aws.credentials.read_text()
    assert text == CREDENTIALS.replace(
        CREDENTIALS[CREDENTIALS.index("aws_access_key_id = ASIAOURS") : CREDENTIALS.index("cli_")],
        "",
    )
    assert home.aws.config.read_text() == CONFIG
    assert list(home.memory.load().profiles) == ["two"]
    assert home.memory.load().recent == ("a role",)
    assert (cached.exists(), kept.exists()) == (False, True)
    assert (folder.exists(), others.exists()) == (False, True)
    said = capsys.readouterr()
    assert said.out == ""
    for removed in (str(home.aws.credentials), str(cached), str(folder)):
        assert removed in said.err
    assert f"until {ISSUED.expiration.astimezone():%Y-%m-%d %H:%M}" in said.err
    assert "hunter" not in said.err


def test_keys_of_somebody_else_stay_and_that_is_said(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.issued(sts=replace(ISSUED, access_key_id="ASIABEFORE"))
    assert log_out("-p", "sts") == 0
    assert home.aws.credentials.read_text() == CREDENTIALS
    assert home.memory.load().profiles == {}
    assert "(ASIAOURS…) are not of a login of samlauth, so they stay" in capsys.readouterr().err
    assert log_out("-p", "other") == 0
    assert home.aws.credentials.read_text() == CREDENTIALS
    assert "(AKIAOTHE…)" in capsys.readouterr().err


def test_nothing_to_forget_is_no_fault(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_out("-p", "new") == 0
    assert capsys.readouterr().err == "Nothing is stored for the profile new.\n"
    assert log_out("--all") == 0
    assert capsys.readouterr().err == "Nothing is stored.\n"
    assert not home.memory.path.exists()
    assert home.aws.credentials.read_text() == CREDENTIALS


def test_a_second_logout_finds_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.issued(sts=ISSUED)
    log_out()
    capsys.readouterr()
    assert log_out() == 0
    assert capsys.readouterr().err == "Nothing is stored for the profile sts.\n"


def test_the_records_of_sign_ins_go_with_all_of_them(home: Home) -> None:
    folder = home.aws.config.parent / "samlauth"
    paths = [folder / "failure", folder / "failure.html", folder / "flow" / "01-Password.html"]
    paths[-1].parent.mkdir(parents=True)
    for path in paths:
        path.write_text("…")
    assert log_out("-p", "sts") == 0
    assert all(path.exists() for path in paths)
    assert log_out("--all") == 0
    assert not any(path.exists() for path in paths)


def test_all_of_them(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.issued(
        sts=replace(ISSUED, expiration=NOW - timedelta(hours=1)),
        two=replace(ISSUED, access_key_id="ASIATWO"),
        gone=ISSUED,
    )
    home.cached("sts")
    left = home.cached("of a state that was lost")
    folders = [home.browsed("google C01 ada@example.com"), home.browsed("browser https://x bob")]
    assert log_out("--all") == 0
    text = home.aws.credentials.read_text()
    assert "ASIA" not in text
    assert "AKIAOTHER" in text
    assert home.memory.load() == State(recent=("a role",))
    assert list(left.parent.iterdir()) == []
    assert not any(folder.exists() for folder in folders)
    said = capsys.readouterr().err
    assert said.count("AWS takes a copy of them until") == 1


def test_quiet_says_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.issued(sts=ISSUED)
    assert log_out("-q") == 0
    assert log_out("-q") == 0
    assert capsys.readouterr().err == ""


def test_the_profile_may_come_from_the_environment(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.issued(sts=ISSUED, two=replace(ISSUED, access_key_id="ASIATWO"))
    monkeypatch.setenv("AWS_PROFILE", "two")
    log_out()
    assert list(home.memory.load().profiles) == ["sts"]


def test_the_browser_profile_is_found_by_the_user_who_signed_in(home: Home) -> None:
    home.aws.config.write_text(CONFIG.replace("samlauth.username = ada@example.com\n", ""))
    home.issued(sts=ISSUED)
    folder = home.browsed("google C01 ada@example.com")
    log_out()
    assert not folder.exists()


def test_settings_that_make_no_sense_do_not_keep_the_credentials(home: Home) -> None:
    home.aws.config.write_text(CONFIG + "samlauth.browser_mode = nonsense\n")
    home.issued(sts=ISSUED)
    assert log_out() == 0
    assert "ASIAOURS" not in home.aws.credentials.read_text()


def test_what_was_removed_is_said_before_what_could_not_be(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.issued(sts=ISSUED)
    folder = home.browsed("google C01 ada@example.com")
    with (
        browser.held(os.environ, "google C01 ada@example.com", print),
        pytest.raises(FileError, match="A browser is using"),
    ):
        log_out()
    assert "Removed the credentials of the profile sts" in capsys.readouterr().err
    assert folder.exists()


def test_what_a_killed_run_left_of_them_goes_too(home: Home) -> None:
    cached = home.cached("sts")
    left, other = (cached.with_name(f".{name}.samlauth-{'0' * 16}") for name in ("sts", "two"))
    for path in (left, other):
        path.write_text("hunter2")
    assert log_out("-q") == 0
    assert [path.exists() for path in (cached, left, other)] == [False, False, True]


def test_a_cache_file_that_stays_is_named(home: Home) -> None:
    path = Path(cache.path_beside(str(home.aws.config), "sts"))
    (path / "a folder").mkdir(parents=True)
    with pytest.raises(FileError, match="could not be removed") as caught:
        log_out()
    assert "holds credentials" in caught.value.hint


def test_without_a_home_folder_there_is_no_browser_profile(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.issued(sts=ISSUED)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.aws.config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(home.aws.credentials))
    monkeypatch.delenv("HOME")
    assert log_out() == 0
    assert "ASIAOURS" not in home.aws.credentials.read_text()


def test_one_and_all_cannot_both_be_meant() -> None:
    with pytest.raises(UsageError):
        log_out("--all", "-p", "sts")


def test_an_impossible_name_is_refused(home: Home) -> None:
    with pytest.raises(SettingsError, match="cannot be the name of a profile"):
        log_out("-p", "a]b")
