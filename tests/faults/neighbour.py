"""Beside ``aws configure set``: ``python -m tests.faults.neighbour ROUNDS`` prints what was found.

In each round the AWS CLI and we write the same file at about the same time; it changes a profile
that is there or adds one, and so do we. It runs in a process that has it loaded already, so that
the two meet more often than once in a thousand rounds.

A program that reads before we replace, and writes after, puts its stale copy over our work. No
writer can prevent that, so it is counted and is no fault; what must never happen is that *we* lose
what it wrote, or any profile of old.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from configparser import Error
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from awscli.clidriver import create_clidriver

from samlauth.effects.files import AWSFiles
from samlauth.errors import FileError
from tests.faults import accounts

PROFILES = 200
"""Enough for a file that takes more than one write."""
SPREAD = 0.015
"""Seconds before the end of its command in which ours begins: it writes last of all."""


@dataclass
class Found:
    """After so many rounds."""

    rounds: int = 0
    met: int = 0
    """Rounds in which neither had finished when the other began."""
    old_lost: int = 0
    neighbours_lost: int = 0
    ours_refused: int = 0
    """We ended in an error, with nothing changed."""
    ours_lost_to_a_stale_write: int = 0


def aws(profile: str, value: str) -> None:
    """``aws configure set aws_session_token VALUE --profile PROFILE``."""
    code = create_clidriver().main(
        ["configure", "set", "aws_session_token", value, "--profile", profile]
    )
    assert code == 0


def neighbour(orders: int, answers: int) -> None:
    """Do what is ordered, a line at a time: the profile, the value, the time to begin."""
    with os.fdopen(orders) as lines, os.fdopen(answers, "w") as out:
        for line in lines:
            profile, value, begin = line.split()
            wait_until(float(begin))
            start = time.monotonic()
            aws(profile, value)
            print(start, time.monotonic(), file=out, flush=True)


def wait_until(moment: float) -> None:
    while time.monotonic() < moment:
        pass


def run(folder: Path, rounds: int) -> Found:
    """So many rounds."""
    files = accounts.make(folder, PROFILES)
    os.environ.update(
        AWS_CONFIG_FILE=str(files.config),
        AWS_SHARED_CREDENTIALS_FILE=str(files.credentials),
        HOME=str(folder.parent),
    )
    aws("theirs", "0")
    start = time.monotonic()
    aws("theirs", "1")
    usual = time.monotonic() - start
    (order_end, orders), (answers, answer_end) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(orders)
        os.close(answers)
        neighbour(order_end, answer_end)
        os._exit(0)
    os.close(order_end)
    os.close(answer_end)
    found = Found()
    with os.fdopen(orders, "w") as out, os.fdopen(answers) as lines:
        for number in range(1, rounds + 1):
            theirs, ours = (
                random.choice((name, f"{name}-{number}")) for name in ("theirs", "ours")
            )
            begin = time.monotonic() + 0.002
            print(theirs, number, begin, file=out, flush=True)
            wait_until(begin + usual - random.uniform(0, SPREAD))
            start = time.monotonic()
            refused = False
            try:
                files.write({}, {ours: {"aws_session_token": str(number)}})
            except FileError as error:
                print(error.message, file=sys.stderr)
                refused = True
            end = time.monotonic()
            their_start, their_end = map(float, lines.readline().split())
            usual = 0.9 * usual + 0.1 * (their_end - their_start)
            found.rounds += 1
            found.met += start < their_end and their_start < end
            found.ours_refused += refused
            try:
                now = accounts.parsed(files.credentials)
                found.old_lost += bool(accounts.lost(files, PROFILES))
            except Error:
                found.old_lost += 1
                continue
            expected = {"aws_session_token": str(number)}
            found.neighbours_lost += now.get(theirs) != expected
            found.ours_lost_to_a_stale_write += not refused and now.get(ours) != expected
    os.waitpid(child, 0)
    return found


if __name__ == "__main__":
    with TemporaryDirectory(prefix="samlauth-faults-") as home:
        print(json.dumps(asdict(run(Path(home) / "aws", int(sys.argv[1])))))
