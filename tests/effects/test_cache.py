"""The cache of credential_process profiles: what is believed, what is not, and what is loaded."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from samlauth.credentials import Credentials
from samlauth.effects import cache
from samlauth.effects.state import Identity, Issued

NOW = datetime.now(UTC).replace(microsecond=0)
WHO = Identity("google", "C01", "12", "ada", "arn:aws:iam::111111111111:role/Admin", "[]")
ISSUED = Issued("ASIA1", WHO, NOW, NOW + timedelta(hours=12))
CREDENTIALS = Credentials("ASIA1", "hunter2", "hunter3", ISSUED.expiration)
PRINTED = {
    "Version": 1,
    "AccessKeyId": "ASIA1",
    "SecretAccessKey": "hunter2",
    "SessionToken": "hunter3",
    "Expiration": f"{ISSUED.expiration:%Y-%m-%dT%H:%M:%SZ}",
}

DAMAGED = "it is damaged"


class Home:
    """A folder with a config file, and the cache beside it."""

    def __init__(self, folder: Path, config: str = "config") -> None:
        self.config = folder / config
        self.config.write_text("[profile x]\n")
        self.environ = {"AWS_CONFIG_FILE": str(self.config), "HOME": str(folder)}

    def path(self, profile: str = "x") -> Path:
        return Path(cache.path_beside(str(self.config), profile))

    def keep(
        self,
        profile: str = "x",
        issued: Issued = ISSUED,
        credentials: Credentials = CREDENTIALS,
    ) -> Path:
        cache.keep(str(self.path(profile)), str(self.config), credentials, issued)
        return self.path(profile)

    def answer(self, profile: str = "x", **more: str) -> bytes | None:
        words = ["credential-process", "-p", profile]
        return cache.answer(words, {**self.environ, **more})

    def passed_over(self, profile: str = "x") -> object:
        """What is said of the file; it is then answered from by nobody."""
        assert self.answer(profile) is None
        assert not isinstance(cache.held(str(self.path(profile))), tuple)
        return cache.held(str(self.path(profile)))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_what_was_kept_is_what_is_printed(home: Home) -> None:
    path = home.keep()
    printed = home.answer()
    assert printed is not None
    assert json.loads(printed) == PRINTED
    assert printed == cache.process_answer(CREDENTIALS)
    assert cache.held(str(path)) == (CREDENTIALS, ISSUED)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "words",
    [
        "credential-process",
        "credential-process -p",
        "credential-process -p x -q",
        "credential-process -q x",
        "credential-process -p=x",
        "env -p x",
        "-p x credential-process",
    ],
)
def test_every_other_command_line_takes_the_long_way(words: str, home: Home) -> None:
    home.keep()
    assert cache.answer(words.split(), home.environ) is None
    assert cache.answer(["credential-process", "--profile", "x"], home.environ) is not None


def test_nothing_kept_is_no_cause_for_words(home: Home) -> None:
    assert home.passed_over() is None


@pytest.mark.parametrize("good", [True, False])
def test_it_answers_as_long_as_the_credentials_may_be_handed_out(good: bool, home: Home) -> None:
    # An hour's credentials are handed out until a quarter of an hour before their end.
    left = timedelta(minutes=15, seconds=30 if good else -1)
    now = datetime.now(UTC).replace(microsecond=0)
    issued = Issued("ASIA1", WHO, now + left - timedelta(hours=1), now + left)
    home.keep(issued=issued)
    assert (home.answer() is not None) is good


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("[profile x]\nregion = eu-west-1\n"),
        lambda path: os.utime(path, ns=(1, 1)),
        lambda path: path.unlink(),
        lambda path: (
            path.with_name("new").write_text("[profile x]\n")
            and path.with_name("new").replace(path)
        ),
    ],
    ids=["content", "time", "gone", "another file"],
)
def test_settings_that_changed_are_thought_about_again(change: object, home: Home) -> None:
    path = home.keep()
    assert callable(change)
    change(home.config)
    assert home.answer() is None
    assert isinstance(cache.held(str(path)), tuple)


def test_without_a_config_file_there_is_nothing_that_could_change(home: Home) -> None:
    home.config.unlink()
    home.keep()
    assert home.answer() is not None
    home.config.write_text("[profile x]\nsamlauth.read_only = yes\n")
    assert home.answer() is None


def test_another_config_file_has_another_cache(home: Home, tmp_path: Path) -> None:
    home.keep()
    (tmp_path / "other").mkdir()
    other = Home(tmp_path / "other")
    assert other.answer() is None
    other.path().parent.mkdir(parents=True)
    os.link(home.path(), other.path())
    assert other.answer() is None


@pytest.mark.parametrize(
    "name",
    [
        "SAMLAUTH_READ_ONLY",
        "SAMLAUTH_USERNAME",
        "GOOGLE_USERNAME",
        "AWS_ROLE_ARN",
        "AWS_ACCOUNT",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
    ],
)
def test_an_environment_that_decides_is_thought_about(name: str, home: Home) -> None:
    home.keep()
    assert home.answer(**{name: "x"}) is None
    assert home.answer(AWS_REGION="eu-west-1", AWS_PROFILE="other") is not None


NAMES = ["x", "a b", "a/../b", "..", ".", "a%2Fb", "a:b", "a@b.c", "CON", "\udcff", "é", "x" * 64]
NAMES += ["con", "nul", "lpt1", "com9", "A", "a", "Dev", "dev", "%41", "%63on"]
DEVICES = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{port}{n}" for port in ("com", "lpt") for n in range(10)),
}


@pytest.mark.parametrize("profile", NAMES)
def test_any_name_has_a_file_of_its_own_in_the_folder(profile: str, home: Home) -> None:
    path = home.keep(profile)
    assert path.parent == home.path("any").parent
    assert path.is_file()
    assert home.answer(profile) is not None


def test_no_name_has_no_file(home: Home) -> None:
    home.keep()
    assert home.answer("") is None


def test_no_two_names_have_the_same_file() -> None:
    # Nor where capitals and small letters are one.
    files = {cache.file_name(name).casefold() for name in NAMES}
    assert len(files) == len(NAMES)
    assert not files & DEVICES
    assert {unquote(cache.file_name(name)) for name in sorted(DEVICES)} == DEVICES


def test_every_cut_and_every_flipped_byte_of_the_frame_is_damage(home: Home) -> None:
    path = home.keep()
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert home.passed_over() == DAMAGED, end
    head = whole.index(b"{")
    for place in range(head):
        changed = bytearray(whole)
        changed[place] ^= 0x80
        path.write_bytes(changed)
        assert home.answer() is None, place


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n\n\n\n",
        b"samlauth cache 2\n9999999999\n- - - x\n2\n{}\n{}\n",
        b"samlauth cache 1\n9999999999\n- - - x\n2\n{}\n{}\n",
        b"samlauth cache 1\n9999999999\n- - - x\n2\n[]\n{}\n",
        b"samlauth cache 1\n-1\n- - - x\n2\n{}\n{}\n",
        b"samlauth cache 1\n9999999999\n- - - x\n99\n{}\n{}\n",
        b"samlauth cache 1\n9999999999\n- - - x\n" + b"9" * 5000 + b"\n{}\n{}\n",
        b"samlauth cache 1\n" + b"9" * 5000 + b"\n- - - x\n2\n{}\n{}\n",
        b"samlauth cache 1\n9999999999\n- - - x\n2\n{}\n" + b'{"a":' * 9000 + b"}\n",
        "samlauth cache 1\n\u00b2\n- - - x\n2\n{}\n{}\n".encode(),
        b"\xff\xfe" * 400,
    ],
)
def test_whatever_is_in_it_is_damage_and_no_fault(content: bytes, home: Home) -> None:
    path = home.keep()
    path.write_bytes(content)
    assert home.passed_over() == DAMAGED


def test_one_that_others_may_read_or_write_is_not_believed(home: Home) -> None:
    path = home.keep()
    for mode in (0o604, 0o640, 0o602, 0o620, 0o644, 0o666):
        path.chmod(mode)
        assert home.passed_over() == "others can read or write it"
    path.chmod(0o400)
    assert home.answer() is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_one_of_somebody_else_is_not_believed(home: Home) -> None:
    path = home.keep()
    os.chown(path, 4242, -1)
    assert home.passed_over() == "it belongs to somebody else"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_root_believes_the_owner_of_the_folder(home: Home) -> None:
    path = home.keep()
    os.chown(path.parent, 4242, -1)
    assert home.answer() is not None  # root's own
    os.chown(path, 4242, -1)
    assert home.answer() is not None
    os.chown(path, 4343, -1)
    assert home.passed_over() == "it belongs to somebody else"


def test_a_link_is_not_followed(home: Home) -> None:
    path = home.keep()
    path.rename(path.with_name("there"))
    path.symlink_to(path.with_name("there"))
    assert home.passed_over() == "it cannot be opened"


@pytest.mark.parametrize("kind", ["folder", "pipe", "huge"])
def test_what_is_no_cache_file_is_not_read(kind: str, home: Home) -> None:
    path = home.keep()
    if kind == "huge":
        path.write_bytes(path.read_bytes().ljust(100_001))
    else:
        path.unlink()
        os.mkfifo(path, 0o600) if kind == "pipe" else path.mkdir(0o700)
    assert home.passed_over() == "it is no cache file"


def test_a_line_end_in_the_path_of_the_config_file_breaks_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "a\n211\n{b"
    folder.mkdir()
    home = Home(folder)
    path = home.keep()
    assert cache.held(str(path)) == (CREDENTIALS, ISSUED)
    printed = home.answer()
    assert printed is not None
    assert json.loads(printed) == PRINTED


def test_what_is_forgotten_is_gone(home: Home) -> None:
    path = home.keep()
    assert cache.forget(str(path)) is True
    assert home.answer() is None
    assert cache.forget(str(path)) is False


def run(home: Home, *words: str, **more: str) -> tuple[bytes, set[str]]:
    """What the program prints, and the modules it has loaded by then."""
    program = (
        "import os, sys; before = set(sys.modules); write = os._exit\n"
        "def leave(code):\n"
        "    sys.stderr.write(' '.join(sorted(set(sys.modules) - before))); sys.stderr.flush()\n"
        "    write(code)\n"
        "os._exit = leave\n"
        "from samlauth.__main__ import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**home.environ, **more},
        capture_output=True,
        timeout=60,
        check=True,
    )
    return done.stdout, set(done.stderr.decode().split())


def test_from_the_cache_next_to_nothing_is_loaded(home: Home) -> None:
    home.keep()
    printed, loaded = run(home, "credential-process", "-p", "x")
    assert json.loads(printed) == PRINTED
    assert printed.endswith(b"}\n")
    own = {"samlauth", "samlauth.__main__", "samlauth.effects", "samlauth.effects.cache"}
    assert own <= loaded
    assert loaded - own <= {"__future__"}
