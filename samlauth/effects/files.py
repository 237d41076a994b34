"""The AWS files on disk: read them, and change them so that nothing else in them can be lost.

What a write goes through, and what each part is for:

lock
    ``flock`` on ``<real path>.lock``: two of us, or aws-google-auth, never write at once.
settle
    ``aws configure set`` truncates the file and then writes it. It is read again until it has been
    still for a while, longer where it looks cut short, so that half a file is not taken for all.
replace
    The new bytes go to a new file in the same folder, on to the disk, and take the old name in one
    step. Whoever reads sees all of the old or all of the new; a kill or a full disk leaves the old.
look again
    Just before the replace, the file must still be the one that was read. Just after, the old file
    must not have been written to by somebody who had it open; else his version is the new start.
in place
    A file that is mounted by itself cannot be replaced, nor one in a folder that cannot be written.
    It is overwritten, in one write of its whole length, and the person is told.

A program that read the file before a replace and writes it after still overwrites what was
replaced; nothing here can prevent that.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

from samlauth import values
from samlauth.awsfiles import (
    BYTE_ORDER_MARK,
    Changes,
    check_profile_name,
    config_section,
    edit,
    read_section,
    read_sections,
)
from samlauth.effects import descriptors
from samlauth.errors import FileError

LOCK_SECONDS = 10.0
"""How long to wait for another program's lock."""

_STEADY_SECONDS = 10.0
"""A file not written to for so long is at rest. More than any clock step we want to think about."""
_RETRY_SECONDS = 10.0
_POLL_SECONDS = 0.003
_CUT_SECONDS = 0.25
_EMPTY_SECONDS = 2.0
_LOCK_POLL_SECONDS = 0.02

_IN_PLACE = frozenset(
    {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS, errno.EINVAL, errno.ENOTSUP}
)
"""What a system says that will not have the file replaced, or the copy given its owner."""
_NO_LOCK = frozenset(
    {errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.EISDIR}
    | {errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK}
)
"""What it says where there cannot be a lock at all."""
_NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EBADF})
"""What it says where a folder cannot be synced at all."""

_TEMPORARY = re.compile(r"\.(.+)\.samlauth-[0-9a-f]{16}")

_Change = Callable[[bytes], bytes]
_Version = tuple[int, int, int, int] | None
"""Device, inode, size and time of change of a file; None when there is none."""


@values.dataclass(frozen=True)
class Written:
    """What a write did."""

    files: tuple[Path, ...] = ()
    """The files that changed, in the order they were written."""
    notices: tuple[str, ...] = ()
    """Sentences for the person, about how they had to be written."""


@values.dataclass(frozen=True)
class AWSFiles:
    """The two files of the AWS tools, by the paths the person knows them by."""

    config: Path
    credentials: Path

    def read_config(self, profile: str) -> dict[str, str]:
        """The profile's keys, in lower case, and values; empty where there is no such file.

        Raises FileError for a file that is there and cannot be read, and as check_profile_name.
        """
        check_profile_name(profile)
        data = _load(self.config)
        return read_section(data, config_section(profile, data))

    def read_credentials(self, profile: str) -> dict[str, str]:
        """As :meth:`read_config`, of the credentials file."""
        check_profile_name(profile)
        return read_section(_load(self.credentials), profile)

    def read_each(
        self, profiles: Iterable[str]
    ) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """As :meth:`read_config` and :meth:`read_credentials`, with each file read but once."""
        names = tuple(profiles)
        for profile in names:
            check_profile_name(profile)
        data = _load(self.config)
        sections = {profile: config_section(profile, data) for profile in names}
        config = read_sections(data, sections.values())
        credentials = read_sections(_load(self.credentials), names)
        return {name: (config[sections[name]], credentials[name]) for name in names}

    def write(self, config: Changes, credentials: Changes) -> Written:
        """Change keys of profiles, named by their own names: the config file first, then the other.

        However many profiles change, each file is read once and replaced once, and one that would
        not change is not written. Raises SettingsError, before anything is written, for what must
        not be stored; FileError when a file cannot be changed, or is kept locked by somebody for
        10 seconds: the file it names is as it was, and it says so if the first was written.
        """
        for profile in (*config, *credentials):
            check_profile_name(profile)
        in_config, in_credentials = partial(_in_config, config), partial(edit, changes=credentials)
        for change in (in_config, in_credentials):
            change(b"")  # what must not be stored is refused before a file is touched
        if _real(self.config) == _real(self.credentials):

            def both(data: bytes) -> bytes:
                return in_credentials(in_config(data))

            return _write_all([_Target(self.credentials, both)])
        targets = (
            (config, _Target(self.config, in_config, private=False)),
            (credentials, _Target(self.credentials, in_credentials)),
        )
        return _write_all([target for changes, target in targets if changes])


def locate(environ: Mapping[str, str]) -> AWSFiles:
    """Where the AWS tools look: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE, else in ``~/.aws``.

    As in botocore, ``$NAME`` and a leading ``~`` in them are expanded. Raises FileError when a
    ``~`` is needed and there is no home folder.
    """
    return AWSFiles(
        _expand(environ.get("AWS_CONFIG_FILE") or "~/.aws/config", environ),
        _expand(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials", environ),
    )


def rewrite(path: Path, change: Callable[[bytes], bytes], *, private: bool) -> Written:
    """Change the bytes of one of the AWS files, as :meth:`AWSFiles.write` changes its keys.

    ``private`` says whether nobody else may read it. Raises FileError, as ``change`` may.
    """
    return _write_all([_Target(path, change, private)])


def temporary(folder: Path) -> list[tuple[Path, Path]]:
    """The new files in a folder that have not taken their place, each with the file it is for.

    Raises OSError for a folder that cannot be read.
    """
    found = []
    for entry in sorted(folder.iterdir()):
        if named := _TEMPORARY.fullmatch(entry.name):
            found.append((entry, folder / named[1]))
    return found


def write_private(path: Path, data: bytes) -> None:
    """Make ``data`` the whole of a file of our own, mode 0600, in a folder made 0700 if need be.

    Readers see the old bytes or the new. It takes no lock: hold :func:`locked` from before the
    file was read. Raises FileError.
    """
    target = _Target(path, lambda _: data, shared=False)
    with _naming(path, "written"):
        _make_folder(target.real.parent)
    target.write()


@contextmanager
def locked(path: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Keep other runs from changing a file of our own, and remove what a killed one left of it.

    Where there can be no lock, as in a folder that cannot be written, there is none. Raises
    FileError when somebody else holds it for so long, or the folder cannot be made.
    """
    with ExitStack() as held:
        with _naming(path, "locked"):
            real = _real(path)
            _make_folder(real.parent)
            held.enter_context(_locked(real, path, seconds))
        yield


def _write_all(targets: list[_Target]) -> Written:
    """Write each in turn, under the locks of all."""
    with ExitStack() as held:
        for target in targets:
            target.prepare(held)
        written: list[Path] = []
        for target in targets:
            try:
                target.write()
            except FileError as error:
                if not written:
                    raise
                before = f"{error.message} {written[0]} was written before that."
                raise FileError(before, hint=error.hint) from error
            if target.written:
                written.append(target.path)
    return Written(tuple(written), tuple(n for target in targets for n in target.notices))


@dataclass
class _Target:
    """One file, and the change to make to it."""

    path: Path
    """By the name the person knows."""
    change: _Change
    private: bool = True
    """Whether nobody else may read it."""
    shared: bool = True
    """Whether other programs write it, too."""
    written: bool = False
    notices: list[str] = field(default_factory=list)
    marked: bool = False
    """Whether it begins with a byte order mark."""
    unlocked: str = ""
    """Why there is no lock on it, or ""."""

    @cached_property
    def real(self) -> Path:
        """The path with links followed: a link stays, what it leads to is replaced."""
        return _real(self.path)

    def prepare(self, held: ExitStack) -> None:
        """Make the folder and hold the lock as long as ``held``, unless nothing is to be written."""
        with _naming(self.path, "written"):
            if _version_at(self.real) is None:
                if not self.change(b""):
                    return
                _make_folder(self.real.parent)
            self.unlocked = held.enter_context(_locked(self.real, self.path))

    def write(self) -> None:
        """Bring the file up to date, and say so in ``written``. Raises FileError."""
        with _naming(self.path, "written"):
            try:
                self._retry()
            except OSError as error:
                if not self.written:
                    raise
                raise FileError(
                    f"{self.path} was written, but may not last: {error.strerror}.",
                    hint="Look at the state of the disk before you rely on the file.",
                ) from error
        if self.written and self.marked:
            self._tell(
                f"{self.path} begins with a byte order mark, so that AWS tools cannot read it. "
                "Save it as UTF-8 without one."
            )
        if self.written and self.unlocked:
            self._tell(f"{self.path} was written without a lock ({self.unlocked}).")

    def _retry(self) -> None:
        give_up = time.monotonic() + _RETRY_SECONDS
        while time.monotonic() < give_up:
            with suppress(_ChangedMeanwhileError):
                if descriptors.replaces_open_files():
                    with _opened(self.real) as fd:
                        self._attempt(fd)
                else:
                    self._attempt_closed()
                return
        raise FileError(
            f"{self.path} was changed by another program each time it was about to be written.",
            hint="See what keeps writing to it, and try again.",
        )

    def _attempt(self, fd: int | None) -> None:
        """Read, change and replace the file that ``fd`` is open on; None where there is none."""
        data, base = self._look(fd)
        held, here = data, base
        while (after := self._changed(data)) != held:
            try:
                here = self._replace(after, here, None if fd is None else os.fstat(fd))
            except OSError as error:
                if fd is None or self.written or error.errno not in _IN_PLACE:
                    raise
                self._overwrite(data, after)
                self._tell_in_place(error)
                return
            if fd is None or _version(os.fstat(fd)) == base:
                return
            # Somebody who had opened the old file before it was replaced wrote to it after that.
            held = after
            data, base = self._look(fd)

    def _attempt_closed(self) -> None:
        """The same, with the file closed before it is replaced: nobody has the old one then."""
        with _opened(self.real) as fd:
            data, here = self._look(fd)
            old = None if fd is None else os.fstat(fd)
        after = self._changed(data)
        if after == data:
            return
        try:
            self._replace(after, here, old)
        except OSError as error:
            if old is None or self.written or error.errno not in _IN_PLACE:
                raise
            self._overwrite(data, after)
            self._tell_in_place(error)

    def _look(self, fd: int | None) -> tuple[bytes, _Version]:
        if fd is None:
            return b"", None
        return _settle(fd) if self.shared else (_read(fd), _version(os.fstat(fd)))

    def _changed(self, data: bytes) -> bytes:
        self.marked = data.startswith(BYTE_ORDER_MARK)
        try:
            return self.change(data)
        except FileError as error:
            raise FileError(f"{self.path}, {error.message}", hint=error.hint) from error

    def _replace(self, after: bytes, here: _Version, old: os.stat_result | None) -> _Version:
        """Put a new file in the place of the one that is ``here``; what is there then.

        Raises _ChangedMeanwhileError when another one is, and OSError when the old one still is.
        """
        temp = self.real.with_name(_temp_prefix(self.real) + os.urandom(8).hex())
        try:
            staged = self._stage(temp, after, old)
            with _folder_opened(temp.parent) as folder:
                if _version_at(self.real) != here:
                    raise _ChangedMeanwhileError
                try:
                    descriptors.replace(temp, self.real)
                except FileNotFoundError:  # swept by somebody who could not see our lock
                    raise _ChangedMeanwhileError from None
                self.written = True
                _sync(folder)
        except BaseException:
            with suppress(OSError):
                temp.unlink()
            raise
        return staged

    def _stage(self, temp: Path, data: bytes, old: os.stat_result | None) -> _Version:
        """Write the new file, whole and on the disk, with the old one's owner and mode."""
        fd = os.open(temp, descriptors.CREATE, 0o600)
        try:
            _write(fd, data)
            if old is not None:
                descriptors.own(fd, old.st_uid, old.st_gid)
                descriptors.close_to(fd, self._mode(old))
            else:
                descriptors.give(fd, temp.parent)
            descriptors.sync(fd)
            new = os.fstat(fd)
        finally:
            os.close(fd)
        self._tell_closed(old, new)
        return _version(new)

    def _mode(self, old: os.stat_result) -> int:
        return old.st_mode & (0o600 if self.private else 0o777)

    def _overwrite(self, data: bytes, after: bytes) -> None:
        """Write ``after`` over ``data`` in the file itself.

        A kill must not find it empty or with the end of the old bytes: one write covers the whole
        old length, with newlines where the new bytes are fewer, and only then it is cut.
        """
        fd = os.open(self.real, descriptors.UPDATE_ITSELF)
        try:
            _lock_itself(fd, self.path)
            if _read(fd) != data:
                raise _ChangedMeanwhileError
            old = os.fstat(fd)
            try:
                descriptors.overwrite(fd, after.ljust(len(data), b"\n"))
                os.ftruncate(fd, len(after))
                descriptors.sync(fd)
            except BaseException:
                with suppress(OSError):
                    descriptors.overwrite(fd, data)
                    os.ftruncate(fd, len(data))
                    descriptors.sync(fd)
                raise
            self.written = True
            with suppress(OSError):  # may be somebody else's
                descriptors.close_to(fd, self._mode(old))
            self._tell_closed(old, os.fstat(fd))
        finally:
            os.close(fd)

    def _tell_in_place(self, error: OSError) -> None:
        if error.errno in (errno.EBUSY, errno.EXDEV):
            self._tell(
                f"{self.path} is mounted by itself and was written in place. Mount its folder "
                "instead: that is safer."
            )
        else:
            self._tell(
                f"{self.path} was written in place, as no new file could take its place "
                f"({error.strerror}). A folder you can write is safer."
            )

    def _tell_closed(self, old: os.stat_result | None, new: os.stat_result) -> None:
        before, after = (stat.S_IMODE(status.st_mode) for status in (old or new, new))
        # Some file systems show one mode for all files, whatever is asked for.
        if self.private and before & 0o077 and before != after:
            self._tell(f"{self.path} was open to others (mode {before:o}); it is {after:o} now.")

    def _tell(self, notice: str) -> None:
        if notice not in self.notices:
            self.notices.append(notice)


class _ChangedMeanwhileError(Exception):
    """The file is no longer the one that was read."""


def _in_config(changes: Changes, data: bytes) -> bytes:
    return edit(data, {config_section(name, data): keys for name, keys in changes.items()})


def _expand(value: str, environ: Mapping[str, str]) -> Path:
    names = r"\$(?:(\w+)|\{([^}]*)\})" + (r"|%([^%]+)%" if sys.platform == "win32" else "")
    value = re.sub(
        names,
        lambda m: environ.get(next(filter(None, m.groups()), ""), m[0]),
        value,
        flags=re.ASCII,
    )
    if value == "~" or value.startswith(("~/", f"~{os.sep}")):
        return Path(_home(environ), value[2:])
    # Path.expanduser raises where there is no such user; AWS's tools take the name as it is then.
    return Path(os.path.expanduser(value))  # noqa: PTH111 - see above


def _home(environ: Mapping[str, str]) -> str:
    """The home folder as :func:`os.path.expanduser` finds it. Raises FileError when there is none."""
    if sys.platform == "win32":  # where HOME is that of some other shell, if there is one
        variable = "USERPROFILE"
        home = environ.get(variable)
        if not home and (path := environ.get("HOMEPATH")):
            home = environ.get("HOMEDRIVE", "") + path
    else:
        variable = "HOME"
        home = environ.get(variable) or _home_on_record()
    if home:
        return home
    raise FileError(
        "There is no home folder to look for the AWS files in.",
        hint=f"Set {variable}, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.",
    )


if sys.platform != "win32":  # pragma: no branch - it has none of it

    def _home_on_record() -> str:
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return ""


@contextmanager
def _naming(path: Path, done: str) -> Iterator[None]:
    """Turn what the system says into what the person needs: which file, why, what now."""
    try:
        yield
    except OSError as error:
        hints = {
            errno.EACCES: "Look at who owns it and its folder, and at their modes.",
            errno.EPERM: "Look at who owns it and its folder, and at their modes.",
            errno.EROFS: "It lies on something mounted read-only.",
            errno.ENOSPC: "The disk is full.",
            errno.EDQUOT: "Your disk quota is used up.",
        }
        hint = hints.get(error.errno or 0, f"See what is there: ls -ld {path}")
        if done == "written":
            hint += " The credentials can still be had with --print-creds."
        raise FileError(
            f"{path} could not be {done}: {error.strerror or error}.", hint=hint.strip()
        ) from error


def _load(path: Path) -> bytes:
    with _naming(path, "read"):
        try:
            fd = os.open(path, descriptors.READ)
        except FileNotFoundError:
            return b""
        with _closing(fd):
            return _settle(fd)[0]


@contextmanager
def _opened(real: Path) -> Iterator[int | None]:
    """The regular file at ``real``, which must not be a link any more; None if there is none."""
    try:
        fd = os.open(real, descriptors.READ_ITSELF)
    except FileNotFoundError:
        yield None
        return
    with _closing(fd):
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        yield fd


@contextmanager
def _folder_opened(folder: Path) -> Iterator[int | None]:
    """A folder to be synced; None if it cannot be opened, though it may be written."""
    try:
        fd = os.open(folder, descriptors.FOLDER)
    except PermissionError:
        yield None
        return
    with _closing(fd):
        yield fd


@contextmanager
def _closing(fd: int) -> Iterator[None]:
    """Close what was only read, whatever the system says to it."""
    try:
        yield
    finally:
        with suppress(OSError):
            os.close(fd)


def _sync(folder: int | None) -> None:
    """Make a folder's new entries last, where the system can."""
    try:
        if folder is not None:
            os.fsync(folder)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _version(status: os.stat_result) -> _Version:
    return *descriptors.identity(status), status.st_size, status.st_mtime_ns


def _version_at(real: Path) -> _Version:
    try:
        return _version(real.lstat())
    except FileNotFoundError:
        return None


def _read(fd: int) -> bytes:
    with open(fd, "rb", buffering=0, closefd=False) as file:
        file.seek(0)
        return file.readall()


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _settle(fd: int) -> tuple[bytes, _Version]:
    """The bytes of a file that nobody is in the middle of writing.

    Raises OSError when they never stand still.
    """
    give_up = time.monotonic() + _RETRY_SECONDS
    status, data = os.fstat(fd), _read(fd)
    since = time.monotonic()
    while not _settled(status, data, time.monotonic() - since):
        if time.monotonic() > give_up:
            raise OSError(errno.EBUSY, "another program is writing it all the time")
        time.sleep(_POLL_SECONDS)
        now = os.fstat(fd)
        if _version(now) != _version(status) or len(data) != now.st_size:
            status, data, since = now, _read(fd), time.monotonic()
    return data, _version(status)


def _settled(status: os.stat_result, data: bytes, still: float) -> bool:
    """Whether these are all the bytes there are to come, after ``still`` seconds without change."""
    if not stat.S_ISREG(status.st_mode):
        return True
    if len(data) != status.st_size:
        return False
    if time.time() - status.st_mtime > _STEADY_SECONDS:
        return True
    if not data:  # truncated, and about to be written?
        return still >= _EMPTY_SECONDS
    if data[-1] not in b"\r\n":  # cut short?
        return still >= _CUT_SECONDS
    return still >= _POLL_SECONDS


def _real(path: Path) -> Path:
    with _naming(path, "written"):
        return Path(os.path.realpath(path))


def _temp_prefix(real: Path) -> str:
    return f".{real.name}.samlauth-"


def _make_folder(folder: Path) -> None:
    """Make the folder, 0700, and those above it, unless they are there."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with suppress(FileExistsError):  # made by somebody else just now
        folder.mkdir(0o700)
        descriptors.give(folder, folder.parent)


def load() -> None:
    """Load what locks files: 30 ms, and not for those who only read."""
    import filelock  # noqa: F401 - for whoever comes to a lock


@contextmanager
def _locked(real: Path, path: Path, seconds: float = LOCK_SECONDS) -> Iterator[str]:
    """Hold the lock of a file; yields why there is none, or "".

    The lock file stays: to remove it would let two in. Raises FileError when somebody else holds
    the lock for too long, and OSError when the lock fails in a place that should allow it.
    """
    from filelock import FileLock, Timeout  # not for those who only read: see load

    lock = FileLock(
        f"{real}.lock",
        mode=0o600,
        blocking=False,
        fallback_to_soft=False,
        on_acquired=lambda fd: descriptors.give(fd, real.parent),
    )
    missing = ""
    try:
        _take(lock.acquire, Timeout, path, f"{real}.lock", seconds)
    except OSError as error:
        if error.errno not in _NO_LOCK:
            raise
        missing = error.strerror or str(error)
    else:
        _sweep(real)
    try:
        yield missing
    finally:
        with suppress(OSError):
            lock.release()


def _lock_itself(fd: int, path: Path) -> None:
    """Lock a file that is written in place: whoever sees it elsewhere sees another lock file."""
    with suppress(OSError):  # no locks in this file system: there is none, then
        _take(partial(descriptors.lock, fd), BlockingIOError, path, str(path))


def _take(
    lock: Callable[[], object],
    taken: type[OSError],
    path: Path,
    lock_path: str,
    seconds: float = LOCK_SECONDS,
) -> None:
    """Try to lock until it succeeds, or it is too late: then raises FileError.

    The tries come the faster the longer one waits: with one pace for all, of many who lock again
    and again some would hardly ever get in.
    """
    start = time.monotonic()
    while True:
        try:
            lock()
        except taken:
            waited = time.monotonic() - start
            if waited > seconds:
                raise FileError(
                    f"{path} has been locked by another program for {seconds:g} seconds.",
                    hint=f"See what holds it (fuser {lock_path} tells), end that, and try again.",
                ) from None
            pace = _LOCK_POLL_SECONDS * seconds / LOCK_SECONDS
            time.sleep(0.001 + pace * (1 - waited / seconds) ** 2)
        else:
            return


def _sweep(real: Path) -> None:
    """Remove new files that never took their place; nobody else has one while we hold the lock."""
    with suppress(OSError):
        for entry in real.parent.iterdir():
            if entry.name.startswith(_temp_prefix(real)):
                entry.unlink()
