"""A browser as a process of a POSIX system, with its helpers in a process group of its own."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from samlauth.effects.browser import process
from samlauth.effects.browser.process import Process, within

assert sys.platform != "win32"


class Child(Process):
    """A browser that may be running. Whoever starts it calls :meth:`end`, come what may."""

    def __init__(self) -> None:
        super().__init__()
        self._pid = 0
        self._status: int | None = None

    def _execute(
        self, command: list[str], environ: dict[str, str], pipe: tuple[int, int] | None
    ) -> Iterator[str]:
        ours, theirs = map(above_standard, os.pipe())
        try:
            self._pid = _spawn(command, environ, theirs, pipe)
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return _lines(ours)

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
                if not self.ends_within(process.FAREWELL_SECONDS):
                    self._signal(-self._pid, signal.SIGTERM)
            if not within(process.HELPERS_SECONDS / 2, self._all_gone):
                # A wrapper script has ended, and not what it had started.
                self._signal(-self._pid, signal.SIGTERM)
                within(process.HELPERS_SECONDS, self._all_gone)
        finally:
            self._signal(-self._pid, signal.SIGKILL)
            within(process.HELPERS_SECONDS, self._all_gone)
            self._settle()

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


def _lines(descriptor: int) -> Iterator[str]:
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        yield from file


def above_standard(descriptor: int) -> int:
    """The same open file under a number that no child has a fixed use for; not inherited."""
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    finally:
        os.close(descriptor)


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
