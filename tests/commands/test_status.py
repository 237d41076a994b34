"""What status tells of the files, and what it keeps quiet about."""

from __future__ import annotations

import argparse
import json
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samlauth.commands import status
from samlauth.credentials import Credentials
from samlauth.effects import cache, files
from samlauth.effects.state import Identity, Issued, State, StateFile
from samlauth.errors import SettingsError, UsageError
from samlauth.sts import SessionPolicies

NOW = datetime.now(UTC).replace(microsecond=0)
ADMIN = "arn:aws:iam::111111111111:role/Admin"
WHO = Identity("google", "C01", "12", "ada@example.com", ADMIN)
PLAIN = Issued("ASIA1", WHO, NOW, NOW + timedelta(hours=2, seconds=30))
HELD_TO = SessionPolicies('{"Version":"2012-10-17"}', ("arn:aws:iam::aws:policy/Some",), True)
PROCESS = Issued(
    "ASIA2", replace(WHO, policies=str(HELD_TO)), NOW, NOW + timedelta(minutes=20, seconds=30)
)

CONFIG = """\
[profile plain]
[profile process]
credential_process = "/usr/bin/samlauth" credential-process -p process
"""
CREDENTIALS = """\
[plain]
aws_access_key_id = ASIA1
aws_secret_access_key = hunter2
aws_session_token = hunter3
"""


class Home:
    def __init__(self, folder: Path) -> None:
        self.aws = files.AWSFiles(folder / ".aws" / "config", folder / ".aws" / "credentials")
        self.aws.config.parent.mkdir()
        self.aws.config.write_text(CONFIG)
        self.aws.credentials.write_text(CREDENTIALS)

    def issued(self, **profiles: Issued) -> None:
        StateFile.beside(self.aws.config).update(lambda _: State(profiles))

    def cached(self, profile: str, issued: Issued) -> Path:
        path = cache.path_beside(str(self.aws.config), profile)
        credentials = Credentials(issued.access_key_id, "hunter4", "hunter5", issued.expiration)
        cache.keep(path, str(self.aws.config), credentials, issued)
        return Path(path)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in os.environ:
        if name.startswith(("AWS_", "SAMLAUTH_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    return Home(tmp_path)


def show(*words: str) -> int:
    parser = argparse.ArgumentParser()
    status.arguments(parser)
    return status.run(parser.parse_args(words))


def test_every_profile_with_credentials_of_ours(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.issued(plain=PLAIN, gone=PLAIN)
    kept = home.cached("process", PROCESS)
    assert show() == 0
    said = capsys.readouterr()
    rows = [re.split(r" {2,}", line) for line in said.out.splitlines()]
    who = "ada@example.com at google"
    assert [(row[0], *row[2:]) for row in rows] == [
        ("plain", ADMIN, who, str(home.aws.credentials)),
        ("process", f"{ADMIN} (read-only, Some, a policy of yours)", who, str(kept)),
    ]
    assert all(re.fullmatch(r"(\d h )?\d+ min|\d h", row[1]) for row in rows)
    assert "hunter" not in said.out + said.err
    assert "gone" not in said.out


def test_as_json(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.issued(plain=PLAIN)
    kept = home.cached("process", PROCESS)
    assert show("--json") == 0
    plain, process = json.loads(capsys.readouterr().out)
    assert plain["seconds_left"] in range(6000, 7231)
    del plain["seconds_left"]
    assert plain == {
        "profile": "plain",
        "role_arn": ADMIN,
        "policies": None,
        "expiration": f"{PLAIN.expiration:%Y-%m-%dT%H:%M:%SZ}",
        "expired": False,
        "source": "credentials file",
        "file": str(home.aws.credentials),
        "idp": "google",
        "username": "ada@example.com",
    }
    assert (process["source"], process["file"]) == ("cache", str(kept))
    assert process["policies"] == {
        "policy": {"Version": "2012-10-17"},
        "policy_arns": ["arn:aws:iam::aws:policy/Some"],
        "read_only": True,
    }


def test_what_is_over_is_said_to_be(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.issued(plain=replace(PLAIN, expiration=NOW - timedelta(days=1)))
    assert show("-p", "plain") == 0
    assert "  expired  " in capsys.readouterr().out
    show("--json")
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["expired"], row["seconds_left"]) == (True, 0)


def test_keys_of_somebody_else_are_not_told_as_ours(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.issued(plain=replace(PLAIN, access_key_id="ASIA9"))
    assert show("-p", "plain") == status.NOTHING == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "Nothing is stored for the profile plain.\n"


def test_nothing_at_all_is_no_error(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    assert show() == 0
    assert capsys.readouterr() == ("", "Nothing is stored. To begin: samlauth configure -p NAME\n")
    assert show("--json") == 0
    assert capsys.readouterr().out == "[]\n"


def test_a_cache_file_that_is_not_believed_is_said(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = home.cached("process", PROCESS)
    kept.chmod(0o644)
    assert show("-p", "process") == 3
    assert f"Passing over {kept}: others can read or write it." in capsys.readouterr().err


def test_credentials_that_nothing_uses_any_more_are_said(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = home.cached("plain", PROCESS)
    home.issued(plain=PLAIN)
    assert show() == 0
    said = capsys.readouterr()
    assert str(kept) in said.err
    assert "samlauth logout" in said.err
    assert str(kept) not in said.out


def test_an_impossible_name_is_refused(home: Home) -> None:
    with pytest.raises(SettingsError):
        show("-p", "a]\n[b")
    with pytest.raises(UsageError):
        show("--short", "--json")


def test_names_of_files_that_are_no_profiles_are_passed_over(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = home.cached("process", PROCESS)
    kept.with_name("a%0Ab").write_bytes(b"x")
    kept.with_name(".process.tmp").write_bytes(b"x")
    assert show() == 0
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 1
    assert said.err == ""


@pytest.mark.parametrize(
    ("left", "shown"),
    [(timedelta(hours=2), "2 h"), (timedelta(seconds=59), "59 s"), (timedelta(0), "expired")],
)
def test_how_long_it_lasts(left: timedelta, shown: str) -> None:
    row = status.Row("plain", PLAIN, "credentials file", Path("x"))
    (line,) = status.as_table([row], PLAIN.expiration - left)
    assert line.startswith(f"plain  {shown}  arn:")


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        (replace(WHO, username=""), "at google"),
        (Identity("assertion", "", "", "", ADMIN), "a SAML response you gave"),
        (replace(WHO, username="a\x1b[31mb"), r"a\x1b[31mb at google"),
    ],
)
def test_who_it_is(who: Identity, shown: str, home: Home) -> None:
    row = status.Row("plain", replace(PLAIN, identity=who), "credentials file", Path("x"))
    (line,) = status.as_table([row], NOW)
    assert f"  {shown}  x" in line
