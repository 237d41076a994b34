"""A browser as a process: started, its complaints read, and ended with all its helpers."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from samlauth.errors import FileError

FAREWELL_SECONDS = 5.0
"""How long a browser may take to close: it writes its cookies then."""

_HELPERS_SECONDS = 2.0
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


class Child:
    """A browser that may be running. Whoever starts it calls :meth:`end`, come what may."""

    def __init__(self) -> None:
        self._pid = 0
        self._status: int | None = None
        self._fault: OSError | None = None
        self._started = threading.Event()
        self._lines: deque[str] = deque(maxlen=_COMPLAINTS)
        self._thread: threading.Thread | None = None

    def start(
        self, command: Sequence[str], environ: Mapping[str, str], pipe: tuple[int, int] | None
    ) -> None:
        """Start it, in a session of its own; ``pipe`` becomes its descriptors 3 and 4.

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
        ours, theirs = map(above_standard, os.pipe())
        try:
            self._pid = _spawn(command, environ, theirs, pipe)
        except OSError as error:
            self._fault = error
        finally:
            os.close(theirs)
            self._started.set()
        with os.fdopen(ours, encoding="utf-8", errors="replace") as complaints:
            self._lines.extend(complaints)

    @property
    def complaints(self) -> str:
        """The last lines it has written to standard error."""
        return "".join(self._lines.copy())

    def settled_complaints(self) -> str:
        """As :attr:`complaints`, of one that has ended: with what is still on its way."""
        if self._thread is not None:
            self._thread.join(_HELPERS_SECONDS)
        return self.complaints

    def ended(self) -> bool:
        """Whether it has ended."""
        self._reap()
        return self._status is not None

    def ends_within(self, seconds: float) -> bool:
        """Wait for it to end, so long at most."""
        return _within(seconds, self.ended)

    @property
    def status(self) -> int | None:
        """Its exit status, negative for the signal that killed it; None while it is running."""
        self._reap()
        return self._status

    def hang_up(self, browser: int) -> None:
        """Ask it to close. ``browser`` is its pid where that is known, as behind a wrapper script.

        Chromium writes its last cookies when it is asked by SIGHUP, and hardly when by SIGTERM.
        """
        with suppress(ProcessLookupError, PermissionError):
            ours = browser > 0 and os.getpgid(browser) == self._pid
            os.kill(browser if ours else self._pid, signal.SIGHUP)

    def end(self, ask: Callable[[], object]) -> None:
        """End it and every helper: first by ``ask``, and what is left by SIGTERM and SIGKILL."""
        if not self._pid:
            return
        try:
            if not self.ended():
                ask()
                if not self.ends_within(FAREWELL_SECONDS):
                    self._signal(-self._pid, signal.SIGTERM)
            if not _within(_HELPERS_SECONDS / 2, self._all_gone):
                # A wrapper script has ended, and not what it had started.
                self._signal(-self._pid, signal.SIGTERM)
                _within(_HELPERS_SECONDS, self._all_gone)
        finally:
            self._signal(-self._pid, signal.SIGKILL)
            _within(_HELPERS_SECONDS, self._all_gone)
            if self._thread is not None:
                self._thread.join(_HELPERS_SECONDS)

    def _all_gone(self) -> bool:
        self._reap()
        try:
            os.killpg(self._pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # macOS, of zombies
            return True
        return _is_dead(self._pid)

    def _signal(self, target: int, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(target, number)

    def _reap(self) -> None:
        """Take note of what has ended. As process 1, in a container, its helpers are ours, too."""
        try:
            while True:
                pid, status = os.waitpid(-self._pid, os.WNOHANG)
                if not pid:
                    return
                if pid == self._pid:
                    self._status = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            if self._status is None:
                self._status = 0  # where SIGCHLD is ignored nobody is told


def _spawn(
    command: list[str], environ: dict[str, str], complaints: int, pipe: tuple[int, int] | None
) -> int:
    """The pid. By posix_spawn: descriptors 3 and 4 of a child are none of subprocess's business."""
    actions: list[tuple[int, int, str, int, int] | tuple[int, int, int] | tuple[int, int]] = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, complaints, 2),
    ]
    if pipe is not None:
        actions += [(os.POSIX_SPAWN_DUP2, pipe[0], 3), (os.POSIX_SPAWN_DUP2, pipe[1], 4)]
    given = 3 if pipe is None else 5
    actions += [(os.POSIX_SPAWN_CLOSE, number) for number in _inheritable() if number >= given]
    # Python ignores the first two, a shell the others in the background; a child would inherit it.
    usual = [signal.SIGPIPE, signal.SIGXFSZ, signal.SIGHUP, signal.SIGINT, signal.SIGTERM]
    try:
        return os.posix_spawn(
            command[0], command, environ, file_actions=actions, setsid=True, setsigdef=usual
        )
    except NotImplementedError:  # a system that starts no sessions so
        return os.posix_spawn(
            command[0], command, environ, file_actions=actions, setpgroup=0, setsigdef=usual
        )


def _inheritable() -> list[int]:
    """What a child would have open: nothing of Python's, but perhaps a secret our parent handed us."""
    found = []
    for path in Path("/dev/fd").iterdir():
        with suppress(OSError):  # the folder itself, closed by now
            if os.get_inheritable(int(path.name)):
                found.append(int(path.name))
    return found


def above_standard(descriptor: int) -> int:
    """The same open file under a number that no child has a fixed use for; not inherited."""
    import fcntl

    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    finally:
        os.close(descriptor)


@contextmanager
def surroundings(environ: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The environment of a browser: without secrets, and with a short temporary folder of its own.

    The folder is gone after the block.
    """
    kept = {name: value for name, value in environ.items() if not _is_private(name, value)}
    folder = _temporary_folder(environ)
    try:
        yield {**kept, "TMPDIR": folder}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary_folder(environ: Mapping[str, str]) -> str:
    for usual in (environ.get("TMPDIR", ""), tempfile.gettempdir()):
        if 0 < len(usual) <= _LONGEST_TEMPORARY:
            with suppress(OSError):
                return tempfile.mkdtemp(prefix="samlauth-", dir=usual)
    try:
        return tempfile.mkdtemp(prefix="samlauth-", dir="/tmp")
    except OSError as error:
        raise FileError(
            f"No temporary folder can be made for the browser: {error.strerror}.",
            hint="Set TMPDIR to a writable folder with a short path, such as /tmp.",
        ) from error


def _is_dead(group: int) -> bool:
    """Whether nobody in the process group is alive, and what is left waits for init to take note.

    That can take init seconds. Told by Linux alone (proc_pid_stat(5)).
    """
    states = [stat for stat in map(_stat, Path("/proc").glob("[0-9]*/stat")) if stat is not None]
    return bool(states) and not any(
        found == group and state not in ("Z", "X") for state, found in states
    )


def _stat(path: Path) -> tuple[str, int] | None:
    """State and process group; None of what is gone."""
    try:
        # The name of the program comes first, and may hold anything.
        state, _, group, *_ = path.read_text("utf-8", "replace").rpartition(")")[2].split()
        return state, int(group)
    except (OSError, ValueError):
        return None


def _is_private(name: str, value: str) -> bool:
    upper = name.upper()
    return (
        upper.startswith(_PRIVATE)
        or any(word in upper for word in _SECRET)
        or (upper.endswith("_PROXY") and "@" in value)  # a password
    )


def _within(seconds: float, over: Callable[[], bool]) -> bool:
    """Whether it is over, at the latest after so many seconds."""
    until = time.monotonic() + seconds
    while not over():
        if time.monotonic() > until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True
