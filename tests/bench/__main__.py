"""``python -m tests.bench PEERS``: each figure that is promised, beside what it is measured against.

Machines are noisy and change speed: everything is run in turn, and only ratios of one run mean
anything. The exit code is 1 when a figure falls short of its goal and docs/performance.md does not
say why. This process stays small, because a child's peak of memory counts what its parent had when
it was started.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.figures import FIGURES, Bench, Figure, google, updates
from tests.bench.plot import chart
from tests.bench.runs import in_turn

DOCS = Path(__file__).parents[2] / "docs"
WHY = "## Why a floor lies above a goal"
DISTANCES = (0, 25, 50, 100)
"""Milliseconds of a round trip."""
PROFILES = (1_000, 10_000, 30_000, 100_000)


def main() -> None:
    """Print the table; draw the plots if asked to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument(
        "peers", type=Path, help="a folder with google/ and adfs/, virtual environments"
    )
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--rows", help=f"some of {','.join(FIGURES)}", default=",".join(FIGURES))
    parser.add_argument("--plots", action="store_true", help="draw docs/*.svg instead")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=DOCS.parent, prefix=".bench-") as folder:
        bench = Bench(
            Path(folder),
            options.peers.absolute() / "google" / "bin" / "aws-google-auth",
            options.peers.absolute() / "adfs" / "bin" / "aws-adfs",
            options.rounds,
        )
        if options.plots:
            _draw(bench)
            return
        print(
            f"Python {platform.python_version()}, {platform.system()}; median of {options.rounds}"
        )
        found = [figure for row in options.rows.split(",") for figure in _printed(bench, row)]
    explained = (DOCS / "performance.md").read_text("utf-8").partition(WHY)[2]
    short = [
        figure for figure in found if figure.falls_short and f"`{figure.row}`" not in explained
    ]
    for figure in short:
        print(f"falls short: {figure.row}, {figure.what}")
    sys.exit(1 if short else 0)


def _printed(bench: Bench, row: str) -> list[Figure]:
    found = list(FIGURES[row](bench))
    for figure in found:
        goal = "" if figure.goal is None else f"<= {figure.goal:g}"
        value = (
            f"{figure.value:.2f}x" if figure.unit == "x" else f"{figure.value:.1f} {figure.unit}"
        )
        verdict = "SHORT" if figure.falls_short else ""
        print(
            f"{figure.row:42}{figure.what:38}{value:>10} {goal:>8}  {figure.measured:24}{verdict}",
            flush=True,
        )
    return found


def _draw(bench: Bench) -> None:
    """Of the fastest runs: what else the computer does bends a median."""
    login: dict[str, list[tuple[float, float]]] = {}
    with ExitStack() as stack:
        measured = {far: stack.enter_context(google(bench, far)) for far in DISTANCES}
        in_turn(bench.rounds, *(turn for logins in measured.values() for turn in logins.turns))
    for far, logins in measured.items():
        for name, took in (
            ("samlauth", min(logins.ours.wall)),
            ("aws-google-auth", min(logins.peer.wall)),
            ("the wire and bare Python", min(logins.wires) + min(logins.bare.wall)),
        ):
            login.setdefault(name, []).append((far, took))
    drawn = chart("A Google login by password", "round trip, ms", "wall, ms", login)
    (DOCS / "login.svg").write_text(drawn)
    names = ("samlauth", "a new file, renamed", "in place")
    update: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for number in PROFILES:
        for name, took in zip(names, updates(bench, number, min), strict=True):
            update[name].append((number / 1000, took))
    drawn = chart("One profile of a credentials file", "thousand profiles", "wall, ms", update)
    (DOCS / "update.svg").write_text(drawn)


if __name__ == "__main__":
    main()
