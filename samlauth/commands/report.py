"""``samlauth report``: the last failed sign-in as a bundle, shown to the person and sent nowhere."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from samlauth.command import Command
from samlauth.effects import bundle, files, output, recorder
from samlauth.errors import FileError
from samlauth.printable import safe
from samlauth.reports import Report, decode

if TYPE_CHECKING:
    import argparse

_LOOKS_SECRET = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12}|[\w.+-]+@[\w-]+\.\w|[A-Za-z0-9+_-]{80}")
"""Keys of AWS, addresses, anything as long as a token: none of it can be in a skeleton."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Where to."""
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="the bundle; samlauth-report-TIME.zip if not given"
    )


def run(options: argparse.Namespace) -> int:
    """Make the bundle and list what is in it; its path goes to standard output."""
    folder = files.locate(os.environ).config.parent / "samlauth"
    text = recorder.load(folder)
    try:
        report = decode(text)
    except ValueError as error:
        raise FileError(
            f"{folder / recorder.FAILURE} cannot be read: {error}.",
            hint="Run the command that fails once more, then samlauth report.",
        ) from error
    if _LOOKS_SECRET.search(text):
        raise FileError(
            "What was recorded looks as if it had something of yours in it, so no report was made.",
            hint=f"Please tell the maintainers, and remove {folder / recorder.FAILURE}.",
        )
    time = re.sub(r"[^0-9T]", "", report.when)
    path = Path(options.output or f"samlauth-report-{time}.zip")
    bundle.write(report, path)
    _show(report)
    output.tell("\nIt was sent nowhere. Look through it, then hand it to whoever mends samlauth.")
    output.data(str(path))
    return 0


COMMAND = Command(
    "samlauth report [-o FILE]",
    "Put what the last failed sign-in came across into a bundle, to be handed to a maintainer.",
    "The pages in it are bare: no text, no values, no names of yours. Nothing is sent anywhere.\n",
    arguments=arguments,
    run=run,
)


def _show(report: Report) -> None:
    output.tell(f"The sign-in of {safe(report.when)} ended in {safe(report.error)}.")
    output.tell(f"Pages: {safe(report.path, 1000)}\n")
    for name, data in bundle.members(report).items():
        output.tell(f"  {len(data):>8,}  {name}")
    if withheld := sum(seen.withheld for seen in report.pages):
        output.tell(f"  Left out, for something of yours was in it: {withheld} of the pages.")
