"""How long a profile's credentials last, for a shell's prompt: it is asked before every command.

So nothing is loaded that is not loaded anyway, and the files are searched, not parsed. What is not
plainly there is not said.
"""

from __future__ import annotations

import os
import time

from samlauth.effects import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LARGEST = 5_000_000
"""Bytes that are read of a file."""


def answer(arguments: Sequence[str], environ: Mapping[str, str]) -> bytes | None:
    """What ``status --short`` prints; None for any other command line."""
    words = [word for word in arguments if word != "--short"]
    if words[:1] != ["status"] or len(arguments) != len(words) + 1:
        return None
    match words[1:]:
        case []:
            return line("", environ)
        case ["-p" | "--profile", profile]:
            return line(profile, environ)
        case _:
            return None


def line(profile: str, environ: Mapping[str, str]) -> bytes:
    """``NAME 58m`` and a line end; nothing when there are no good credentials of ours.

    The profile is the one named, else the one that the environment names, else ``sts``.
    """
    name = profile or environ.get("SAMLAUTH_PROFILE") or environ.get("AWS_PROFILE") or "sts"
    if not name.isprintable():
        return b""
    config = _path(environ, "AWS_CONFIG_FILE", "config")
    credentials = _path(environ, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
    left = _of_file(name, credentials, config) or _of_cache(name, config)
    return f"{name} {_spelt(left)}\n".encode() if left > 0 else b""


def read_files(environ: Mapping[str, str]) -> tuple[bytes, bytes, bytes]:
    """The AWS config file, the credentials file and the state; empty where there is none."""
    config = _path(environ, "AWS_CONFIG_FILE", "config")
    credentials = _path(environ, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
    return _read(config), _read(credentials), _read(_state_beside(config))


def _state_beside(config: str) -> str:
    return os.path.join(os.path.dirname(config), "samlauth", "state")


def _path(environ: Mapping[str, str], variable: str, usual: str) -> str:
    named = environ.get(variable) or os.path.join("~", ".aws", usual)
    return os.path.expanduser(os.path.expandvars(named))


def _of_file(profile: str, credentials: str, config: str) -> int:
    """Seconds left of the keys in the credentials file, when a login of ours wrote them; else 0."""
    keys = _section(_read(credentials), profile.encode())
    key_id = keys.get(b"aws_access_key_id", b"")
    state = _read(_state_beside(config))
    if not key_id or b'"access_key_id": "%b"' % key_id not in state:
        return 0
    return _left(keys.get(b"aws_session_expiration", b""))


def _of_cache(profile: str, config: str) -> int:
    """Seconds left of what ``credential-process`` keeps; 0 for nothing."""
    found = cache.load(cache.path_beside(config, profile))
    if not isinstance(found, tuple):
        return 0
    return _left(found[2].partition(b'"Expiration": "')[2].partition(b'"')[0])


def _read(path: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:
        return b""
    try:
        return os.read(descriptor, _LARGEST)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _section(content: bytes, name: bytes) -> dict[bytes, bytes]:
    """The keys, in lower case, and values of ``[name]``."""
    keys: dict[bytes, bytes] = {}
    inside = False
    for row in content.removeprefix(b"\xef\xbb\xbf").splitlines():
        if row.startswith(b"["):
            inside = row[1:].partition(b"]")[0].strip() == name
        elif inside:
            key, _, value = row.partition(b"=")
            keys[key.strip().lower()] = value.strip()
    return keys


def _left(until: bytes) -> int:
    """Seconds until ``2026-11-21T21:00:00Z``, or ``…+0000``; 0 for any other text."""
    day, _, hour = until.removesuffix(b"Z").removesuffix(b"+0000").partition(b"T")
    try:
        year, month, date = map(int, day.split(b"-"))
        hours, minutes, seconds = map(int, hour.split(b":"))
    except ValueError:
        return 0
    # Days since 1970 in the proleptic Gregorian calendar, a year starting in March.
    years = year - (month < 3)
    leaps = years // 4 - years // 100 + years // 400
    days = 365 * years + leaps + (153 * ((month + 9) % 12) + 2) // 5 + date - 719469
    return int(((days * 24 + hours) * 60 + minutes) * 60 + seconds - time.time())


def _spelt(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds}s"
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m"
