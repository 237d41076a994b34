"""The shared file: what an administrator has set for everybody on a machine.

``SAMLAUTH_CONFIG`` names it, else it is ``/etc/samlauth/config``, on macOS in
``/Library/Application Support`` and on Windows in ``%ProgramData%``. It is written like the AWS
config file, with the settings' own names as keys: ``[samlauth]`` is for every profile, and a section
``[profile NAME]`` comes before it for that one::

    [samlauth]
    idp_id = C01abc
    sp_id = 000111000111

    [profile production]
    duration = 1h
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping

from samlauth.awsfiles import config_section, read_section
from samlauth.effects import descriptors
from samlauth.effects.cache import SHARED, shared_path
from samlauth.errors import FileError, SettingsError
from samlauth.printable import safe
from samlauth.setting import Layer, Part
from samlauth.settings import TABLE

_LARGEST = 1_000_000


def shared(environ: Mapping[str, str], profile: str) -> tuple[list[Part], list[str]]:
    """What the shared file has for a profile, best first, and a sentence for each key passed over.

    Nothing where there is no such file. A key that names a program counts only if root owns the
    file. Raises SettingsError for a file that somebody else could have written, or that
    ``SAMLAUTH_CONFIG`` names and is not there; FileError for one that cannot be read.
    """
    path = shared_path(environ)
    try:
        descriptor = os.open(path, descriptors.READ)
    except (FileNotFoundError, NotADirectoryError):
        if environ.get(SHARED):
            raise SettingsError(
                f"There is no {safe(path, 1000)}, which {SHARED} names.",
                hint=f"Put the shared settings there, or unset {SHARED}.",
            ) from None
        return [], []
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        found = os.fstat(descriptor)
        by_root = _check(path, found)
        data = _read(descriptor)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(descriptor)
    parts: list[Part] = []
    passed_over: list[str] = []
    for section in (config_section(profile, data), "samlauth"):
        keys, name = read_section(data, section), f"[{section}] of {path}"
        for setting in TABLE:
            if setting.runs and setting.name in keys and not by_root:
                del keys[setting.name]
                passed_over.append(
                    f"{setting.name} in {safe(name, 1000)} names a program, and counts only in a "
                    "file that root owns; passing over it."
                )
        if keys:
            parts.append(Part(Layer.SHARED, keys, name))
    return parts, passed_over


def _check(path: str, found: os.stat_result) -> bool:
    """Whether the file is root's. Raises SettingsError for one that others could have written.

    On Windows nothing tells, so that it is nobody's.
    """
    shown = safe(path, 1000)
    if not stat.S_ISREG(found.st_mode):
        raise SettingsError(
            f"{shown} is not a file, so there can be no shared settings in it.",
            hint=f"Put a file there, or name another with {SHARED}.",
        )
    if sys.platform == "win32":
        return False
    if found.st_uid not in {0, os.geteuid()}:
        raise SettingsError(
            f"{shown} has settings for your sign-in, and belongs to somebody else (user "
            f"{found.st_uid}), who could send your password elsewhere.",
            hint=f"Have its owner made root: chown root {shown}",
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise SettingsError(
            f"{shown} has settings for your sign-in, and others can write it: they could send "
            "your password elsewhere.",
            hint=f"See that what is in it is right, then: chmod go-w {shown}",
        )
    return found.st_uid == 0


def _read(descriptor: int) -> bytes:
    content = b""
    while len(content) < _LARGEST and (more := os.read(descriptor, _LARGEST)):
        content += more
    return content


def _unreadable(path: str, error: OSError) -> FileError:
    return FileError(
        f"{safe(path, 1000)} cannot be read: {error.strerror}.",
        hint="It holds the settings that are meant for you. Have it made readable for everybody.",
    )
