"""Remembered sign-ins: what is kept, for whom, and all that counts as none."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from requests.cookies import RequestsCookieJar

from samlauth.effects import sessions
from samlauth.effects.cookies import Cookie, put, taken
from samlauth.effects.ring import Ring
from samlauth.effects.sessions import LIFE, Sessions
from samlauth.errors import FileError
from tests.effects.test_secrets import Memory

ADFS = "https://adfs.example.com"
NOW = 1_800_000_000.0
AUTH = Cookie("MSISAuth", "canary-of-auth", "adfs.example.com", "/adfs")
KMSI = Cookie("MSISKmsi", "canary-of-kmsi", ".example.com", "/", int(NOW) + 86400)


class Home:
    """What one user of a computer has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "samlauth" / "sessions"
        self.backend = Memory({})
        self.warnings: list[str] = []
        self.now = NOW
        keyring.set_keyring(self.backend)

    @property
    def ring(self) -> Ring:
        return Ring(self.warnings.append, environ={})

    @property
    def sessions(self) -> Sessions:
        """Those of a new run."""
        return Sessions(self.folder, self.ring, self.warnings.append, clock=lambda: self.now)

    @property
    def file(self) -> Path:
        [path] = sessions.stored(self.folder)
        return path


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    before = keyring.get_keyring()
    yield Home(tmp_path)
    keyring.set_keyring(before)


def test_what_was_kept_is_there_in_the_next_run(home: Home) -> None:
    home.sessions.keep("ada", ADFS, [AUTH, KMSI])
    assert home.sessions.load("ada", ADFS) == (AUTH, KMSI)
    assert home.warnings == []


def test_it_is_encrypted_and_nobody_elses_to_read(home: Home) -> None:
    home.sessions.keep("ada", ADFS, [AUTH, KMSI])
    assert home.file.stat().st_mode & 0o777 == 0o600
    assert home.folder.stat().st_mode & 0o777 == 0o700
    content = home.file.read_text()
    assert "canary" not in content
    assert "MSIS" not in content
    assert json.loads(content)["format"] == 1


def test_a_name_is_the_same_in_any_case(home: Home) -> None:
    home.sessions.keep("Ada", ADFS, [AUTH])
    assert home.sessions.load("aDA", ADFS) == (AUTH,)


def test_the_key_stays_the_same(home: Home) -> None:
    home.sessions.keep("ada", ADFS, [AUTH])
    before, keys = home.file.read_bytes(), dict(home.backend.stored)
    home.sessions.keep("ada", ADFS, [KMSI])
    assert home.backend.stored == keys
    assert home.file.read_bytes() != before
    assert home.sessions.load("ada", ADFS) == (KMSI,)


@pytest.mark.parametrize(
    ("username", "origin"), [("bob", ADFS), ("ada", "https://adfs.example.org")]
)
def test_it_is_nobody_elses_and_of_nowhere_else(home: Home, username: str, origin: str) -> None:
    home.sessions.keep("ada", ADFS, [AUTH])
    assert home.sessions.load(username, origin) == ()
    # Not even with the file and the key in the other's place.
    name, key = home.backend.stored.popitem()
    home.file.rename(sessions.path_of(home.folder, username, origin))
    home.backend.stored[name[0], f"session key of {username} at {origin}"] = key
    assert home.sessions.load(username, origin) == ()


@pytest.mark.parametrize(
    "name",
    ["SamlSession", "MSISSamlRequest", "MSISSamlRequest17", "MSISLoopDetectionCookie"],
)
def test_a_cookie_of_one_sign_in_is_dropped(home: Home, name: str) -> None:
    home.sessions.keep("ada", ADFS, [Cookie(name, "x", "adfs.example.com", "/adfs"), AUTH])
    assert home.sessions.load("ada", ADFS) == (AUTH,)


def test_a_cookie_that_has_expired_is_none(home: Home) -> None:
    home.sessions.keep("ada", ADFS, [AUTH, KMSI])
    home.now += 86401
    assert home.sessions.load("ada", ADFS) == (AUTH,)


@pytest.mark.parametrize("later", [LIFE, -1])
def test_one_that_is_too_old_or_of_tomorrow_is_none(home: Home, later: float) -> None:
    home.sessions.keep("ada", ADFS, [AUTH])
    home.now += later
    assert home.sessions.load("ada", ADFS) == ()


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-20])


def change(file: Path) -> None:
    content = json.loads(file.read_text())
    sealed = content["sealed"]
    content["sealed"] = ("A" if sealed[40] != "A" else "B").join((sealed[:40], sealed[41:]))
    file.write_text(json.dumps(content))


def tell_another_format(file: Path) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def make_it_a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("damage", [cut, change, tell_another_format, empty, make_it_a_folder])
def test_a_damaged_one_is_as_good_as_none(home: Home, damage: Callable[[Path], None]) -> None:
    home.sessions.keep("ada", ADFS, [AUTH])
    damage(home.file)
    assert home.sessions.load("ada", ADFS) == ()
    assert home.warnings == []


@pytest.mark.parametrize("key", [None, "", "no base64!", "c2hvcnQ=", "A" * 43 + "="])
def test_without_its_key_it_is_none_and_the_next_is_kept(home: Home, key: str | None) -> None:
    home.sessions.keep("ada", ADFS, [AUTH])
    (name,) = home.backend.stored
    del home.backend.stored[name]
    if key is not None:
        home.backend.stored[name] = key
    assert home.sessions.load("ada", ADFS) == ()
    home.sessions.keep("ada", ADFS, [KMSI])
    assert home.sessions.load("ada", ADFS) == (KMSI,)


def test_a_keyring_is_not_asked_where_nothing_is_remembered(home: Home) -> None:
    home.backend.get_password = None  # type: ignore[assignment,method-assign]  # to be called would fail
    assert home.sessions.load("ada", ADFS) == ()
    assert home.warnings == []


def test_without_a_keyring_nothing_is_kept_and_it_is_said(home: Home) -> None:
    home.backend.read_only = True
    home.sessions.keep("ada", ADFS, [AUTH])
    assert sessions.stored(home.folder) == []
    assert "not remembered" in home.warnings[0]


def test_without_the_extra_nothing_is_kept_and_it_is_said(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    home.sessions.keep("ada", ADFS, [AUTH])
    assert sessions.stored(home.folder) == []
    assert "samlauth[secrets]" in home.warnings[0]


def test_where_it_cannot_be_written_it_is_said(home: Home) -> None:
    home.folder.parent.mkdir()
    home.folder.write_text("in the way")
    home.sessions.keep("ada", ADFS, [AUTH])
    assert "not remembered" in home.warnings[0]


def test_what_is_forgotten_is_gone_with_its_key(home: Home) -> None:
    home.sessions.keep("ada", ADFS, [AUTH])
    home.sessions.keep("bob", ADFS, [AUTH])
    home.sessions.forget("ADA", ADFS)
    assert sessions.owner(home.file) == f"bob at {ADFS}"
    assert list(home.backend.stored) == [("samlauth", f"session key of bob at {ADFS}")]
    assert not sessions.forget(sessions.path_of(home.folder, "ada", ADFS), home.ring)


def test_what_cannot_be_forgotten_is_said(home: Home) -> None:
    home.sessions.keep("ada", ADFS, [AUTH])
    make_it_a_folder(home.file)
    with pytest.raises(FileError, match="could not be removed"):
        sessions.forget(home.file, home.ring)


def test_cookies_go_through_a_jar_unchanged() -> None:
    jar = RequestsCookieJar()
    put(jar, [AUTH, KMSI, Cookie("none", "", "adfs.example.com", "/")])
    assert set(taken(jar)) == {AUTH, KMSI}
    assert all(cookie.secure for cookie in jar)
