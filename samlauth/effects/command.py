"""The person's own command: where it is, and becoming it."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from samlauth.effects import cores
from samlauth.errors import SamlauthError
from samlauth.printable import safe

NOT_EXECUTABLE = 126
NOT_FOUND = 127
"""What a shell exits with (POSIX.1-2017, Shell & Utilities §2.8.2)."""


def find(name: str, environ: Mapping[str, str]) -> str:
    """The path of the program that ``name`` means.

    Raises SamlauthError, with a shell's exit code, when there is none or it is no program.
    """
    if os.name == "nt":
        found = shutil.which(name, path=environ.get("PATH"))
        if found is None:
            raise _no_such(name)
        return found
    if os.sep in name:
        candidates = [name]
    else:
        folders = os.get_exec_path(environ) if name else []
        candidates = [str(Path(folder, name)) for folder in folders]
    there = [path for path in candidates if Path(path).exists()]
    for path in there:
        if os.access(path, os.X_OK) and not Path(path).is_dir():
            return path
    if not there:
        raise _no_such(name)
    why = "it is a folder" if Path(there[0]).is_dir() else "you may not execute it"
    raise _not_run(name, why)


def become(path: str, command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Go on as the program at ``path``, with these words (its name first) and this environment.

    It gets what we were given: signals, limits, open files. Returns the exit code where a process
    cannot become another program, as on Windows. Raises SamlauthError as :func:`find`.
    """
    sys.stdout.flush()
    with suppress(OSError):  # nobody can be told
        sys.stderr.flush()
    try:
        if os.name == "nt":
            return wait_for(path, command, environ)
        cores.as_before()
        # Python ignores these two, and what is ignored stays so.
        for name in ("SIGPIPE", "SIGXFSZ"):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        os.execve(path, list(command), dict(environ))  # noqa: S606 - the person's command
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            raise _not_run(
                command[0], "it has no #! line and is no binary of this system"
            ) from None
        raise _not_run(command[0], error.strerror or "the system would not") from None


def wait_for(path: str, command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the program and wait for it; its exit code, as a shell counts it. Raises OSError."""
    # The terminal sends Ctrl-C to the program as well, and it decides what that means. A function,
    # not SIG_IGN, which the program would inherit.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = subprocess.run(  # noqa: S603 - the person's command
            list(command), executable=path, env=dict(environ), check=False
        ).returncode
    finally:
        signal.signal(signal.SIGINT, before)
    return code if code >= 0 or os.name == "nt" else 128 - code


def _no_such(name: str) -> SamlauthError:
    error = SamlauthError(
        f"{safe(name)} cannot be run: there is no such command.",
        hint="Look at the spelling, or give the whole path.",
    )
    error.exit_code = NOT_FOUND
    return error


def _not_run(name: str, why: str) -> SamlauthError:
    error = SamlauthError(
        f"{safe(name)} cannot be run: {why}.",
        hint="chmod +x makes a script of yours a command."
        if why == "you may not execute it"
        else "Name the program that runs it first, as in: sh script.",
    )
    error.exit_code = NOT_EXECUTABLE
    return error
