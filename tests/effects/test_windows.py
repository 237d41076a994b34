"""What is done otherwise on Windows, on a Linux that denies what Windows does not have."""

from __future__ import annotations

import errno
import io
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from samlauth.effects import cache, console, cores, descriptors, secrets, shared
from samlauth.effects.command import NOT_FOUND, find
from samlauth.effects.console import Console
from samlauth.effects.files import AWSFiles, locate, locked, write_private
from samlauth.errors import FileError, SamlauthError
from tests.effects.windows import BINARY, UNIX_FLAGS, Windows, loaded, pretend

KEYS = {"aws_access_key_id": "ASIA1", "aws_secret_access_key": "s", "aws_session_token": "t"}
BEFORE = b"# mine\n[other]\naws_access_key_id = AKIA\n"


@pytest.fixture
def aws(tmp_path: Path) -> AWSFiles:
    files = AWSFiles(tmp_path / ".aws" / "config", tmp_path / ".aws" / "credentials")
    files.config.parent.mkdir()
    files.credentials.write_bytes(BEFORE)
    files.credentials.chmod(0o600)
    os.utime(files.credentials, (0, 0))
    return files


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    return pretend(monkeypatch)


def left(files: AWSFiles) -> set[str]:
    return {path.name for path in files.config.parent.iterdir()}


# The AWS files


def test_the_files_are_written_and_read(aws: AWSFiles, windows: Windows) -> None:
    written = aws.write({"sts": {"region": "eu-west-1"}}, {"sts": KEYS})
    assert (written.files, written.notices) == ((aws.config, aws.credentials), ())
    assert aws.read_config("sts") == {"region": "eu-west-1"}
    assert aws.read_credentials("sts") == KEYS
    assert aws.credentials.read_bytes().startswith(BEFORE)
    assert left(aws) == {"config", "config.lock", "credentials", "credentials.lock"}
    assert windows.refused == 0


def test_what_says_so_already_is_left_alone(aws: AWSFiles, windows: Windows) -> None:
    aws.write({"sts": {"region": "eu-west-1"}}, {"sts": KEYS})
    assert aws.write({"sts": {"region": "eu-west-1"}}, {"sts": KEYS}).files == ()


def test_a_full_disk_leaves_the_old_file(
    aws: AWSFiles, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(FileError, match="No space left"):
        aws.write({}, {"sts": KEYS})
    assert aws.credentials.read_bytes() == BEFORE


def test_who_has_the_file_open_is_waited_for(aws: AWSFiles, windows: Windows) -> None:
    theirs = os.open(aws.credentials, os.O_RDONLY)

    def end() -> None:
        if windows.refused == 3:
            os.close(theirs)

    windows.when_refused = end
    assert aws.write({}, {"sts": KEYS}).notices == ()
    assert aws.read_credentials("sts") == KEYS
    assert windows.refused == 3


def test_a_file_that_stays_open_is_written_in_place(
    aws: AWSFiles, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptors, "_TAKEN_SECONDS", 0.02)
    theirs = os.open(aws.credentials, os.O_RDONLY)
    written = aws.write({}, {"sts": KEYS})
    assert os.read(theirs, 10_000) == aws.credentials.read_bytes()
    os.close(theirs)
    [notice] = written.notices
    assert "was written in place" in notice
    assert aws.read_credentials("sts") == KEYS
    assert aws.read_credentials("other") == {"aws_access_key_id": "AKIA"}
    assert left(aws) == {"credentials", "credentials.lock"}


def test_a_file_that_becomes_shorter_in_place_has_no_rest(
    aws: AWSFiles, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptors, "_TAKEN_SECONDS", 0.0)
    theirs = os.open(aws.credentials, os.O_RDONLY)
    aws.write({}, {"other": {"aws_access_key_id": None}})
    os.close(theirs)
    assert b"AKIA" not in aws.credentials.read_bytes()
    assert aws.credentials.read_bytes().startswith(b"# mine\n[other]\n")


def test_a_change_before_it_is_replaced_is_not_lost(
    aws: AWSFiles, windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.fsync
    done: list[int] = []

    def change_once(fd: int) -> None:
        if not done:
            done.append(fd)
            aws.credentials.write_bytes(BEFORE + b"[theirs]\na = 1\n")
        really(fd)

    monkeypatch.setattr(os, "fsync", change_once)
    aws.write({}, {"sts": KEYS})
    assert aws.read_credentials("theirs") == {"a": "1"}
    assert aws.read_credentials("sts") == KEYS


def test_a_file_of_our_own_is_written_under_its_lock(tmp_path: Path, windows: Windows) -> None:
    path = tmp_path / "samlauth" / "state"
    with locked(path):
        write_private(path, b"one")
        write_private(path, b"two")
    assert path.read_bytes() == b"two"


def test_bytes_stay_as_they_are(monkeypatch: pytest.MonkeyPatch, windows: Windows) -> None:
    for name in UNIX_FLAGS:
        monkeypatch.delattr(os, name)
    monkeypatch.setattr(os, "O_BINARY", BINARY, raising=False)
    there = loaded(descriptors)
    flags = (there.READ, there.READ_ITSELF, there.UPDATE_ITSELF, there.CREATE)
    assert all(flag & BINARY for flag in (*flags, loaded(cache)._OPENED))
    assert there.CREATE & os.O_EXCL


@pytest.mark.parametrize(
    ("environ", "home"),
    [
        ({"USERPROFILE": "/users/ada", "HOME": "/c/msys"}, "/users/ada"),
        ({"HOMEDRIVE": "/net", "HOMEPATH": "/ada", "HOME": "/c/msys"}, "/net/ada"),
    ],
)
def test_the_home_folder_is_the_profile(
    environ: dict[str, str], home: str, windows: Windows
) -> None:
    assert locate(environ).credentials == Path(home, ".aws", "credentials")


def test_no_home_folder_says_what_to_set(windows: Windows) -> None:
    with pytest.raises(FileError) as error:
        locate({"HOME": "/c/msys"})
    assert error.value.hint.startswith("Set USERPROFILE")


def test_percent_signs_are_variables(windows: Windows) -> None:
    environ = {"USERPROFILE": "/u", "DATA": "/d", "AWS_CONFIG_FILE": "%DATA%/aws/%NONE%"}
    assert locate(environ).config == Path("/d/aws/%NONE%")


def test_percent_signs_are_no_variables_elsewhere() -> None:
    environ = {"HOME": "/u", "DATA": "/d", "AWS_CONFIG_FILE": "%DATA%/aws"}
    assert locate(environ).config == Path("%DATA%/aws")


# Whose a file is


def test_nothing_is_said_of_modes(tmp_path: Path, windows: Windows) -> None:
    path = tmp_path / "cache"
    path.write_bytes(b"samlauth cache 1\n1\nread\n2\n{}\n{}\n")
    path.chmod(0o666)
    assert cache.load(str(path)) == (1, b"read", b"{}", b"{}\n")
    secrets._require_secret(path, os.stat_result((stat.S_IFREG | 0o666, *[0] * 9)))
    cores.leave_none()
    cores.as_before()


@pytest.mark.parametrize(
    ("platform", "environ", "where"),
    [
        ("win32", {"PROGRAMDATA": "/data"}, "/data/samlauth/config"),
        ("darwin", {}, "/Library/Application Support/samlauth/config"),
        ("linux", {}, "/etc/samlauth/config"),
        ("win32", {"SAMLAUTH_CONFIG": "/mine"}, "/mine"),
    ],
)
def test_where_the_shared_file_is(
    platform: str, environ: dict[str, str], where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert cache.shared_path(environ) == where


def test_a_shared_file_that_nobody_owns_names_no_program(tmp_path: Path, windows: Windows) -> None:
    path = tmp_path / "config"
    path.write_text("[samlauth]\nidp_id = C01abc\npassword_command = theirs\n")
    path.chmod(0o666)
    [part], [said] = shared.shared({"SAMLAUTH_CONFIG": str(path)}, "sts")
    assert dict(part.keys) == {"idp_id": "C01abc"}
    assert said.startswith("password_command in [samlauth]")


# The terminal


class Keys:
    """What ``msvcrt`` has for a keyboard on which these keys were pressed."""

    def __init__(self, pressed: str) -> None:
        self.pressed = list(pressed)

    def kbhit(self) -> bool:
        return bool(self.pressed)

    def getwch(self) -> str:
        return self.pressed.pop(0)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch, windows: Windows) -> Iterator[SimpleNamespace]:
    """The console's module on Windows, and what the person types."""

    def typed(pressed: str) -> None:
        monkeypatch.setitem(sys.modules, "msvcrt", Keys(pressed))

    yield SimpleNamespace(module=loaded(console), typed=typed)


def reads(there: SimpleNamespace, pressed: str, times: int) -> list[str]:
    there.typed(pressed)
    with there.module.Console(io.StringIO(), io.StringIO()).keys() as read:
        return [read(0.0) for _ in range(times)]


def test_keys_are_read_one_by_one(there: SimpleNamespace) -> None:
    assert reads(there, "?n", 3) == ["?", "n", ""]


@pytest.mark.parametrize("first", ["\x00", "\xe0"])
def test_a_function_key_is_no_key(first: str, there: SimpleNamespace) -> None:
    assert reads(there, f"{first}Hq", 3) == ["", "q", ""]


def test_ctrl_c_is_no_key_either(there: SimpleNamespace) -> None:
    with pytest.raises(KeyboardInterrupt):
        reads(there, "\x03", 1)


def test_questions_are_asked_on_the_console(
    there: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("CONIN$").write_text("ada\n")
    with there.module.Console.open() as opened:
        assert opened.line("Username: ") == "ada"
    assert Path("CONOUT$").read_text() == "Username: "


def test_without_a_console_nothing_is_opened(
    there: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="CONIN"):
        there.module.Console.open()


def test_a_response_is_pasted_as_a_secret(
    there: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def getpass(prompt: str) -> str:
        asked.append(prompt)
        return "PHNhbWw+"

    monkeypatch.setattr(there.module, "getpass", getpass)
    opened = there.module.Console(io.StringIO(), io.StringIO())
    assert opened.pasted("SAMLResponse: ") == "PHNhbWw+"
    assert asked == ["SAMLResponse: "]
    assert not hasattr(there.module, "_Paste")
    assert hasattr(Console, "pasted")


# Commands


def test_a_command_is_looked_up_as_the_system_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr(os, "name", "nt")
    assert find("tool", {"PATH": str(tmp_path)}) == str(program)
    with pytest.raises(SamlauthError) as error:
        find("none", {"PATH": str(tmp_path)})
    assert error.value.exit_code == NOT_FOUND
