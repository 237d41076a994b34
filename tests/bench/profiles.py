"""Writing one profile of a file of many, beside the least a program can do with such a file.

``python -m tests.bench.profiles FOLDER NUMBER ROUNDS`` prints, as JSON, the milliseconds of each
round: of samlauth; of a copy that takes the old file's place; of read, write and fsync in place.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from samlauth.effects.files import AWSFiles

_SECTION = """[profile-{number}]
aws_access_key_id = ASIA{number:016}
aws_secret_access_key = {secret}
aws_session_token = {token}
aws_session_expiration = 2026-11-22T12:00:00+0000

"""


def main(folder: Path, number: int, rounds: int) -> None:
    """Make both files, then write to each in turn."""
    ours, copied, theirs = (folder / name for name in ("ours", "copied", "theirs"))
    text = "".join(
        _SECTION.format(number=n, secret="s" * 40, token="t" * 290) for n in range(number)
    )
    for path in (ours, copied, theirs):
        path.write_text(text)
        path.chmod(0o600)
    files = AWSFiles(folder / "config", ours)
    profile = f"profile-{number // 2}"
    taken: list[list[float]] = []
    for turn in range(rounds + 1):
        # A file that was just written is looked at twice, and this one was an hour ago.
        os.utime(ours, (time.time() - 3600,) * 2)
        changes = {profile: {"aws_secret_access_key": f"{turn:040}"}}
        times = [
            _timed(partial(files.write, {}, changes)),
            _timed(lambda: _renamed(copied)),
            _timed(lambda: _in_place(theirs)),
        ]
        if turn:
            taken.append(times)
    print(json.dumps(taken))


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def _renamed(path: Path) -> None:
    """What no reader ever finds half written, and no power cut loses."""
    new = path.with_name("new")
    content = path.read_bytes()
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def _in_place(path: Path) -> None:
    with path.open("r+b") as file:
        content = file.read()
        file.seek(0)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
