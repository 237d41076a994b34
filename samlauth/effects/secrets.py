"""Where a password can come from besides the person: standard input and the system's keyring."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TextIO

from samlauth.challenges import AnyChallenge, EnterPassword

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

log = logging.getLogger("samlauth.keyring")

Answer = Callable[[AnyChallenge], object | None]

PEER_SERVICE = "aws-google-auth"
"""The name aws-google-auth keeps its users' Google passwords under."""


def first_of(*answerers: Answer) -> Answer:
    """The first answer any of them has."""

    def answer(challenge: AnyChallenge) -> object | None:
        for answerer in answerers:
            found = answerer(challenge)
            if found is not None:
                return found
        return None

    return answer


class PasswordLine:
    """The first line of a stream, as the password; given once, for a refused one is not sent again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream

    def answer(self, challenge: AnyChallenge) -> object | None:
        """The password, the first time one is asked for."""
        if not isinstance(challenge, EnterPassword) or self._stream is None:
            return None
        stream, self._stream = self._stream, None
        return stream.readline().rstrip("\r\n") or None


class Keyring:
    """The system's keyring, in front of whoever answers when it has no password.

    A password it gave that is refused is deleted from it and asked for. Nothing is kept before
    :meth:`keep`, and no failure of it fails a login.
    """

    def __init__(self, behind: Answer, warn: Callable[[str], None]) -> None:
        self._behind = behind
        self._warn = warn
        self._given: str | None = None
        """The service whose password was given out."""
        self._typed: tuple[EnterPassword, str] | None = None
        self._backend: KeyringBackend | None = None
        self._failed = False

    def answer(self, challenge: AnyChallenge) -> object | None:
        """The stored password; else what the answerer behind says, remembered for :meth:`keep`."""
        if not isinstance(challenge, EnterPassword):
            return self._behind(challenge)
        if self._given is not None:
            self._forget(self._given, challenge)
            self._given = None
        elif not challenge.refused:
            for service in _services(challenge.origin):
                password = self._try(partial(_read, service, challenge.username))
                if password:
                    self._given = service
                    return password
        answer = self._behind(challenge)
        self._typed = (challenge, answer) if isinstance(answer, str) else None
        return answer

    def keep(self) -> None:
        """Store the password that was typed, once the login has shown it to be right."""
        if self._typed is None:
            return
        challenge, password = self._typed
        service = _services(challenge.origin)[0]
        self._try(lambda ring: ring.set_password(service, challenge.username, password))

    def _forget(self, service: str, challenge: EnterPassword) -> None:
        self._try(lambda ring: ring.delete_password(service, challenge.username))
        self._warn("The password in the keyring was refused, and has been removed from it.")

    def _try(self, act: Callable[[KeyringBackend], str | None]) -> str | None:
        """Do it, or warn once and go on without a keyring."""
        if self._failed:
            return None
        try:
            if self._backend is None:
                self._backend = _backend()
            return act(self._backend)
        except Exception as error:  # noqa: BLE001 - backends are plugins and raise what they like
            self._failed = True
            log.debug("keyring failed: %s", type(error).__name__)
            self._warn(f"The keyring cannot be used ({_reason(error)}); going on without it.")
            return None


class _Unsafe(Exception):
    """The only backend there is keeps passwords in the clear."""


def _backend() -> KeyringBackend:
    import keyring
    from keyring.backends import chainer, fail

    ring = keyring.get_keyring()
    if isinstance(ring, chainer.ChainerBackend):
        # The chain would fall back to a plaintext file by itself; only its first may be used.
        ring = next(iter(ring.backends), fail.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    if type(ring).__module__.startswith("keyrings.alt") and "Plaintext" in type(ring).__name__:
        raise _Unsafe
    return ring


def _services(origin: str) -> tuple[str, ...]:
    ours = f"samlauth {origin}"
    return (ours, PEER_SERVICE) if origin == "https://accounts.google.com" else (ours,)


def _read(service: str, username: str, ring: KeyringBackend) -> str | None:
    # aws-google-auth stores the line as it was piped in, newline and all.
    return (ring.get_password(service, username) or "").rstrip("\r\n") or None


def _reason(error: Exception) -> str:
    match type(error).__name__:
        case "_Unsafe":
            return "the only one installed stores passwords unencrypted"
        case "NoKeyringError":
            return "this machine has none"
        case "KeyringLocked":
            return "it is locked"
        case name:
            return name
