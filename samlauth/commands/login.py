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
from samlauth.commands.held import Held, fits, held
from samlauth.commands.target import Target, target, warn
from samlauth.durations import spell
from samlauth.effects import output
from samlauth.effects.state import State, StateFile
from samlauth.errors import NobodyToAsk, UsageError
from samlauth.printable import safe
from samlauth.profiles import refuse_unwritable
from samlauth.settings import Layer, Settings

if TYPE_CHECKING:
    import argparse

    from samlauth.credentials import Credentials
    from samlauth.redactor import Redactor


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Log in; 0 when the profile holds good credentials afterwards."""
    goal = target(flags, os.environ)
    if several(goal.settings, flags):
        from samlauth.commands import many

        return many.run(goal, options, flags, redactor)
    if settings.ROLE_ARN.name in flags and "," in goal.profile and not goal.is_known:
        raise UsageError(
            f"{safe(goal.profile)} looks like several profiles, and there is one role.",
            hint="Give -r once for each of the profiles.",
        )
    if "credential_process" in {**goal.config, **goal.credentials} and not goal.is_process:
        from samlauth.commands import takeover

        if takeover.offer(goal, overwrite_keys=options.overwrite_keys):
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
    # Whoever brings a SAML response wants it used.
    wanted = options.force or options.saml_assertion is not None
    if not wanted and (good := still_good(goal, state, now)):
        _leave_as_is(goal, good, now, options)
        return 0
    from samlauth.commands.sign_in import sign_in, store

    try:
        outcome = sign_in(goal, options, state, redactor)
    except NobodyToAsk as error:
        error.hint = (
            error.hint or f"Run it in a terminal: {shlex.join(['samlauth', *sys.argv[1:]])}"
        )
        raise
    (grant,) = outcome.signed_in.grants
    if options.print_creds:
        # Before they are stored: a file that cannot be written must not cost the sign-in.
        output.data(exports(grant.credentials))
    store(goal, outcome, memory)
    if not options.quiet:
        _say_until(grant.credentials)
        output.tell(f"Try: aws sts get-caller-identity --profile {shlex.quote(goal.profile)}")
    return 0


def several(values: Settings, flags: Mapping[str, str]) -> bool:
    """Whether the settings mean more profiles than one: what a flag names comes first."""
    if settings.GROUP.name in flags:
        return True
    if settings.ROLE_ARN.name in flags or values[settings.ALL_ROLES]:
        return values[settings.ALL_ROLES] and (
            settings.ROLE_ARN.name not in flags or settings.ALL_ROLES.name in flags
        )
    return (
        settings.PROFILE.name not in flags and values.source(settings.GROUP).layer is Layer.SAMLAUTH
    )


def still_good(goal: Target, state: State, now: datetime) -> Held | None:
    """What the profile holds, if half its life is left and it is what a sign-in would give."""
    found = held(goal, state, warn)
    if found is None or not found.issued.is_fresh(now):
        return None
    return found if fits(goal, found.issued, state, now) else None


def exports(credentials: Credentials) -> str:
    """One line for a POSIX shell to evaluate."""
    variables = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_SESSION_EXPIRATION": f"{credentials.expiration:%Y-%m-%dT%H:%M:%S%z}",
    }
    return "export " + " ".join(f"{name}='{value}'" for name, value in variables.items())


def _leave_as_is(goal: Target, good: Held, now: datetime, options: argparse.Namespace) -> None:
    for notice in goal.files.write({goal.profile: dict(goal.settings.to_store())}, {}).notices:
        warn(notice)
    if options.print_creds:
        output.data(exports(good.credentials))
    if not options.quiet:
        expiration = good.credentials.expiration
        left = spell((expiration - now).total_seconds())
        output.tell(
            f"The credentials of {goal.profile} are good until "
            f"{expiration.astimezone():%H:%M} (in {left}); --force signs in anyway."
        )


def _say_until(credentials: Credentials) -> None:
    local, utc = credentials.expiration.astimezone(), credentials.expiration
    elsewhere = f" ({utc:%H:%M:%S} UTC)" if local.utcoffset() else ""
    output.tell(f"Credentials Expiration: {local:%Y-%m-%d %H:%M:%S %Z}{elsewhere}")
