"""The credentials a profile holds, as far as they are known to be of a login of ours.

A plain profile has them in the AWS credentials file, where every tool finds them. A profile whose
``credential_process`` is samlauth has them in the cache; never both.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from samlauth import settings
from samlauth.commands.policies import as_text
from samlauth.commands.provider import identity
from samlauth.commands.target import Target, target
from samlauth.credentials import Credentials
from samlauth.effects import cache
from samlauth.effects.paths import path_of
from samlauth.effects.state import StateFile
from samlauth.errors import SamlauthError
from samlauth.printable import safe
from samlauth.setting import Layer
from samlauth.values import dataclass

if TYPE_CHECKING:
    from samlauth.effects.state import Identity, Issued, State
    from samlauth.sources import Settings


BY_CHAIN: Final = "chain"
BY_WEB_IDENTITY: Final = "web identity"
TAKEN: Final = frozenset({BY_CHAIN, BY_WEB_IDENTITY})
"""What an identity has in the provider's place when no sign-in of ours gave the credentials."""
BROUGHT: Final = "assertion"
"""The same, when somebody's SAML response was handed over for them: whose, nobody said."""


@dataclass(frozen=True)
class Held:
    """Credentials, and what they are."""

    credentials: Credentials
    issued: Issued = field(compare=False)


def held(goal: Target, state: State, warn: Callable[[str], None] = lambda _: None) -> Held | None:
    """What the profile holds, good or not; None for nothing, and for keys that are not ours.

    ``warn`` is told of a cache file that cannot be believed.
    """
    if goal.is_process:
        found = cache.held(goal.cache)
        if isinstance(found, str):
            warn(f"Passing over {safe(goal.cache, 1000)}: {found}.")
        return Held(*found) if isinstance(found, tuple) else None
    issued, keys = state.profiles.get(goal.profile), goal.credentials
    if issued is None or issued.access_key_id != keys.get("aws_access_key_id"):
        return None
    secret, token = keys.get("aws_secret_access_key"), keys.get("aws_session_token")
    if not secret or not token:
        return None
    return Held(Credentials(issued.access_key_id, secret, token, issued.expiration), issued)


def fits(goal: Target, issued: Issued, state: State, now: datetime) -> bool:
    """Whether a login with these settings would give the same access."""
    values, who = goal.settings, issued.identity
    if values[settings.ASK_ROLE] or not _is_of_role(goal, who, state, now):
        return False
    if who.idp == BROUGHT:
        # Whoever says now who is to sign in, or where, may mean somebody else.
        said = {values.source(row).layer for row in (settings.USERNAME, settings.IDP)}
        return Layer.FLAG not in said and who.policies == as_text(values)
    return identity(values, who.role_arn) == who


def _is_of_role(goal: Target, who: Identity, state: State, now: datetime) -> bool:
    """Whether it is the role that is named, of the account that is."""
    account, account_id = goal.settings[settings.ACCOUNT], who.role_arn.split(":")[4]
    if account not in {None, account_id, state.names(now).get(account_id)}:
        return False
    return goal.role is not None and (
        goal.role == who.role_arn or who.role_arn.endswith(f"/{goal.role}")
    )


def usable(goal: Target, state: State, warn: Callable[[str], None] = lambda _: None) -> Held | None:
    """What the profile holds, if it fits and is good for long enough to be handed out."""
    now, found = datetime.now(UTC), held(goal, state, warn)
    if found is None or now >= found.issued.usable_until:
        return None
    if goal.role is None and found.issued.identity.idp in TAKEN:
        return found  # the profile was given them by name
    return found if fits(goal, found.issued, state, now) else None


def keep(
    goal: Target,
    credentials: Credentials,
    issued: Issued,
    are_meant: Callable[[Target, Identity], bool] | None = None,
) -> None:
    """Put the credentials into the profile's cache file.

    They are given out without another thought only where no file says otherwise, which ``are_meant``
    tells of the profile: with a flag or a variable, this run may have been asked for others than
    the next one will be. Raises OSError and FileError when the file cannot be written.
    """
    config = str(goal.files.config)
    read = _by_files(goal, issued.identity, are_meant or _are_meant)
    kept = cache.load(goal.cache)
    printed = cache.process_answer(credentials)
    if isinstance(kept, tuple) and (kept[1], kept[2]) == (read, printed):
        return
    cache.keep(goal.cache, config, credentials, issued, read)


def _by_files(goal: Target, who: Identity, are_meant: Callable[[Target, Identity], bool]) -> bytes:
    """The fingerprint of the files that ask for them; empty where they do not.

    It is taken before they are read: a change from then on is seen.
    """
    read = cache.fingerprint(str(goal.files.config))
    try:
        plain = by_files_alone(goal.profile)
        if policy := plain.settings[settings.POLICY]:
            read = cache.with_policy(read, str(path_of(policy)))
        return read if are_meant(plain, who) else b""
    except SamlauthError:
        return b""  # without those flags and variables they make no sense


def by_files_alone(profile: str) -> Target:
    """The profile without what the environment sets. Raises as :func:`samlauth.commands.target.target`."""
    theirs = {alias.name for setting in settings.TABLE for alias in setting.environment}
    environ = {
        name: value
        for name, value in os.environ.items()
        if name == cache.SHARED or not (name.startswith("SAMLAUTH_") or name in theirs)
    }
    return target({settings.PROFILE.name: profile}, environ, lambda _: None)


def _are_meant(goal: Target, who: Identity) -> bool:
    state, now = StateFile.beside(goal.files.config).load(), datetime.now(UTC)
    is_open = goal.settings[settings.ASK_ROLE] or goal.role is None
    if not (is_open or _is_of_role(goal, who, state, now)):
        return False
    return completed(goal.settings, who.role_arn, who) == who


def completed(values: Settings, role_arn: str, who: Identity) -> Identity:
    """Whose credentials these settings give, ``who`` standing in for what they leave open."""
    ours = identity(values, role_arn)
    is_open = values.source(settings.IDP).layer is Layer.DEFAULT or who.idp in {*TAKEN, BROUGHT}
    return replace(
        ours,
        idp=who.idp if is_open else ours.idp,
        idp_id=who.idp_id if is_open else ours.idp_id or who.idp_id,
        sp_id=who.sp_id if is_open else ours.sp_id or who.sp_id,
        username=who.username if who.idp in {*TAKEN, BROUGHT} else ours.username or who.username,
    )
