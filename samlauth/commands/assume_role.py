"""``samlauth assume-role``: take a role with another profile's credentials."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.chains import LONGEST, Hop
from samlauth.command import signing_in
from samlauth.commands import grant
from samlauth.commands.chain import held_to, source_of, taken, whose
from samlauth.commands.flags import TAKING, of_grant
from samlauth.commands.hops import Chain
from samlauth.commands.target import Target, target
from samlauth.effects import output
from samlauth.errors import SettingsError, UsageError
from samlauth.printable import safe
from samlauth.setting import Layer

if TYPE_CHECKING:
    import argparse

    from samlauth.redactor import Redactor


def arguments(parser: argparse.ArgumentParser) -> None:
    """What its command line has besides the settings."""
    parser.add_argument(
        "--source-profile",
        metavar="NAME",
        help="the profile whose credentials the role is taken with; it is signed in to if need be",
    )
    parser.add_argument("--external-id", metavar="ID", help="what the role's owner wants named")
    parser.add_argument(
        "--serial-number",
        metavar="SERIAL",
        help="the MFA device whose code the role wants; you are asked for it, or --code-command is, or samlauth totp add -p NAME --serial-number SERIAL makes it",
    )
    parser.add_argument(
        "--session-name", metavar="NAME", help="what AWS's logs call you (default: your username)"
    )
    parser.add_argument(
        "--tags",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="session tags",
    )
    parser.add_argument(
        "--transitive-tag-keys",
        metavar="KEY",
        nargs="+",
        action="extend",
        default=[],
        help="those of the tags that roles taken from here have, too",
    )
    parser.add_argument("--source-identity", metavar="NAME", help="who you are, all the way down")
    of_grant(parser)


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Take the role, and store or print its credentials; 0 when that is done.

    Raises UsageError and SettingsError for what cannot be, STSRefused, and what a sign-in to the
    source raises.
    """
    goal = target(flags, os.environ)
    grant.require_possible(goal, options)
    chain = _wanted(goal, options)
    source = source_of(options, chain.source)
    with output.aside():
        credentials = taken(goal, chain, options, redactor)
    grant.hand_over(goal, credentials, whose(goal, chain, source()), options, redactor)
    return 0


COMMAND = signing_in(
    "samlauth assume-role -p NAME --source-profile NAME --role-arn ARN [options]",
    "Take a role with another profile's credentials, and store or print its own.",
    "A role taken so lasts an hour at most. The other options are for signing in to the source.\n",
    arguments=arguments,
    run=run,
    foremost=TAKING,
)


def _wanted(goal: Target, options: argparse.Namespace) -> Chain:
    values, source = goal.settings, options.source_profile
    role_arn = values[settings.ROLE_ARN]
    if not source or not role_arn:
        missing = "--role-arn" if source else "--source-profile"
        raise UsageError(
            f"samlauth assume-role needs {missing}.",
            hint="As in: samlauth assume-role -p dev-env --source-profile sts-temp "
            "--role-arn arn:aws:iam::111122223333:role/NAME",
        )
    if source == goal.profile and not options.no_write:
        raise SettingsError(
            f"The role's credentials would replace those of {safe(source)}, which it is taken with.",
            hint="Name another profile with -p, or give --no-write to print them only.",
        )
    seconds = values[settings.DURATION] if values.duration_promised else None
    if seconds and seconds > LONGEST and values.source(settings.DURATION).layer is Layer.FLAG:
        raise UsageError(
            "A role that is taken with another role's credentials lasts an hour at most: AWS "
            "allows no more for it.",
            hint="Give -d 1h or less, or leave it out.",
        )
    hop = Hop(
        role_arn,
        options.session_name or "",
        min(seconds or LONGEST, LONGEST),
        options.external_id or "",
        options.serial_number or "",
        tuple(_tags(options.tags)),
        tuple(options.transitive_tag_keys),
        options.source_identity or "",
    )
    return Chain(source, (held_to(hop, goal),))


def _tags(words: Iterable[str]) -> Iterable[tuple[str, str]]:
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise UsageError(
                f"{safe(word)!r} is no session tag.", hint="It looks like --tags team=data."
            )
        yield key, value
