"""``samlauth exec``: run a command with a profile's credentials in its environment."""

from __future__ import annotations

import argparse
import os
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.command import signing_in
from samlauth.commands.hops import hops_of, is_chained
from samlauth.commands.policies import as_text
from samlauth.commands.supply import supply
from samlauth.commands.target import Target, target
from samlauth.commands.variables import (
    of_credentials,
    of_profile,
    role_meant_for_us,
    without_others,
)
from samlauth.effects import output
from samlauth.effects.command import become, find
from samlauth.errors import SettingsError, UsageError
from samlauth.printable import safe

if TYPE_CHECKING:
    from samlauth.redactor import Redactor


def arguments(parser: argparse.ArgumentParser) -> None:
    """What its command line has besides the settings, before the ``--``."""
    parser.add_argument(
        "--renew",
        action="store_true",
        help="let the command ask for credentials whenever it needs some, by the profile's "
        "credential_process, so that it may run longer than they live",
    )


def split(words: list[str]) -> tuple[list[str], argparse.Namespace]:
    """Our own words, and the command's, which follow the first ``--``. Raises UsageError."""
    at = words.index("--") if "--" in words else len(words)
    ours, command = words[:at], words[at + 1 :]
    if not command and not {"-h", "--help", "-V", "--version"} & set(ours):
        raise UsageError(
            "There is no command to run.",
            hint="It comes after --, as in: samlauth exec -p NAME -- aws s3 ls",
        )
    return ours, argparse.Namespace(command=command)


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Become the command, signed in; where a process cannot, the command's exit code.

    Raises SamlauthError with a shell's exit code when it cannot be run, before anybody signs in.
    """
    environ = without_others(os.environ)
    path = find(options.command[0], environ)
    # Standard output is the command's alone.
    with output.aside():
        if options.renew:
            _require_renewing(target(flags, os.environ))
        goal, held = supply(lambda: target(flags, os.environ), options, redactor)
    if options.renew:
        environ |= of_profile(goal) | role_meant_for_us(os.environ)
    else:
        environ |= of_credentials(goal, held)
    return become(path, options.command, environ)


COMMAND = signing_in(
    "samlauth exec -p NAME [--renew] -- COMMAND ...",
    "Run a command with a profile's credentials; sign in first if needed.",
    "The exit code is the command's own; 127 when there is no such command, and 126 when it "
    "cannot be run.\n",
    arguments=arguments,
    run=run,
    split=split,
)


def _require_renewing(goal: Target) -> None:
    """Raises SettingsError for a profile whose credentials AWS tools cannot renew by themselves."""
    profile, source = safe(goal.profile), goal.profile
    if is_chained(goal.config, goal.credentials):
        # AWS tools take the roles again themselves, with what its source gives them.
        if as_text(goal.settings):
            raise SettingsError(
                f"AWS tools take the role of the profile {profile} again by themselves, and would not "
                "hold it to the session policies (--read-only, --policy, --policy-arn).",
                hint="Leave --renew out; the command then has credentials for up to an hour.",
            )
        chain = hops_of(goal.files, goal.profile)
        source = chain.source
        goal = target({settings.PROFILE.name: source}, os.environ)
        if any(hop.serial_number for hop in chain.hops):
            raise SettingsError(
                f"The role of the profile {profile} wants a code of an MFA device each time it is "
                "taken, so that AWS tools cannot take it again by themselves.",
                hint="Leave --renew out; the command then has credentials for up to an hour.",
            )
    if not goal.is_process:
        raise SettingsError(
            f"The profile {profile} is not one whose credentials AWS tools can renew by "
            "themselves.",
            hint=f"Make it one: samlauth configure process -p {shlex.quote(source)}",
        )
