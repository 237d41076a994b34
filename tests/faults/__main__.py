"""The faults at full length, as a table: ``python -m tests.faults``. Takes a quarter of an hour."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults import crowd, kills, neighbour, syscalls

Row = tuple[str, str, bool]
"""What was tried, what was found, and whether that is well."""


def at_each_call(home: Path) -> Iterator[Row]:
    """A kill before, and an error from, each system call of a write.

    What is found is how many left both files as they were (old), the config file alone written
    (between), or both (new); whoever gets an error is told which.
    """
    for case in syscalls.CASES:
        place = home / case.__name__
        place.mkdir()
        harness = syscalls.Harness(case, place)
        faults: list[tuple[str, Callable[[], list[syscalls.Result]]]] = [("kill", harness.kills)]
        for error in syscalls.ERRORS:
            faults.append((error, partial(harness.failures, error)))
            faults.append((f"{error} and on", partial(harness.failures, error, lasting=True)))
        for fault, run in faults:
            results = run()
            outcomes = Counter(result.outcome for result in results)
            found = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
            well = all(result.outcome in syscalls.GOOD for result in results)
            yield f"{case.__name__}: {fault} at each of {len(results)} calls", found, well


def at_any_time(home: Path) -> Iterator[Row]:
    """Random kills."""
    found = kills.attack(home / "kills", 10_000)
    yield (
        f"{found.kills:,} kills at random, {found.in_time:,} of them in time",
        f"{found.lost} lost, {found.mixed} mixed, at most {found.most_leftovers} left over, "
        f"{found.leftovers_in_the_end} after the next run",
        not (found.lost or found.mixed or found.too_open or found.leftovers_in_the_end)
        and found.most_leftovers <= 1,
    )


def at_once(home: Path) -> Iterator[Row]:
    """Many writers, and readers."""
    (home / "crowd").mkdir()
    found = crowd.run(home / "crowd", 32, 100)
    yield (
        f"32 writers of 100 updates each, beside {crowd.READERS} readers",
        f"{found.kept:,} of {found.updates:,} kept, {found.refused} of them at a "
        f"second try, {found.broken_reads} of {found.reads:,} reads broken, {found.old_lost} old ones lost",
        found.kept == found.updates and not found.broken_reads and not found.old_lost,
    )


def beside(home: Path) -> Iterator[Row]:
    """The AWS CLI at work on the same file."""
    found = neighbour.run(home / "neighbour", 1000)
    yield (
        f"{found.rounds:,} rounds of aws configure set, beside {found.writes:,} writes of ours",
        f"{found.old_lost} old ones lost, {found.neighbours_lost} of its own lost by us, "
        f"{found.ours_lost_to_a_stale_write} of ours lost to its stale writes, "
        f"{found.ours_refused} refused",
        not found.old_lost and not found.neighbours_lost,
    )


def main() -> int:
    """Run everything; 1 when something was lost."""
    programs: tuple[Callable[[Path], Iterator[Row]], ...] = (
        at_each_call,
        at_any_time,
        at_once,
        beside,
    )
    well = True
    with TemporaryDirectory(prefix="samlauth-faults-") as home:
        for program in programs:
            start = time.monotonic()
            for tried, found, good in program(Path(home)):
                well = well and good
                seconds = time.monotonic() - start
                print(
                    f"{'ok  ' if good else 'LOST'} {seconds:5.0f} s  {tried}: {found}", flush=True
                )
                start = time.monotonic()
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
