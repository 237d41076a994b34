"""The AWS files on a real disk. Faults of the system are made at ``os``; the rest is real."""

from __future__ import annotations

import errno
import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, NoReturn

import pytest
from filelock import FileLock

from samlauth.effects.files import (
    AWSFiles,
    Written,
    locate,
    locked,
    locks,
    replacement,
    settling,
    write_private,
)
from samlauth.effects.files.replacement import Target
from samlauth.errors import FileError, SettingsError
from tests.faults import accounts
from tests.faults.syscalls import ROOT

KEYS = {"aws_access_key_id": "ASIA1", "aws_secret_access_key": "s", "aws_session_token": "t"}
STEADY = (0, 0)
"""Times of a file nobody has touched for long."""


@pytest.fixture
def aws(tmp_path: Path) -> AWSFiles:
    """Where the files would be; nothing is there yet."""
    return AWSFiles(tmp_path / ".aws" / "config", tmp_path / ".aws" / "credentials")


@pytest.fixture
def kept(tmp_path: Path) -> AWSFiles:
    """Files of somebody who has used them before."""
    return accounts.make(tmp_path / ".aws")


@contextmanager
def umask(mask: int) -> Iterator[None]:
    old = os.umask(mask)
    try:
        yield
    finally:
        os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def set_mode(forced: int, fd: int, _: int) -> None:
    """A file system that has one mode for all files."""
    os.chmod(fd, forced)


def failing(number: int) -> Callable[..., NoReturn]:
    """A system call that fails with this error."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


def opening(monkeypatch: pytest.MonkeyPatch, flag: int, number: int) -> None:
    """Let every open with ``flag`` fail."""
    really = os.open

    def fake(path: Any, flags: int, *rest: Any, **named: Any) -> int:  # noqa: ANN401 - as os.open
        if flags & flag == flag:
            raise OSError(number, os.strerror(number))
        return really(path, flags, *rest, **named)

    monkeypatch.setattr(os, "open", fake)


# Where they are


def test_the_files_are_in_the_home_folder() -> None:
    assert locate({"HOME": "/home/ada"}) == AWSFiles(
        Path("/home/ada/.aws/config"), Path("/home/ada/.aws/credentials")
    )


def test_the_environment_names_other_files_as_botocore_reads_it() -> None:
    found = locate(
        {
            "HOME": "/home/ada",
            "WORK": "job",
            "AWS_CONFIG_FILE": "~/${WORK}/$NONE/c",
            "AWS_SHARED_CREDENTIALS_FILE": "$WORK/k",
        }
    )
    assert found == AWSFiles(Path("/home/ada/job/$NONE/c"), Path("job/k"))
    root = pwd.getpwuid(0)
    assert locate({"AWS_CONFIG_FILE": f"~{root.pw_name}/c", "HOME": "/x"}).config == Path(
        root.pw_dir, "c"
    )
    assert locate({"AWS_CONFIG_FILE": "~", "HOME": "/x"}).config == Path("/x")
    assert locate({"AWS_CONFIG_FILE": "~no-such-user/c", "HOME": "/x"}).config == Path(
        "~no-such-user/c"
    )


def test_without_home_the_system_knows_the_home_folder() -> None:
    assert locate({}).config == Path(pwd.getpwuid(os.getuid()).pw_dir, ".aws/config")


def test_a_user_without_a_home_folder_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_: int) -> NoReturn:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    with pytest.raises(FileError) as caught:
        locate({})
    assert "HOME" in caught.value.hint
    both = {"AWS_CONFIG_FILE": "/c", "AWS_SHARED_CREDENTIALS_FILE": "/k"}
    assert locate(both) == AWSFiles(Path("/c"), Path("/k"))


# Reading


def test_what_is_not_there_reads_as_nothing(aws: AWSFiles) -> None:
    assert aws.read_config("sts") == {}
    assert aws.read_credentials("sts") == {}
    nowhere = AWSFiles(Path(os.devnull), Path(os.devnull))
    assert nowhere.read_config("sts") == nowhere.read_credentials("sts") == {}


def test_each_file_has_its_own_name_for_a_profile(aws: AWSFiles) -> None:
    for name in ("default", "sts", "a b"):
        aws.write({name: {"region": name}}, {name: KEYS})
        assert aws.read_config(name) == {"region": name}
        assert aws.read_each([name, "gone"]) == {name: ({"region": name}, KEYS), "gone": ({}, {})}
        assert aws.read_credentials(name) == KEYS
    assert "[profile sts]" in aws.config.read_text()
    assert "[sts]" in aws.credentials.read_text()


def test_a_default_profile_that_has_the_long_name_keeps_it(aws: AWSFiles) -> None:
    aws.config.parent.mkdir()
    aws.config.write_text("[profile default]\nregion = a\n")
    aws.write({"default": {"region": "b"}}, {})
    assert aws.config.read_text() == "[profile default]\nregion = b\n"
    assert aws.read_config("default") == {"region": "b"}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    aws = AWSFiles(tmp_path, tmp_path / "file" / "credentials")
    with pytest.raises(FileError, match="could not be read: Is a directory") as caught:
        aws.read_config("sts")
    assert str(aws.config) in caught.value.message
    with pytest.raises(FileError, match="could not be read: Not a directory"):
        aws.read_credentials("sts")


def test_no_such_name_is_looked_for_or_written(aws: AWSFiles) -> None:
    for work in (
        lambda: aws.read_config("a]"),
        lambda: aws.read_credentials("a]"),
        lambda: aws.write({"a]": {}}, {}),
        lambda: aws.write({}, {"a]": {}}),
    ):
        with pytest.raises(SettingsError):
            work()


# Writing


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_what_is_made_is_closed_to_others(mask: int, aws: AWSFiles) -> None:
    with umask(mask):
        written = aws.write({"sts": {"region": "eu-west-1"}}, {"sts": KEYS})
    assert written == Written((aws.config, aws.credentials))
    assert mode(aws.config.parent) == 0o700
    assert {mode(path) for path in aws.config.parent.iterdir()} == {0o600}
    assert {path.name for path in aws.config.parent.iterdir()} == {
        *("config", "config.lock", "credentials", "credentials.lock")
    }


def test_nothing_is_written_when_nothing_changes(kept: AWSFiles) -> None:
    changes: tuple[dict[str, dict[str, str | None]], ...] = (
        {"sts": {"region": "us-east-1", "none": None}, "other": {"none": None}},
        {"sts": {"aws_access_key_id": "ASIAOLD"}},
    )

    def touched() -> list[tuple[int, int]]:
        found = [path.stat() for path in (kept.config, kept.credentials)]
        return [(status.st_ino, status.st_ctime_ns) for status in found]

    before = touched()
    assert kept.write(*changes) == Written()
    assert touched() == before


def test_a_file_without_changes_is_left_alone(aws: AWSFiles) -> None:
    assert aws.write({}, {"sts": KEYS}) == Written((aws.credentials,))
    assert not aws.config.exists()
    assert not aws.config.with_name("config.lock").exists()


def test_to_remove_what_is_not_there_makes_nothing(aws: AWSFiles) -> None:
    assert aws.write({"sts": {"region": None}}, {"sts": {"a": None}}) == Written()
    assert not aws.config.parent.exists()


def test_what_must_not_be_stored_is_refused_before_any_file_is_written(kept: AWSFiles) -> None:
    before = accounts.contents(kept)
    with pytest.raises(SettingsError):
        kept.write({"sts": {"region": "new"}}, {"sts": {"aws_session_token": "a\nb"}})
    assert accounts.contents(kept) == before


def test_a_link_stays_and_what_it_leads_to_is_replaced(kept: AWSFiles, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / ".aws").symlink_to(kept.config.parent)
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir(0o700)
    kept.credentials.rename(dotfiles / "aws-credentials")
    kept.credentials.symlink_to(dotfiles / "aws-credentials")
    linked = AWSFiles(home / ".aws" / "config", home / ".aws" / "credentials")
    assert linked.write({}, {"sts": KEYS}).files == (linked.credentials,)
    assert kept.credentials.is_symlink()
    assert linked.read_credentials("sts") == KEYS
    assert {path.name for path in dotfiles.iterdir()} == {"aws-credentials", "aws-credentials.lock"}


def test_a_link_that_leads_nowhere_is_followed_too(aws: AWSFiles, tmp_path: Path) -> None:
    aws.credentials.parent.mkdir()
    aws.credentials.symlink_to(tmp_path / "later" / "credentials")
    aws.write({}, {"sts": KEYS})
    assert aws.credentials.is_symlink()
    assert mode(tmp_path / "later") == 0o700
    assert aws.read_credentials("sts") == KEYS


def test_a_link_that_comes_in_between_is_not_followed(kept: AWSFiles, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine\n")

    def swap(data: bytes) -> bytes:
        kept.config.unlink()
        kept.config.symlink_to(victim)
        return data + b"# new\n"

    with pytest.raises(FileError, match="symbolic links"):
        Target(kept.config, swap).write()
    assert victim.read_text() == "mine\n"


def test_the_mode_is_kept_but_secrets_are_closed(kept: AWSFiles) -> None:
    kept.config.chmod(0o644)
    kept.credentials.chmod(0o640)
    written = kept.write({"sts": {"region": "new"}}, {"sts": KEYS})
    assert (mode(kept.config), mode(kept.credentials)) == (0o644, 0o600)
    assert written.notices == (f"{kept.credentials} was open to others (mode 640); it is 600 now.",)
    kept.credentials.chmod(0o644)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fchmod", partial(set_mode, 0o644))
        assert kept.write({}, {"sts": {"a": "0"}}).notices == ()  # it could not be closed
    kept.credentials.chmod(0o400)
    assert kept.write({}, {"sts": {"a": "1"}}).notices == ()
    assert mode(kept.credentials) == 0o400


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away; see the next test")
def test_root_gives_new_files_to_the_owner_of_the_folder_and_keeps_old_owners(
    tmp_path: Path,
) -> None:
    os.chown(tmp_path, 1234, 2345)
    aws = AWSFiles(tmp_path / "new" / "config", tmp_path / "old")
    aws.credentials.touch()
    os.chown(aws.credentials, 4321, 5432)
    os.utime(aws.credentials, STEADY)
    aws.write({"sts": {"region": "r"}}, {"sts": KEYS})
    owners = {path.relative_to(tmp_path).as_posix(): path.stat() for path in tmp_path.rglob("*")}
    assert {name: (found.st_uid, found.st_gid) for name, found in owners.items()} == {
        "new": (1234, 2345),
        "new/config": (1234, 2345),
        "new/config.lock": (1234, 2345),
        "old": (4321, 5432),
        "old.lock": (1234, 2345),
    }


@pytest.mark.parametrize("user", [0, 1234])
def test_only_root_gives_away_what_it_makes(
    user: int, aws: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(os, "chown", lambda _, *owner: given.append(owner))
    aws.write({}, {"sts": KEYS})
    above = aws.config.parent.parent.stat()
    assert len(given) == 3  # the folder, the lock and the file
    assert set(given) == {(above.st_uid, above.st_gid) if user == 0 else (-1, -1)}


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_not_written(kind: str, kept: AWSFiles) -> None:
    kept.credentials.unlink()
    if kind == "folder":
        kept.credentials.mkdir()
    else:
        os.mkfifo(kept.credentials)
    with pytest.raises(FileError, match="not a regular file") as caught:
        kept.write({"sts": {"region": "new"}}, {"sts": KEYS})
    assert caught.value.message.startswith(f"{kept.credentials} could not be written: ")
    assert caught.value.message.endswith(f"{kept.config} was written before that.")
    assert "--print-creds" in caught.value.hint
    assert kept.read_config("sts") == {"region": "new"}


def test_a_file_that_cannot_be_edited_is_named_with_the_line(kept: AWSFiles) -> None:
    kept.credentials.write_text("[sts]\n[sts]\n")
    with pytest.raises(FileError) as caught:
        kept.write({}, {"sts": KEYS})
    assert caught.value.message.startswith(f"{kept.credentials}, line 2: ")
    assert kept.credentials.read_text() == "[sts]\n[sts]\n"


def test_one_file_for_both_holds_both(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    aws = AWSFiles(tmp_path / "link", tmp_path / "file")
    assert aws.write({"sts": {"region": "r"}}, {"sts": KEYS}).files == (aws.credentials,)
    assert aws.read_config("sts") == {"region": "r"}
    assert aws.read_credentials("sts") == KEYS
    assert mode(aws.credentials) == 0o600


def test_a_byte_order_mark_is_kept_and_told(kept: AWSFiles) -> None:
    kept.config.write_bytes(b"\xef\xbb\xbf[profile sts]\nregion = a\n")
    written = kept.write({"sts": {"region": "b"}}, {})
    assert kept.config.read_bytes() == b"\xef\xbb\xbf[profile sts]\nregion = b\n"
    assert "byte order mark" in written.notices[0]


def test_any_locale_keeps_all_bytes(kept: AWSFiles) -> None:
    odd = b"# caf\xe9 \xc3\xa9 \xff\r\n[b\xc3\xbcro]\r\nname = \xe9\r\n"
    kept.credentials.write_bytes(odd)
    program = (
        "import sys; from pathlib import Path; from samlauth.effects.files import AWSFiles\n"
        "files = AWSFiles(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "files.write({}, {'sts': {'a': '1'}}); print(files.read_credentials('sts'))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, kept.config, kept.credentials],
        env={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("{'a': '1'}\n", "")
    assert kept.credentials.read_bytes() == odd + b"\r\n[sts]\r\na = 1\r\n"


def test_what_writes_and_locks_is_loaded_only_to_write(kept: AWSFiles) -> None:
    program = (
        "import sys; from pathlib import Path; from samlauth.effects.files import AWSFiles\n"
        "AWSFiles(Path(sys.argv[1]), Path(sys.argv[2])).read_config('sts')\n"
        "writers = {'filelock', 'samlauth.effects.files.replacement', 'samlauth.awsfiles.edits'}\n"
        "sys.exit(bool(writers & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", program, str(kept.config), str(kept.credentials)]
    assert subprocess.run(command, check=False, env={"HOME": "/nonexistent"}).returncode == 0


# Locks


@pytest.mark.parametrize("name", ["config", "credentials"])
def test_who_holds_the_lock_is_waited_for_and_then_named(
    name: str, kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.05)
    before = accounts.contents(kept)
    path = kept.config.parent / name
    with (
        FileLock(f"{path}.lock"),  # as aws-google-auth does
        pytest.raises(FileError, match="locked by another program") as caught,
    ):
        kept.write({"sts": {"region": "new"}}, {"sts": KEYS})
    assert caught.value.message.startswith(str(path))
    assert f"{path}.lock" in caught.value.hint
    assert accounts.contents(kept) == before
    assert len(kept.write({"sts": {"region": "new"}}, {"sts": KEYS}).files) == 2


def test_a_lock_that_is_let_go_in_time_is_taken(kept: AWSFiles) -> None:
    lock = FileLock(f"{kept.credentials}.lock")
    lock.acquire()
    waiting = threading.Timer(0.1, lambda: os.close(held))
    held = os.open(f"{kept.credentials}.lock", os.O_RDWR)
    lock.release()
    fcntl.flock(held, fcntl.LOCK_EX)
    waiting.start()
    assert kept.write({}, {"sts": KEYS}).files
    waiting.join()


def test_the_lock_of_a_killed_process_is_free(kept: AWSFiles) -> None:
    program = (
        "import fcntl, os, signal, sys\n"
        "fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(fd, fcntl.LOCK_EX)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program, f"{kept.credentials}.lock"], check=False)
    assert kept.write({}, {"sts": KEYS}) == Written((kept.credentials,))


def test_where_there_can_be_no_lock_it_is_written_and_told(kept: AWSFiles) -> None:
    kept.credentials.with_name("credentials.lock").mkdir()
    written = kept.write({}, {"sts": KEYS})
    assert kept.read_credentials("sts") == KEYS
    assert written.notices == (f"{kept.credentials} was written without a lock (Is a directory).",)
    assert kept.write({}, {"sts": KEYS}) == Written()  # and nothing told of nothing written


def test_a_lock_that_fails_otherwise_stops_the_write(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 253)
    path.write_text("[sts]\n")
    with pytest.raises(FileError, match="File name too long"):
        AWSFiles(tmp_path / "config", path).write({}, {"sts": KEYS})
    assert path.read_text() == "[sts]\n"


def test_what_a_killed_run_left_is_removed(kept: AWSFiles) -> None:
    folder = kept.config.parent
    ours, others = folder / ".credentials.samlauth-0123", folder / ".credentials.swp"
    ours.touch()
    others.touch()
    assert kept.write({"sts": {"region": "us-east-1"}}, {}) == Written()
    assert ours.exists()  # may be somebody's who holds the other lock
    assert kept.write({}, {"sts": {"aws_access_key_id": "ASIAOLD"}}) == Written()
    assert not ours.exists()
    assert others.exists()


# Neighbours that write in place


@pytest.mark.parametrize("so_far", [0, 100])
def test_a_file_in_the_middle_of_being_written_is_waited_for(
    so_far: int, kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = kept.credentials.read_bytes() + b"[theirs]\na = 1\n"
    naps = count()

    def nap(_: float) -> None:
        if next(naps) == 5:
            kept.credentials.write_bytes(whole)

    monkeypatch.setattr("time.sleep", nap)
    for work in (lambda: kept.read_credentials("sts"), lambda: kept.write({}, {"sts": KEYS})):
        naps = count()
        kept.credentials.write_bytes(whole[:so_far])
        assert work()
        assert accounts.lost(kept) == 0
        assert kept.read_credentials("theirs") == {"a": "1"}


def test_a_file_that_is_truncated_just_when_it_is_read_is_waited_for(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, whole = os.fstat, kept.credentials.read_bytes()
    looks = iter([b"", whole])

    def fake(fd: int) -> os.stat_result:
        status = really(fd)
        if (now := next(looks, None)) is not None:
            kept.credentials.write_bytes(now)
        return status

    monkeypatch.setattr(os, "fstat", fake)
    assert kept.read_credentials("sts")["aws_access_key_id"] == "ASIAOLD"


@pytest.mark.parametrize("content", ["", "[x]\na = 1"])
def test_a_file_that_stays_short_is_taken_as_it_is(
    content: str, kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_CUT_SECONDS", 0.01)
    monkeypatch.setattr(settling, "_EMPTY_SECONDS", 0.01)
    kept.credentials.write_text(content)
    assert kept.write({}, {"sts": KEYS}).files
    assert kept.credentials.read_text().startswith(content)


def test_a_file_at_rest_is_not_waited_for(kept: AWSFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", failing(errno.EINTR))
    kept.credentials.write_text("")
    os.utime(kept.credentials, STEADY)
    assert kept.write({"sts": {"region": "new"}}, {"sts": KEYS}).files


def test_a_file_that_is_never_still_is_given_up(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_RETRY_SECONDS", 0.05)
    sizes = count(1)

    def write(_: float) -> None:
        kept.credentials.write_text("x" * next(sizes))

    write(0)
    monkeypatch.setattr("time.sleep", write)
    with pytest.raises(FileError, match="another program is writing it all the time"):
        kept.write({}, {"sts": KEYS})


def test_a_file_that_grows_while_it_is_read_is_read_again(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, size = os.fstat, kept.credentials.stat().st_size

    def fake(fd: int) -> os.stat_result:
        status = really(fd)
        if status.st_size < size + 30:  # each time it is looked at, three times
            with kept.credentials.open("ab") as file:
                file.write(b"[theirs]\n")
        return status

    monkeypatch.setattr(os, "fstat", fake)
    kept.write({}, {"sts": KEYS})
    assert b"[theirs]\n" in kept.credentials.read_bytes()
    assert kept.read_credentials("sts").items() >= KEYS.items()


def test_a_change_after_the_file_was_read_is_not_lost(kept: AWSFiles) -> None:
    seen: list[bytes] = []

    def change(data: bytes) -> bytes:
        if not seen:
            with kept.credentials.open("ab") as file:
                file.write(b"[theirs]\n")
        seen.append(data)
        return data + b"[ours]\n"

    Target(kept.credentials, change).write()
    assert seen[1] == seen[0] + b"[theirs]\n"
    assert kept.credentials.read_bytes() == seen[0] + b"[theirs]\n[ours]\n"
    assert accounts.leftovers(kept) == 0


def test_a_file_that_is_made_meanwhile_is_not_lost(aws: AWSFiles) -> None:
    aws.credentials.parent.mkdir()

    def change(data: bytes) -> bytes:
        if not data:
            aws.credentials.write_text("[theirs]\n")
        return data + b"[ours]\n"

    Target(aws.credentials, change).write()
    assert aws.credentials.read_text() == "[theirs]\n[ours]\n"


def test_a_file_that_changes_each_time_is_given_up(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replacement, "_RETRY_SECONDS", 0.05)

    def change(data: bytes) -> bytes:
        kept.credentials.write_bytes(data + b"#\n")
        return data + b"[ours]\n"

    with pytest.raises(FileError, match="was changed by another program each time"):
        Target(kept.credentials, change).write()
    assert b"[ours]" not in kept.credentials.read_bytes()
    assert accounts.leftovers(kept) == 0


def syncing(monkeypatch: pytest.MonkeyPatch, *, folder: bool, work: Callable[[], object]) -> None:
    """Do the work when a folder, or a file, is synced for the first time."""
    really = os.fsync
    done: list[int] = []

    def fake(fd: int) -> None:
        if not done and stat.S_ISDIR(os.fstat(fd).st_mode) == folder:
            done.append(fd)
            work()
        really(fd)

    monkeypatch.setattr(os, "fsync", fake)


def test_what_is_written_to_the_old_file_after_it_was_replaced_is_not_lost(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept.credentials.read_bytes()
    with kept.credentials.open("ab", buffering=0) as old:
        syncing(monkeypatch, folder=True, work=lambda: old.write(b"[theirs]\na = 1\n"))
        assert kept.write({}, {"sts": {"new": "1"}}).files == (kept.credentials,)
    assert kept.read_credentials("theirs") == {"a": "1"}
    assert kept.read_credentials("sts")["new"] == "1"
    assert len(kept.credentials.read_bytes()) == len(before) + len(b"[theirs]\na = 1\nnew = 1\n")


def test_what_is_written_late_may_hold_all_we_wanted(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = kept.credentials.read_bytes() + b"[ours]\n"
    really, replaced = os.replace, []

    def counted(*paths: Any) -> None:  # noqa: ANN401 - as os.replace
        replaced.append(paths)
        really(*paths)

    monkeypatch.setattr(os, "replace", counted)
    with kept.credentials.open("r+b", buffering=0) as old:
        syncing(monkeypatch, folder=True, work=lambda: old.write(ours))
        Target(kept.credentials, lambda data: data.removesuffix(b"[ours]\n") + b"[ours]\n").write()
    assert kept.credentials.read_bytes() == ours
    assert len(replaced) == 1


def test_a_new_file_that_somebody_swept_away_is_made_again(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sweep() -> None:
        (new,) = kept.config.parent.glob(".credentials.samlauth-*")
        new.unlink()

    syncing(monkeypatch, folder=False, work=sweep)
    assert kept.write({}, {"sts": KEYS}).files
    assert kept.read_credentials("sts") == KEYS


# Files that cannot be replaced


def mount(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object] = lambda: None) -> None:
    """Let no file be replaced, as when each is mounted by itself."""

    def busy(*_: object) -> NoReturn:
        work()
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(os, "replace", busy)


@pytest.mark.parametrize("value", ["short", "long" * 500])
def test_a_mounted_file_is_written_in_place_and_the_person_is_told(
    value: str, kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.write({}, {"sts": {"aws_session_token": "middle" * 10}})
    kept.credentials.chmod(0o644)
    inode = kept.credentials.stat().st_ino
    mount(monkeypatch)
    written = kept.write({}, {"sts": {"aws_session_token": value}})
    assert written.files == (kept.credentials,)
    assert any("Mount its folder" in notice for notice in written.notices)
    assert kept.credentials.stat().st_ino == inode
    assert mode(kept.credentials) == 0o600
    assert kept.read_credentials("sts")["aws_session_token"] == value
    assert kept.credentials.read_bytes().endswith(f"aws_session_token = {value}\n".encode())
    assert accounts.lost(kept) == accounts.leftovers(kept) == 0


def test_a_change_before_it_is_written_in_place_is_not_lost(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    def theirs() -> None:
        if b"[theirs]" not in kept.credentials.read_bytes():
            with kept.credentials.open("ab") as file:
                file.write(b"[theirs]\n")

    mount(monkeypatch, theirs)
    kept.write({}, {"sts": KEYS})
    assert b"[theirs]\n" in kept.credentials.read_bytes()
    assert kept.read_credentials("sts").items() >= KEYS.items()


def test_a_write_in_place_that_fails_puts_the_old_bytes_back(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = accounts.contents(kept)
    mount(monkeypatch)
    really, calls = os.pwrite, count()

    def full(fd: int, data: bytes, at: int) -> int:
        match next(calls):
            case 0:
                return really(fd, data[:150], at)
            case 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            case _:
                return really(fd, data, at)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(FileError, match="No space left on device") as caught:
        kept.write({}, {"old-0": KEYS})
    assert str(kept.credentials) in caught.value.message
    assert "full" in caught.value.hint
    assert accounts.contents(kept) == before


def test_a_mounted_file_is_locked_itself(kept: AWSFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.05)
    mount(monkeypatch)
    before = accounts.contents(kept)
    with kept.credentials.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(FileError, match="locked by another program"):
            kept.write({}, {"sts": KEYS})
    assert accounts.contents(kept) == before


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_where_nothing_can_be_locked_it_is_written_in_place_all_the_same(
    number: int, kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount(monkeypatch)
    monkeypatch.setattr(fcntl, "flock", failing(number))
    assert "without a lock" in kept.write({}, {"sts": KEYS}).notices[-1]
    assert kept.read_credentials("sts").items() >= KEYS.items()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_that_cannot_be_written_leaves_the_file_itself(
    number: int, kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening(monkeypatch, os.O_CREAT, number)
    written = kept.write({}, {"sts": KEYS})
    assert written.files == (kept.credentials,)
    assert [os.strerror(number) in notice for notice in written.notices] == [True, True]
    assert kept.read_credentials("sts").items() >= KEYS.items()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.EMFILE])
def test_where_nothing_can_be_written_the_credentials_can_still_be_had(
    number: int, kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = accounts.contents(kept)
    opening(monkeypatch, os.O_CREAT, number)
    opening(monkeypatch, os.O_RDWR, number)
    with pytest.raises(FileError) as caught:
        kept.write({}, {"sts": KEYS})
    said = f"{kept.credentials} could not be written: {os.strerror(number)}."
    assert caught.value.message == said
    assert caught.value.hint.endswith("--print-creds.")
    assert accounts.contents(kept) == before


def test_a_new_file_in_a_folder_that_cannot_be_written_is_an_error(
    aws: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.config.parent.mkdir()
    opening(monkeypatch, os.O_CREAT, errno.EROFS)
    with pytest.raises(FileError, match="Read-only file system"):
        aws.write({}, {"sts": KEYS})
    assert list(aws.config.parent.iterdir()) == []


def test_a_file_whose_owner_cannot_be_kept_is_written_in_place(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.fchown

    def not_ours(fd: int, *owner: int) -> None:
        if owner != (-1, -1) and ".samlauth-" in str(Path(f"/proc/self/fd/{fd}").readlink()):
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        really(fd, *owner)

    monkeypatch.setattr(os, "fchown", not_ours)
    inode = kept.credentials.stat().st_ino
    written = kept.write({}, {"sts": KEYS})
    assert "no new file could take its place" in written.notices[0]
    assert kept.credentials.stat().st_ino == inode
    assert accounts.leftovers(kept) == 0


def test_a_folder_that_cannot_be_opened_or_synced_is_no_matter(
    kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing(monkeypatch, folder=True, work=failing(errno.EINVAL))
    assert kept.write({}, {"sts": {"a": "1"}}) == Written((kept.credentials,))
    monkeypatch.undo()
    opening(monkeypatch, os.O_DIRECTORY, errno.EACCES)
    assert kept.write({}, {"sts": {"a": "2"}}) == Written((kept.credentials,))


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES])
def test_a_disk_that_does_not_confirm_is_an_error_though_it_is_written(
    number: int, kept: AWSFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing(monkeypatch, folder=True, work=failing(number))
    with pytest.raises(FileError, match=f"written, but may not last: {os.strerror(number)}"):
        kept.write({}, {"sts": KEYS})
    assert kept.read_credentials("sts").items() >= KEYS.items()


# Mounts, for real


def in_a_mount_namespace() -> list[str]:
    """A command that runs another where it may mount; empty where none can."""
    for command in (["unshare", "-m"], ["unshare", "-rm"], ["sudo", "-n", "unshare", "-m"]):
        if shutil.which(command[0]):
            tried = subprocess.run([*command, "true"], capture_output=True, check=False)
            if not tried.returncode:
                return command
    return []


MOUNTS = pytest.mark.skipif(
    not in_a_mount_namespace() and "CI" not in os.environ,
    reason="nothing may be mounted here; in CI it must be possible",
)


def write_mounted(files: AWSFiles, mounting: str) -> subprocess.CompletedProcess[str]:
    """The writer of the fault programs, after some mounting."""
    namespace = in_a_mount_namespace()
    assert namespace, "nothing may be mounted here"
    environ = f"PATH={os.defpath} HOME=/nonexistent PYTHONPATH={ROOT} PYTHONDONTWRITEBYTECODE=1"
    writer = f"env -i {environ} {sys.executable} -m tests.faults.writer {files.config.parent}"
    return subprocess.run(
        [*namespace, "sh", "-ec", f"{mounting}\n{writer}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@MOUNTS
def test_a_file_mounted_by_itself_gets_the_new_bytes(kept: AWSFiles, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(kept.credentials.read_bytes())
    outside.chmod(0o600)
    done = write_mounted(kept, f"mount --bind {outside} {kept.credentials}")
    assert done.returncode == 0, done.stderr
    assert "Mount its folder instead" in done.stdout
    mounted = AWSFiles(kept.config, outside)
    assert mounted.read_credentials("sts") == accounts.SESSION
    assert accounts.lost(mounted) == 0


@MOUNTS
def test_a_folder_mounted_read_only_costs_nothing_but_the_write(kept: AWSFiles) -> None:
    before = accounts.contents(kept)
    folder = kept.config.parent
    done = write_mounted(kept, f"mount --bind {folder} {folder}; mount -o remount,bind,ro {folder}")
    assert done.returncode == 10, done.stderr
    assert f"{kept.config} could not be written: Read-only file system." in done.stdout
    assert "--print-creds" in done.stdout
    assert accounts.contents(kept) == before


@MOUNTS
def test_a_full_disk_leaves_the_old_files(kept: AWSFiles, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    files = AWSFiles(small / "config", small / "credentials")
    mounting = (
        f"mount -t tmpfs -o size=16k,mode=700 none {small}; cp -p {kept.config.parent}/c* {small}; "
        f"dd if=/dev/zero of={small}/rest bs=1 count=16384 2>/dev/null || true; "
        f"trap 'cat {small}/c* > {tmp_path}/after; ls -A {small} > {tmp_path}/names' EXIT"
    )
    done = write_mounted(files, mounting)
    assert done.returncode == 10, (done.stdout, done.stderr)
    assert "No space left on device" in done.stdout
    before = accounts.contents(kept)
    assert (tmp_path / "after").read_bytes() == (before[0] or b"") + (before[1] or b"")
    assert ".samlauth-" not in (tmp_path / "names").read_text()


# Files of our own


def test_a_file_of_our_own_is_private_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "samlauth" / "state"
    with umask(0):
        write_private(path, b"1")
    assert (mode(path.parent), mode(path)) == (0o700, 0o600)
    path.chmod(0o644)
    inode = path.stat().st_ino
    write_private(path, b"2")
    assert path.read_bytes() == b"2"
    assert mode(path) == 0o600
    assert path.stat().st_ino != inode
    assert [entry.name for entry in path.parent.iterdir()] == ["state"]


def test_a_link_in_the_place_of_a_file_of_our_own_is_replaced(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").write_bytes(b"theirs")
    (tmp_path / "samlauth").mkdir()
    path = tmp_path / "samlauth" / "state"
    path.symlink_to(elsewhere / "file")
    with locked(path):
        write_private(path, b"ours")
    assert [entry.name for entry in elsewhere.iterdir()] == ["file"]
    assert (elsewhere / "file").read_bytes() == b"theirs"
    assert not path.is_symlink()
    assert path.read_bytes() == b"ours"


def test_a_file_of_our_own_may_lie_in_a_folder_that_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "samlauth").symlink_to(tmp_path / "kept")
    path = tmp_path / "samlauth" / "state"
    with locked(path):
        write_private(path, b"ours")
    assert sorted(entry.name for entry in (tmp_path / "kept").iterdir()) == ["state", "state.lock"]
    assert (tmp_path / "samlauth").is_symlink()


def test_a_file_of_our_own_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "state"
    with pytest.raises(FileError, match="state could not be written: Not a directory"):
        write_private(path, b"1")
    with pytest.raises(FileError, match="state could not be "), locked(path):
        raise AssertionError("there was nothing to lock")


def test_only_one_at_a_time_has_a_file_of_our_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "LOCK_SECONDS", 0.05)
    path = tmp_path / "samlauth" / "state"
    with locked(path):
        assert mode(path.parent) == 0o700
        with pytest.raises(FileError, match="locked by another program"), locked(path):
            raise AssertionError("two have it")
    left = path.with_name(".state.samlauth-0123")
    left.touch()
    with locked(path):
        assert not left.exists()


def test_an_error_under_the_lock_is_not_taken_for_one_of_the_lock(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="mine"), locked(tmp_path / "state"):
        raise OSError("mine")
