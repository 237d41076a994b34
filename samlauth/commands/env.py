"""``samlauth env``: a profile's credentials as variables, for a shell to evaluate."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from samlauth import shells
from samlauth.command import signing_in
from samlauth.commands.supply import supply
from samlauth.commands.target import target
from samlauth.commands.variables import of_credentials
from samlauth.effects import output
from samlauth.effects.cache import process_answer

if TYPE_CHECKING:
    import argparse

    from samlauth.redactor import Redactor

_DATA = ("json", "process")
"""Formats that are no shell's: one object, and what credential-process prints."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """What its command line has besides the settings."""
    choices = (*shells.FORMATS, *_DATA)
    parser.add_argument(
        "--format",
        choices=choices,
        metavar="FORMAT",
        help=f"{', '.join(choices[:-1])} or {choices[-1]} (default: your shell's)",
    )


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Print the variables, and nothing else whatever happens; sign in first if need be.

    Raises SettingsError for a value that the shell cannot be told.
    """
    wanted = options.format or shells.usual(os.name, os.environ.get("SHELL", ""))
    with output.aside() as answer:
        goal, held = supply(lambda: target(flags, os.environ), options, redactor)
        variables = of_credentials(goal, held)
        match wanted:
            case "process":
                answer(process_answer(held.credentials) + b"\n")
            case "json":
                import json

                answer(json.dumps(variables, indent=2).encode() + b"\n")
            case _:
                answer(shells.lines(wanted, variables).encode("utf-8", "surrogateescape"))
    return 0


COMMAND = signing_in(
    "samlauth env -p NAME [--format FORMAT]",
    "Print a profile's credentials as variables for a shell; sign in first if needed.",
    """\
examples:
  eval "$(samlauth env -p NAME)"                    bash, zsh, dash
  samlauth env -p NAME --format fish | source       fish
  samlauth env -p NAME --format powershell | Out-String | Invoke-Expression
  for /f "delims=" %i in ('samlauth env -p NAME --format cmd') do @%i
  docker run --env-file <(samlauth env -p NAME --format env-file) …
""",
    arguments=arguments,
    run=run,
)
