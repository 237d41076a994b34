"""``samlauth replay``: what this version makes of the pages of a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from samlauth.command import Command
from samlauth.effects import bundle, output
from samlauth.idp.readers import name
from samlauth.printable import safe

if TYPE_CHECKING:
    import argparse


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which report."""
    parser.add_argument("file", metavar="FILE", help="what samlauth report made")


def run(options: argparse.Namespace) -> int:
    """Print a line for each page: its status, its place, and its name, then and now."""
    report = bundle.read(Path(options.file))
    for number, seen in enumerate(report.pages, 1):
        place = seen.page.url.partition("//")[2].partition("?")[0]
        now = name(report.idp, seen.page)
        if seen.withheld:
            named = f"{seen.named} (the page was left out)"
        elif now == seen.named:
            named = now or "not read"
        else:
            named = f"{now or 'not read'} (was {seen.named or 'not read'})"
        output.data(f"{number:3}  {seen.page.status:3}  {safe(place, 70)}  {safe(named)}")
    versions = safe(report.versions.get("samlauth", "an unknown version"))
    output.tell(f"It ended in {safe(report.error)}, with samlauth {versions}.")
    return 0


COMMAND = Command(
    "samlauth replay FILE",
    "Name each page of a bundle that samlauth report made, as this version reads it.",
    arguments=arguments,
    run=run,
)
