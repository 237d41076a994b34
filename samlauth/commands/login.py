"""The login: nothing to do while the profile's credentials are good, else a sign-in.

What decides that must not load what a sign-in needs: it runs before every other use of a profile.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.commands import grant
from samlauth.commands.held import Held, fits, held
from samlauth.commands.provider import begun
from samlauth.commands.target import Target, require_writable, target, warn
from samlauth.durations import spell
from samlauth.effects import output
from samlauth.effects.state import State, StateFile
from samlauth.errors import UsageError
from samlauth.printable import safe
from samlauth.setting import Layer
from samlauth.sources import Settings

if TYPE_CHECKING:
    import argparse

    from samlauth.credentials import Credentials
    from samlauth.redactor import Redactor


def run(options: argparse.Namespace, flags: Mapping[str, str], redactor: Redactor) -> int:
    """Log in; 0 when the profile holds good credentials afterwards, the exit code of several else.

    Raises UsageError for flags that do not go together, and any SamlauthError of the login.
    """
    if len(options.role_arn or ()) > 1:
        from samlauth.commands import many

        return many.roles(options, flags, redactor, options.role_arn)
    grant.require_sense(options)
    goal = target(flags, os.environ)
    if several(goal.settings, flags):
        from samlauth.commands import many

        return many.run(goal, options, flags, redactor)
    if settings.ROLE_ARN.name in flags and "," in goal.profile and not goal.is_known:
        raise UsageError(
            f"{safe(goal.profile)} looks like several profiles, and there is one role.",
            hint="Give -r once for each of the profiles.",
        )
    if not options.no_write:
        goal = _writable(goal, options, flags)
    memory = StateFile.beside(goal.files.config)
    state, now = memory.load(), datetime.now(UTC)
    # Whoever brings a SAML response wants it used.
    wanted = options.force or options.saml_assertion is not None
    if not wanted and (good := still_good(goal, state, now)):
        _leave_as_is(goal, good, now, options)
        role_arn = good.issued.identity.role_arn
        grant.verify(goal, good.credentials, role_arn, options, redactor)
        return 0
    early = begun(goal.settings) if options.saml_assertion is None else None
    from samlauth.commands.sign_in import sign_in, store

    outcome = sign_in(goal, options, state, redactor, early=early)
    (given,) = outcome.signed_in.grants
    # Neither a file nor an output that cannot be written must cost the other the sign-in.
    try:
        grant.show(given.credentials, options)
    finally:
        if not options.no_write:
            store(goal, outcome, memory)
    if not options.quiet:
        _say_until(given.credentials)
        if not options.no_write:
            output.tell(f"Try: aws sts get-caller-identity --profile {shlex.quote(goal.profile)}")
    grant.verify(goal, given.credentials, given.role.role_arn, options, redactor)
    if outcome.typed is not None:
        from samlauth.commands import keeping

        keeping.offer(goal, outcome.typed, options, memory)
    return 0


def _writable(goal: Target, options: argparse.Namespace, flags: Mapping[str, str]) -> Target:
    """The profile, maybe after taking the place of another program. Raises SettingsError when it
    must not be given credentials."""
    if "credential_process" in {**goal.config, **goal.credentials} and not goal.is_process:
        from samlauth.commands import takeover

        if takeover.offer(goal, overwrite_keys=options.overwrite_keys):
            goal = target(flags, os.environ)
    require_writable(goal, overwrite_keys=options.overwrite_keys)
    return goal


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


def _leave_as_is(goal: Target, good: Held, now: datetime, options: argparse.Namespace) -> None:
    if not options.no_write:
        for notice in goal.files.write({goal.profile: dict(goal.settings.to_store())}, {}).notices:
            warn(notice)
    grant.show(good.credentials, options)
    if not options.quiet:
        expiration = good.credentials.expiration
        left = spell((expiration - now).total_seconds())
        output.tell(
            f"The credentials of {goal.profile} are good until "
            f"{expiration.astimezone():%H:%M} (in {left}); --force signs in anyway."
        )


def _say_until(credentials: Credentials) -> None:
    local, utc = credentials.expiration.astimezone(), credentials.expiration
    minutes = round((utc - datetime.now(UTC)).total_seconds() / 60)
    left = f"in {spell(60 * minutes)}"
    elsewhere = f"{utc:%H:%M:%S} UTC, {left}" if local.utcoffset() else left
    output.tell(f"Credentials Expiration: {local:%Y-%m-%d %H:%M:%S %Z} ({elsewhere})")
