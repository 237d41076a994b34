"""What becomes of credentials that a command has got: stored, printed, proved."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.commands.target import Target, require_writable, warn
from samlauth.durations import spell
from samlauth.effects import output
from samlauth.effects.cache import process_answer
from samlauth.effects.state import Identity, Issued, StateFile
from samlauth.errors import SettingsError, UsageError
from samlauth.printable import safe
from samlauth.setting import Layer

if TYPE_CHECKING:
    import argparse

    from samlauth.credentials import Credentials
    from samlauth.redactor import Redactor


def require_possible(goal: Target, options: argparse.Namespace) -> None:
    """Raises UsageError and SettingsError, before anybody is asked for anything, when what is
    wanted of the credentials cannot be."""
    require_sense(options)
    if options.no_write:
        return
    require_writable(goal, overwrite_keys=options.overwrite_keys)
    if goal.is_process:
        raise SettingsError(
            f"The profile {safe(goal.profile)} gets its credentials from samlauth whenever AWS "
            "tools need some; credentials written to it would hide that.",
            hint="Name another profile with -p.",
        )


def require_sense(options: argparse.Namespace) -> None:
    """Raises UsageError for options that cannot be meant together."""
    if options.json and options.print_creds:
        raise UsageError(
            "--json and --print-creds are two forms of one thing.", hint="Give one of them."
        )
    if options.no_write and not (options.json or options.print_creds or options.verify):
        raise UsageError(
            "With --no-write alone nothing would become of the credentials.",
            hint="Give --json, --print-creds or --verify with it.",
        )


def show(credentials: Credentials, options: argparse.Namespace) -> None:
    """Print them, if they are to be."""
    if options.json:
        output.data(process_answer(credentials).decode())
    if options.print_creds:
        output.data(exports(credentials))


def exports(credentials: Credentials) -> str:
    """One line for a POSIX shell to evaluate."""
    variables = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key,
        "AWS_SESSION_TOKEN": credentials.session_token,
        "AWS_SESSION_EXPIRATION": f"{credentials.expiration:%Y-%m-%dT%H:%M:%S%z}",
    }
    return "export " + " ".join(f"{name}='{value}'" for name, value in variables.items())


def verify(
    goal: Target,
    credentials: Credentials,
    role_arn: str,
    options: argparse.Namespace,
    redactor: Redactor,
) -> None:
    """Have AWS say whose they are, if that is wanted. Raises STSRefused when it does not take them."""
    if not options.verify:
        return
    from samlauth.chains import prove
    from samlauth.commands.world import World

    with World(goal.settings, options, redactor, stdin=False) as world:
        caller = world.run(prove(credentials, role_arn, goal.settings[settings.REGION]))
    if not options.quiet:
        output.tell(f"AWS says you are {safe(caller.arn, 1000)}.")


def hand_over(
    goal: Target,
    credentials: Credentials,
    who: Identity,
    options: argparse.Namespace,
    redactor: Redactor,
) -> None:
    """Print, store and prove them, as the options say.

    Raises FileError when the AWS files cannot be written, STSRefused when AWS does not take the
    credentials.
    """
    # Neither a file nor an output that cannot be written must cost the other the credentials.
    try:
        show(credentials, options)
    finally:
        if not options.no_write:
            _store(goal, credentials, who)
    if not options.quiet:
        left = spell((credentials.expiration - datetime.now(UTC)).total_seconds() + 30)
        output.tell(
            f"Took {safe(who.role_arn, 1000)}; good until "
            f"{credentials.expiration.astimezone():%H:%M} (in {left})."
        )
        if not options.no_write:
            output.tell(f"Try: aws sts get-caller-identity --profile {shlex.quote(goal.profile)}")
    verify(goal, credentials, who.role_arn, options, redactor)


def _store(goal: Target, credentials: Credentials, who: Identity) -> None:
    from samlauth.commands.sign_in import section_of

    values = goal.settings
    region = values[settings.REGION]
    given = values.source(settings.REGION).layer is Layer.FLAG
    in_config: dict[str, str | None] = {settings.REGION.key: region} if given else {}
    changes = {goal.profile: in_config} if in_config else {}
    for notice in goal.files.write(changes, {goal.profile: section_of(credentials)}).notices:
        warn(notice)
    issued = Issued(credentials.access_key_id, who, datetime.now(UTC), credentials.expiration)
    StateFile.beside(goal.files.config).update(
        lambda state: state.with_login(goal.profile, issued, {})
    )
