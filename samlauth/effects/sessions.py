"""Sign-ins that are remembered: the identity provider's cookies, for ``--remember-session``.

A file for each person and identity provider, in ``samlauth/sessions/`` beside the AWS config file:
JSON with a ``format`` number, encrypted with AES-GCM (NIST SP 800-38D) by a key that is in the
keyring and nowhere else. One that is missing, damaged, too old, of a format this version does not
know, or whose key is gone counts as none.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from samlauth.effects import cache, extras, files
from samlauth.effects.cookies import Cookie
from samlauth.effects.ring import SERVICE, Ring, entry
from samlauth.errors import FileError

log = logging.getLogger("samlauth.sessions")

FORMAT: Final = 1
LIFE: Final = 30 * 24 * 3600
"""Seconds after which one is not used any more, whatever its cookies say."""
_KEY: Final = "session key"
_NONCE: Final = 12
"""Bytes; random, and never twice with one key as long as it encrypts less than 2**32 times."""

_OF_ONE_SIGN_IN: Final = (
    "SamlSession",
    "MSISSamlRequest",
    "MSISContext",
    "MSISLoopDetectionCookie",
)
"""How the names of ADFS's cookies begin that belong to one sign-in: with an old one of these the
next would be taken for the same, or for a browser that goes round in circles."""


class Sessions:
    """The remembered sessions of one user of this computer. No failure of theirs fails a sign-in:
    ``warn`` is told when one could not be kept. ``clock`` gives seconds since 1970."""

    def __init__(
        self,
        folder: Path,
        ring: Ring,
        warn: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._ring = ring
        self._warn = warn
        self._clock = clock

    def load(self, username: str, origin: str) -> tuple[Cookie, ...]:
        """The cookies of this person's last sign-in there that are still good."""
        whose = entry(_same(username), origin)
        try:
            sealed = _path(self._folder, whose).read_bytes()
            key = _as_key(self._ring.get(SERVICE, entry(_same(username), origin, _KEY)))
            if key is None:
                return ()
            return tuple(self._good(_unsealed(sealed, key, whose)))
        except FileNotFoundError:
            return ()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, it counts as none
            log.debug("session passed over: %s", type(error).__name__)
            return ()

    def keep(self, username: str, origin: str, cookies: Iterable[Cookie]) -> None:
        """Remember these in the place of the last ones."""
        kept = [asdict(one) for one in cookies if not one.name.startswith(_OF_ONE_SIGN_IN)]
        whose = entry(_same(username), origin)
        path = _path(self._folder, whose)
        try:
            key = self._key(entry(_same(username), origin, _KEY))
            if key is None:
                self._warn("This sign-in is not remembered: there is no keyring for its key.")
                return
            content = {"saved": self._clock(), "cookies": kept}
            sealed = _sealed(json.dumps(content).encode(), key, whose)
            with files.locked(path):
                files.write_private(path, sealed)
        except ImportError:
            self._warn(
                "This sign-in is not remembered: that needs cryptography "
                f"({extras.adding('secrets')})."
            )
        except (FileError, OSError) as error:
            self._warn(f"This sign-in is not remembered: {error}")

    def forget(self, username: str, origin: str) -> None:
        """Remove what is remembered of this person there, if it can be."""
        try:
            forget(path_of(self._folder, username, origin), self._ring)
        except FileError as error:
            self._warn(str(error))

    def _key(self, name: str) -> bytes | None:
        """The one that is there, else a new one; None when it cannot be kept."""
        key = _as_key(self._ring.get(SERVICE, name))
        if key is not None:
            return key
        key = os.urandom(32)
        return key if self._ring.put(name, base64.b64encode(key).decode("ascii")) else None

    def _good(self, content: Any) -> Iterator[Cookie]:  # noqa: ANN401 - JSON, checked here
        now = self._clock()
        if not 0 <= now - content["saved"] < LIFE:
            return
        for found in content["cookies"]:
            cookie = Cookie(**found)
            if cookie.expires is None or cookie.expires > now:
                yield cookie


def folder_beside(config: Path) -> Path:
    """Where they are, by the path of the AWS config file."""
    return config.parent / "samlauth" / "sessions"


def stored(folder: Path) -> list[Path]:
    """The files of all that are remembered."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == _SUFFIX)
    except OSError:  # there is no folder
        return []


def owner(path: Path) -> str:
    """Whose the file is, as :func:`samlauth.effects.ring.entry` has it."""
    return unquote(path.stem)


def path_of(folder: Path, username: str, origin: str) -> Path:
    """Where this person's session there is, if it is remembered."""
    return _path(folder, entry(_same(username), origin))


def forget(path: Path, ring: Ring) -> bool:
    """Remove a file and its key; whether there was one. Raises FileError when it stays."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise FileError(
            f"{path} could not be removed: {error.strerror}.",
            hint="Remove it yourself: whoever has it and your keyring can sign in as you.",
        ) from error
    ring.remove(f"{_KEY} of {owner(path)}")
    return True


_SUFFIX: Final = ".session"


def _same(username: str) -> str:
    """Identity providers take a name in any case."""
    return username.casefold()


def _path(folder: Path, whose: str) -> Path:
    return folder / f"{cache.file_name(whose)}{_SUFFIX}"


def _as_key(text: str | None) -> bytes | None:
    try:
        key = base64.b64decode(text or "", validate=True)
    except ValueError:
        return None
    return key if len(key) == 32 else None


def _sealed(content: bytes, key: bytes, whose: str) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    data = nonce + AESGCM(key).encrypt(nonce, content, _bound(whose))
    envelope = {"format": FORMAT, "sealed": base64.b64encode(data).decode("ascii")}
    return json.dumps(envelope).encode() + b"\n"


def _unsealed(sealed: bytes, key: bytes, whose: str) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Raises for anything but what :func:`_sealed` made, with this key, for this person."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    envelope = json.loads(sealed)
    if envelope["format"] != FORMAT:
        raise ValueError("of another format")
    data = base64.b64decode(envelope["sealed"], validate=True)
    return json.loads(AESGCM(key).decrypt(data[:_NONCE], data[_NONCE:], _bound(whose)))


def _bound(whose: str) -> bytes:
    """What is authenticated besides: one person's file is of no use as another's."""
    return f"samlauth session {FORMAT}\n{whose}".encode()
