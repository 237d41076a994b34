"""A browser as a process: started, its complaints read, ended. What is the same on every system."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from samlauth.errors import FileError

FAREWELL_SECONDS = 5.0
"""How long a browser may take to close: it writes its cookies then."""

HELPERS_SECONDS = 2.0
"""How long its helpers may outlive it, and whatever a wrapper script had started."""
_LOOK_SECONDS = 0.02
_COMPLAINTS = 200
"""Lines kept of what it says on standard error."""

_LONGEST_TEMPORARY = 40
"""Characters of a temporary folder's path: the path of Chromium's socket in it, some 65 longer, has
to fit into the 108 of a Unix socket's address."""

_PRIVATE = ("AWS_", "SAMLAUTH_", "GOOGLE_")
_SECRET = ("PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "API_KEY", "PRIVATE_KEY")


class NotStartedError(Exception):
    """The system did not execute the browser; ``reason`` is its own."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Process(ABC):
    """A browser that may be running. Whoever starts it calls :meth:`end`, come what may."""

    def __init__(self) -> None:
        self._fault: OSError | None = None
        self._started = threading.Event()
        self._lines: deque[str] = deque(maxlen=_COMPLAINTS)
        self._thread: threading.Thread | None = None

    def start(
        self, command: Sequence[str], environ: Mapping[str, str], pipe: tuple[int, int] | None
    ) -> None:
        """Start it, apart from our terminal; ``pipe`` becomes its descriptors 3 and 4.

        Raises NotStartedError.
        """
        # On a thread, where no signal's exception can come between the start and noting its pid.
        self._thread = threading.Thread(
            target=self._run, args=(list(command), dict(environ), pipe), name="browser", daemon=True
        )
        self._thread.start()
        try:
            self._started.wait()
        finally:
            self._started.wait()
        if self._fault is not None:
            raise NotStartedError(self._fault.strerror or "no reason given")

    def _run(
        self, command: list[str], environ: dict[str, str], pipe: tuple[int, int] | None
    ) -> None:
        try:
            complaints = self._execute(command, environ, pipe)
        except OSError as error:
            self._fault = error
            complaints = ()
        finally:
            self._started.set()
        self._lines.extend(complaints)

    @abstractmethod
    def _execute(
        self, command: list[str], environ: dict[str, str], pipe: tuple[int, int] | None
    ) -> Iterable[str]:
        """Start it; the lines of its standard error, as they come. Raises OSError."""

    @property
    def complaints(self) -> str:
        """The last lines it has written to standard error."""
        return "".join(self._lines.copy())

    def settled_complaints(self) -> str:
        """As :attr:`complaints`, of one that has ended: with what is still on its way."""
        self._settle()
        return self.complaints

    def _settle(self) -> None:
        if self._thread is not None:
            self._thread.join(HELPERS_SECONDS)

    def ended(self) -> bool:
        """Whether it has ended."""
        return self.status is not None

    def ends_within(self, seconds: float) -> bool:
        """Wait for it to end, so long at most."""
        return within(seconds, self.ended)

    @property
    @abstractmethod
    def status(self) -> int | None:
        """Its exit status, negative for the signal that killed it; None while it is running."""

    @abstractmethod
    def hang_up(self, browser: int) -> None:
        """Ask it to close. ``browser`` is its pid where that is known, as behind a wrapper script."""

    @abstractmethod
    def end(self, ask: Callable[[], object]) -> None:
        """End it and every helper: first by ``ask``, and what is left by force."""


@contextmanager
def surroundings(environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a browser: without secrets, and with a short temporary folder of its own.

    The folder is gone after the block.
    """
    kept = {name: value for name, value in environ.items() if not _is_private(name, value)}
    folder = _temporary_folder(environ)
    try:
        names = ("TEMP", "TMP") if sys.platform == "win32" else ("TMPDIR",)
        yield kept | dict.fromkeys(names, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary_folder(environ: Mapping[str, str]) -> str:
    for usual in (environ.get("TMPDIR", ""), tempfile.gettempdir()):
        if 0 < len(usual) <= _LONGEST_TEMPORARY:
            with suppress(OSError):
                return tempfile.mkdtemp(prefix="samlauth-", dir=usual)
    if sys.platform == "win32":  # which has no such socket, nor another folder
        last = tempfile.gettempdir()
    else:
        last = "/tmp"  # noqa: S108 - a folder of our own is made in it
    try:
        return tempfile.mkdtemp(prefix="samlauth-", dir=last)
    except OSError as error:
        raise FileError(
            f"No temporary folder can be made for the browser: {error.strerror}.",
            hint="Set TMPDIR to a writable folder with a short path, such as /tmp.",
        ) from error


def _is_private(name: str, value: str) -> bool:
    upper = name.upper()
    return (
        upper.startswith(_PRIVATE)
        or any(word in upper for word in _SECRET)
        or (upper.endswith("_PROXY") and "@" in value)  # a password
    )


def within(seconds: float, over: Callable[[], bool]) -> bool:
    """Whether it is over, at the latest after so many seconds."""
    until = time.monotonic() + seconds
    while not over():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
