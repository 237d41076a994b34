"""What the platforms do differently with an open file: flags, owners, modes, and replacing it.

Windows has neither owners nor modes in the sense of POSIX: a new file is as open to others as its
folder is, and the folders in somebody's home are not. It does not let a file be replaced that a
program has open, unless the program said so; Python's ``os.open`` does not. Written by the
documentation of Python's ``os`` and of Windows' file functions, and never run there.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)
"""Without it Windows changes line ends, and takes Ctrl-Z for the end."""
_ITSELF = getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)
"""A pipe that somebody put there is not waited for."""

READ = os.O_RDONLY | _AT_ONCE | _BINARY
READ_ITSELF = READ | _ITSELF
"""Not what a link leads to."""
UPDATE_ITSELF = os.O_RDWR | _ITSELF | _AT_ONCE | _BINARY
CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _ITSELF | _BINARY
FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0)

_TAKEN_SECONDS = 2.0
"""How long to wait until nobody has a file open: whoever reads one, or looks it over, soon ends."""
_TAKEN_POLL_SECONDS = 0.01


def replaces_open_files() -> bool:
    """Whether a file that is open can be replaced, and a folder be opened."""
    return sys.platform != "win32"


def replace(new: Path, old: Path) -> None:
    """Give ``new`` the name ``old``, in one step. Raises OSError as :func:`os.replace`.

    On Windows, after some seconds in which another program had the old one open.
    """
    give_up = time.monotonic() + _TAKEN_SECONDS
    while True:
        try:
            new.replace(old)
        except PermissionError:
            if replaces_open_files() or time.monotonic() > give_up:
                raise
            time.sleep(_TAKEN_POLL_SECONDS)
        else:
            return


def identity(status: os.stat_result) -> tuple[int, int]:
    """Device and inode; on Windows nothing, where a name and a descriptor may tell different ones."""
    return (0, 0) if sys.platform == "win32" else (status.st_dev, status.st_ino)


def own(fd: int, owner: int, group: int) -> None:
    """Give the open file to somebody; nothing on Windows. Raises OSError when that may not be."""
    if sys.platform != "win32":
        os.fchown(fd, owner, group)


def close_to(fd: int, mode: int) -> None:
    """Give the open file this mode; nothing on Windows. Raises OSError when that may not be."""
    if sys.platform != "win32":
        os.fchmod(fd, mode)


def give(made: int | Path, folder: Path) -> None:
    """Give what was made in a folder to whom it is for, if that can be; it is closed in any case.

    Root, as in a container that has somebody's ~/.aws mounted, makes it for the folder's owner.
    """
    if sys.platform != "win32":
        status = folder.stat()
        owner = (status.st_uid, status.st_gid) if os.geteuid() == 0 else (-1, -1)
        with suppress(OSError):
            os.chown(made, *owner)


def sync(fd: int) -> None:
    """Have what was written last. Raises OSError when the disk does not confirm it.

    On macOS ``fsync`` leaves it in the drive's own memory, and F_FULLFSYNC does not (fsync(2) there);
    not every file system has that.
    """
    if sys.platform == "darwin":
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)
            return
    os.fsync(fd)


def overwrite(fd: int, data: bytes) -> None:
    """Write over the file from its start, in one write where the system can. Raises OSError."""
    done = 0
    while done < len(data):
        if sys.platform != "win32":
            done += os.pwrite(fd, data[done:], done)
        else:
            os.lseek(fd, done, os.SEEK_SET)
            done += os.write(fd, data[done:])


def lock(fd: int) -> None:
    """Lock the file itself, until it is closed; nothing on Windows, where none but us could read it.

    Raises BlockingIOError when somebody else has it locked, OSError where there are no locks.
    """
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
