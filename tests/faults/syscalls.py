"""A fault at each system call of a write: the process is killed before it, or the call fails.

The write runs in a real interpreter under strace. A first run without a fault counts the calls of
each name up to the write and in it; then there is one run for each of those in it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from samlauth.effects.files import AWSFiles
from tests.faults import accounts

ROOT = Path(__file__).parents[2]
ERRORS = ("ENOSPC", "EIO", "EACCES", "EMFILE")

GOOD = ("old", "between", "new")
"""Both files are as before, only the config file is written, both are."""

_MARK = "sched_yield"
_IDLE = re.compile(
    r"mmap|munmap|mremap|brk|madvise|mprotect|get.*id|clock_.*|rt_sig.*|getrandom|futex"
)
"""Calls that touch no file: memory, identity, time. A kill before one leaves what a kill before the
next call leaves, and none fails for want of space on a disk."""


_LOOKING = re.compile(r".*stat.*|readlink|getdents64|lseek|read")


@dataclass(frozen=True)
class Point:
    """One call of the write."""

    name: str
    nth: int
    """Of its name, from the start of the process."""


@dataclass(frozen=True)
class Result:
    """What a fault at a point did."""

    point: Point
    fault: str
    outcome: str
    """One of ``GOOD``, or what went wrong."""
    code: int
    said: str


def new(folder: Path) -> AWSFiles:
    """A folder without files."""
    folder.mkdir(0o700)
    return AWSFiles(folder / "config", folder / "credentials")


def first(folder: Path) -> AWSFiles:
    """Not even a folder."""
    return AWSFiles(folder / "config", folder / "credentials")


def update(folder: Path) -> AWSFiles:
    """Files with the profile and others."""
    return accounts.make(folder)


def symlink(folder: Path) -> AWSFiles:
    """The same, kept elsewhere and linked to."""
    kept = accounts.make(folder.with_name(folder.name + "-kept"))
    folder.mkdir(0o700)
    for path in (kept.config, kept.credentials):
        (folder / path.name).symlink_to(path)
    return AWSFiles(folder / "config", folder / "credentials")


def mounted(folder: Path) -> AWSFiles:
    """Files that are mounted by themselves, and become shorter."""
    files = accounts.make(folder)
    for path in (files.config, files.credentials):
        text = path.read_text().replace("us-east-1", "long" * 500).replace("ASIAOLD", "long" * 500)
        path.write_text(text)
        os.utime(path, (0, 0))
    return files


CASES: tuple[Callable[[Path], AWSFiles], ...] = (new, update, symlink, first, mounted)


def run(folder: Path, cache: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The writer under strace with these options.

    ``cache`` holds the compiled modules: nobody else changes what is opened to import them.
    """
    home = folder.parent
    command = ["strace", "-o", str(home / f"{folder.name}.trace"), *options]
    environ = {
        "PATH": os.defpath,
        "HOME": str(home),
        "PYTHONPATH": os.pathsep.join((str(ROOT), sysconfig.get_path("purelib"))),
        "PYTHONHASHSEED": "0",
        "PYTHONPYCACHEPREFIX": str(cache),
    }
    return subprocess.run(  # a fault must not hang the harness either
        [*command, sys.executable, "-S", "-m", "tests.faults.writer", str(folder)],
        cwd=home,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def points(trace: Path) -> Iterator[Point]:
    """The calls between the marks of a trace."""
    seen: Counter[str] = Counter()
    for line in trace.read_text(errors="replace").splitlines():
        if called := re.match(r"\w+(?=\()", line):
            seen[called[0]] += 1
            if seen[_MARK] == 1 and called[0] != _MARK:
                yield Point(called[0], seen[called[0]])


class Harness:
    """The faults of one case, in a folder of its own."""

    def __init__(self, case: Callable[[Path], AWSFiles], home: Path) -> None:
        self.case = case
        self.home = home
        self.cache = home / "cache"
        self.mounted = case is mounted
        """Whether no file can be replaced, so that each is written in place."""
        files = case(home / "whole")
        self.before = accounts.contents(files)
        self.mount = ("-e", "inject=rename:error=EBUSY") if self.mounted else ()
        done = run(home / "whole", self.cache)
        assert done.returncode == 0, done
        self.after = accounts.contents(files)
        (home / "traced").mkdir()
        case(home / "traced" / "aws")
        assert run(home / "traced" / "aws", self.cache, *self.mount).returncode == 0
        traced = points(home / "traced" / "aws.trace")
        self.points = [point for point in traced if not _IDLE.fullmatch(point.name)]

    def kills(self, *, brief: bool = False) -> list[Result]:
        """A kill before each call, or in brief before each that can change something."""
        return self._all("signal=SIGKILL", brief=brief)

    def failures(self, error: str, *, lasting: bool = False, brief: bool = False) -> list[Result]:
        """Each call fails, once or from then on."""
        return self._all(f"error={error}" + "+" * lasting, brief=brief)

    def _all(self, fault: str, *, brief: bool) -> list[Result]:
        chosen = [point for point in self.points if not (brief and _LOOKING.fullmatch(point.name))]
        with ThreadPoolExecutor(2) as pool:
            started = [pool.submit(self._one, n, point, fault) for n, point in enumerate(chosen)]
            return [result.result() for result in started]

    def _one(self, number: int, point: Point, fault: str) -> Result:
        """``point`` gets the ``fault``, in the ``number``-th folder."""
        home = self.home / f"{fault}-{number}"
        home.mkdir()
        files = self.case(home / "aws")
        inject, lasting = fault.rstrip("+"), "+" * fault.endswith("+")
        done = run(
            home / "aws",
            self.cache,
            *("-e", f"trace={point.name},rename,{_MARK}", *self.mount),
            *("-e", f"inject={point.name}:{inject}:when={point.nth}{lasting}"),
        )
        lines = (home / "aws.trace").read_text(errors="replace").splitlines()
        trace = "\n".join(line for line in lines if "EBUSY" not in line)
        outcome = self._judge(files, done, point, fault, trace)
        shutil.rmtree(home)
        return Result(point, fault, outcome, done.returncode, done.stdout.strip())

    def _judge(
        self,
        files: AWSFiles,
        done: subprocess.CompletedProcess[str],
        point: Point,
        fault: str,
        trace: str,
    ) -> str:
        seen, hit, _ = trace.partition("+++ killed by" if "signal" in fault else "(INJECTED)")
        if not hit or _MARK not in seen:
            return "not in the write"
        now = tuple(map(self._as_meant, accounts.contents(files), self.after))
        known = zip(now, self.before, self.after, strict=True)
        if any(got not in (old, new) for got, old, new in known):
            return "lost"
        if accounts.too_open(files):
            return "open to others"
        if accounts.leftovers(files) > 1 + (point.name == "unlink"):  # it could not be removed
            return "leftovers"
        state = "old" if now == self.before else "new" if now == self.after else "between"
        if "error" in fault:
            if done.returncode not in (0, 10):
                return "crashed"
            if done.returncode == 0 and state != "new":
                return "did not say that it was not written"
            if done.returncode == 10 and str(files.config.parent) not in done.stdout:
                return "did not name the file"
            if done.returncode == 10 and state != "old" and " was written" not in done.stdout:
                return "did not say what was written"
        files.write({"sts": accounts.SETTINGS}, {"sts": accounts.SESSION})
        after = tuple(map(self._as_meant, accounts.contents(files), self.after))
        if after != self.after or accounts.leftovers(files):
            return "the next run did not put it right"
        return state

    def _as_meant(self, got: bytes | None, new: bytes | None) -> bytes | None:
        """``new``, for what has only blank lines more: what is written in place is cut afterwards."""
        if self.mounted and got and new and got.rstrip(b"\n") == new.rstrip(b"\n"):
            return new
        return got
