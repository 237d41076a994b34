"""Writing one profile of a file of many, beside the least a program can do with such a file.

``python -m tests.bench.profiles FOLDER NUMBER ROUNDS`` prints, as JSON, the milliseconds of each
round: of samlauth, then of read, write and fsync in place.
"""

from __future__ import annotations

import json
import os
import sys
import time
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
    ours, theirs = folder / "ours", folder / "theirs"
    text = "".join(
        _SECTION.format(number=n, secret="s" * 40, token="t" * 290) for n in range(number)
    )
    for path in (ours, theirs):
        path.write_text(text)
        path.chmod(0o600)
    files = AWSFiles(folder / "config", ours)
    profile = f"profile-{number // 2}"
    taken: list[tuple[float, float]] = []
    for turn in range(rounds + 1):
        # A file that was just written is looked at twice, and this one was an hour ago.
        os.utime(ours, (time.time() - 3600,) * 2)
        started = time.perf_counter()
        files.write({}, {profile: {"aws_secret_access_key": f"{turn:040}"}})
        between = time.perf_counter()
        _in_place(theirs)
        ended = time.perf_counter()
        if turn:
            taken.append(((between - started) * 1000, (ended - between) * 1000))
    print(json.dumps(taken))


def _in_place(path: Path) -> None:
    with path.open("r+b") as file:
        content = file.read()
        file.seek(0)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
