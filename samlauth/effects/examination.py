"""What is so of this computer: the AWS files, samlauth's own, and the programs a sign-in may need.

Nothing is changed. What cannot be found out is left out, for no question is worth a failure here.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import ssl
import stat
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from samlauth import __version__
from samlauth.diagnosis.facts import AWSFile, Entry, Leftover, NoBrowser
from samlauth.effects import descriptors
from samlauth.effects.browser import executable, profile
from samlauth.effects.files import AWSFiles
from samlauth.effects.files.staging import left_over
from samlauth.errors import FileError
from samlauth.flow import BrowserEnded
from samlauth.idp.plugins import GROUP

_LOCK_SECONDS = 1.0
"""How long somebody else may have a lock who is only writing."""
_LOCK_POLL_SECONDS = 0.02
_LEFT_SECONDS = 60.0
"""A new version of a file that is older is nobody's any more: no write takes so long."""
_LARGEST = 20_000_000

_MOUNTS = Path("/proc/self/mountinfo")

LIBRARIES: Final = (
    "requests",
    "urllib3",
    "beautifulsoup4",
    "lxml",
    "botocore",
    "keyring",
    "filelock",
    "prompt_toolkit",
    "cryptography",
    "pyspnego",
)


def aws_files(aws: AWSFiles) -> tuple[AWSFile, ...]:
    """Both files; one, where they are the same."""
    files = (_aws_file(aws.credentials, private=True), _aws_file(aws.config, private=False))
    return files[:1] if files[0].real == files[1].real else files


def _aws_file(path: Path, *, private: bool) -> AWSFile:
    real = os.path.realpath(path)
    folder = os.path.dirname(real)  # noqa: PTH120 - realpath has none in pathlib that never raises
    data, unreadable = _content(real)
    state, lock = _lock(f"{real}.lock")
    return AWSFile(
        str(path),
        real,
        private,
        _entry(real),
        unreadable,
        data,
        _entry(folder),
        _writable(folder),
        _is_mounted(real),
        _free(folder),
        state,
        lock,
    )


def _entry(path: str) -> Entry | None:
    """None for what is neither a file nor a folder: the mode of ``/dev/null`` is nobody's business."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return None
    is_folder = stat.S_ISDIR(found.st_mode)
    mode = stat.S_IMODE(found.st_mode)
    if sys.platform == "win32":
        # Whoever may read it is not in these bits there: they are taken as they should be.
        mode = 0o700 if is_folder else 0o600
    return Entry(path, mode, found.st_uid, is_folder)


def _content(real: str) -> tuple[bytes, str]:
    """The bytes of a file, and why they cannot be had. Neither where there is no file."""
    try:
        fd = os.open(real, descriptors.READ_ITSELF)
    except FileNotFoundError:
        return b"", ""
    except OSError as error:
        return b"", error.strerror or str(error)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return b"", "it is not a regular file"
        with open(fd, "rb", closefd=False) as file:
            return file.read(_LARGEST), ""
    except OSError as error:
        return b"", error.strerror or str(error)
    finally:
        os.close(fd)


def _writable(folder: str) -> bool:
    """Whether files can be made in the folder, or those folders that are missing above them."""
    while not os.path.lexists(folder) and folder != os.path.dirname(folder):  # noqa: PTH120 - as above
        folder = os.path.dirname(folder)  # noqa: PTH120 - as above
    return os.access(folder, os.W_OK | os.X_OK)


def _is_mounted(real: str) -> bool:
    """Whether something is mounted at the file itself (proc(5), mountinfo, the fifth field)."""
    try:
        mounts = _MOUNTS.read_bytes()
    except OSError:
        return False
    points = (line.split(b" ")[4] for line in mounts.splitlines() if line.count(b" ") > 4)
    return os.fsencode(real) in map(_unescaped, points)


def _unescaped(point: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda code: bytes([int(code[1], 8) & 0xFF]), point)


def _free(folder: str) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _lock(path: str) -> tuple[Literal["", "held", "impossible"], str]:
    """Why the lock cannot be had; one that was never made can be."""
    try:
        fd = os.open(path, descriptors.UPDATE_ITSELF)
    except FileNotFoundError:
        return "", path
    except OSError:
        return "impossible", path
    try:
        give_up = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                descriptors.lock(fd)
            except BlockingIOError:
                if time.monotonic() > give_up:
                    return "held", path
                time.sleep(_LOCK_POLL_SECONDS)
            else:
                return "", path
    except OSError:
        return "impossible", path
    finally:
        os.close(fd)


def home() -> str:
    """The person's home folder, with links followed; "" where there is none."""
    try:
        return str(Path.home().resolve())
    except (OSError, RuntimeError):
        return ""


def own(aws: AWSFiles, environ: Mapping[str, str]) -> tuple[Entry, ...]:
    """samlauth's folder beside the config file with all that is in it, and the browser's profiles.

    What is in those is the browser's.
    """
    paths = [str(path) for path in _browser_profiles(environ)]
    folder = str(aws.config.parent / "samlauth")
    paths.append(folder)
    for above, folders, names in os.walk(folder):
        paths += [os.path.join(above, name) for name in sorted((*folders, *names))]  # noqa: PTH118 - of os.walk
    found = (_entry(path) for path in paths if not os.path.islink(path))  # noqa: PTH114 - a text already
    return tuple(entry for entry in found if entry is not None)


def _browser_profiles(environ: Mapping[str, str]) -> Iterator[Path]:
    with suppress(OSError, FileError):
        everything = profile.root(environ)
        yield everything
        yield from sorted(everything.iterdir())


def leftovers(aws: AWSFiles, now: float) -> tuple[Leftover, ...]:
    """What killed runs left; ``now`` is the time of day, in seconds."""
    folders = {Path(os.path.realpath(path)).parent for path in (aws.config, aws.credentials)}
    folders |= {Path(above) for above, _, _ in os.walk(aws.config.parent / "samlauth")}
    return tuple(left for folder in sorted(folders) for left in _leftovers(folder, now))


def _leftovers(folder: Path, now: float) -> Iterator[Leftover]:
    with suppress(OSError):
        for path, of in left_over(folder):
            if now - path.lstat().st_mtime > _LEFT_SECONDS:
                yield Leftover(str(path), str(of))


def browser(environ: Mapping[str, str], path: str | None) -> str | NoBrowser:
    """The one that a sign-in would open; ``path`` is what ``--browser-path`` names."""
    match executable.find(environ, path):
        case BrowserEnded(message=message, hint=hint):
            return NoBrowser(message, hint)
        case found:
            return str(found)


def plugins() -> tuple[str, ...]:
    """Identity providers from other packages; none of them is loaded."""
    return tuple(
        f"{point.name} ({point.dist.name} {point.dist.version})" if point.dist else point.name
        for point in metadata.entry_points(group=GROUP)
    )


def versions() -> tuple[tuple[str, str], ...]:
    """Of samlauth, Python, OpenSSL, the system, and the libraries that are installed."""
    found = [
        ("samlauth", __version__),
        ("Python", platform.python_version()),
        ("OpenSSL", ssl.OPENSSL_VERSION.removeprefix("OpenSSL ").partition(" ")[0]),
        (platform.system(), platform.release()),
    ]
    for name in LIBRARIES:
        with suppress(metadata.PackageNotFoundError):
            found.append((name, metadata.version(name)))
    return tuple(found)
