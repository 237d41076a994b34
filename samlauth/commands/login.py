"""The login: nothing to do while the profile's credentials are good, else a sign-in.

What decides that must not load what a sign-in needs: it runs before every other use of a profile.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.commands.target import Target, target, warn
from samlauth.durations import spell
from samlauth.effects import output
from samlauth.effects.state import Identity, Issued, State, StateFile
from samlauth.errors import NobodyToAsk
from samlauth.profiles import refuse_unwritable
from samlauth.settings import Layer, Settings

if TYPE_CHECKING:
    import argparse

    from samlauth.redactor import Redactor


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Log in; 0 when the profile holds good credentials afterwards."""
    goal = target(flags, os.environ)
    refuse_unwritable(
        goal.profile,
        goal.config,
        goal.credentials,
        named=goal.settings.source(settings.PROFILE).layer <= Layer.SAMLAUTH,
        overwrite_keys=options.overwrite_keys,
    )
    memory = StateFile.beside(goal.files.config)
    state, now = memory.load(), datetime.now(UTC)
    if not options.force and (good := still_good(goal, state, now)):
        _leave_as_is(goal, good, now, options)
        return 0
    from samlauth.commands.sign_in import sign_in

    try:
        sign_in(goal, options, memory, state, redactor)
    except NobodyToAsk as error:
        error.hint = (
            error.hint or f"Run it in a terminal: {shlex.join(['samlauth', *sys.argv[1:]])}"
        )
        raise
    return 0


def still_good(goal: Target, state: State, now: datetime) -> Issued | None:
    """What was issued to the profile, if it is in there, fresh, and what would be issued now."""
    issued = state.profiles.get(goal.profile)
    if issued is None or issued.access_key_id != goal.credentials.get("aws_access_key_id"):
        return None
    if goal.settings[settings.ASK_ROLE] or not issued.is_fresh(now):
        return None
    role_arn = issued.identity.role_arn
    account = goal.settings[settings.ACCOUNT]
    account_id = role_arn.split(":")[4]
    if account not in {None, account_id, state.names(now).get(account_id)}:
        return None
    if goal.role is None or not (goal.role == role_arn or role_arn.endswith(f"/{goal.role}")):
        return None
    return issued if identity(goal.settings, role_arn) == issued.identity else None


def identity(values: Settings, role_arn: str) -> Identity:
    """Whose credentials a login with these settings gives."""
    return Identity(
        "google",
        values[settings.IDP_ID] or "",
        values[settings.SP_ID] or "",
        values[settings.USERNAME] or "",
        role_arn,
    )


def exports(credentials: Mapping[str, str | None], expiration: datetime) -> str:
    """One line for a POSIX shell to evaluate; ``credentials`` by the keys of the AWS file."""
    variables = {
        "AWS_ACCESS_KEY_ID": credentials["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": credentials["aws_secret_access_key"],
        "AWS_SESSION_TOKEN": credentials["aws_session_token"],
        "AWS_SESSION_EXPIRATION": f"{expiration:%Y-%m-%dT%H:%M:%S%z}",
    }
    return "export " + " ".join(f"{name}='{value}'" for name, value in variables.items())


def _leave_as_is(goal: Target, good: Issued, now: datetime, options: argparse.Namespace) -> None:
    for notice in goal.files.write({goal.profile: dict(goal.settings.to_store())}, {}).notices:
        warn(notice)
    if options.print_creds:
        output.data(exports(goal.credentials, good.expiration))
    if not options.quiet:
        left = spell((good.expiration - now).total_seconds())
        output.tell(
            f"The credentials of {goal.profile} are good until "
            f"{good.expiration.astimezone():%H:%M} (in {left}); --force signs in anyway."
        )
