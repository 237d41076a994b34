"""Runs a target over its corpus and whatever atheris makes of it, for some seconds.

A target may raise errors of ours and nothing else, and may take a second an input; an input that
breaks this is written to ``fuzz/found/`` and the exit code is not 0.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["samlauth", "fuzz"]):
    from fuzz import targets

HERE = Path(__file__).parent


def main(name: str, seconds: str = "600") -> None:
    """Fuzz one target. atheris exits by itself."""
    found = HERE / "found"
    found.mkdir(exist_ok=True)
    # What is new goes to the first folder, which is not the one that is kept.
    with tempfile.TemporaryDirectory() as grown:
        atheris.Setup(
            [
                sys.argv[0],
                f"-max_total_time={seconds}",
                "-timeout=1",
                "-max_len=20000",
                "-print_final_stats=1",
                f"-artifact_prefix={found}/{name}-",
                f"-dict={HERE / 'words.dict'}",
                grown,
                str(HERE / "corpus" / name),
            ],
            targets.TARGETS[name],
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
