"""``samlauth credential-process``: AWS's own way to have a program supply credentials.

What the cache can answer was answered by :mod:`samlauth.__main__` before this was loaded.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from samlauth.command import signing_in
from samlauth.commands.supply import supply
from samlauth.commands.target import target
from samlauth.effects import output
from samlauth.effects.cache import process_answer

if TYPE_CHECKING:
    import argparse

    from samlauth.redactor import Redactor


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Print the JSON, and nothing else whatever happens (AWS SDKs and Tools Reference Guide)."""
    with output.aside() as answer:
        _, held = supply(lambda: target(flags, os.environ), options, redactor)
        answer(process_answer(held.credentials) + b"\n")
    return 0


COMMAND = signing_in(
    "samlauth credential-process -p NAME",
    "Print a profile's credentials as AWS's credential_process wants them; sign in if needed.",
    run=run,
)
