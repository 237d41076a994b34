"""Many writers at once: ``python -m tests.faults.crowd WRITERS UPDATES`` prints what was found.

Each writer is a process that adds a profile with every update, while readers parse the files as
AWS's tools do, all the time.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from configparser import Error
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from samlauth.effects.files import AWSFiles
from samlauth.errors import FileError
from tests.faults import accounts

READERS = 2


@dataclass
class Found:
    """After all writers are done."""

    updates: int = 0
    kept: int = 0
    refused: int = 0
    """Tries that ended in an error, as they could not have the lock in its ten seconds."""
    old_lost: int = 0
    reads: int = 0
    broken_reads: int = 0


def write(files: AWSFiles, writer: int, updates: int) -> dict[str, int]:
    """Add so many profiles. A machine with more to do than it can may refuse one: then again."""
    refused = 0
    for number in range(updates):
        name = f"{writer}-{number}"
        while True:
            try:
                files.write({name: {"region": name}}, {name: {"aws_access_key_id": name}})
            except FileError as error:
                print(error.message, file=sys.stderr)
                refused += 1
            else:
                break
    return {"refused": refused}


def read(files: AWSFiles, done: Path) -> dict[str, int]:
    """Parse both files until all writers are done."""
    reads = broken = 0
    while not done.exists():
        for path in (files.config, files.credentials):
            try:
                whole = len(accounts.parsed(path)) > accounts.OLD
            except (Error, OSError):
                whole = False
            reads += 1
            broken += not whole
    return {"reads": reads, "broken_reads": broken}


def start(work: Callable[[], dict[str, int]], answer: Path) -> int:
    """A process that does the work and leaves what came of it in ``answer``."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        answer.write_text(json.dumps(work()))
        code = 0
    finally:
        os._exit(code)


def run(home: Path, writers: int, updates: int) -> Found:
    """Let them all loose. Raises RuntimeError when one of them crashes."""
    files = accounts.make(home / "aws")
    done = home / "done"
    answers = [home / str(number) for number in range(READERS + writers)]
    readers = [start(partial(read, files, done), answer) for answer in answers[:READERS]]
    busy = [
        start(partial(write, files, writer, updates), answers[READERS + writer])
        for writer in range(writers)
    ]
    codes = [os.waitpid(child, 0)[1] for child in busy]
    done.touch()
    codes += [os.waitpid(child, 0)[1] for child in readers]
    if any(codes):
        raise RuntimeError(f"writers and readers ended with {codes}")
    found = Found(updates=writers * updates, old_lost=accounts.lost(files))
    for answer in answers:
        for name, count in json.loads(answer.read_text()).items():
            setattr(found, name, getattr(found, name) + count)
    config, credentials = accounts.parsed(files.config), accounts.parsed(files.credentials)
    names = [f"{writer}-{number}" for writer in range(writers) for number in range(updates)]
    found.kept = sum(
        config.get(f"profile {name}") == {"region": name}
        and credentials.get(name) == {"aws_access_key_id": name}
        for name in names
    )
    return found


if __name__ == "__main__":
    with TemporaryDirectory(prefix="samlauth-faults-") as home:
        print(json.dumps(asdict(run(Path(home), int(sys.argv[1]), int(sys.argv[2])))))
