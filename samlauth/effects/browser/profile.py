"""The browser profile that is samlauth's own: one folder for each person at each provider.

It holds the sessions of the person at their identity provider, so nobody else may read it, and two
owners never share one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from samlauth.errors import FileError
from samlauth.printable import safe

LOCK_SECONDS = 60.0
"""How long to wait for another run that has the profile."""

_LONGEST = 120
"""Characters of a folder's name; file systems take 255 bytes, and some of them encrypt names."""
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789@-")
_DIGITS = 40

_SESSION_FILES = (
    "Sessions*",
    "Session Storage",
    "Current Session",
    "Current Tabs",
    "Last Session",
    "Last Tabs",
)
"""Where Chromium keeps what to restore, which includes the forms that were posted."""
_SINGLETON = ("SingletonLock", "SingletonSocket", "SingletonCookie")

_PREFERENCES = {
    "credentials_enable_service": False,
    "profile": {"password_manager_enabled": False},
}
"""What a profile begins with. Chromium does not offer to save passwords in it: without a keyring it
would hardly encrypt them."""


class BusyError(Exception):
    """Another run has had the profile all the time."""


@dataclass(frozen=True)
class Profile:
    """A profile folder that is locked for this run."""

    folder: Path
    existed: bool
    """Whether a browser was to use it before."""

    def prepare(self) -> None:
        """Have a profile that is new begin with our preferences. Raises FileError."""
        preferences = self.folder / "Default" / "Preferences"
        if preferences.exists():
            return
        new = preferences.with_name("Preferences.new")
        try:
            _make(preferences.parent)
            new.unlink(missing_ok=True)
            new.touch(0o600, exist_ok=False)
            new.write_text(json.dumps(_PREFERENCES), "utf-8")
            new.replace(preferences)
        except OSError as error:
            raise _unusable(self.folder, error) from error

    def browser(self) -> int:
        """The pid of the browser that is open on it, on this computer; 0 when none is known."""
        host, pid = self._singleton()
        return pid if host == socket.gethostname() and _alive(pid) else 0

    def in_use(self) -> bool:
        """Whether a browser is open on it, on this computer."""
        if sys.platform == "win32":
            # Opened by Chromium so that Windows deletes it when that process ends.
            return (self.folder / "lockfile").exists()
        else:
            return self.browser() != 0

    def tidy(self) -> None:
        """Remove what a browser that has ended leaves and nobody needs, posted forms above all."""
        for pattern in _SESSION_FILES:
            for path in self.folder.glob(f"*/{pattern}"):
                _remove(path)
        host, pid = self._singleton()
        # One that was killed leaves its mark. A browser elsewhere may still be using the folder.
        if host == socket.gethostname() and not _alive(pid):
            for name in _SINGLETON:
                _remove(self.folder / name)

    def _singleton(self) -> tuple[str, int]:
        """Host and process that Chromium says has the folder; an empty host if it names none.

        On Windows it names none.
        """
        try:
            host, _, pid = str((self.folder / "SingletonLock").readlink()).rpartition("-")
            return host, int(pid)
        except (OSError, ValueError):
            return "", 0


def root(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """The folder of all profiles, in the platform's data folder.

    Raises FileError when the environment names neither it nor a home folder.
    """
    home = environ.get("USERPROFILE" if platform == "win32" else "HOME", "")
    match platform:
        case "win32":
            data = environ.get("LOCALAPPDATA", "")
            usual = "AppData/Local"
        case "darwin":
            data, usual = "", "Library/Application Support"
        case _:
            # One that is not absolute does not count (XDG Base Directory Specification).
            data, usual = environ.get("XDG_DATA_HOME", ""), ".local/share"
    if not data.startswith("/") and platform != "win32":
        data = ""
    if not data and not home:
        raise FileError(
            "There is no home folder to keep a browser profile in.",
            hint="Set HOME, or sign in without a browser: --no-browser.",
        )
    return Path(data or Path(home, usual), "samlauth", "browser")


@contextmanager
def held(environ: Mapping[str, str], owner: str, tell: Callable[[str], None]) -> Iterator[Profile]:
    """The owner's profile, made if need be, while no other run has it.

    ``tell`` is told once when there is one to wait for. Raises BusyError after LOCK_SECONDS of
    that, FileError when the folder cannot be made.
    """
    folder = root(environ) / _encoded(owner)
    with ExitStack() as held:
        try:
            _make(folder.parent)
            held.enter_context(_locked(folder, LOCK_SECONDS, tell))
            existed = folder.is_dir() and any(folder.iterdir())
            _make(folder)
            folder.chmod(0o700)
        except OSError as error:
            raise _unusable(folder, error) from error
        yield Profile(folder, existed)


def forget(environ: Mapping[str, str], owner: str | None) -> list[str]:
    """Delete the profile of an owner, or all of them when it is None; the paths that were deleted.

    Raises FileError when one cannot be deleted, or a browser is using it.
    """
    everything = root(environ)
    if owner is not None:
        folders = [everything / _encoded(owner)]
    elif everything.is_dir():
        folders = sorted(path for path in everything.iterdir() if path.suffix != ".lock")
    else:
        folders = []
    gone = []
    for folder in folders:
        if not folder.exists():
            continue
        try:
            with _locked(folder, 0, lambda _: None):
                if Profile(folder, True).in_use():
                    raise BusyError
                shutil.rmtree(folder)
                # Whoever waited for this lock finds an empty profile, and Chromium's own lock.
                if sys.platform != "win32":  # where no open file can be deleted, and a lock is free
                    _lock_path(folder).unlink(missing_ok=True)
        except BusyError:
            raise FileError(
                f"A browser is using the profile {safe(str(folder), 1000)}.",
                hint="Close its windows, and run the command again.",
            ) from None
        except OSError as error:
            raise FileError(
                f"The browser profile {safe(str(folder), 1000)} could not be deleted: "
                f"{error.strerror}.",
                hint="Delete that folder yourself: it may hold a session of yours.",
            ) from error
        gone.append(str(folder))
    return gone


def _unusable(folder: Path, error: OSError) -> FileError:
    return FileError(
        f"The browser profile {safe(str(folder), 1000)} cannot be used: {error.strerror}.",
        hint="Make its folder writable, or sign in without a browser: --no-browser.",
    )


def _encoded(owner: str) -> str:
    """A folder's name for the owner, another for each other owner, whatever the file system.

    Lower case alone, as some file systems do not tell cases apart; what is too long is cut, and
    told apart by its hash, after a character that nothing else is encoded to.
    """
    name = "".join(
        chr(byte) if chr(byte) in _PLAIN else f"%{byte:02x}"
        for byte in owner.encode("utf-8", "surrogatepass")
    )
    if len(name) <= _LONGEST:
        return name or "_"
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
    return f"{name[: _LONGEST - _DIGITS - 1]}+{digest}"


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


@contextmanager
def _locked(folder: Path, seconds: float, tell: Callable[[str], None]) -> Iterator[None]:
    from filelock import FileLock, Timeout  # 30 ms: not for those who sign in without a browser

    lock = FileLock(_lock_path(folder), mode=0o600, fallback_to_soft=False)
    try:
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if not seconds:
                raise
            tell("Another samlauth is using this browser profile; waiting until it is done.")
            lock.acquire(timeout=seconds, poll_interval=0.1)
    except Timeout:
        raise BusyError from None
    try:
        yield
    finally:
        lock.release()


def _make(folder: Path) -> None:
    """Make the folder and those above it, 0700 each, unless they are there."""
    if not folder.is_dir():
        _make(folder.parent)
        with suppress(FileExistsError):  # another run was faster
            folder.mkdir(0o700)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0
