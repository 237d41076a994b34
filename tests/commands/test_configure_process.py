"""Making a profile one that gets its credentials from samlauth."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.compat import compat_shell_split

from samlauth.commands import configure_process
from samlauth.credentials import Credentials
from samlauth.effects import cache, files
from samlauth.effects.state import Identity, Issued, State, StateFile
from samlauth.errors import SettingsError
from samlauth.profiles import served_by_us

NOW = datetime.now(UTC).replace(microsecond=0)
WHO = Identity("google", "C01", "12", "ada", "arn:aws:iam::111111111111:role/Admin")
ISSUED = Issued("ASIA1", WHO, NOW, NOW + timedelta(hours=1))

TEMPORARY = """\
# mine
[x]
aws_access_key_id = ASIA1
aws_secret_access_key = hunter2
aws_session_token = hunter3
aws_security_token = hunter3
aws_session_expiration = 2026-11-21T21:00:00+0000
cli_history = on
"""
LONG_LIVED = "[x]\naws_access_key_id = AKIA1\naws_secret_access_key = hunter2\n"
NONE = "# none\n"
CONFIG = "[profile x]\nregion = eu-west-1\n"


class Home:
    """AWS files, and a samlauth to be named in them."""

    def __init__(self, folder: Path) -> None:
        self.aws = files.AWSFiles(folder / ".aws" / "config", folder / ".aws" / "credentials")
        self.aws.config.parent.mkdir()
        self.write(CONFIG, NONE)
        self.program = folder / "my bin" / "samlauth"
        self.program.parent.mkdir()
        self.program.write_text("#!/bin/sh\n")
        self.program.chmod(0o755)

    def write(self, config: str, credentials: str) -> None:
        self.aws.config.write_text(config)
        self.aws.credentials.write_text(credentials)
        self.aws.credentials.chmod(0o600)
        for path in (self.aws.config, self.aws.credentials):
            os.utime(path, (1, 1))  # what was just written is looked at twice, and that takes time

    def texts(self) -> tuple[str, str]:
        return self.aws.config.read_text(), self.aws.credentials.read_text()

    def issued(self, issued: Issued) -> None:
        StateFile.beside(self.aws.config).update(lambda _: State({"x": issued}))

    @property
    def cached(self) -> object:
        return cache.held(cache.path_beside(str(self.aws.config), "x"))

    @property
    def line(self) -> str:
        return f'"{self.program}" credential-process -p x'

    def configure(self, *words: str) -> int:
        parser = argparse.ArgumentParser()
        configure_process.arguments(parser)
        return configure_process.run(parser.parse_args(["-p", "x", *words]))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in os.environ:
        if name.startswith(("AWS_", "SAMLAUTH_", "GOOGLE_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    home = Home(tmp_path)
    monkeypatch.setattr("sys.argv", [str(home.program), "configure"])
    return home


def test_the_line_is_written_and_all_else_stays(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home.configure() == 0
    assert home.texts() == (f"{CONFIG}credential_process = {home.line}\n", NONE)
    said = capsys.readouterr()
    assert said.out == ""
    assert "Now sign in: samlauth -p x" in said.err
    assert "Removed" not in said.err


def test_doing_it_again_changes_nothing(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    home.configure()
    before = home.texts()
    capsys.readouterr()
    assert home.configure() == 0
    assert home.texts() == before
    assert "Now sign in" not in capsys.readouterr().err


def test_a_samlauth_that_was_moved_is_named_anew(home: Home) -> None:
    home.write('[profile x]\ncredential_process = "/old/samlauth" credential-process -p x\n', NONE)
    home.configure()
    assert home.texts()[0] == f"[profile x]\ncredential_process = {home.line}\n"


def test_good_keys_of_ours_move_into_the_cache(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write(CONFIG, TEMPORARY)
    home.issued(ISSUED)
    home.configure()
    assert home.texts()[1] == "# mine\n[x]\ncli_history = on\n"
    held = (Credentials("ASIA1", "hunter2", "hunter3", ISSUED.expiration), ISSUED)
    assert home.cached == held
    assert cache.answer(["credential-process", "-p", "x"], {"HOME": os.environ["HOME"]})
    said = capsys.readouterr().err
    assert "Removed the keys ASIA1…" in said
    assert "hunter" not in said
    assert "Now sign in" not in said


@pytest.mark.parametrize(
    "issued",
    [
        replace(ISSUED, access_key_id="ASIA9"),
        replace(ISSUED, expiration=NOW - timedelta(seconds=1)),
        None,
    ],
)
def test_other_temporary_keys_only_go(issued: Issued | None, home: Home) -> None:
    home.write(CONFIG, TEMPORARY)
    if issued is not None:
        home.issued(issued)
    home.configure()
    assert home.texts()[1] == "# mine\n[x]\ncli_history = on\n"
    assert home.cached is None


@pytest.mark.parametrize("where", ["config", "credentials"])
def test_long_lived_keys_go_only_by_word(where: str, home: Home) -> None:
    if where == "config":
        home.write(LONG_LIVED.replace("[x]", "[profile x]"), NONE)
    else:
        home.write(CONFIG, LONG_LIVED)
    before = home.texts()
    with pytest.raises(SettingsError, match="long-lived keys") as refused:
        home.configure()
    assert "--overwrite-keys" in refused.value.hint
    assert home.texts() == before
    home.configure("--overwrite-keys")
    assert "AKIA1" not in "".join(home.texts())
    assert "hunter" not in "".join(home.texts())


PEERS = [
    "gsts --aws-profile x --idp-id C01",
    "/usr/local/bin/saml2aws login --credential-process",
    '"/opt/my tools/aws-adfs" login --stdout',
    "python3 -m aws_google_auth --print",
    r"C:\tools\saml2aws.exe login",
]


@pytest.mark.parametrize("old", PEERS)
def test_a_line_of_a_program_whose_place_we_take_is_replaced_and_said(
    old: str, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write(f"[profile x]\ncredential_process = {old}\n", NONE)
    home.configure()
    assert f"\ncredential_process = {home.line}\n" in home.texts()[0]
    assert f"Replaced credential_process = {old}"[:60] in capsys.readouterr().err


def test_the_settings_in_such_a_line_are_kept(home: Home) -> None:
    line = "gsts --idp-id=C01 --sp-id 12 --username ada --aws-region eu-west-1"
    home.write(f"[profile x]\nsamlauth.username = bob\ncredential_process = {line}\n", NONE)
    home.configure()
    text = home.texts()[0]
    assert f"samlauth.username = bob\ncredential_process = {home.line}\n" in text
    assert "samlauth.idp_id = C01\nsamlauth.sp_id = 12\n" in text
    assert text.count("username") == 1


@pytest.mark.parametrize(
    "old",
    [
        "aws-vault exec x --json",
        "/opt/gsts/other --now",
        "python3 -m other",
        '"/usr/bin/samlauth" credential-process -p y',
        "'unclosed",
    ],
)
@pytest.mark.parametrize("where", ["config", "credentials"])
def test_any_other_line_is_replaced_only_by_force(old: str, where: str, home: Home) -> None:
    if where == "config":
        home.write(f"[profile x]\ncredential_process = {old}\n", NONE)
    else:
        home.write(CONFIG, f"[x]\ncredential_process = {old}\n")
    before = home.texts()
    with pytest.raises(SettingsError, match="in another way") as refused:
        home.configure()
    assert "--force" in refused.value.hint
    assert home.texts() == before
    home.configure("--force")
    assert home.line in home.texts()[0]
    assert old not in "".join(home.texts())


@pytest.mark.parametrize(
    "key",
    [
        "role_arn = arn:aws:iam::1:role/x",
        "sso_session = x",
        "web_identity_token_file = x",
        "login_session = x",
    ],
)
def test_a_profile_that_would_ignore_it_is_refused(key: str, home: Home) -> None:
    home.write(f"[profile x]\n{key}\n", NONE)
    before = home.texts()
    with pytest.raises(SettingsError):
        home.configure("--force", "--overwrite-keys")
    assert home.texts() == before


@pytest.mark.parametrize("profile", ["x", "a b", "a=b,c%d", "user@host/x:y+z", "-x", "123"])
@pytest.mark.parametrize(
    "folder", ["bin", "my bin", "it's", "a$HOME", "a`id`b", 'a"b', "a\\b", "(x) & <y>", "%PATH% !"]
)
def test_a_shell_botocore_and_we_read_the_line_alike(
    profile: str, folder: str, tmp_path: Path
) -> None:
    program = tmp_path / folder / "samlauth"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s\\0" "$0" "$@"\n')
    program.chmod(0o755)
    line = configure_process.line(profile, program)
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=True, timeout=60)
    words = done.stdout.decode().split("\0")[:-1]
    assert words[:2] == [str(program), "credential-process"]
    assert words[2:] in ([f"--profile={profile}"], ["-p", profile])
    assert compat_shell_split(line) == words
    assert shlex.split(line) == words
    assert served_by_us({"credential_process": line}) == profile


@pytest.mark.parametrize("folder", ["""it's "both\"""", "a #b", "a ;b"])
def test_a_path_that_is_read_in_two_ways_is_refused(folder: str) -> None:
    with pytest.raises(SettingsError, match="samlauth"):
        configure_process.line("x", Path("/", folder, "samlauth"))


def test_which_samlauth_is_named(tmp_path: Path) -> None:
    def made(folder: str) -> Path:
        path = tmp_path / folder / "samlauth"
        path.parent.mkdir()
        path.write_text("")
        path.chmod(0o755)
        return path

    real, beside, on_path = made("real"), made("venv"), made("path")
    link = tmp_path / "links" / "samlauth"
    link.parent.mkdir()
    link.symlink_to(real)
    python, path = str(beside.with_name("python")), str(on_path.parent)
    assert configure_process.command(str(link), python, path) == link
    assert configure_process.command("/x/samlauth/__main__.py", python, path) == beside
    beside.unlink()
    assert configure_process.command("-c", python, path) == on_path
    with pytest.raises(SettingsError):
        configure_process.command("-c", python, str(tmp_path))


def test_the_path_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "samlauth").write_text("")
    (tmp_path / "samlauth").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert configure_process.command("./samlauth", "/nowhere/python", "") == tmp_path / "samlauth"
