"""Whose profile is whose, and what is left in it."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from samlauth.effects.browser.profile import BusyError, Profile, forget, held, root
from samlauth.errors import FileError

OWNERS = [
    "google ada@example.com",
    "google Ada@example.com",
    "adfs ada@example.com",
    "",
    "_",
    ".",
    "..",
    "../x",
    "a/b",
    "a%2fb",
    "a\0b",
    "é",
    "e\u0301",
    "x.lock",
    "x",
    "x" * 500,
    "x" * 501,
    "X" * 500,
    "\udce9",
]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


def folder(environ: dict[str, str], owner: str) -> Path:
    with held(environ, owner, print) as profile:
        return profile.folder


def test_two_owners_never_share_one(environ: dict[str, str]) -> None:
    folders = [folder(environ, owner) for owner in OWNERS]
    # Some file systems take an upper-case letter for the lower-case one.
    assert len({str(path).lower() for path in folders}) == len(OWNERS)
    assert {path.parent for path in folders} == {root(environ)}
    assert all(path.is_dir() and len(path.name) + len(".lock") <= 143 for path in folders)
    assert all(path.stat().st_mode & 0o777 == 0o700 for path in folders)


def test_and_the_same_owner_has_the_same(environ: dict[str, str]) -> None:
    assert [folder(environ, owner) for owner in OWNERS] == [folder(environ, o) for o in OWNERS]


def test_whether_a_browser_was_there(environ: dict[str, str]) -> None:
    with held(environ, "ada", print) as profile:
        assert not profile.existed
    with held(environ, "ada", print) as profile:
        assert not profile.existed  # it is empty
        (profile.folder / "Default").mkdir()
    with held(environ, "ada", print) as profile:
        assert profile.existed


def test_a_new_one_does_not_offer_to_keep_passwords(environ: dict[str, str]) -> None:
    with held(environ, "ada", print) as profile:
        profile.prepare()
        assert not profile.existed
        preferences = profile.folder / "Default/Preferences"
        assert json.loads(preferences.read_text()) == {
            "credentials_enable_service": False,
            "profile": {"password_manager_enabled": False},
        }
        assert preferences.stat().st_mode & 0o777 == 0o600
        assert preferences.parent.stat().st_mode & 0o777 == 0o700
        assert list(preferences.parent.iterdir()) == [preferences]


def test_those_a_browser_has_written_stay(environ: dict[str, str]) -> None:
    with held(environ, "ada", print) as profile:
        (profile.folder / "Default").mkdir()
        (profile.folder / "Default/Preferences").write_text("{}")
        profile.prepare()
        assert (profile.folder / "Default/Preferences").read_text() == "{}"


def test_what_is_in_the_way_of_preferences_is_an_error(environ: dict[str, str]) -> None:
    with held(environ, "ada", print) as profile:
        (profile.folder / "Default").write_text("in the way")
        with pytest.raises(FileError, match=r"browser profile .*ada cannot be used"):
            profile.prepare()


def test_one_that_others_can_read_is_closed_to_them(environ: dict[str, str]) -> None:
    folder(environ, "ada").chmod(0o755)
    assert folder(environ, "ada").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("platform", "more", "where"),
    [
        ("linux", {}, "/home/ada/.local/share/samlauth/browser"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/samlauth/browser"),
        ("linux", {"XDG_DATA_HOME": "data"}, "/home/ada/.local/share/samlauth/browser"),
        ("darwin", {}, "/home/ada/Library/Application Support/samlauth/browser"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/samlauth/browser"),
        ("win32", {"USERPROFILE": "/home/ada"}, "/home/ada/AppData/Local/samlauth/browser"),
    ],
)
def test_where_they_are(platform: str, more: dict[str, str], where: str) -> None:
    assert root({"HOME": "/home/ada", **more}, platform) == Path(where)


def test_without_a_home_there_is_none() -> None:
    with pytest.raises(FileError, match="no home folder"):
        root({}, "linux")


def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / ".local").write_text("in the way")
    with pytest.raises(FileError, match=r"browser profile .*ada"):
        folder({"HOME": str(tmp_path)}, "ada")


def left_by(profile: Profile, host: str, pid: int) -> None:
    (profile.folder / "SingletonLock").symlink_to(f"{host}-{pid}")
    (profile.folder / "SingletonSocket").symlink_to("/tmp/gone")


def ended_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_posted_forms_do_not_stay(environ: dict[str, str]) -> None:
    gone = ["Sessions/Tabs_1", "Sessions_Encrypted/x", "Session Storage/LOG", "Last Tabs"]
    kept = ["Cookies", "Preferences", "Local Storage/x"]
    with held(environ, "ada", print) as profile:
        for name in gone + kept:
            path = profile.folder / "Default" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("SAMLResponse=")
        profile.tidy()
        files = {path.name for path in profile.folder.rglob("*") if path.is_file()}
        assert files == {"Cookies", "Preferences", "x"}
        assert not (profile.folder / "Default/Sessions").exists()


def test_a_link_is_removed_and_not_followed(environ: dict[str, str], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("x")
    with held(environ, "ada", print) as profile:
        (profile.folder / "Default").mkdir()
        (profile.folder / "Default/Sessions").symlink_to(other)
        profile.tidy()
        assert not (profile.folder / "Default/Sessions").is_symlink()
    assert (other / "file").exists()


def test_the_mark_of_a_browser_that_was_killed_goes(environ: dict[str, str]) -> None:
    with held(environ, "ada", print) as profile:
        left_by(profile, socket.gethostname(), ended_process())
        assert profile.browser() == 0
        profile.tidy()
        assert list(profile.folder.iterdir()) == []


def test_that_of_a_browser_that_is_open_stays(environ: dict[str, str]) -> None:
    with held(environ, "ada", print) as profile:
        left_by(profile, socket.gethostname(), os.getpid())
        assert profile.browser() == os.getpid()
        profile.tidy()
        assert len(list(profile.folder.iterdir())) == 2


def test_and_that_of_one_on_another_computer(environ: dict[str, str]) -> None:
    with held(environ, "ada", print) as profile:
        left_by(profile, f"not-{socket.gethostname()}", ended_process())
        assert profile.browser() == 0
        profile.tidy()
        assert len(list(profile.folder.iterdir())) == 2


class TestForget:
    def test_one(self, environ: dict[str, str]) -> None:
        ada, grace = folder(environ, "ada"), folder(environ, "grace")
        (ada / "Cookies").write_text("x")
        assert forget(environ, "ada") == [str(ada)]
        assert (ada.exists(), grace.exists()) == (False, True)
        assert [path.name for path in root(environ).glob("ada*")] == []
        assert forget(environ, "ada") == []

    def test_all(self, environ: dict[str, str]) -> None:
        assert forget(environ, None) == []
        folders = sorted(str(folder(environ, owner)) for owner in OWNERS)
        assert forget(environ, None) == folders
        assert list(root(environ).iterdir()) == []

    def test_not_while_it_is_used(self, environ: dict[str, str]) -> None:
        with (
            held(environ, "ada", print) as profile,
            pytest.raises(FileError, match="A browser is using") as caught,
        ):
            forget(environ, None)
        assert "Close its windows" in caught.value.hint
        left_by(profile, socket.gethostname(), os.getpid())
        with pytest.raises(FileError, match="A browser is using"):
            forget(environ, "ada")
        assert profile.folder.exists()

    def test_what_cannot_be_deleted_is_named(
        self, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = folder(environ, "ada")

        def refuse(path: Path) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("shutil.rmtree", refuse)  # root may delete anything
        with pytest.raises(FileError, match=f"{ada.name} could not be deleted: Permission denied"):
            forget(environ, "ada")


def test_the_lock_is_free_after_an_error(environ: dict[str, str]) -> None:
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt), held(environ, "ada", told.append):
        raise KeyboardInterrupt
    with held(environ, "ada", told.append):
        pass
    assert told == []


def test_errors_of_the_block_are_its_own(environ: dict[str, str]) -> None:
    with pytest.raises(PermissionError), held(environ, "ada", print):
        raise PermissionError
    with pytest.raises(BusyError), held(environ, "ada", print):
        raise BusyError
