"""Kills at any moment: ``python -m tests.faults.kills ROUNDS`` prints what was found, as JSON.

Each round a child writes and is killed after a random time. The child is a fork of this process,
which has all modules loaded and no threads: so most kills fall into the write itself.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from samlauth.awsfiles.edits import Changes
from samlauth.effects.files import AWSFiles
from tests.faults import accounts


@dataclass
class Found:
    """After so many kills."""

    kills: int = 0
    in_time: int = 0
    """Before the write was done."""
    lost: int = 0
    """Rounds after which an old profile was gone, or a file could not be read."""
    mixed: int = 0
    """Rounds after which the profile had neither its old nor its new values."""
    too_open: int = 0
    most_leftovers: int = 0
    leftovers_in_the_end: int = 0


def login(number: int) -> tuple[Changes, Changes]:
    """What a login writes, recognisable by its number."""
    keys = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return {"sts": {"region": str(number)}}, {"sts": dict.fromkeys(keys, str(number))}


def numbers(files: AWSFiles) -> tuple[set[str], set[str]]:
    """The logins that are seen in each of the files: one, if all is well."""
    config, credentials = accounts.parsed(files.config), accounts.parsed(files.credentials)
    return set(config["profile sts"].values()), set(credentials["sts"].values())


def attack(folder: Path, rounds: int) -> Found:
    """Kill so many writes."""
    files = accounts.make(folder)
    start = time.monotonic()
    for _ in range(10):
        files.write(*login(-1))
        files.write(*login(0))
    usual = (time.monotonic() - start) / 20
    found = Found()
    known = numbers(files)
    for number in range(1, rounds + 1):
        child = os.fork()
        if not child:
            files.write(*login(number))
            os._exit(0)
        time.sleep(random.uniform(0, 1.5 * usual))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        found.kills += 1
        found.in_time += os.WIFSIGNALED(status)
        found.lost += bool(accounts.lost(files))
        found.too_open += bool(accounts.too_open(files))
        found.most_leftovers = max(found.most_leftovers, accounts.leftovers(files))
        new = {str(number)}
        allowed = (
            [(new, new)] if not os.WIFSIGNALED(status) else [known, (new, known[1]), (new, new)]
        )
        seen = numbers(files)
        found.mixed += seen not in allowed
        known = seen
    files.write(*login(rounds + 1))
    found.leftovers_in_the_end = accounts.leftovers(files)
    return found


if __name__ == "__main__":
    with TemporaryDirectory(prefix="samlauth-faults-") as home:
        print(json.dumps(asdict(attack(Path(home) / "aws", int(sys.argv[1])))))
