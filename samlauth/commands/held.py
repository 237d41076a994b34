"""The credentials a profile holds, as far as they are known to be of a login of ours.

A plain profile has them in the AWS credentials file, where every tool finds them. A profile whose
``credential_process`` is samlauth has them in the cache; never both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from samlauth import settings
from samlauth.commands.provider import identity
from samlauth.credentials import Credentials
from samlauth.effects import cache
from samlauth.printable import safe
from samlauth.values import dataclass

if TYPE_CHECKING:
    from samlauth.commands.target import Target
    from samlauth.effects.state import Issued, State


BY_CHAIN: Final = "chain"
BY_WEB_IDENTITY: Final = "web identity"
TAKEN: Final = frozenset({BY_CHAIN, BY_WEB_IDENTITY})
"""What an identity has in the provider's place when no sign-in of ours gave the credentials."""


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
    role_arn = issued.identity.role_arn
    if goal.settings[settings.ASK_ROLE] or goal.role is None:
        return False
    account, account_id = goal.settings[settings.ACCOUNT], role_arn.split(":")[4]
    if account not in {None, account_id, state.names(now).get(account_id)}:
        return False
    if not (goal.role == role_arn or role_arn.endswith(f"/{goal.role}")):
        return False
    return identity(goal.settings, role_arn) == issued.identity


def usable(goal: Target, state: State, warn: Callable[[str], None] = lambda _: None) -> Held | None:
    """What the profile holds, if it fits and is good for long enough to be handed out."""
    now, found = datetime.now(UTC), held(goal, state, warn)
    if found is None or now >= found.issued.usable_until:
        return None
    if goal.role is None and found.issued.identity.idp in TAKEN:
        return found  # the profile was given them by name
    return found if fits(goal, found.issued, state, now) else None
