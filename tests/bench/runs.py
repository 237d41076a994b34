"""Commands run in turn, and what each run took."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Runs:
    """One command, and what its runs took."""

    name: str
    command: Sequence[str | Path]
    environ: Mapping[str, str]
    stdin: str = ""
    writes: Path | None = None
    """What a run has to leave behind: a peer ends well when it has failed, too."""
    wall: list[float] = field(default_factory=list)
    """Milliseconds."""
    cpu: list[float] = field(default_factory=list)
    """Milliseconds, user and system."""
    memory: list[float] = field(default_factory=list)
    """Megabytes, at the peak."""

    def run(self, count: bool) -> None:
        """Run it once."""
        with tempfile.TemporaryFile("w+") as stdin, tempfile.TemporaryFile("w+") as output:
            stdin.write(self.stdin)
            stdin.seek(0)
            started = time.perf_counter()
            child = subprocess.Popen(
                self.command,
                env=dict(self.environ),
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            _, status, used = os.wait4(child.pid, 0)
            took = time.perf_counter() - started
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode != 0:
                output.seek(0)
                sys.exit(f"{self.name} failed ({child.returncode}):\n{output.read()}")
        if self.writes is not None:
            self.writes.unlink()
        if count:
            self.wall.append(took * 1000)
            self.cpu.append((used.ru_utime + used.ru_stime) * 1000)
            self.memory.append(used.ru_maxrss / 1024)


def in_turn(rounds: int, *turns: Callable[[bool], None]) -> None:
    """Take so many turns of each after one that does not count."""
    for turn in range(rounds + 1):
        for take in turns:
            take(turn > 0)


def median(values: Sequence[float]) -> float:
    """What lies in the middle."""
    return statistics.median(values)
