"""Beside ``aws configure set``: ``python -m tests.faults.neighbour ROUNDS`` prints what was found.

In each round the AWS CLI changes a profile or adds one, while we write the same file over and over,
until it is done. It runs in a process that has it loaded already, so that it is busy with the file
for a good part of the round.

A program that reads before we replace, and writes after, puts its stale copy over our work. No
writer can prevent that, so it is counted and is no fault; what must never happen is that *we* lose
what it wrote, or any profile of old.
"""

from __future__ import annotations

import json
import os
import random
import sys
from configparser import Error
from dataclasses import asdict, dataclass
from pathlib import Path
from select import select
from tempfile import TemporaryDirectory
from typing import TextIO

from awscli.clidriver import create_clidriver  # type: ignore[import-untyped] # it has no types

from samlauth.errors import FileError
from tests.faults import accounts

PROFILES = 200
"""Enough for a file that takes more than one write."""


@dataclass
class Found:
    """After so many rounds."""

    rounds: int = 0
    writes: int = 0
    """Ours."""
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
    """Do what is ordered, a line at a time: the profile and the value to set."""
    with os.fdopen(orders) as lines, os.fdopen(answers, "w") as out:
        for line in lines:
            aws(*line.split())
            print("done", file=out, flush=True)


def start() -> tuple[int, TextIO, TextIO]:
    """The neighbour: its process, where it takes orders, and where it says that it is done."""
    (order_end, orders), (answers, answer_end) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(orders)
        os.close(answers)
        neighbour(order_end, answer_end)
        os._exit(0)
    os.close(order_end)
    os.close(answer_end)
    return child, os.fdopen(orders, "w"), os.fdopen(answers)


def run(folder: Path, rounds: int) -> Found:
    """So many rounds."""
    files = accounts.make(folder, PROFILES)
    os.environ.update(
        AWS_CONFIG_FILE=str(files.config),
        AWS_SHARED_CREDENTIALS_FILE=str(files.credentials),
        HOME=str(folder.parent),
    )
    aws("theirs", "0")
    child, orders, answers = start()
    found = Found()
    with orders, answers:
        for number in range(1, rounds + 1):
            if not number % 20:
                accounts.make(folder, PROFILES)  # else it grows, and the time goes into reading it
            theirs = random.choice(("theirs", f"theirs-{number}"))
            print(theirs, number, file=orders, flush=True)
            written: list[str] = []
            while not select([answers], [], [], 0)[0]:
                # every other of our writes changes what is there: it takes another path in the editor
                ours = random.choice(("ours", f"ours-{number}-{len(written)}"))
                try:
                    files.write({}, {ours: {"aws_session_token": f"{number}-{len(written)}"}})
                except FileError as error:
                    print(error.message, file=sys.stderr)
                    found.ours_refused += 1
                else:
                    written.append(ours)
            answers.readline()
            found.rounds += 1
            found.writes += len(written)
            try:
                now = accounts.parsed(files.credentials)
                found.old_lost += bool(accounts.lost(files, PROFILES))
            except Error:
                found.old_lost += 1
                continue
            found.neighbours_lost += now.get(theirs) != {"aws_session_token": str(number)}
            found.ours_lost_to_a_stale_write += len(set(written) - now.keys())
    os.waitpid(child, 0)
    return found


if __name__ == "__main__":
    with TemporaryDirectory(prefix="samlauth-faults-") as home:
        print(json.dumps(asdict(run(Path(home) / "aws", int(sys.argv[1])))))
