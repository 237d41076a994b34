"""``samlauth assume-role-with-web-identity``: take a role with a token that another issuer gave."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from samlauth import settings
from samlauth.chains import require_name, require_role_arn, take_with_token
from samlauth.commands import grant
from samlauth.commands.flags import of_grant
from samlauth.commands.held import BY_WEB_IDENTITY
from samlauth.commands.policies import as_text, session_policies
from samlauth.commands.target import Target, target
from samlauth.effects import output
from samlauth.effects.paths import expanded
from samlauth.effects.state import Identity
from samlauth.errors import FileError, UsageError
from samlauth.flow import AssumeRoleWithWebIdentity
from samlauth.printable import safe
from samlauth.sts import region_of

if TYPE_CHECKING:
    import argparse

    from samlauth.redactor import Redactor

LONGEST: Final = 20_000
"""Characters that STS takes as ``WebIdentityToken`` (STS API Reference)."""
USUAL: Final = 3600
"""Seconds that every role allows."""
_TOKEN: Final = re.compile(r"ey[\w-]+\.[\w-]+\.[\w-]*")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What its command line has besides the settings."""
    parser.add_argument(
        "--web-identity-token-file",
        metavar="FILE",
        help="file with the token, - for standard input (default: $AWS_WEB_IDENTITY_TOKEN_FILE)",
    )
    parser.add_argument(
        "--session-name",
        metavar="NAME",
        help="what AWS's logs call you (default: $AWS_ROLE_SESSION_NAME, else samlauth)",
    )
    of_grant(parser)


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Take the role, and store or print its credentials; 0 when that is done.

    Raises UsageError, SettingsError and FileError for what cannot be, STSRefused for a no of STS.
    """
    goal = target(flags, os.environ)
    grant.require_possible(goal, options)
    # The settings pass over AWS_ROLE_ARN here: with a token's file it is not about a sign-in.
    role_arn = flags.get(settings.ROLE_ARN.name) or os.environ.get("AWS_ROLE_ARN")
    role_arn = role_arn or goal.settings[settings.ROLE_ARN]
    path = options.web_identity_token_file or os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")
    if not role_arn or not path:
        missing = "--web-identity-token-file" if role_arn else "--role-arn"
        raise UsageError(
            f"samlauth assume-role-with-web-identity needs {missing}.",
            hint="AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE are read, too.",
        )
    require_role_arn(role_arn)
    name = options.session_name or os.environ.get("AWS_ROLE_SESSION_NAME") or "samlauth"
    require_name("session name", name)
    token = read_token(path)
    redactor.hide(token)
    from samlauth.commands.world import World

    with output.aside(), World(goal.settings, options, redactor, stdin=False) as world:
        credentials = world.run(take_with_token(_call(goal, role_arn, name, token)))
    who = Identity(BY_WEB_IDENTITY, "", "", name, role_arn, as_text(goal.settings))
    grant.hand_over(goal, credentials, who, options, redactor)
    return 0


def _call(goal: Target, role_arn: str, name: str, token: str) -> AssumeRoleWithWebIdentity:
    values = goal.settings
    policies = session_policies(values)
    seconds = values[settings.DURATION] if values.duration_promised else None
    return AssumeRoleWithWebIdentity(
        role_arn,
        name,
        token,
        seconds or USUAL,
        region_of(role_arn, values[settings.REGION]),
        policies.policy,
        policies.arns_for(role_arn),
    )


def read_token(path: str) -> str:
    """The token in the file, or on standard input for ``-``.

    Raises UsageError for a token that is given itself, and FileError for a file of no use.
    """
    if _TOKEN.fullmatch(path):
        raise UsageError(
            "--web-identity-token-file was given the token itself, which every user of this "
            "machine can now read.",
            hint="Give a file with the token in it, or - and the token on standard input.",
        )
    where = "standard input" if path == "-" else safe(path, 1000)
    try:
        if path == "-":
            text = sys.stdin.read(LONGEST + 2)
        else:
            with expanded(path).open(encoding="utf-8") as file:
                text = file.read(LONGEST + 2)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise FileError(
            f"The web identity token cannot be read from {where}: {why}.",
            hint="--web-identity-token-file names a file with the token, - standard input.",
        ) from None
    token = text.strip()
    if not token or len(token) > LONGEST:
        what = f"more than the {LONGEST} characters that AWS takes" if token else "nothing"
        raise FileError(
            f"There is no web identity token in {where}: it holds {what}.",
            hint="It holds the token alone, as its issuer gave it.",
        )
    return token
