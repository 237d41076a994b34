"""``python -m tests.bench PEER_VENV``: each row run in turn with the others, medians and ratios.

Machines are noisy and change speed; only ratios of one run mean anything. This process stays small,
because a child's peak of memory counts what its parent had when it was started.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from samlauth.credentials import Credentials
from samlauth.effects import cache
from samlauth.effects.state import Identity, Issued

HERE = Path(sys.executable).parent
ROLE = "arn:aws:iam::111111111111:role/Developer"
WHO = (
    "-u",
    "ada@example.com",
    "-I",
    "C01bench",
    "-S",
    "000111000111",
    "-R",
    "us-east-1",
    "-p",
    "x",
)
PASSWORD = "not-a-real-password"
MANY = 100
ROUND_TRIP = 0.1
"""Seconds, of the rows with many roles."""


@dataclass
class Row:
    """One command, and what its runs took."""

    name: str
    command: Sequence[str | Path]
    environ: Mapping[str, str]
    stdin: str = ""
    wall: list[float] = field(default_factory=list)
    """Seconds."""
    cpu: list[float] = field(default_factory=list)
    """Seconds, user and system."""
    memory: list[float] = field(default_factory=list)
    """Megabytes, at the peak."""

    def run(self, count: bool) -> None:
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
        if count:
            self.wall.append(took)
            self.cpu.append(used.ru_utime + used.ru_stime)
            self.memory.append(used.ru_maxrss / 1024)


def measure(title: str, rows: Sequence[Row], rounds: int, against: Sequence[str]) -> None:
    """Run the rows in turn and print them, with the ratio to each of ``against``."""
    for turn in range(rounds + 1):
        for row in rows:
            row.run(count=turn > 0)
    print(f"\n{title} (median of {rounds})")
    head = "".join(f"{f'/ {name}':>20}" for name in against)
    print(f"{'':34}{'wall ms':>9}{'cpu ms':>9}{'MB':>7}{head}   (wall, cpu)")
    bases = {row.name: row for row in rows}
    for row in rows:
        wall, cpu, memory = map(statistics.median, (row.wall, row.cpu, row.memory))
        ratios = "".join(
            f"{wall / statistics.median(bases[name].wall):>12.2f}x"
            f"{cpu / statistics.median(bases[name].cpu):>6.2f}x"
            for name in against
        )
        print(f"{row.name:34}{wall * 1000:9.1f}{cpu * 1000:9.1f}{memory:7.1f}{ratios}")


@contextmanager
def site(folder: Path, round_trip: float, roles: int = 1) -> Iterator[dict[str, str]]:
    """The fake services, running; the variables that lead a command to them."""
    numbers = str(round_trip), str(roles)
    command = [sys.executable, "-m", "tests.bench.site", str(folder), *numbers]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as serving:
        assert serving.stdin and serving.stdout
        yield json.loads(serving.stdout.readline())
        serving.stdin.close()


def measure_many(folder: Path, environ: Mapping[str, str], rounds: int) -> None:
    """A hundred roles, against one role and the least their calls can take eight at a time."""
    rows = []
    for name, arguments in (
        ("one role", ("-r", "ReadOnly")),
        (f"{MANY} roles", ("--all-roles", "--profile-name", "{account}-{role}")),
    ):
        home = folder / name
        home.mkdir()
        command = [HERE / "samlauth", *WHO[:-2], *arguments, "-d", "1h", "--force"]
        rows.append(Row(name, command, {**environ, "HOME": str(home)}, PASSWORD + "\n"))
    milliseconds = ROUND_TRIP * 1000
    measure(f"Many roles, a round trip of {milliseconds:.0f} ms", rows, rounds, ["one role"])
    one, many = (statistics.median(row.wall) * 1000 for row in rows)
    # The login has one call of its own already.
    least = one + (math.ceil(MANY / 8) - 1) * milliseconds
    print(f"{'the login and the calls alone':34}{least:9.1f}{'':16}{many / least:12.2f}x")


@contextmanager
def signed_in_browser() -> Iterator[dict[str, Any] | None]:
    """How to sign in again by a browser that is signed in; None where there is no browser."""
    if shutil.which("chromium") is None or shutil.which("certutil") is None:
        yield None
        return
    command = [sys.executable, "-m", "tests.bench.browser"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as serving:
        assert serving.stdin and serving.stdout
        yield json.loads(serving.stdout.readline())
        serving.stdin.close()


def cached(folder: Path) -> dict[str, str]:
    """The variables that lead to a profile whose credentials are in the cache."""
    now = datetime.now(UTC)
    home = folder / "cached"
    config = home / ".aws" / "config"
    config.parent.mkdir(parents=True)
    config.write_text("[profile x]\nregion = us-east-1\n")
    ends = now + timedelta(hours=12)
    identity = Identity("google", "C01bench", "000111000111", "ada@example.com", ROLE)
    cache.keep(
        cache.path_beside(str(config), "x"),
        str(config),
        Credentials("ASIABENCH", "not-real", "not-real" * 100, ends),
        Issued("ASIABENCH", identity, now, ends),
    )
    return {"PATH": os.defpath, "HOME": str(home)}


def main() -> None:
    """Print every table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("peer", type=Path, help="a virtual environment with aws-google-auth")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = {"PATH": os.defpath, "HOME": name, "COLUMNS": "100"}
        peer = options.peer.absolute() / "bin" / "aws-google-auth"
        measure(
            "Start-up",
            [
                Row("bare Python", [HERE / "python", "-c", "pass"], plain),
                Row("samlauth --version", [HERE / "samlauth", "--version"], plain),
                Row("samlauth --help", [HERE / "samlauth", "--help"], plain),
                Row("samlauth settings", [HERE / "samlauth", "settings"], plain),
                Row(
                    "credential-process, cached",
                    [HERE / "samlauth", "credential-process", "-p", "x"],
                    cached(folder),
                ),
                Row("aws-google-auth --version", [peer, "--version"], plain),
            ],
            options.rounds,
            ["bare Python", "aws-google-auth --version"],
        )
        for milliseconds in (0, 50):
            with site(folder, milliseconds / 1000) as way:
                ours, theirs = folder / "ours", folder / "theirs"
                for home in (ours, theirs):
                    home.mkdir(exist_ok=True)
                measure(
                    f"Whole login by password, a round trip of {milliseconds} ms",
                    [
                        Row(
                            "samlauth",
                            [HERE / "samlauth", *WHO, "-r", ROLE, "--force"],
                            plain | way | {"HOME": str(ours)},
                            PASSWORD + "\n",
                        ),
                        Row(
                            "aws-google-auth",
                            [peer, *WHO, "-r", ROLE, "-d", "3600", "--no-cache"],
                            plain | way | {"HOME": str(theirs)},
                            PASSWORD + "\n",
                        ),
                        Row(
                            "samlauth, still good",
                            [HERE / "samlauth", *WHO],
                            plain | way | {"HOME": str(ours)},
                        ),
                    ],
                    options.rounds,
                    ["aws-google-auth"],
                )
        with site(folder, ROUND_TRIP, MANY) as way:
            measure_many(folder, plain | way, options.rounds)
        with signed_in_browser() as browser:
            if browser is not None:
                command = [HERE / "samlauth", *browser["arguments"]]
                measure(
                    "A browser that is signed in already, its start included",
                    [Row("samlauth --browser", command, browser["environ"])],
                    options.rounds,
                    [],
                )


if __name__ == "__main__":
    main()
