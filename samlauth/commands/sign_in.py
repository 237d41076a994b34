"""One sign-in: ask what is missing, log in, and put the credentials where the profile has them.

Importing this module loads all of it but botocore, in the order of need.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from samlauth import settings
from samlauth.commands import held
from samlauth.commands.held import Held
from samlauth.commands.policies import as_text, session_policies
from samlauth.commands.provider import complete, identity, is_complete, noted, provider_for
from samlauth.commands.target import Target, warn
from samlauth.commands.world import World
from samlauth.effects.state import Identity, Issued, State, StateFile
from samlauth.errors import FileError, SettingsError
from samlauth.flow import Browse, Flow
from samlauth.idp import IdentityProvider
from samlauth.login import Known, SignedIn, Wanted, login, naming
from samlauth.setting import Layer
from samlauth.sources import Settings
from samlauth.sts import Duration
from samlauth.values import dataclass

if TYPE_CHECKING:
    import argparse

    from samlauth.credentials import Credentials
    from samlauth.effects.early import Early
    from samlauth.effects.secrets import Typed
    from samlauth.redactor import Redactor


DECIDED_ELSEWHERE = frozenset(
    {Layer.SAMLAUTH, Layer.PEER_ENVIRONMENT, Layer.BASE, Layer.PEER_BASE, Layer.SHARED}
)
"""Sources of a role that stays theirs to change: it is not written to the profile."""


@dataclass(frozen=True)
class Outcome:
    """What a sign-in came to."""

    values: Settings
    """The settings, with what the person answered."""
    signed_in: SignedIn
    brought: bool
    """Whether the SAML response came with the command, from whomever."""
    typed: Typed | None = None
    """The password that the person typed for it."""


def sign_in(
    goal: Target,
    options: argparse.Namespace,
    state: State,
    redactor: Redactor,
    *,
    stdin: bool = True,
    early: Early | None = None,
) -> Outcome:
    """Sign in, asking for what is missing.

    ``stdin`` says whether standard input may hold the password; ``early`` has connections that were
    begun already.
    """
    brought = brought_by(goal.settings, options, redactor)
    stdin = stdin and not brought
    with World(goal.settings, options, redactor, stdin=stdin, early=early) as world:
        values, signed_in = world.run(whole(goal.settings, state, brought))
    world.keep_password()
    return Outcome(noted(values, world.answers), signed_in, brought is not None, world.typed)


def brought_by(
    values: Settings, options: argparse.Namespace, redactor: Redactor
) -> IdentityProvider | None:
    """The SAML response that the command line has, or has asked for, as a provider of its own."""
    if getattr(options, "saml_assertion", None) is None:
        return None
    from samlauth.effects.handed import handed
    from samlauth.idp.assertion import Given, Pasted

    text = handed(options.saml_assertion, sys.stdin, warn)
    if text is None:
        return Pasted(_in_browser(values))
    redactor.hide(text.strip())
    given = Given(text)
    redactor.hide(given.response.base64)
    return given


def _in_browser(values: Settings) -> Browse | None:
    """The sign-in that gives such a response, where the settings tell it."""
    try:
        return provider_for(values).in_browser if is_complete(values) else None
    except SettingsError:
        return None


def whole(
    given: Settings, state: State, brought: IdentityProvider | None = None
) -> Flow[tuple[Settings, SignedIn]]:
    """Ask for the settings that are missing, then log in with them."""
    values = given if brought else (yield from complete(given))
    wanted = Wanted(
        role=values.role,
        remembered=values.remembered_role,
        account=values[settings.ACCOUNT],
        resolve_aliases=values[settings.RESOLVE_ALIASES],
        duration=Duration(values[settings.DURATION], values.duration_promised),
        region=values[settings.REGION],
        notes=values.notes,
        policies=session_policies(values),
    )
    known = Known(state.allowed(_now()), state.names(_now()), state.recent)
    provider = brought or provider_for(values)
    return values, (yield from login(provider, wanted, known, _now))


def store(goal: Target, outcome: Outcome, memory: StateFile) -> Held:
    """Write the credentials and the settings to the profile, and remember whose they are.

    A profile whose credential_process we are has its credentials in the cache, any other in the AWS
    credentials file. Raises FileError when the AWS files cannot be written.
    """
    values, signed_in = outcome.values, outcome.signed_in
    (grant,) = signed_in.grants
    credentials, role = grant.credentials, naming(grant.role, signed_in.assertion)
    remembered: dict[str, str | None] = dict(values.to_store())
    if values.source(settings.ROLE_ARN).layer not in DECIDED_ELSEWHERE:
        remembered[settings.ROLE_ARN.key] = role
    sections = {} if goal.is_process else {goal.profile: section_of(credentials)}
    for notice in goal.files.write({goal.profile: remembered}, sections).notices:
        warn(notice)
    whose = (
        Identity(held.BROUGHT, "", "", "", role, as_text(values))
        if outcome.brought
        else identity(values, role)
    )
    issued = Issued(credentials.access_key_id, whose, _now(), credentials.expiration)
    if goal.is_process:
        keep(goal, credentials, issued)
    memory.update(
        lambda state: state.with_login(
            goal.profile,
            issued,
            signed_in.durations,
            signed_in.aliases,
            [grant.role.role_arn],
        )
    )
    return Held(credentials, issued)


def keep(goal: Target, credentials: Credentials, issued: Issued) -> None:
    """Put them where ``credential-process`` finds them."""
    try:
        held.keep(goal, credentials, issued)
    except (OSError, FileError) as error:
        warn(f"The credentials were not kept for next time: {error}")


def section_of(credentials: Credentials) -> dict[str, str | None]:
    """The profile's keys in the credentials file."""
    return {
        "aws_access_key_id": credentials.access_key_id,
        "aws_secret_access_key": credentials.secret_access_key,
        "aws_session_token": credentials.session_token,
        # The name that boto2 and aws-google-auth know it by.
        "aws_security_token": credentials.session_token,
        "aws_session_expiration": f"{credentials.expiration:%Y-%m-%dT%H:%M:%S%z}",
    }


def _now() -> datetime:
    return datetime.now(UTC)
