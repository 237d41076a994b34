"""Credentials of ``credential_process`` profiles, a file each, beside the AWS config file.

What answers nine times in ten is :func:`answer`, before anything but ``os`` and ``time`` is loaded:
this module imports nothing else, and what writes a file imports what it needs by itself.

A file is the header, the exact bytes to print, and what they are::

    samlauth cache 1
    1763800000                                          good until, seconds since 1970
    1234 1763700000000000000 98765 /home/ada/.aws/config    what was read: size, mtime in ns, inode
    211                                                 bytes of the answer
    {"Version": 1, "AccessKeyId": …}
    {"access_key_id": …, "identity": {…}, …}

What was read is the AWS config file and, where there are such, the shared file, saml2aws's and the
file of a session policy, with a tab between.

It is believed when nobody else can have written or read it: a regular file of mode 0600 or less,
owned by the user or, for root, by the owner of its folder (as in a container, where ``~/.aws``
belongs to whoever mounted it).
"""

from __future__ import annotations

import os
import stat
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from samlauth.credentials import Credentials
    from samlauth.effects.state import Issued

_FIRST = b"samlauth cache 1"
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-")
_DEVICES = frozenset(("con", "prn", "aux", "nul"))
"""What is no file on Windows, with ``com`` and ``lpt`` and a digit ("Naming Files, Paths, and
Namespaces"); elsewhere it is one like any other."""
_LARGEST = 100_000
"""Bytes a file may have; a session token has a thousand or so."""

# No link is followed, and a pipe that somebody put there is not waited for.
_OPENED = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_OPENED |= getattr(os, "O_BINARY", 0)  # Windows would change line ends

_POLICY = b"\tpolicy "
"""What stands before the version of a session policy's file."""
_DECIDE = frozenset({"AWS_ROLE_ARN", "AWS_ACCOUNT", "AWS_WEB_IDENTITY_TOKEN_FILE"})
_DECIDE_TOO = ("SAMLAUTH_", "GOOGLE_")

SHARED = "SAMLAUTH_CONFIG"
"""The variable that names the shared file, which is no setting by itself."""


def answer(arguments: Sequence[str], environ: Mapping[str, str]) -> bytes | None:
    """What ``credential-process -p X`` prints, when the cache has it and nothing speaks against it.

    None for every other command line, and whenever there is more to think about: no file, one that
    is not good or not ours, settings that changed since, or settings in the environment.
    """
    if len(arguments) != 3 or arguments[0] != "credential-process":
        return None
    if arguments[1] not in {"-p", "--profile"}:
        return None
    for name in environ:
        if (name.startswith(_DECIDE_TOO) and name != SHARED) or name in _DECIDE:
            return None
    config = environ.get("AWS_CONFIG_FILE") or os.path.join("~", ".aws", "config")
    config = os.path.expanduser(config)
    held = load(path_beside(config, arguments[2]))
    if not isinstance(held, tuple):
        return None
    good_until, read, printed, _ = held
    if time.time() >= good_until or not _is_so_still(read, fingerprint(config, environ)):
        return None
    return printed


def path_beside(config: str, profile: str) -> str:
    """Where the file of a profile is, by the path of the AWS config file."""
    return os.path.join(os.path.dirname(config), "samlauth", "cache", file_name(profile))


def file_name(text: str) -> str:
    """A name for a file, another for each text, whatever the file system.

    Capitals are spelt out, as macOS and Windows do not tell them from small letters.
    """
    device = text in _DEVICES or (len(text) == 4 and text[:3] in {"com", "lpt"})
    return "".join(
        letter
        if letter in _PLAIN and not (device and place == 0)
        else "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
        for place, letter in enumerate(text)
    )


def shared_path(environ: Mapping[str, str]) -> str:
    """Where an administrator's settings for everybody are."""
    if named := environ.get(SHARED):
        return named
    if sys.platform == "win32":
        return os.path.join(environ.get("PROGRAMDATA") or "C:\\ProgramData", "samlauth", "config")
    if sys.platform == "darwin":
        return "/Library/Application Support/samlauth/config"
    return "/etc/samlauth/config"


def saml2aws_path(environ: Mapping[str, str]) -> str:
    """Where saml2aws keeps its accounts."""
    named = environ.get("SAML2AWS_CONFIGFILE")
    return named or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".saml2aws")


def fingerprint(config: str, environ: Mapping[str, str] = os.environ) -> bytes:
    """What tells one version of the settings files from the next.

    The config file counts by its path even where there is none; the others only once they are there.
    """
    known = [_version(config) or b"- - - " + os.fsencode(config)]
    known += filter(None, map(_version, (shared_path(environ), saml2aws_path(environ))))
    return b"\t".join(known).replace(b"\n", b"\\n")


def with_policy(read: bytes, path: str) -> bytes:
    """The fingerprint with the file of the session policy, which the settings name."""
    return b"%b%b%b" % (read, _POLICY, _version(path).replace(b"\n", b"\\n"))


def _is_so_still(read: bytes, now: bytes) -> bool:
    """Whether what was read is what is there now, the file of a session policy included."""
    settings, policy, version = read.partition(_POLICY)
    if settings != now or not policy:
        return settings == now
    *_, path = version.split(b" ", 3)
    return bool(path) and _version(os.fsdecode(path)) == version


def _version(path: str) -> bytes:
    try:
        found = os.stat(path)
    except OSError:
        return b""
    return b"%d %d %d %b" % (found.st_size, found.st_mtime_ns, found.st_ino, os.fsencode(path))


def load(path: str) -> tuple[int, bytes, bytes, bytes] | str | None:
    """Good until, what was read, the bytes to print, and the JSON of what they are.

    None when there is no such file; a few words when there is one that cannot be believed.
    """
    try:
        descriptor = os.open(path, _OPENED)
    except FileNotFoundError:
        return None
    except OSError:
        return "it cannot be opened"
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            return "it is no cache file"
        if sys.platform != "win32":  # which has no modes: the folder's are the file's
            if found.st_mode & 0o077:
                return "others can read or write it"
            if found.st_uid not in _owners(path):
                return "it belongs to somebody else"
        content = os.read(descriptor, _LARGEST)
    except OSError:
        return "it cannot be read"
    finally:
        os.close(descriptor)
    parts = content.split(b"\n", 4)
    if len(parts) != 5 or parts[0] != _FIRST or not (_is_number(parts[1]) and _is_number(parts[3])):
        return "it is damaged"
    length, rest = int(parts[3]), parts[4]
    if rest[length : length + 2] != b"\n{" or not rest.endswith(b"}\n"):
        return "it is damaged"
    return int(parts[1]), parts[2], rest[:length], rest[length + 1 :]


def _is_number(digits: bytes) -> bool:
    return digits.isdigit() and len(digits) < 20


if sys.platform != "win32":

    def _owners(path: str) -> set[int]:
        own = os.geteuid()
        if own != 0:
            return {own}
        return {0, os.stat(os.path.dirname(path)).st_uid}


def held(path: str) -> tuple[Credentials, Issued] | str | None:
    """The credentials and what they are, good or not; else as :func:`load`."""
    import json
    from datetime import datetime

    from samlauth.credentials import Credentials
    from samlauth.effects.state import UNREADABLE, decode_issued

    found = load(path)
    if not isinstance(found, tuple):
        return found
    try:
        printed = json.loads(found[2])
        issued = decode_issued(json.loads(found[3]))
        expiration = datetime.fromisoformat(printed["Expiration"])
        credentials = Credentials(
            printed["AccessKeyId"], printed["SecretAccessKey"], printed["SessionToken"], expiration
        )
    except UNREADABLE:
        return "it is damaged"
    return credentials, issued


def keep(
    path: str,
    config: str,
    credentials: Credentials,
    issued: Issued,
    read: bytes | None = None,
) -> None:
    """Write the file; ``config`` is the AWS config file.

    ``read`` is the fingerprint of the settings files that ask for these credentials: as they are
    now, if none is given; an empty one where they do not, so that :func:`answer` thinks again.
    Raises OSError when it cannot be written, FileError for its folder.
    """
    import json
    from pathlib import Path

    from samlauth.effects import files
    from samlauth.effects.state import encode_issued

    printed = process_answer(credentials)
    good_until = int(issued.usable_until.timestamp())
    read = fingerprint(config) if read is None else read
    header = b"%b\n%d\n%b\n%d\n" % (_FIRST, good_until, read, len(printed))
    what = json.dumps(encode_issued(issued)).encode()
    files.write_private(Path(path), b"%b%b\n%b\n" % (header, printed, what))


def forget(path: str) -> bool:
    """Remove the file; whether there was one. Raises OSError when it stays."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def process_answer(credentials: Credentials) -> bytes:
    """The JSON that credential_process has to print (AWS SDKs and Tools Reference Guide)."""
    import json

    expiration = f"{credentials.expiration:%Y-%m-%dT%H:%M:%SZ}"
    answer = {
        "Version": 1,
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": expiration,
    }
    return json.dumps(answer).encode()
