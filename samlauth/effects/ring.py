"""The system's keyring, held at arm's length: it may be slow, locked, missing or not safe, and no
sign-in fails or hangs for that.

Everything of ours is under the service ``samlauth``, with the person and the identity provider in
the user name: ``ada@example.com at https://accounts.google.com``.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from queue import Empty, Queue
from threading import Thread
from typing import TYPE_CHECKING, Final, TypeVar

from samlauth.printable import safe

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

log = logging.getLogger("samlauth.keyring")

SERVICE: Final = "samlauth"

PROBE: Final = 3.0
"""Seconds in which a keyring has to show that it is there, and then to answer by itself."""
PATIENCE: Final = 60.0
"""Seconds for a person whom it may be asking something in a window of its own."""

_BACKEND: Final = "PYTHON_KEYRING_BACKEND"
_OVER_DBUS: Final = "keyring.backends.SecretService.Keyring"


def entry(username: str, origin: str, what: str = "") -> str:
    """The user name that a secret of this person at this origin is kept under."""
    return f"{what} of {username} at {origin}" if what else f"{username} at {origin}"


class Ring:
    """The keyring of this run. The first failure is told by ``warn`` and is the last: from then on
    there is none. ``probe`` and ``patience`` are seconds.
    """

    def __init__(
        self,
        warn: Callable[[str], None],
        *,
        environ: Mapping[str, str] = os.environ,
        probe: float = PROBE,
        patience: float = PATIENCE,
    ) -> None:
        self._warn = warn
        self._environ = environ
        self._probe = probe
        self._patience = patience
        self._backend: KeyringBackend | None = None
        self._failed = False

    def get(self, service: str, name: str) -> str | None:
        """What is kept there; None for nothing, and for a keyring that cannot be used."""
        return self._try(lambda ring: ring.get_password(service, name))

    def is_there(self, name: str) -> bool:
        """Whether there is one that answers about this name, and would keep something."""
        self.get(SERVICE, name)
        # keyring's own way of being switched off
        return not self._failed and type(self._backend).__module__ != "keyring.backends.null"

    def put(self, name: str, secret: str) -> bool:
        """Keep it under our service; whether it is there now."""

        def put(ring: KeyringBackend) -> bool:
            ring.set_password(SERVICE, name, secret)
            return ring.get_password(SERVICE, name) == secret

        return self._try(put) or False

    def remove(self, name: str) -> bool:
        """Remove what is kept under our service; whether nothing is there now."""

        def remove(ring: KeyringBackend) -> bool:
            from keyring.errors import PasswordDeleteError

            try:
                ring.delete_password(SERVICE, name)
            except PasswordDeleteError:  # also raised for what is not there
                log.debug("keyring deleted nothing")
            return ring.get_password(SERVICE, name) is None

        return self._try(remove) or False

    def _try(self, act: Callable[[KeyringBackend], T]) -> T | None:
        """Do it, or warn once and go on without a keyring."""
        if self._failed:
            return None
        try:
            if self._backend is None:
                self._backend = _within(self._probe, partial(_open, self._environ))
            if _asks_on_terminal(self._backend):
                return act(self._backend)
            return _within(self._probe, partial(act, self._backend), self._wait_for_person)
        except Exception as error:  # noqa: BLE001 - backends are plugins and raise what they like
            self._failed = True
            log.debug("keyring failed: %s", type(error).__name__)
            self._warn(f"The keyring cannot be used ({_reason(error)}); going on without it.")
            return None

    def _wait_for_person(self) -> float:
        """How long a keyring may take that has not answered in time; 0 where it shows no window."""
        windows = sys.platform in {"darwin", "win32"}
        if not windows and not {"DISPLAY", "WAYLAND_DISPLAY"} & self._environ.keys():
            return 0
        self._warn("The keyring has not answered yet: it may be asking you in a window of its own.")
        return self._patience


def look(environ: Mapping[str, str], seconds: float = PROBE) -> tuple[str, str]:
    """The backend there is, by module and class, and why it cannot be used; nobody is asked anything.

    Either may be empty. It has so many seconds to be found, and as many to say whether it is locked.
    """
    name = ""
    try:
        ring = _within(seconds, partial(_open, environ))
        name = _name(ring)
        _asks_on_terminal(ring)
        _within(seconds, partial(_check_usable, name))
    except Exception as error:  # noqa: BLE001 - backends are plugins and raise what they like
        log.debug("keyring failed: %s", type(error).__name__)
        return name, _reason(error)
    return name, ""


def _name(ring: KeyringBackend) -> str:
    return f"{type(ring).__module__}.{type(ring).__name__}"


def _check_usable(name: str) -> None:
    """Raises what the first use would, as far as that can be known without asking for a password."""
    from keyring.errors import KeyringLocked, NoKeyringError

    if name == "keyring.backends.fail.Keyring":
        raise NoKeyringError
    if name == _OVER_DBUS:
        from contextlib import closing

        import secretstorage

        with closing(secretstorage.dbus_init()) as bus:
            if secretstorage.get_any_collection(bus).is_locked():
                raise KeyringLocked


class _Unsafe(Exception):
    """The only backend there is keeps passwords in the clear."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _Silent(Exception):
    """It did not answer."""


class _NobodyToUnlock(Exception):
    """It asks for a password of its own on a terminal, and there is none."""


def _within(seconds: float, act: Callable[[], T], more: Callable[[], float] = lambda: 0) -> T:
    """What ``act`` returns, or raises, on a thread of its own; raises _Silent when it takes longer.

    ``more`` is asked, when the time is over, for how many seconds more. The thread is left behind:
    a D-Bus that hangs cannot be called off.
    """
    answers: Queue[tuple[T] | Exception] = Queue()

    def work() -> None:
        try:
            answers.put((act(),))
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            answers.put(error)

    Thread(target=work, name="keyring", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        answer = _late(answers, more())
    if isinstance(answer, Exception):
        raise answer
    return answer[0]


def _late(answers: Queue[T], seconds: float) -> T:
    try:
        return answers.get(timeout=seconds) if seconds else answers.get_nowait()
    except Empty:
        raise _Silent from None


def _open(environ: Mapping[str, str]) -> KeyringBackend:
    import keyring
    from keyring.backends import chainer, fail

    ring = keyring.get_keyring()
    if isinstance(ring, chainer.ChainerBackend):
        # The chain would fall back to a plaintext file by itself; only its first may be used.
        ring = next(iter(ring.backends), fail.Keyring())  # type: ignore[no-untyped-call]  # keyring leaves it untyped
    name = _name(ring)
    log.debug("keyring is %s", name)
    if "Plaintext" in type(ring).__name__ and environ.get(_BACKEND) != name:
        raise _Unsafe(name)
    if name == _OVER_DBUS:
        _knock()
    return ring


def _knock() -> None:
    """Have the Secret Service answer something that asks nobody: a bus may be there without it."""
    from contextlib import closing

    import secretstorage

    with closing(secretstorage.dbus_init()) as bus:
        next(secretstorage.get_all_collections(bus), None)


def _asks_on_terminal(ring: KeyringBackend) -> bool:
    """Whether it is a file whose password it asks for itself, which takes what it takes.

    Raises _NobodyToUnlock where there is no terminal: it would read standard input instead.
    """
    is_file = type(ring).__module__ == "keyrings.alt.file" and "Encrypted" in type(ring).__name__
    if not is_file or "keyring_key" in vars(ring):
        return False
    from samlauth.effects.terminal import has_terminal

    if not has_terminal():
        raise _NobodyToUnlock
    return True


def _reason(error: Exception) -> str:
    match error:
        case _Unsafe(name=name):
            return (
                "the only one installed stores passwords unencrypted; "
                f"{_BACKEND}={safe(name)} allows it"
            )
        case _Silent() | TimeoutError():
            return "it does not answer"
        case _NobodyToUnlock():
            return "it asks for a password of its own, and there is no terminal"
        case _:
            pass
    match type(error).__name__:
        case "NoKeyringError":
            return "this machine has none"
        case "KeyringLocked":
            return "it is locked"
        case "InitError" | "RuntimeError":
            return "it cannot be reached"
        case name:
            return name
